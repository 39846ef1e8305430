"""Operations: one row per change wanted at a target, and its append-only attempts.

This store writes what it is told; which transition is legal is known to `trivet.delivery.states`. A row is written only
where it is still in the state that the caller saw: a lost race changes nothing (STATE_CHANGED).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, bindparam, func, insert, select, update

from trivet.errors import LedgerError
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import attempt, operation
from trivet.model import Document, OperationKind


_SEALED = {"document": "payload_enc", "decision": "decision_enc", "before": "before_enc"}


@dataclass(frozen=True, slots=True)
class StoredOperation:
    """One row without its sealed contents."""

    id: str
    batch_id: str
    tenant: str
    target: str
    entity: str
    kind: OperationKind
    reference: str
    revision: int
    key: str
    subject_ref: str | None
    scope: str | None
    position: int
    """Order within a person; the irreversible comes last."""
    independent: bool
    state: str
    stuck_from: str | None
    fingerprint: str
    mapping_version: str
    remote_id: str | None
    attempts: int
    failures: int
    """Attempts in a row that came to nothing."""
    due_at: str | None
    """When the state asks for work again: a resend, a settling, a second look."""
    sent_at: str | None
    verified_at: str | None
    undo_reason: str | None
    """Set: to be taken back as soon as its state allows."""
    error_code: str | None
    error_field: str | None
    error_text: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The sealed contents of one operation, opened; None where there is none or it was erased."""

    document: Document | None
    decision: Document | None
    before: Document | None
    """What the target held before an update or a delete."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step of one vendor call for one operation."""

    operation_id: str
    n: int
    step: str
    phase: str
    fence: int
    at: str
    outcome: str | None
    code: str | None


_LIGHT = [operation.c[name] for name in StoredOperation.__slots__]
# built once: building costs more than running; ordered, so that two workers lock rows in the same order
_BY_ID = select(*_LIGHT).where(operation.c.id.in_(bindparam("ids", expanding=True))).order_by(operation.c.id)
_CONTENTS = select(operation.c.id, *(operation.c[column] for column in _SEALED.values())).where(
    operation.c.id.in_(bindparam("ids", expanding=True))
)
_BY_REFERENCE = (
    select(*_LIGHT)
    .where(operation.c.reference.in_(bindparam("references", expanding=True)))
    .order_by(operation.c.id)
)


def operation_id(reference: str, revision: int) -> str:
    """The row's id; kinds may change before the first sending, reference and revision never do."""
    return f"{reference}-{revision}"


def add_many(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts operations; each row holds the light columns plus `document` and `decision` (or None)."""
    blank = {"attempts": 0, "failures": 0, "created_at": tx.stamp, "updated_at": tx.stamp}
    sealed = []
    for row in rows:
        plain = dict(row)
        document, decision = plain.pop("document"), plain.pop("decision")
        sealed.append(blank | plain | _sealed(tx, row["id"], document=document, decision=decision))
    if sealed:
        tx.conn.execute(insert(operation), sealed)


def _sealed(tx: Transaction, row_id: str, **contents: Document | None) -> dict[str, Any]:
    columns: dict[str, Any] = {"key_id": tx.keys.newest}
    for name, document in contents.items():
        column = _SEALED[name]
        place = f"operation|{column}|{row_id}"
        columns[column] = None if document is None else tx.seal(document, place)
    return columns


def find(
    tx: Transaction,
    *conditions: ColumnElement[bool],
    lock: bool = False,
    limit: int | None = None,
    newest: bool = False,
) -> list[StoredOperation]:
    """The operations that match (`tables.operation` columns), by position and id; `newest` first by time instead."""
    query = select(*_LIGHT).where(*conditions)
    if newest:
        query = query.order_by(operation.c.updated_at.desc(), operation.c.id)
    else:
        query = query.order_by(operation.c.position, operation.c.entity, operation.c.id)
    if limit is not None:
        query = query.limit(limit)
    rows = tx.conn.execute(query.with_for_update() if lock else query)
    return [StoredOperation(*row) for row in rows]


def by_ids(tx: Transaction, ids: Iterable[str], *, lock: bool = False) -> dict[str, StoredOperation]:
    """The operations by id; `lock` holds the rows until the commit."""
    found: dict[str, StoredOperation] = {}
    query = _BY_ID.with_for_update() if lock and tx.locks else _BY_ID
    for part in chunks(ids):
        found |= {row[0]: StoredOperation(*row) for row in tx.conn.execute(query, {"ids": part})}
    return found


def by_reference(
    tx: Transaction, references: Iterable[str], *, lock: bool = False
) -> dict[str, list[StoredOperation]]:
    """Every revision of these references, oldest first."""
    found: dict[str, list[StoredOperation]] = defaultdict(list)
    query = _BY_REFERENCE.with_for_update() if lock and tx.locks else _BY_REFERENCE
    for part in chunks(references):
        for row in tx.conn.execute(query, {"references": part}):
            entry = StoredOperation(*row)
            found[entry.reference].append(entry)
    for history in found.values():
        history.sort(key=lambda entry: entry.revision)
    return found


def contents(tx: Transaction, ids: Iterable[str]) -> dict[str, Contents]:
    """The opened contents by operation id."""
    found: dict[str, Contents] = {}
    for part in chunks(ids):
        for row_id, *values in tx.conn.execute(_CONTENTS, {"ids": part}):
            opened = [
                None if value is None else tx.unseal(value, f"operation|{column}|{row_id}")
                for column, value in zip(_SEALED.values(), values, strict=True)
            ]
            found[row_id] = Contents(*opened)
    return found


def write(tx: Transaction, changes: Mapping[str, Mapping[str, Any]], *, states: Mapping[str, str]) -> None:
    """Writes each operation's columns where it is still in `states[id]`; all or STATE_CHANGED.

    Every change has the same columns. `document`, `decision` and `before` are sealed on the way.
    """
    rows = []
    for row_id, change in changes.items():
        inner = {name: change[name] for name in _SEALED if name in change}
        plain = {name: value for name, value in change.items() if name not in _SEALED}
        row = {f"new_{name}": value for name, value in plain.items()}
        if inner:
            row |= {f"new_{name}": value for name, value in _sealed(tx, row_id, **inner).items()}
        rows.append(row | {"at_id": row_id, "at_state": states[row_id], "new_updated_at": tx.stamp})
    if not rows:
        return
    statement = _write(tuple(name for name in rows[0] if name.startswith("new_")))
    if tx.conn.execute(statement, rows).rowcount != len(rows):
        raise LedgerError(
            "another worker moved one of these operations first", code="STATE_CHANGED", cure="run again"
        )


@lru_cache(maxsize=128)
def _write(names: tuple[str, ...]) -> Executable:
    """The statement, built once: building costs more than running it."""
    values: dict[str, Any] = {name.removeprefix("new_"): bindparam(name) for name in names}
    here = (operation.c.id == bindparam("at_id")) & (operation.c.state == bindparam("at_state"))
    return update(operation).where(here).values(values)


def erase(tx: Transaction, ids: Iterable[str]) -> None:
    """Removes the contents, fingerprints included; the rows stay as proof of what happened."""
    nothing: dict[str, Any] = dict.fromkeys(_SEALED.values()) | {"fingerprint": "", "key_id": None}
    for part in chunks(ids):
        tx.conn.execute(update(operation).where(operation.c.id.in_(part)).values(nothing))


def add_attempts(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """Appends the steps."""
    if attempts:
        names = Attempt.__slots__
        rows = [{name: getattr(entry, name) for name in names} for entry in attempts]
        tx.conn.execute(insert(attempt), rows)


def attempts_of(tx: Transaction, row_id: str) -> list[Attempt]:
    """The operation's attempts in order."""
    query = select(attempt).where(attempt.c.operation_id == row_id)
    rows = tx.conn.execute(query.order_by(attempt.c.n, attempt.c.step.desc())).mappings()
    return [Attempt(**row) for row in rows]


_TALLY = select(operation.c.target, operation.c.state, func.count()).group_by(
    operation.c.target, operation.c.state
)


def tally(tx: Transaction, *conditions: ColumnElement[bool]) -> dict[tuple[str, str], int]:
    """How many operations there are per (target, state)."""
    return {(target, state): number for target, state, number in tx.conn.execute(_TALLY.where(*conditions))}


def people(tx: Transaction, *conditions: ColumnElement[bool]) -> dict[str, set[str]]:
    """The states of each person's operations, by pseudonym."""
    query = select(operation.c.subject_ref, operation.c.state).where(*conditions).distinct()
    found: dict[str, set[str]] = defaultdict(set)
    for person, state in tx.conn.execute(query):
        found[person].add(state)
    return found
