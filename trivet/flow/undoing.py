"""Taking back a batch or a person, in production with a second one's name on it."""

from collections.abc import Iterable
from typing import Any

from trivet.delivery.compensate import RollbackReport, Scope, preview
from trivet.errors import LedgerError
from trivet.flow import deliver
from trivet.flow.gates import approval
from trivet.flow.hub import Hub
from trivet.flow.report import find_person
from trivet.ledger import batches

Row = dict[str, Any]


def preview_rollback(hub: Hub, what: str) -> list[Row]:
    """What a rollback of the batch or person would do to each operation."""
    said = preview(hub.ledger, scope_of(hub, what))
    return [_row(entry, f"{would}: {why}" if why else would) for entry, would, why in said.foreseen()]


def named(hub: Hub, what: str) -> str:
    """The batch's id or the person's pseudonym: what may stand in a log."""
    scope = scope_of(hub, what)
    return str(scope.batch_id or scope.subject_ref)


def four_eyes(hub: Hub, what: str) -> bool:
    """True where a rollback of the batch or person touches a production system: a second person has to approve."""
    return approval.demanded(hub, scope_of(hub, what))


def rollback(
    hub: Hub, what: str, *, actor: str, reason: str, approved_by: str | None = None, four_eyes: bool = False
) -> list[Row]:
    """What became of each operation; the ones that are not `compensated` or `cancelled` need a person or `settle`.

    `LedgerError` APPROVAL_MISSING or APPROVAL_SAME_PERSON, and nothing undone, where production (or `four_eyes`)
    demands a second person.
    """
    scope = scope_of(hub, what)
    if four_eyes or approved_by is not None or approval.demanded(hub, scope):
        approval.check(actor, approved_by)
    why = f"{reason} (approved by {approved_by})" if approved_by else reason
    return _rows(deliver.rollback(hub, scope, actor=actor, reason=why))


def left(rows: Iterable[Row]) -> list[Row]:
    """Those of a rollback's rows that were not taken back; empty where it did the whole of it."""
    return [row for row in rows if row["state"] not in ("compensated", "cancelled")]


def scope_of(hub: Hub, what: str) -> Scope:
    """The batch of that id, or the person whom it names."""
    with hub.ledger.read() as tx:
        try:
            return Scope(batch_id=batches.get(tx, what).id)
        except LedgerError:
            return Scope(subject_ref=find_person(tx, what).subject_ref)


def _rows(done: RollbackReport) -> list[Row]:
    rows = [_row(entry, "taken back") for entry in done.taken_back]
    rows += [_row(entry, "cancelled") for entry in done.cancelled]
    rows += [_row(entry, "pending") for entry in done.pending]
    return rows + [{**_row(left.operation, "left"), "message": left.message} for left in done.left]


def _row(entry: Any, would: str) -> Row:
    return {
        "target": entry.target,
        "entity": entry.entity,
        "reference": entry.reference,
        "state": entry.state,
        "would": would,
        "message": "",
    }
