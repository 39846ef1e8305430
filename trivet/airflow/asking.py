"""What of a batch must not go before a named person has approved it: the night asks and ends, a run of its own waits.

    sync__<flow>       … ─► push ─► write_back ─► ask            starts the run below, and the night is over
    event__<flow>      … ─► write_back                           asks at its end: a fresh result is in a hurry
    approve__<flow>    approve ─► push ─► write_back ─► follow_up      one run a question; its id is the approval's

Were the night itself to wait, the flow's next one would not start before somebody answers: a run that awaits an answer counts
as running, and a flow's nights run one at a time. A second start of the same question collides with the first one's id.

A person may answer in Airflow, on the page or on the command line: the ledger knows one answer, and the task takes what it
finds there. An answer that cannot count (not one of the approvers, no passkey, more waits by now) is asked for anew, by the
next try of the task.
"""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, get_current_context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    DagRunTriggerException,
)

from trivet.airflow.tasks import task_hub, tell_back
from trivet.dag_names import approve_dag

if TYPE_CHECKING:
    from trivet.ledger.approvals import Approval

log = logging.getLogger("trivet.tasks")
ANEW = 20
"""Answers that may not count before the run gives up; the question stays open on the page."""
_SOON = timedelta(seconds=2)


def named_person() -> "NamedPerson":
    """The task `approve` of the DAG that is being made."""
    return NamedPerson(
        task_id="approve", subject="审批 · Approve what waits of this batch?", defaults="Reject",
        retries=ANEW, retry_delay=_SOON, retry_exponential_backoff=0,
    )  # fmt: skip


def ask(batch_id: str) -> None:
    """Start the run that waits for the answer; skipped where nothing of the batch waits for a named person."""
    _start(batch_id)
    raise AirflowSkipException(f"nothing of batch {batch_id} waits for a named person")


def tell_back_and_ask(batch_id: str) -> None:
    """Write back to the HR system; settle, verify, close the batch; start the run that waits where something of it does."""
    tell_back(batch_id)
    _start(batch_id)


def _start(batch_id: str) -> None:
    """Ends the task as done, and the run of the question begins; returns where there is no question."""
    from trivet.flow.gates import asking
    from trivet.ledger import approvals, batches

    with task_hub() as hub:
        with hub.ledger.read() as tx:
            batch = batches.get(tx, batch_id)
        opened = asking.ask(hub, hub.flow(batch.flow), batch)
        if opened is None:
            return
        ti = get_current_context()["ti"]
        with hub.ledger.begin() as tx:
            approvals.note_run(tx, opened.id, "asked", ti.dag_id, ti.run_id)
    log.info("approval %s of batch %s is asked: %s", opened.id, batch.id, ", ".join(opened.causes))
    # what airflow's own operator raises; that operator brings the whole metadata database into every parse
    raise DagRunTriggerException(
        trigger_dag_id=approve_dag(batch.flow), dag_run_id=opened.id, conf={"approval": opened.id}, note=_line(opened),
        reset_dag_run=False, skip_when_already_exists=True, wait_for_completion=False, allowed_states=[], failed_states=[],
        poke_interval=60, deferrable=False,
    )  # fmt: skip


class NamedPerson(ApprovalOperator):
    """Asks the question that the run's parameter `approval` names; returns its batch once it is approved."""

    def execute(self, context: Context) -> Any:
        """Wait for a person; end at once where the ledger has the answer already."""
        from trivet.flow.gates import approvals
        from trivet.ledger import approvals as stored
        from trivet.ledger.times import instant

        approval_id = context["params"]["approval"]
        with task_hub() as hub:
            approvals.expire(hub)
            with hub.ledger.begin() as tx:
                opened = stored.get(tx, approval_id)
                if opened.wish is not None:
                    raise AirflowFailException(f"approval {approval_id} is answered on the page Approvals")
                stored.note_run(tx, approval_id, "run", context["ti"].dag_id, context["ti"].run_id)
            left = instant(opened.expires_at) - hub.now()
        if opened.state != "waiting":
            return self._outcome(approval_id)
        log.info("approval %s batch=%s waits: %s", opened.id, opened.batch_id, ", ".join(opened.causes))
        context["ti"].xcom_push(key="seen", value=opened.detail["digest"])
        self.body = table(opened)
        self.response_timeout = left
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """The batch's id; skips what follows where it was rejected or nobody answered, with nothing of it sent."""
        approval_id = context["params"]["approval"]
        who = str((event.get("responded_by_user") or {}).get("name") or "")
        chosen = list(event.get("chosen_options") or [])
        if who and chosen:
            seen = str(context["ti"].xcom_pull(task_ids=self.task_id, key="seen"))
            self._answered(approval_id, who, seen, approved=chosen == [self.APPROVE])
        return self._outcome(approval_id)

    def _answered(self, approval_id: str, who: str, seen: str, *, approved: bool) -> None:
        from trivet.errors import LedgerError
        from trivet.flow.gates import approvals

        with task_hub() as hub:
            try:
                done = (approvals.approve if approved else approvals.reject)(
                    hub, approval_id, actor=who, how="airflow", seen=seen
                )
            except LedgerError as error:
                if error.code in ("APPROVAL_DECIDED", "APPROVAL_EXPIRED"):
                    return  # somebody was faster, or it was too late: the ledger's answer counts
                raise AirflowException(f"asked anew: {error.explained()}") from None
        log.info("approval %s: %s", approval_id, done.message)

    def _outcome(self, approval_id: str) -> str:
        from trivet.flow.gates import approvals

        with task_hub() as hub:
            approvals.expire(hub)
            found = approvals.shown(hub, approval_id)
        if found["state"] == "approved":
            return str(found["batch"])
        if found["state"] == "waiting":
            raise AirflowException(
                f"asked anew: nobody has answered approval {approval_id}, and it is not over"
            )
        raise AirflowSkipException(f"approval {approval_id} {_ENDS[found['state']].format(**found)}")


_ENDS = {
    "rejected": "is rejected by {decided_by}: it is cancelled, and not asked for again unless it changes",
    "expired": "is expired: nothing of it was sent; what waits stays planned, and the next run asks anew",
    "replaced": "is about nothing any more: it was decided anew, taken back, or is not wanted; nothing of it was sent",
}


def _line(opened: "Approval") -> str:
    detail = opened.detail
    return (
        f"Batch {opened.batch_id}: {detail['operations']} operations for {detail['people']} people wait for a named person "
        f"({', '.join(opened.causes)}), until {opened.expires_at[:16]}Z."
    )


def table(opened: "Approval") -> str:
    """The question as Markdown: counts and systems only, nobody's name."""
    detail = opened.detail
    lines = [
        f"Batch `{opened.batch_id}` of **{opened.flow}**: {detail['operations']} operations for {detail['people']} people "
        f"wait for a named person, because of: {', '.join(opened.causes)}.",
        "",
        "| system and record | operations |",
        "|---|---|",
        *(f"| {name} | {number} |" for name, number in detail["systems"].items()),
        "",
        *(f"- new version `{version}`" for version in detail.get("versions", ())),
        *(f"- drift: `{entry}`" for entry in detail.get("drift", ())),
        f"For whom and why: page *Approvals* of Trivet, or `trivet approvals show {opened.id}`. "
        f"Without an answer until {opened.expires_at[:16]}Z nothing of it is sent, and the next run asks anew.",
    ]
    if opened.passkey:
        lines.append("**Approve on the page, with your passkey**; a click here cannot.")
    return "\n".join(lines)
