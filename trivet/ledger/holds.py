"""What a person stopped: flows that are not to run, systems that are not to be called; who, since when and why."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, insert, select

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import hold

Held = Literal["flow", "system"]


@dataclass(frozen=True, slots=True)
class Hold:
    """One row of the hold table."""

    kind: Held
    name: str
    reason: str
    actor: str
    since: str

    def said(self) -> str:
        """Who holds it, since when and why, in a line."""
        word = "held" if self.kind == "flow" else "paused"
        return f"{self.kind} {self.name} is {word} by {self.actor} since {self.since[:16]}Z: {self.reason}"


def get(tx: Transaction, kind: Held, name: str) -> Hold | None:
    """The hold on it, if somebody holds it."""
    row = tx.conn.execute(select(hold).filter_by(kind=kind, name=name)).mappings().first()
    return Hold(**row) if row else None


def every(tx: Transaction) -> list[Hold]:
    """Everything that is on hold."""
    rows = tx.conn.execute(select(hold).order_by(hold.c.kind, hold.c.name)).mappings()
    return [Hold(**row) for row in rows]


def put(tx: Transaction, kind: Held, name: str, *, reason: str, actor: str) -> bool:
    """Holds it; False where it is on hold already, and the first word stays."""
    if get(tx, kind, name) is not None:
        return False
    row = {"kind": kind, "name": name, "reason": reason, "actor": actor, "since": tx.stamp}
    tx.conn.execute(insert(hold).values(row))
    tx.events.append(Event(WHOLE_LEDGER, f"{kind} {name}", "HELD", actor=actor, note=reason))
    return True


def lift(tx: Transaction, kind: Held, name: str, *, reason: str, actor: str) -> bool:
    """Releases it; False where nobody held it."""
    here = (hold.c.kind == kind) & (hold.c.name == name)
    if tx.conn.execute(delete(hold).where(here)).rowcount == 0:
        return False
    tx.events.append(Event(WHOLE_LEDGER, f"{kind} {name}", "RELEASED", actor=actor, note=reason))
    return True
