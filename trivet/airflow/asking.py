"""The question of a sync run: what of its batch must not go before a named person has approved it.

Asked beside the pushes, so that the rest flows meanwhile; skipped at once where nothing waits. A person may answer here, on
the page or on the command line: the ledger knows one answer, and the task takes what it finds there.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from trivet.airflow.tasks import task_hub

if TYPE_CHECKING:
    from trivet.ledger.approvals import Approval

log = logging.getLogger("trivet.tasks")


class NamedPerson(ApprovalOperator):
    """Asks about the batch where something in it waits; returns the approval's id once it is approved."""

    template_fields: Sequence[str] = (*ApprovalOperator.template_fields, "batch_id")

    def __init__(self, *, batch_id: str, **options: Any) -> None:
        super().__init__(**options)
        self.batch_id = batch_id

    def execute(self, context: Context) -> Any:
        """Wait for a person, or end at once where nothing waits for one."""
        from trivet.flow.gates.asking import ask
        from trivet.ledger import approvals, batches

        with task_hub() as hub:
            with hub.ledger.read() as tx:
                batch = batches.get(tx, self.batch_id)
            opened = ask(hub, hub.flow(batch.flow), batch)
            if opened is not None:
                with hub.ledger.begin() as tx:
                    approvals.asked_in(tx, opened, context["ti"].dag_id, context["ti"].run_id)
        if opened is None:
            raise AirflowSkipException("nothing of this batch waits for a named person")
        log.info("approval %s batch=%s waits: %s", opened.id, batch.id, ", ".join(opened.causes))
        context["ti"].xcom_push(key="approval", value=opened.id)
        self.body = table(opened)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """The approval's id; skips what follows where it was rejected or nobody answered, with nothing of it sent."""
        approval_id = str(context["ti"].xcom_pull(task_ids=self.task_id, key="approval"))
        who = str((event.get("responded_by_user") or {}).get("name") or "")
        chosen = list(event.get("chosen_options") or [])
        if who and chosen:
            self._answered(approval_id, who, approved=chosen == [self.APPROVE])
        return self._outcome(approval_id)

    def _answered(self, approval_id: str, who: str, *, approved: bool) -> None:
        from trivet.errors import LedgerError
        from trivet.flow.gates import approvals

        with task_hub() as hub:
            try:
                done = (approvals.approve if approved else approvals.reject)(
                    hub, approval_id, actor=who, how="airflow"
                )
            except LedgerError as error:
                if error.code in ("APPROVAL_DECIDED", "APPROVAL_EXPIRED"):
                    return  # somebody was faster, or it was too late: the ledger's answer counts
                raise AirflowFailException(error.explained()) from None
        log.info("approval %s: %s", approval_id, done.message)

    def _outcome(self, approval_id: str) -> str:
        from trivet.flow.gates import approvals

        with task_hub() as hub:
            found = approvals.shown(hub, approval_id)
        if found["state"] != "approved":
            by = f" by {found['decided_by']}" if found["state"] == "rejected" else ""
            raise AirflowSkipException(
                f"approval {approval_id} is {found['state']}{by}: nothing of it was sent"
                + ("" if by else "; what waits stays planned, and the next run asks anew")
            )
        return approval_id


def send_approved(approval_id: str) -> None:
    """Send what was approved; fails where a system could not be reached."""
    from trivet.errors import TrivetError
    from trivet.flow.gates import approvals

    with task_hub() as hub:
        rows = approvals.send(hub, approval_id)
    for row in rows:
        log.info("approved %s %s: %s", approval_id, row["target"], row["problem"] or row.get("confirmed"))
    problems = [str(row["problem"]) for row in rows if row["problem"]]
    if problems:
        raise TrivetError(
            f"not everything that was approved went: {'; '.join(problems)}", code="APPROVED_NOT_SENT",
            place=f"approval {approval_id}", cure="`settle` goes on with it every minute",
        )  # fmt: skip


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
