"""Wishes: what one person wants done that another has to approve; the question itself is an approval of the same id.

asked ─► begun ─► done (with what it came to)
           └─ killed: begun long ago and not done; it is begun again, since whatever it does may be repeated
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import RowMapping, insert, or_, select, update

from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import approval, wish
from trivet.ledger.times import stamp

Verb = Literal["rollback", "link", "unlink"]
MINUTES = 15
"""What was begun so long ago was cut short."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One row of the wish table."""

    approval_id: str
    tenant: str
    verb: Verb
    batch_id: str | None
    """Of a rollback of a whole batch."""
    subject_ref: str | None
    """Of everything else."""
    number: str | None
    """The employee number of a link; sealed in the ledger."""
    asked_by: str
    reason: str
    begun_at: str | None = None
    done_at: str | None = None
    outcome: str | None = None
    """What it came to, in a word or a code."""


def put(tx: Transaction, wanted: Wish) -> None:
    """Keeps a new one."""
    number = wanted.number
    sealed = (
        tx.seal_bytes(number.encode(), _place(wanted.approval_id), wanted.subject_ref) if number else None
    )
    row: dict[str, Any] = {name: getattr(wanted, name) for name in Wish.__slots__ if name != "number"}
    tx.conn.execute(insert(wish).values(row | {"number_enc": sealed}))


def get(tx: Transaction, approval_id: str) -> Wish | None:
    """The wish behind that approval; None where it is about operations, or the person was erased."""
    row = tx.conn.execute(select(wish).filter_by(approval_id=approval_id)).mappings().first()
    return _wish(tx, row) if row else None


def waiting(tx: Transaction, verb: Verb, batch_id: str | None, subject_ref: str | None) -> list[Wish]:
    """Those of which nobody has answered the question."""
    query = select(wish).join(approval, approval.c.id == wish.c.approval_id)
    same = query.filter(wish.c.verb == verb, wish.c.batch_id == batch_id, wish.c.subject_ref == subject_ref)
    return [_wish(tx, row) for row in tx.conn.execute(same.where(approval.c.state == "waiting")).mappings()]


def begin(tx: Transaction, approval_id: str) -> bool:
    """True for the one who may do it now: approved, not done, and nobody else at it."""
    approved = select(approval.c.id).where(approval.c.id == approval_id, approval.c.state == "approved")
    claimed = (
        update(wish)
        .where(wish.c.approval_id.in_(approved), *_free(tx))
        .values(begun_at=tx.stamp)
    )  # fmt: skip
    return tx.conn.execute(claimed).rowcount == 1


def end(tx: Transaction, approval_id: str, outcome: str) -> None:
    """It is done."""
    here = update(wish).where(wish.c.approval_id == approval_id)
    tx.conn.execute(here.values(done_at=tx.stamp, outcome=outcome))


def left(tx: Transaction) -> list[str]:
    """The approvals whose wish may be begun now."""
    query = select(wish.c.approval_id).join(approval, approval.c.id == wish.c.approval_id)
    return list(tx.conn.scalars(query.where(approval.c.state == "approved", *_free(tx))))


def _free(tx: Transaction) -> list[Any]:
    long_ago = stamp(tx.now - timedelta(minutes=MINUTES))
    return [wish.c.done_at.is_(None), or_(wish.c.begun_at.is_(None), wish.c.begun_at < long_ago)]


def _wish(tx: Transaction, row: RowMapping) -> Wish:
    sealed = row["number_enc"]
    number = tx.unseal_bytes(sealed, _place(row["approval_id"])).decode() if sealed else None
    return Wish(**{name: row[name] for name in Wish.__slots__ if name != "number"}, number=number)


def _place(approval_id: str) -> str:
    return f"wish|number_enc|{approval_id}"
