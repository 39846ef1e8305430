"""Operations: one row per change wanted at a target.

This store writes what it is told; which transition is legal is known to `trivet.delivery.states`. A row is written
only where it is still in the state that the caller saw: a lost race changes nothing (STATE_CHANGED).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, UpdateBase, bindparam, func, insert, or_, select, tuple_, update

from trivet.errors import LedgerError
from trivet.ledger.bulk import rows_in, run_many
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import operation
from trivet.model import OperationKind


class StoredOperation(NamedTuple):
    """One row; a named tuple, because a night reads tens of thousands."""

    id: str
    batch_id: str
    planned_in: str
    """The batch whose plan it belongs to; another one may have taken it over since."""
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
    seq: int
    """Order of planning; neighbours here are neighbours on the disk."""
    independent: bool
    adopted: bool
    """The target's record is somebody else's; taking it back restores the fields that we changed."""
    state: str
    stuck_from: str | None
    fingerprint: str
    mapping_version: str
    remote_id: str | None
    ticket: str | None
    """What an asynchronous target gave to ask with."""
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


class Sort(NamedTuple):
    """What one vendor call may hold together."""

    position: int
    kind: OperationKind
    entity: str


# statements are built once: building them costs more than running them; ordered, so that two workers lock rows alike
_COLUMNS = StoredOperation._fields
_ALL = select(*(operation.c[name] for name in _COLUMNS))
_BY_ID = _ALL.where(operation.c.id.in_(bindparam("ids", expanding=True))).order_by(operation.c.id)
_BY_REFERENCE = _ALL.where(operation.c.reference.in_(bindparam("ids", expanding=True))).order_by(
    operation.c.id
)
_AT = _ALL.where(
    operation.c.batch_id == bindparam("batch"),
    operation.c.target == bindparam("at"),
    operation.c.state.in_(bindparam("states", expanding=True)),
).order_by(operation.c.position, operation.c.entity, operation.c.seq)
_PAGE = (
    _ALL.where(
        operation.c.batch_id == bindparam("batch"),
        operation.c.target == bindparam("at"),
        operation.c.state == bindparam("in_state"),
        operation.c.revision >= bindparam("revision"),
        tuple_(operation.c.seq, operation.c.id) > tuple_(bindparam("seq"), bindparam("id")),
    )
    .order_by(operation.c.seq, operation.c.id)
    .limit(bindparam("most"))
)
_SORT = _PAGE.where(
    operation.c.position == bindparam("position"),
    operation.c.kind == bindparam("kind"),
    operation.c.entity == bindparam("entity"),
    or_(operation.c.due_at.is_(None), operation.c.due_at <= bindparam("now")),
)
_SORTS = (
    select(operation.c.position, operation.c.kind, operation.c.entity, func.count())
    .where(
        operation.c.batch_id == bindparam("batch"),
        operation.c.target == bindparam("at"),
        operation.c.state == "planned",
        or_(operation.c.due_at.is_(None), operation.c.due_at <= bindparam("now")),
    )
    .group_by(operation.c.position, operation.c.kind, operation.c.entity)
)
_REVISED = select(operation.c.reference).where(
    operation.c.reference.in_(bindparam("ids", expanding=True)), operation.c.revision > 1
)
_OF_SCOPES = (
    select(operation.c.reference, operation.c.target, operation.c.tenant)
    .where(operation.c.scope.in_(bindparam("ids", expanding=True)))
    .distinct()
)
_UNFINISHED = _BY_ID.where(operation.c.undo_reason.is_not(None) | (operation.c.state == "planned"))
_MOVED = select(operation.c.id).where(
    operation.c.id.in_(bindparam("ids", expanding=True)),
    (operation.c.batch_id != bindparam("batch"))
    | (operation.c.kind != bindparam("kind"))
    | (operation.c.state != bindparam("in_state")),
)
_HELD = (
    select(operation.c.id)
    .where(operation.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(operation.c.id)
)
_TALLY = select(operation.c.target, operation.c.state, func.count()).group_by(
    operation.c.target, operation.c.state
)
_PLANNED = select(func.count(), func.min(operation.c.due_at)).where(
    operation.c.batch_id == bindparam("batch"),
    operation.c.target == bindparam("at"),
    operation.c.state == "planned",
)
_STATES = (
    select(operation.c.state, func.count(), func.count(operation.c.verified_at))
    .where(operation.c.batch_id == bindparam("batch"))
    .group_by(operation.c.state)
)
_INSERT = insert(operation)


def operation_id(reference: str, revision: int) -> str:
    """The row's id; kinds may change before the first sending, reference and revision never do."""
    return f"{reference}-{revision}"


def add_many(tx: Transaction, rows: Sequence[StoredOperation]) -> None:
    """Inserts operations."""
    run_many(tx.conn, _INSERT, _COLUMNS, rows)


def find(
    tx: Transaction,
    *conditions: ColumnElement[bool],
    lock: bool = False,
    limit: int | None = None,
    newest: bool = False,
) -> list[StoredOperation]:
    """The operations that match (`tables.operation` columns), by position and id; `newest` first by time instead."""
    query = _ALL.where(*conditions)
    if newest:
        query = query.order_by(operation.c.updated_at.desc(), operation.c.id)
    else:
        query = query.order_by(operation.c.position, operation.c.entity, operation.c.seq)
    if limit is not None:
        query = query.limit(limit)
    rows = tx.conn.execute(query.with_for_update() if lock and tx.locks else query)
    return [StoredOperation._make(row) for row in rows]


def at(
    tx: Transaction, batch_id: str, target: str, states: Iterable[str], *, lock: bool = False
) -> list[StoredOperation]:
    """The batch's operations at one target that are in these states, by position and order of planning."""
    query = _AT.with_for_update() if lock and tx.locks else _AT
    given = {"batch": batch_id, "at": target, "states": list(states)}
    return [StoredOperation._make(row) for row in tx.conn.execute(query, given)]


def sorts(tx: Transaction, batch_id: str, target: str) -> dict[Sort, int]:
    """How many operations of each sort are planned and due."""
    rows = tx.conn.execute(_SORTS, {"batch": batch_id, "at": target, "now": tx.stamp})
    return {Sort(*row[:3]): row[3] for row in rows}


def page(
    tx: Transaction,
    batch_id: str,
    target: str,
    state: str,
    after: StoredOperation | None,
    most: int,
    *,
    of: Sort | None = None,
    revision: int = 1,
) -> list[StoredOperation]:
    """The next operations in this state by order of planning; `of` one sort and due, or from this `revision` on."""
    given: dict[str, Any] = {"batch": batch_id, "at": target, "in_state": state, "most": most}
    given |= {"seq": after.seq if after else -1, "id": after.id if after else "", "revision": revision}
    if of is None:
        return [StoredOperation._make(row) for row in tx.conn.execute(_PAGE, given)]
    return [
        StoredOperation._make(row) for row in tx.conn.execute(_SORT, given | of._asdict() | {"now": tx.stamp})
    ]


def planned(tx: Transaction, batch_id: str, target: str) -> tuple[int, str | None]:
    """How many operations are planned, and when the first of those that wait may be tried again."""
    row = tx.conn.execute(_PLANNED, {"batch": batch_id, "at": target}).one()
    return row[0], row[1]


def by_ids(tx: Transaction, ids: Iterable[str], *, lock: bool = False) -> dict[str, StoredOperation]:
    """The operations by id; `lock` holds the rows until the commit."""
    return {row[0]: StoredOperation._make(row) for row in _rows(tx, _BY_ID, ids, lock=lock)}


def by_reference(
    tx: Transaction, references: Iterable[str], *, lock: bool = False
) -> dict[str, list[StoredOperation]]:
    """Every revision of these references, oldest first."""
    found: dict[str, list[StoredOperation]] = defaultdict(list)
    for row in _rows(tx, _BY_REFERENCE, references, lock=lock):
        entry = StoredOperation._make(row)
        found[entry.reference].append(entry)
    for history in found.values():
        history.sort(key=lambda entry: entry.revision)
    return found


def revised(tx: Transaction, references: Iterable[str]) -> set[str]:
    """Those of the references that have more than one revision."""
    return {row[0] for row in _rows(tx, _REVISED, references)}


def moved(tx: Transaction, ids: Sequence[str], batch_id: str, kind: OperationKind, state: str) -> set[str]:
    """Those that are not this batch's, of this kind and in this state any more; all rows are held until the commit."""
    if tx.locks:
        list(_rows(tx, _HELD, ids, lock=True))
    given = {"batch": batch_id, "kind": kind, "in_state": state}
    return {row[0] for row in rows_in(tx.conn, _MOVED, ids, given)}


def unfinished(tx: Transaction, ids: Iterable[str]) -> list[StoredOperation]:
    """Those of the operations that are planned, or that somebody wishes away."""
    return [StoredOperation._make(row) for row in _rows(tx, _UNFINISHED, ids)]


def _rows(
    tx: Transaction, query: Select[Any], values: Iterable[str], *, lock: bool = False
) -> Iterable[Sequence[Any]]:
    return rows_in(tx.conn, _locking(query) if lock and tx.locks else query, values)


@lru_cache
def _locking(query: Select[Any]) -> Select[Any]:
    return query.with_for_update()


def write(
    tx: Transaction,
    ids: Sequence[str],
    was: Sequence[str],
    each: Mapping[str, Sequence[Any]],
    shared: Mapping[str, Any],
) -> None:
    """Writes columns where the operations are still in the states `was`: all, or STATE_CHANGED and nothing.

    `each` holds a value per operation and column, in the order of `ids`; `shared` one for all.
    """
    if not ids:
        return
    columns = (*each, *shared, "updated_at", "at_id", "at_state")
    values = [*each.values(), *map(repeat, shared.values()), repeat(tx.stamp), ids, was]
    if run_many(tx.conn, _write(columns[:-2]), columns, list(zip(*values))) != len(ids):  # noqa: B905 - repeat() ends never
        raise LedgerError(
            "another worker moved one of these operations first", code="STATE_CHANGED", cure="run again"
        )


@lru_cache(maxsize=128)
def _write(columns: tuple[str, ...]) -> UpdateBase:
    here = (operation.c.id == bindparam("at_id")) & (operation.c.state == bindparam("at_state"))
    return update(operation).where(here).values({name: bindparam(name) for name in columns})


def states(tx: Transaction, batch_id: str) -> dict[str, tuple[int, int]]:
    """By state, how many of the batch's operations there are and how many of them were verified."""
    rows = tx.conn.execute(_STATES, {"batch": batch_id})
    return {state: (number, verified) for state, number, verified in rows}


def tally(tx: Transaction, *conditions: ColumnElement[bool]) -> dict[tuple[str, str], int]:
    """How many operations there are per (target, state)."""
    return {(target, state): number for target, state, number in tx.conn.execute(_TALLY.where(*conditions))}


def references(tx: Transaction, tenant: str, scopes: Iterable[str], targets: Collection[str]) -> set[str]:
    """The records of these scopes at these targets."""
    # by the scope alone: asked for targets as well, SQLite would rather read everything that ever went there
    rows = rows_in(tx.conn, _OF_SCOPES, scopes)
    return {reference for reference, target, owner in rows if owner == tenant and target in targets}


def people(tx: Transaction, *conditions: ColumnElement[bool]) -> dict[str, set[str]]:
    """The states of each person's operations, by pseudonym."""
    query = select(operation.c.subject_ref, operation.c.state).where(*conditions).distinct()
    found: dict[str, set[str]] = defaultdict(set)
    for person, state in tx.conn.execute(query):
        found[person].add(state)
    return found
