"""Gates: operations that go only when a named person has approved them, and what they wait for her for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, update

from trivet.ledger.bulk import chunks, rows_in, run_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import approval, gate, operation

if TYPE_CHECKING:
    from trivet.ledger.batches import Batch


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


def parked(tx: Transaction) -> Select[tuple[str]]:
    """The operations of the questions that are open, by id: they stay in their batch until somebody answers."""
    asked = (approval.c.state == "waiting") & (approval.c.expires_at > tx.stamp)
    return (
        select(gate.c.operation_id)
        .join(approval, approval.c.id == gate.c.approval_id)
        .where(asked, gate.c.approved_by.is_(None))
    )


def asked_elsewhere(
    tx: Transaction, batch: "Batch", target: str, *conditions: ColumnElement[bool]
) -> set[str | None]:
    """The people of whom something that was asked about in another batch is still to be sent to the target."""
    ours = (approval.c.tenant == batch.tenant) & (approval.c.flow == batch.flow)
    answerable = approval.c.state.in_(["waiting", "approved"])
    if tx.conn.scalar(select(approval.c.id).where(answerable, ours).limit(1)) is None:
        return set()  # nobody was ever asked: the flow's nights need not look further
    query = (
        select(operation.c.subject_ref)
        .join(gate, gate.c.operation_id == operation.c.id)
        .join(approval, approval.c.id == gate.c.approval_id)
        .where(operation.c.batch_id != batch.id, operation.c.target == target, *conditions)
        .where(operation.c.state == "planned", answerable)
    )
    return set(tx.conn.scalars(query))


def numbers(tx: Transaction) -> dict[str, int]:
    """How many operations wait behind each open question that was put about a batch; 0 where none does any more."""
    open_ones = select(approval.c.id).where(approval.c.state == "waiting")
    waits = (operation.c.state == "planned") & gate.c.approved_by.is_(None)
    query = (
        select(gate.c.approval_id, func.count(case((waits, 1))))
        .join(operation, operation.c.id == gate.c.operation_id)
        .where(gate.c.approval_id.in_(open_ones))
        .group_by(gate.c.approval_id)
    )
    return {row[0]: row[1] for row in tx.conn.execute(query)}


def unsent(tx: Transaction, batch_id: str, target: str) -> bool:
    """Whether something of the batch that was approved is still to be sent there."""
    query = (
        select(operation.c.id)
        .join(gate, gate.c.operation_id == operation.c.id)
        .where(operation.c.batch_id == batch_id, operation.c.target == target)
        .where(operation.c.state == "planned", gate.c.approved_by.is_not(None))
        .limit(1)
    )
    return tx.conn.scalar(query) is not None


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
