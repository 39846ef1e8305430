"""Moves sealed values to the keys that count now: those about people to the people's own, the rest to the newest of the ring.

Page by page, a transaction each: what is killed has lost nothing, and goes on where it was, since a value that was moved is
not found again.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    func,
    literal,
    select,
    tuple_,
    update,
)

from trivet.errors import LedgerError
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.tables import (
    assessment_order,
    content,
    crosswalk,
    decision_input,
    document,
    inbound,
    meta,
    operation,
    record,
    scoring,
    subject_key,
    wish,
)

PAGE = 500
_PERSONAL = b"v2|"


class Cells(NamedTuple):
    """A column of sealed values."""

    column: Column[Any]
    place: tuple[str, ...]
    """The columns that, with a slash between, name the row in the value's place."""
    whose: Column[Any] | None = None

    @property
    def table(self) -> Table:
        """The column's."""
        table: Table = self.column.table
        return table


CELLS = (
    Cells(meta.c.value_enc, ("name",)),
    Cells(inbound.c.payload_enc, ("id",)),
    Cells(record.c.payload_enc, ("id",), record.c.subject_ref),
    Cells(assessment_order.c.payload_enc, ("id",), assessment_order.c.subject_ref),
    Cells(assessment_order.c.result_enc, ("id",), assessment_order.c.subject_ref),
    Cells(document.c.payload_enc, ("tenant", "kind", "id"), document.c.subject_ref),
    Cells(crosswalk.c.identifier_enc, ("identifier_hash",), crosswalk.c.subject_ref),
    Cells(scoring.c.answer_enc, ("tenant", "key"), scoring.c.subject_ref),
    Cells(decision_input.c.payload_enc, ("id",), decision_input.c.subject_ref),
    Cells(wish.c.number_enc, ("approval_id",), wish.c.subject_ref),
    Cells(content.c.document_enc, ("operation_id",), operation.c.subject_ref),
    Cells(content.c.decision_enc, ("operation_id",), operation.c.subject_ref),
    Cells(content.c.before_enc, ("operation_id",), operation.c.subject_ref),
)
ARCHIVED = tuple(cells for cells in CELLS if cells.table in (content, decision_input))
Progress = Callable[[str, int], None]
"""Told the table and how many values were moved since the last call."""


class Trouble(NamedTuple):
    """A value that does not open, and stays as it is."""

    place: str
    code: str


def rotate(
    ledger: Ledger, progress: Progress, *, archive: Transaction | None = None
) -> tuple[Counter[str], list[Trouble]]:
    """How many values were moved, by table, and those that could not be; of an archive, where one is given."""
    moved: Counter[str] = Counter()
    troubles: list[Trouble] = []
    for cells in CELLS if archive is None else ARCHIVED:
        after: tuple[Any, ...] | None = None
        while True:
            if archive is None:
                with ledger.begin() as tx:
                    after, number = _move_page(tx, cells, after, troubles)
            else:
                after, number = _move_page(archive, cells, after, troubles)
            moved[cells.table.name] += number
            progress(cells.table.name, number)
            if after is None:
                break
    if archive is None:
        moved["subject_key"] = _rewrap(ledger, progress)
    return +moved, troubles


def owners(tx: Transaction) -> set[str]:
    """The people in an archive whose values are not sealed with their own keys yet."""
    found: set[str] = set()
    for cells in ARCHIVED:
        query = _joined(cells, select(cells.whose).distinct()).where(_waiting(cells, tx))  # type: ignore[arg-type]
        found |= {name for name in tx.conn.scalars(query) if name}
    return found


def _move_page(
    tx: Transaction, cells: Cells, after: tuple[Any, ...] | None, troubles: list[Trouble]
) -> tuple[tuple[Any, ...] | None, int]:
    """The last row that was looked at, None at the end; how many values were moved."""
    rows = tx.conn.execute(_page(cells, tx, after)).all()
    tx.prepare(row.whose for row in rows)
    number = 0
    for row in rows:
        mapping = row._mapping
        place = f"{cells.table.name}|{cells.column.name}|{'/'.join(mapping[name] for name in cells.place)}"
        try:
            sealed = tx.seal_bytes(tx.unseal_bytes(row.sealed, place), place, row.whose)
        except LedgerError as error:
            troubles.append(Trouble(place, error.code))
            continue
        values: dict[str, Any] = {cells.column.name: sealed}
        if "key_id" in cells.table.c:
            values["key_id"] = tx.key_of(row.whose)
        here = [column == mapping[column.name] for column in cells.table.primary_key]
        tx.conn.execute(update(cells.table).where(*here).values(values))
        number += 1
    key = [column.name for column in cells.table.primary_key]
    full = len(rows) == PAGE
    return (tuple(rows[-1]._mapping[name] for name in key) if full else None), number


def _page(cells: Cells, tx: Transaction, after: tuple[Any, ...] | None) -> Select[Any]:
    key = list(cells.table.primary_key)
    whose: Any = literal(None) if cells.whose is None else cells.whose
    query = _joined(cells, select(*key, cells.column.label("sealed"), whose.label("whose")))
    query = query.where(_waiting(cells, tx)).order_by(*key).limit(PAGE)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*(literal(part) for part in after)))
    # on postgresql somebody else may be about to replace the value
    return query.with_for_update(of=cells.table)


def _joined(cells: Cells, query: Select[Any]) -> Select[Any]:
    if cells.table is not content:
        return query
    return query.outerjoin_from(content, operation, operation.c.id == content.c.operation_id)


def _waiting(cells: Cells, tx: Transaction) -> ColumnElement[bool]:
    """Whether the value is not sealed with the key that counts now."""
    newest = tx.keys.head(tx.keys.newest)
    own = _begins(cells.column, _PERSONAL)
    there = cells.column.is_not(None)
    if cells.whose is None:
        return there & ~_begins(cells.column, newest)
    # what names nobody any more keeps the key of whom it named
    nobody = cells.whose.is_(None) | (cells.whose == "")
    return there & ~own & ~(nobody & _begins(cells.column, newest))


def _begins(column: ColumnElement[Any], head: bytes) -> ColumnElement[bool]:
    return func.substr(column, 1, len(head), type_=LargeBinary) == literal(head, LargeBinary)


def _rewrap(ledger: Ledger, progress: Progress) -> int:
    """Wraps people's keys with the ring's newest."""
    moved = 0
    old = select(subject_key.c.id, subject_key.c.wrapped).where(
        subject_key.c.wrapped.is_not(None), subject_key.c.key_id != ledger.keys.newest
    )
    while True:
        with ledger.begin() as tx:
            rows = [
                (row.id, bytes(row.wrapped)) for row in tx.conn.execute(old.limit(PAGE).with_for_update())
            ]
            number = ledger.people.rewrap(tx.conn, rows)
        moved += number
        progress("subject_key", number)
        if not number:
            return moved


def counted(tx: Transaction, cells: tuple[Cells, ...] = CELLS) -> Iterator[tuple[str, str | None, int]]:
    """Table, key of the ring (None: people's own keys; "?": none that is here) and how many values it seals."""
    heads = {key_id: tx.keys.head(key_id) for key_id in tx.keys.ids}
    for one in cells:
        there = select(func.count()).select_from(one.table).where(one.column.is_not(None))
        left: int = tx.conn.scalar(there) or 0
        for key_id, head in [(None, _PERSONAL), *heads.items()]:
            number: int = tx.conn.scalar(there.where(_begins(one.column, head))) or 0
            left -= number
            if number:
                yield one.table.name, key_id, number
        if left:
            yield one.table.name, "?", left


def wrapped_by(tx: Transaction) -> dict[str, int]:
    """How many people's keys each key of the ring wraps."""
    query = select(subject_key.c.key_id, func.count()).where(subject_key.c.wrapped.is_not(None))
    return {row[0]: row[1] for row in tx.conn.execute(query.group_by(subject_key.c.key_id))}
