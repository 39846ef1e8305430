"""Gates: operations that go only when a named person has approved them, and what they wait for her for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from trivet.ledger.bulk import chunks, rows_in, run_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import approval, gate, operation


@dataclass(frozen=True, slots=True)
class Gate:
    """One row of the gate table."""

    operation_id: str
    causes: str
    """Words with blanks between them: `sensitive`, `new_version`, `drift`, `people`."""
    approval_id: str | None
    approved_by: str | None
    approved_at: str | None


_SHUT = select(gate.c.operation_id).where(
    gate.c.operation_id.in_(bindparam("ids", expanding=True)), gate.c.approved_by.is_(None)
)
_ALL = select(gate).where(gate.c.operation_id.in_(bindparam("ids", expanding=True)))
_OPEN = (
    update(gate)
    .where(gate.c.operation_id.in_(bindparam("ids", expanding=True)), gate.c.approved_by.is_(None))
    .values(approved_by=bindparam("by"), approved_at=bindparam("at"))
)
_ASK = (
    update(gate)
    .where(gate.c.operation_id.in_(bindparam("ids", expanding=True)))
    .values(approval_id=bindparam("which"))
)


def shut(tx: Transaction, ids: Iterable[str]) -> set[str]:
    """Those of the operations that nobody has approved yet, and that must not go before."""
    return {row[0] for row in rows_in(tx.conn, _SHUT, ids)}


def get(tx: Transaction, ids: Iterable[str]) -> dict[str, Gate]:
    """The gates by operation id, open ones as well."""
    return {row[0]: Gate(*row) for row in rows_in(tx.conn, _ALL, ids)}


def put(tx: Transaction, causes: Mapping[str, str]) -> int:
    """Shuts the gate before these operations, by id; one that has a gate, or was approved, stays as it is."""
    known = get(tx, causes)
    fresh = [
        {"operation_id": name, "causes": said, "approval_id": None, "approved_by": None, "approved_at": None}
        for name, said in causes.items()
        if name not in known
    ]
    for part in chunks(fresh):
        upsert(tx.conn, gate, part, keep=True)
    return len(fresh)


def ask(tx: Transaction, ids: Collection[str], approval_id: str) -> None:
    """Notes with which approval these are asked for."""
    run_in(tx.conn, _ASK, ids, {"which": approval_id})


def open_all(tx: Transaction, ids: Collection[str], by: str) -> None:
    """These may go: a named person approved them."""
    run_in(tx.conn, _OPEN, ids, {"by": by, "at": tx.stamp})


def waiting(tx: Transaction, batch_id: str) -> list[tuple[StoredOperation, Gate]]:
    """The batch's planned operations that wait for a person, in order of planning."""
    columns = [operation.c[name] for name in StoredOperation._fields]
    query = (
        select(*columns, gate)
        .join(gate, gate.c.operation_id == operation.c.id)
        .where(operation.c.batch_id == batch_id, operation.c.state == "planned")
        .where(gate.c.approved_by.is_(None))
        .order_by(operation.c.target, operation.c.seq)
    )
    width = len(columns)
    return [(StoredOperation._make(row[:width]), Gate(*row[width:])) for row in tx.conn.execute(query)]


def ready(tx: Transaction) -> set[tuple[str, str]]:
    """Batch and target of everything that was approved, is not sent yet, and may be tried now."""
    query = (
        select(operation.c.batch_id, operation.c.target)
        .join(gate, gate.c.operation_id == operation.c.id)
        .join(approval, approval.c.id == gate.c.approval_id)
        .where(operation.c.state == "planned", approval.c.state == "approved")
        .where(operation.c.due_at.is_(None) | (operation.c.due_at <= tx.stamp))
        .distinct()
    )
    return {(row[0], row[1]) for row in tx.conn.execute(query)}
