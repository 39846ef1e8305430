"""Keeps a batch's state equal to what its operations have come to."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from trivet.delivery.states import BATCH, batch_state, check_edge
from trivet.ledger import batches, operations
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.tables import batch


def finish(ledger: Ledger, batch_id: str, missing: Sequence[str] = ()) -> Batch:
    """Closes the run: the flow's next run opens a new batch; what is unsettled is settled all the same, and what `missing` steps
    did not look at is the next night's."""
    with ledger.begin() as tx:
        batches.close(tx, batch_id, missing=missing)
        judge(tx, [batch_id])
        return batches.get(tx, batch_id)


def judge(tx: Transaction, batch_ids: Iterable[str]) -> None:
    """Writes each batch's state anew where it changed."""
    for batch_id in sorted(batch_ids):
        known = batches.get(tx, batch_id, lock=True)
        states = operations.states(tx, batch_id)
        confirmed, verified = states.get("confirmed", (0, 0))
        state = batch_state(
            {name: number for name, (number, _) in states.items()},
            rolled_back=known.rollback_reason is not None,
            closed=known.closed_at is not None,
            unverified=confirmed - verified,
        )
        if state != known.state:
            check_edge(BATCH, known.state, state)
            batches.set_state(tx, known, state)


def planned(tx: Transaction, known: Batch, *, sends: bool) -> None:
    """Judges the batch after a plan; one that has something to send is pushing, and a large one need not be counted."""
    if not sends or known.rollback_reason is not None:
        judge(tx, [known.id])
    elif known.state != "pushing":
        check_edge(BATCH, known.state, "pushing")
        batches.set_state(tx, known, "pushing")


def carried_away(tx: Transaction, tenant: str, flow: str) -> None:
    """Judges the flow's closed batches whose planned operations a newer one took over."""
    closed = (batch.c.tenant == tenant) & (batch.c.flow == flow) & batch.c.closed_at.is_not(None)
    query = select(batch.c.id).where(closed, batch.c.state == "pushing")
    judge(tx, tx.conn.scalars(query).all())
