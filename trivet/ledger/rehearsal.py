"""A ledger on which everything may be tried: what is written is read back, and gone at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from trivet.ledger import audit, database
from trivet.ledger.ledger import Ledger, Transaction


@dataclass(frozen=True, slots=True)
class _Rehearsal(Ledger):
    """All reads and writes happen in one transaction that never commits."""

    tx: Transaction

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A step of the rehearsal; later steps see it."""
        yield self.tx
        if self.tx.events:
            audit.flush(self.tx.conn, self.tx.events, self.tx.stamp, self.audit_key)
            self.tx.events.clear()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """What the ledger holds, with what was rehearsed so far."""
        yield self.tx


@contextmanager
def rehearsed(ledger: Ledger) -> Iterator[Ledger]:
    """The ledger for a dry run by the very code of the real one; on SQLite writers wait until it is over."""
    with database.plain_errors(ledger.engine), ledger.engine.connect() as conn, conn.begin() as outer:
        yield _Rehearsal(ledger.engine, ledger.keys, ledger.now, ledger.secret, ledger.transaction(conn))
        outer.rollback()
