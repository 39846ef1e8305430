"""Keeps a batch's state equal to what its operations have come to."""

from collections.abc import Iterable

from sqlalchemy import func, select

from trivet.delivery.states import BATCH, batch_state, check_edge
from trivet.ledger import batches, operations
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.tables import batch, operation


def finish(ledger: Ledger, batch_id: str) -> Batch:
    """Closes the run: the flow's next run opens a new batch; what is unsettled is settled all the same."""
    with ledger.begin() as tx:
        batches.close(tx, batch_id)
        judge(tx, [batch_id])
        return batches.get(tx, batch_id)


def judge(tx: Transaction, batch_ids: Iterable[str]) -> None:
    """Writes each batch's state anew where it changed."""
    for batch_id in sorted(batch_ids):
        known = batches.get(tx, batch_id, lock=True)
        here = operation.c.batch_id == batch_id
        tally: dict[str, int] = {}
        for (_, state), number in operations.tally(tx, here).items():
            tally[state] = tally.get(state, 0) + number
        unverified = (operation.c.state == "confirmed") & operation.c.verified_at.is_(None)
        state = batch_state(
            tally,
            rolled_back=known.rollback_reason is not None,
            closed=known.closed_at is not None,
            unverified=tx.conn.scalar(select(func.count()).where(here, unverified)) or 0,
        )
        if state != known.state:
            check_edge(BATCH, known.state, state)
            batches.set_state(tx, known, state)


def carried_away(tx: Transaction, tenant: str, flow: str) -> None:
    """Judges the flow's closed batches whose planned operations a newer one took over."""
    closed = (batch.c.tenant == tenant) & (batch.c.flow == flow) & batch.c.closed_at.is_not(None)
    query = select(batch.c.id).where(closed, batch.c.state == "pushing")
    judge(tx, tx.conn.scalars(query).all())
