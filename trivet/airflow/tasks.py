"""The task functions: open the hub, call one step, log one line with ids, close. No logic lives here."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

if TYPE_CHECKING:
    from trivet.flow.hub import Hub

log = logging.getLogger("trivet.tasks")
_LOOK = timedelta(seconds=20)


@contextmanager
def task_hub() -> Iterator["Hub"]:
    """The hub of this deployment with Airflow's connections."""
    # imported here: the DAG processor and every task's parse would pay for it
    from trivet.airflow.connections import task_connection
    from trivet.errors import TrivetError
    from trivet.flow.hub import open_hub
    from trivet.settings import load_settings

    try:
        with open_hub(load_settings(), task_connection) as hub:
            yield hub
    except TrivetError as error:
        # airflow logs the exception too, but without the cure
        log.error("%s", error.explained())
        raise


def pull(flow: str) -> str:
    """Pull and translate what is new; the batch's id."""
    from trivet.flow import steps

    with task_hub() as hub, _skipped_while_held():
        batch_id = steps.pull(hub, flow, get_current_context()["run_id"])
        about = steps.about_run(hub, batch_id)
    log.info("pull %s: %s", flow, about)
    return batch_id


def hear(flow: str) -> str:
    """Read and score what vendors told of; the batch's id. Skipped where they told nothing."""
    from airflow.sdk.exceptions import AirflowSkipException

    from trivet.flow import steps

    with task_hub() as hub, _skipped_while_held():
        batch_id = steps.hear(hub, flow, get_current_context()["run_id"])
        if batch_id is None:
            raise AirflowSkipException(f"nobody told {flow} anything that was not heard before")
        # a fresh result is one recording, or a few: no shards
        done = steps.score(hub, batch_id, 0, 1)
    log.info("hear %s: batch %s, %s", flow, batch_id, words(done.counts))
    _free_the_slot_until(done.again_at)
    return batch_id


def deliver_fresh(batch_id: str) -> None:
    """Decide, and send to every ERP."""
    from trivet.flow import steps

    with task_hub() as hub, _again_while_another_works():
        counts = steps.deliver_fresh(hub, batch_id)
    log.info("deliver %s: %s", batch_id, words(counts))


def tell_back(batch_id: str) -> None:
    """Write back to the HR system; settle, verify, close the batch."""
    from trivet.flow import steps

    with task_hub() as hub, _again_while_another_works():
        counts = steps.tell_back(hub, batch_id)
    log.info("write back %s: %s", batch_id, words(counts))


def score(batch_id: str, shard: int, of: int) -> None:
    """Download and score this shard's interviews."""
    from trivet.flow import steps

    with task_hub() as hub:
        done = steps.score(hub, batch_id, shard, of)
    log.info("score %s shard %d of %d: %s", batch_id, shard, of, words(done.counts))
    _free_the_slot_until(done.again_at)


def decide(batch_id: str) -> None:
    """Turn assessments into decisions and planned operations."""
    from trivet.flow import steps

    with task_hub() as hub:
        counts = steps.decide(hub, batch_id)
    log.info("decide %s: %s", batch_id, words(counts))


def push(batch_id: str, connection: str) -> None:
    """Send what is planned for one system."""
    from trivet.flow import steps

    with task_hub() as hub, _again_while_another_works():
        counts = steps.push(hub, batch_id, connection)
    log.info("push %s %s: %s", batch_id, connection, words(counts))


def push_approved(batch_id: str, connection: str) -> None:
    """Send what was approved for one system; one for which nothing of it is left is not called."""
    from trivet.flow import steps

    with task_hub() as hub, _again_while_another_works():
        counts = steps.push_approved(hub, batch_id, connection)
    # not skipped then: a rule that goes on after failures takes a skipped task for one that is not done
    log.info("push approved %s %s: %s", batch_id, connection, words(counts))


def follow_up(batch_id: str) -> None:
    """Settle and verify what was approved."""
    from trivet.flow import steps

    with task_hub() as hub, _again_while_another_works():
        counts = steps.follow_up(hub, batch_id)
    log.info("follow up %s: %s", batch_id, words(counts))


def conclude(batch_id: str) -> None:
    """Settle, enforce the policy, verify, close the batch."""
    from trivet.flow import steps

    with task_hub() as hub, _again_while_another_works():
        counts = steps.conclude(hub, batch_id)
    log.info("conclude %s: %s", batch_id, words(counts))


def settle() -> None:
    """Settle every operation whose quiet time is over, of all flows."""
    from trivet.flow import steps

    with task_hub() as hub:
        rows = steps.settle(hub)
    for row in rows:
        log.info(
            "settle %s: %s",
            row["target"],
            words({name: row[name] for name in row if name != "target" and row[name]}),
        )
    log.info("settle: %d systems had something in the air", len(rows))


def preview() -> str:
    """Log what a rollback would undo; the table that a second person sees. Nothing is changed."""
    from trivet.airflow.approval import table
    from trivet.flow import undoing

    context = get_current_context()
    what = context["params"]["what"]
    with task_hub() as hub:
        about = undoing.named(hub, what)
        rows = undoing.preview_rollback(hub, what)
        needed = context["params"]["four_eyes"] or undoing.four_eyes(hub, what)
    for row in rows:
        log.info(
            "would %s %s %s %s, now %s",
            *(row[key] for key in ("would", "target", "entity", "reference", "state")),
        )
    log.info("preview of rollback %s: %d operations", about, len(rows))
    context["ti"].xcom_push(key="four_eyes", value=needed)
    return table(about, rows)


def undo() -> None:
    """Take back what the batch or person was sent, in reverse order; fails where something could not be."""
    from trivet.errors import TrivetError
    from trivet.flow import undoing

    context = get_current_context()
    params = context["params"]
    what = params["what"]
    with task_hub() as hub:
        about = undoing.named(hub, what)
        rows = undoing.rollback(
            hub,
            what,
            actor=context["dag_run"].triggering_user_name or "airflow",
            reason=params["reason"],
            approved_by=context["ti"].xcom_pull(task_ids="approve"),
            four_eyes=params["four_eyes"],
        )
        left = undoing.left(rows)
        log.info("rollback %s: %d operations, %d left to a person", about, len(rows), len(left))
        if left:
            raise TrivetError(
                f"{len(left)} of {len(rows)} operations could not be taken back",
                code="ROLLBACK_INCOMPLETE",
                place=f"rollback {about}",
                cure="`settle` goes on with what is in the air; `trivet deliveries` shows the rest with its reason",
            )


@contextmanager
def _skipped_while_held() -> Iterator[None]:
    """Ends the run green where a person holds the flow: nothing went wrong."""
    from airflow.sdk.exceptions import AirflowSkipException

    from trivet.errors import LedgerError
    from trivet.flow.holding import FLOW_HELD

    try:
        yield
    except LedgerError as error:
        if error.code != FLOW_HELD:
            raise
        raise AirflowSkipException(str(error)) from None


@contextmanager
def _again_while_another_works() -> Iterator[None]:
    """Ends this look of the task, which comes again, where `settle` sends of the same batch to the same system, or a worker
    that was killed has its claim on it still: no try is spent."""
    from airflow.sdk.exceptions import AirflowRescheduleException

    from trivet.errors import LedgerError

    try:
        yield
    except LedgerError as error:
        if error.code != "LEASE_HELD":
            raise
        log.info("%s: looking again in %.0f s", error, _LOOK.total_seconds())
        raise AirflowRescheduleException(datetime.now(UTC) + _LOOK) from None  # type: ignore[no-untyped-call]


def _free_the_slot_until(again_at: datetime | None) -> None:
    """Ends this look of the task, which comes again at that time; None where there is nothing to wait for."""
    from airflow.sdk.exceptions import AirflowRescheduleException

    if again_at is not None:
        log.info("a scorer works on: looking again at %s", again_at.isoformat(timespec="seconds"))
        raise AirflowRescheduleException(again_at)  # type: ignore[no-untyped-call]


def words(counts: Mapping[str, Any]) -> str:
    """The counts as a log line says them."""
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing"
