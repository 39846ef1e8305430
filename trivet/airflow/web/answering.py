"""Tells the run that waits in Airflow what was answered on the page, so that it ends at once and not at its time limit.

Said to Airflow's own API with the visitor's login. The ledger's answer counts; a run that cannot be told finds it there later.
"""

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests
from airflow.configuration import conf

if TYPE_CHECKING:
    from trivet.airflow.web.visit import Visit

log = logging.getLogger(__name__)
SECONDS = 5.0
TASK = "approve"


def answer_run(visit: "Visit", approval_id: str, *, approved: bool) -> bool:
    """True where the run was told."""
    from trivet.ledger import approvals

    with visit.hub.ledger.read() as tx:
        run = approvals.get(tx, approval_id).detail.get("run")
    token = visit.request.cookies.get("_token")
    if not run or not token:
        return False
    dag_id, run_id = (quote(part, safe="") for part in run)
    base = (conf.get("api", "base_url") or "").rstrip("/")
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{TASK}/-1/hitlDetails"
    said = {"chosen_options": ["Approve" if approved else "Reject"], "params_input": {}}
    try:
        reply = requests.patch(
            base + path,
            json=said,
            timeout=SECONDS,
            headers={"Authorization": f"Bearer {token}"},
            allow_redirects=False,
        )
    except requests.RequestException as error:
        log.info("run of approval %s was not told: %s", approval_id, type(error).__name__)
        return False
    if not reply.ok:
        log.info("run of approval %s was not told: HTTP %d", approval_id, reply.status_code)
    return reply.ok
