"""The task functions of what comes after the delivery: send again what was refused, count, prove the audit trail."""

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import get_current_context

from trivet.airflow.tasks import task_hub, words

log = logging.getLogger("trivet.tasks")


def replay() -> None:
    """Decide again what the params name and send the difference; fails where something of it is left."""
    from trivet.errors import TrivetError
    from trivet.flow.replay import replay as replaying

    context = get_current_context()
    params = context["params"]
    actor = context["dag_run"].triggering_user_name or "airflow"
    with task_hub() as hub:
        done = replaying(
            hub, params["what"] or None, flow=params["flow"] or None, state=params["state"] or None,
            again=params["again"], actor=actor,
        )  # fmt: skip
        for row in done.rows:
            log.info(
                "%s %s %s: %s to %s %s",
                *(row[key] for key in ("target", "entity", "reference", "before", "now", "message")),
            )
        log.info("replay: %d operations", len(done.rows))
        if not done.clean:
            troubles = "".join(f"; {trouble}" for trouble in done.troubles)
            raise TrivetError(
                f"something of the {len(done.rows)} operations is left{troubles}", code="REPLAY_INCOMPLETE",
                place="replay", cure="the rows above say why; `trivet deliveries --state rejected` lists them",
            )  # fmt: skip


def reconcile() -> None:
    """Count at every target what was sent, is confirmed and is found; fails where it does not balance."""
    from trivet.errors import TrivetError
    from trivet.flow.reconcile import reconcile as counting

    with task_hub() as hub:
        rows = counting(hub, actor="airflow")
        for row in rows:
            log.info("reconcile %s %s: %s", row["target"], row["entity"], words(_numbers(row)))
        wrong = [row for row in rows if row["balanced"] == "no"]
        if wrong:
            said = "; ".join(
                f"{row['target']} {row['entity']} {row['problem'] or row['examples']}" for row in wrong
            )
            raise TrivetError(
                f"sent = confirmed = found does not hold: {said}", code="RECONCILE_UNBALANCED", place="reconcile",
                cure="`trivet reconcile` shows the numbers; missing and doubled records have a case each",
            )  # fmt: skip


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if isinstance(value, int) and value}


def retention() -> None:
    """End what was kept long enough; what cannot be ended now is tried again the next night."""
    from trivet.flow.privacy.retention import run

    with task_hub() as hub:
        for row in run(hub):
            log.info("retention %s %s: %s", row["subject_ref"], row["data"], row["state"])


def verify_audit() -> None:
    """Read every audit chain and compare it with the heads that were noted; fails on a break."""
    from trivet.errors import TrivetError
    from trivet.flow import upkeep

    with task_hub() as hub:
        breaks = upkeep.verify(hub, upkeep.anchor_file(hub))
        if breaks:
            raise TrivetError(
                f"{len(breaks)} breaks, the first: {breaks[0]}", code="AUDIT_BROKEN", place="audit chains",
                cure="`trivet audit verify` shows each; compare with a backup before anything else",
            )  # fmt: skip


def anchor_audit() -> None:
    """Note the heads of the audit chains in the configured file; says so where none is configured."""
    from trivet.flow import upkeep

    with task_hub() as hub:
        file = upkeep.anchor_file(hub)
        if file is None:
            log.warning(
                "no folder for anchors: set TRIVET_ANCHORS, or a cut tail of the audit trail stays unseen"
            )
            return
        log.info("anchor: %s", upkeep.anchor(hub, file))
