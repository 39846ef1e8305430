"""Cases: what a person has to decide. Opened by the engine, closed by a named person with a decision."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import case


@dataclass(frozen=True, slots=True)
class NewCase:
    """What to ask a person about."""

    tenant: str
    code: str
    message: str
    batch_id: str | None = None
    operation_id: str | None = None
    target: str | None = None
    subject_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the case table."""

    id: str
    tenant: str
    opened_at: str
    batch_id: str | None
    operation_id: str | None
    target: str | None
    subject_ref: str | None
    code: str
    message: str
    state: str
    decision: str | None
    decided_by: str | None
    decided_at: str | None
    note: str | None


def open_many(tx: Transaction, cases: Sequence[NewCase]) -> None:
    """Opens the cases."""
    for entry in cases:
        row = {name: getattr(entry, name) for name in NewCase.__slots__}
        row |= {"id": "c" + secrets.token_hex(6), "opened_at": tx.stamp, "state": "open"}
        tx.conn.execute(insert(case).values(row))
        chain = entry.batch_id or WHOLE_LEDGER
        tx.events.append(Event(chain, row["id"], entry.code, to_state="open", note=entry.operation_id or ""))


def find(
    tx: Transaction,
    *,
    state: str | None = "open",
    tenant: str | None = None,
    batch_id: str | None = None,
    operation_id: str | None = None,
    subject_ref: str | None = None,
) -> list[Case]:
    """The cases that match, oldest first; the open ones unless told otherwise."""
    query = select(case).order_by(case.c.opened_at, case.c.id)
    named = (
        (case.c.state, state),
        (case.c.tenant, tenant),
        (case.c.batch_id, batch_id),
        (case.c.operation_id, operation_id),
        (case.c.subject_ref, subject_ref),
    )
    for column, value in named:
        if value is not None:
            query = query.where(column == value)
    return [Case(**row) for row in tx.conn.execute(query).mappings()]


def close_for(tx: Transaction, operation_id: str, *, decision: str, actor: str, note: str = "") -> int:
    """Closes the open cases of the operation with the person's decision; how many there were."""
    return _close(tx, find(tx, operation_id=operation_id), decision, actor, note)


def get(tx: Transaction, case_id: str) -> Case | None:
    """The case of that id, open or closed."""
    row = tx.conn.execute(select(case).where(case.c.id == case_id)).mappings().first()
    return Case(**row) if row else None


def close(tx: Transaction, case_id: str, *, decision: str, actor: str, note: str = "") -> int:
    """Closes the case with the person's decision; 0 where it was closed already."""
    known = get(tx, case_id)
    return _close(tx, [known] if known and known.state == "open" else [], decision, actor, note)


def _close(tx: Transaction, cases: Sequence[Case], decision: str, actor: str, note: str) -> int:
    decided = {
        "state": "closed",
        "decision": decision,
        "decided_by": actor,
        "decided_at": tx.stamp,
        "note": note,
    }
    for entry in cases:
        tx.conn.execute(update(case).where(case.c.id == entry.id).values(decided))
        chain = entry.batch_id or WHOLE_LEDGER
        tx.events.append(Event(chain, entry.id, decision, "open", "closed", actor=actor, note=note))
    return len(cases)
