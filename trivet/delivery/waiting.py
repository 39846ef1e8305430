"""Ends what waits for a person's number: rejected, withdrawn, or waited too long. The contents are erased."""

from collections.abc import Collection
from datetime import timedelta

from trivet.delivery.progress import judge
from trivet.delivery.states import UNSENT
from trivet.delivery.transitions import move
from trivet.ledger import contents, operations
from trivet.ledger.audit import ENGINE
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.ledger.times import stamp


def cancel_waiting(
    ledger: Ledger,
    *,
    tenant: str,
    reason: str,
    scopes: Collection[str] = (),
    subject_refs: Collection[str] = (),
    actor: str = ENGINE,
) -> int:
    """Cancels and erases what was not sent yet for these scopes (applications) or people; how many operations."""
    with ledger.begin() as tx:
        entries: dict[str, StoredOperation] = {}
        unsent = (operation.c.tenant == tenant) & operation.c.state.in_(sorted(UNSENT))
        for column, values in ((operation.c.scope, scopes), (operation.c.subject_ref, subject_refs)):
            for part in chunks(values):
                entries |= {e.id: e for e in operations.find(tx, unsent, column.in_(part), lock=True)}
        return _cancel(tx, list(entries.values()), reason, actor)


def cancel_planned(ledger: Ledger, ids: Collection[str], reason: str) -> int:
    """Cancels and erases those of these operations that were not sent yet; how many."""
    with ledger.begin() as tx:
        found = operations.by_ids(tx, list(ids), lock=True).values()
        return _cancel(tx, [entry for entry in found if entry.state in UNSENT], reason, ENGINE)


def expire_waiting(ledger: Ledger, *, tenant: str, days: float) -> int:
    """Cancels and erases what has waited for a number longer than `days`; how many operations."""
    with ledger.begin() as tx:
        old = operation.c.created_at < stamp(tx.now - timedelta(days=days))
        waiting = (operation.c.tenant == tenant) & (operation.c.state == "waiting_identity")
        return _cancel(tx, operations.find(tx, waiting, old, lock=True), "WAITED_TOO_LONG", ENGINE)


def _cancel(tx: Transaction, entries: list[StoredOperation], reason: str, actor: str) -> int:
    move(tx, entries, "cancelled", code=reason, actor=actor, due_at=None)
    contents.erase(tx, [entry.id for entry in entries])
    judge(tx, {entry.batch_id for entry in entries})
    return len(entries)
