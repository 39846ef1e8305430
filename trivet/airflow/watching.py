"""The task that looks at everything every five minutes, with what only Airflow knows: whose newest run failed."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from trivet.airflow.tasks import task_hub, words
from trivet.dag_names import approve_dag, event_dag, sync_dag

if TYPE_CHECKING:
    from trivet.flow.definition import Flow
    from trivet.flow.hub import Hub

log = logging.getLogger("trivet.tasks")


def watch() -> None:
    """Note what began and what is over, and tell who is to be told, once."""
    from airflow.configuration import conf

    from trivet.flow.alerts.watch import watch as watching

    with task_hub() as hub:
        failed = dict(_failed_runs(hub, get_current_context()["ti"]))
        counts = watching(hub, address=conf.get("api", "base_url", fallback=None), failed_runs=failed)
    log.info("watch: %s", words({name: n for name, n in counts.items() if n}))


def _failed_runs(hub: "Hub", ti: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    """By DAG its flow and newest run, where that failed."""
    from trivet.flow.alerts.happenings import flows_of
    from trivet.ledger import batches

    with hub.ledger.read() as tx:
        known = batches.last_runs(tx)
    for flow in flows_of(hub):
        night, event, question = (make(flow.name) for make in (sync_dag, event_dag, approve_dag))
        looked = (
            (
                night,
                [*_scheduled(night), *_of_batch(ti, night, known.get((flow.tenant, flow.name, "night")))],
            ),
            (event, list(_of_batch(ti, event, known.get((flow.tenant, flow.name, "event"))))),
            (question, list(_of_batch(ti, question, _approved(hub, flow)))),
        )
        for dag_id, runs in looked:
            if runs:
                _, run_id, state = max(runs)
                if state == "failed":
                    yield dag_id, (flow.name, run_id)


def _approved(hub: "Hub", flow: "Flow") -> tuple[str, str] | None:
    """When somebody last approved something of the flow, and the run that sends it."""
    from trivet.ledger import approvals

    with hub.ledger.read() as tx:
        found = approvals.find(tx, state="approved", flow=flow.name, tenant=flow.tenant, limit=1)
    return next(((one.decided_at or one.asked_at, one.id) for one in found), None)


def _scheduled(dag_id: str) -> Iterator[tuple[datetime, str, str]]:
    """The newest run that the schedule made, started or not; a run that a person made has no date to be found by."""
    from airflow.sdk.execution_time.comms import GetPreviousDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    said = SUPERVISOR_COMMS.send(GetPreviousDagRun(dag_id=dag_id, logical_date=datetime.now(UTC)))
    run = getattr(said, "dag_run", None)
    if run is not None and run.start_date is not None and run.end_date is not None:
        yield run.start_date, run.run_id, _word(run.state)


def _of_batch(ti: Any, dag_id: str, known: tuple[str, str] | None) -> Iterator[tuple[datetime, str, str]]:
    """The run that last worked in the newest batch, whoever started it."""
    from trivet.ledger.times import instant

    # none of airflow's runs: somebody worked at a command line
    if known is not None and ti.get_dr_count(dag_id=dag_id, run_ids=[known[1]]):
        yield instant(known[0]), known[1], _word(ti.get_dagrun_state(dag_id, known[1]))


def _word(state: Any) -> str:
    # two enumerations of one name, of which one does not print as its value
    return str(getattr(state, "value", state))
