"""Breakers: what the workers know of a target that fails, so that each does not have to find out by itself."""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select

from trivet.ledger.bulk import upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import breaker


@dataclass(frozen=True, slots=True)
class Breaker:
    """One row of the breaker table."""

    target: str
    failures: int
    """Calls in a row that came to nothing."""
    until: str
    """Nobody calls before this time; empty where anybody may."""
    reason: str
    changed_at: str


_ONE = select(breaker).where(breaker.c.target == bindparam("target_"))


def get(tx: Transaction, target: str) -> Breaker | None:
    """What is known of the target; None where its last call succeeded."""
    row = tx.conn.execute(_ONE, {"target_": target}).mappings().first()
    return Breaker(**row) if row else None


def every(tx: Transaction) -> list[Breaker]:
    """Every target that failed lately."""
    return [Breaker(**row) for row in tx.conn.execute(select(breaker).order_by(breaker.c.target)).mappings()]


def put(tx: Transaction, target: str, failures: int, until: str, reason: str) -> None:
    """Notes a failure."""
    row = {"target": target, "failures": failures, "until": until, "reason": reason, "changed_at": tx.stamp}
    upsert(tx.conn, breaker, [row])


def clear(tx: Transaction, target: str) -> None:
    """Forgets the target's failures: it answers again."""
    tx.conn.execute(delete(breaker).where(breaker.c.target == target))
