"""One batch: what it came to at each system, what was set aside and refused, and the run in Airflow that made it."""

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response

from trivet.airflow.web.visit import Asked

router = APIRouter()
MOST = 50
"""Rows of each list that are shown; the rest is counted."""


@router.get("/batch/{batch_id}")
def batch(visit: Asked, batch_id: str) -> Response:
    """One batch."""
    from trivet.dag_names import event_dag, sync_dag
    from trivet.flow import report
    from trivet.flow.console import access, overview
    from trivet.flow.gates import approvals

    with visit.hub.ledger.read() as tx:
        access.check_batch(tx, visit.who, batch_id)
        night = overview.night(tx, batch_id, visit.hub.now())
    dag = (event_dag if night.kind == "event" else sync_dag)(night.flow)
    summary = report.summary(visit.hub, batch_id)
    return visit.page(
        "batch.html", "Batch", nav="/", leaves=True, night=night, summary=summary, dag=dag, most=MOST,
        # a place may be a vendor's id of somebody's record
        opened=visit.may("personal_data", night.flow),
        run=run_path(dag, night.run_key), questions=approvals.of_batch(visit.hub, batch_id),
    )  # fmt: skip


def run_path(dag: str, run: str) -> str:
    """Where Airflow shows the run; quoted whole, for a run's id holds `+` and `:`."""
    return f"/dags/{quote(dag, safe='')}/runs/{quote(run, safe='')}"


@router.get("/run")
def run(visit: Asked, dag: str = "", run: str = "") -> Response:
    """The batch of an Airflow run, or the question that it waits for: the tab on the run."""
    from trivet.dag_names import approve_dag, flow_of
    from trivet.flow.console import overview

    flow = flow_of(dag, visit.flows)
    if flow and dag == approve_dag(flow):
        return visit.go(f"/approval/{run}")
    # an unquoted `+` of an address is a space
    keys = dict.fromkeys((run, run.replace(" ", "+")))
    found = [overview.batch_of_run(visit.hub, flow=flow, run_key=key) for key in keys] if flow else []
    known = next(filter(None, found), None)
    return visit.go(f"/batch/{known}") if known else visit.page("no_batch.html", "Batch", nav="/")
