"""The approval between preview and undo: a second person sees the preview's table and decides.

Who has to approve comes from the environment: production always, the sandbox where the run's param says so. Airflow
asks; that requester and approver are two people is judged here and, whatever happened here, once more before the undo.
"""

from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

ROWS = 50
"""At most shown in the table; the rest is counted."""
_COLUMNS = ("would", "target", "entity", "reference", "state")


class SecondPerson(ApprovalOperator):
    """Asks only where the preview says that four eyes are needed; returns the approver's name."""

    def execute(self, context: Context) -> Any:
        """Wait for a person, or go on at once where none is needed."""
        if not context["ti"].xcom_pull(task_ids="preview", key="four_eyes"):
            self.log.info("no second person is needed here")
            return None
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """The approver; fails the run, with nothing undone, on refusal, silence, or one person in both roles."""
        if "error" in event:
            raise AirflowFailException(f"nobody approved ({event['error_type']}); nothing was undone")
        who = event.get("responded_by_user") or {}
        if list(event["chosen_options"]) != [self.APPROVE]:
            name = who.get("name") or "nobody in time"
            raise AirflowFailException(f"not approved, by {name}; nothing was undone")
        return _second(context["dag_run"].triggering_user_name, who)


def _second(requester: str | None, who: dict[str, Any]) -> str:
    from trivet.errors import TrivetError
    from trivet.flow.gates.approval import check

    try:
        # airflow knows the requester by name only: whoever has that name or id is the same person
        for said in (who.get("id"), who.get("name")):
            check(requester or "", str(said or ""))
    except TrivetError as error:
        raise AirflowFailException(error.explained()) from None
    return str(who["name"])


def table(what: str, rows: Sequence[dict[str, Any]]) -> str:
    """The preview as Markdown: counts first, then the first operations; ids only."""
    if not rows:
        return f"Rollback of `{_cell(what)}`: nothing to take back."
    counts: dict[str, int] = {}
    for row in rows:
        word = str(row["would"]).partition(":")[0]
        counts[word] = counts.get(word, 0) + 1
    head = ", ".join(f"{number} × {word}" for word, number in counts.items())
    lines = [
        f"Rollback of `{_cell(what)}`: {head}",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
    ]
    lines += [f"| {' | '.join(_cell(row[name]) for name in _COLUMNS)} |" for row in rows[:ROWS]]
    if len(rows) > ROWS:
        lines += ["", f"and {len(rows) - ROWS} more"]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("`", "'").replace("\n", " ")
