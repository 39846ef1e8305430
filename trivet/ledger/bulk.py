"""Statements over many rows: id lists cut to what every database takes, and insert-or-update on both.

The ledger's values are text, numbers and bytes, which every driver takes as they are. What runs for every record goes past
SQLAlchemy's parameter processing, which costs more than the database does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, CursorResult, Delete, Dialect, Select, Table, Update, UpdateBase
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")
CHUNK = 500
"""Values in one IN list."""
_SIZES = (1, 10, 100, CHUNK)
"""A list is filled up to the next of them with its last value: few statements, which are compiled and parsed once."""


class _Listing(NamedTuple):
    """A compiled statement with one list in it."""

    sql: str
    before: tuple[str, ...]
    """Names of the values that stand before the list."""
    after: tuple[str, ...]
    constants: Mapping[str, Any]
    """Values that the statement itself brings."""
    columns: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Those of the result's columns that the driver gives in another form."""


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    left = iter(items)
    while part := list(islice(left, size)):
        yield part


def rows_in(
    conn: Connection, query: Select[Any], values: Iterable[Any], given: Mapping[str, Any] = {}
) -> Iterator[Any]:
    """The rows whose column is one of the values: the query, built once, has `bindparam("ids", expanding=True)`.

    `given` are its other parameters.
    """
    for part in chunks(values):
        listing, result = _run_in(conn, query, part, given)
        if listing.columns:
            yield from (_read(listing, row) for row in result.fetchall())
        else:
            yield from result.fetchall()


def run_in(
    conn: Connection, statement: Update | Delete, values: Iterable[Any], given: Mapping[str, Any] = {}
) -> int:
    """Runs such a statement; how many rows it touched."""
    return sum(_run_in(conn, statement, part, given)[1].rowcount for part in chunks(values))


def _run_in(
    conn: Connection, statement: Any, part: list[Any], given: Mapping[str, Any]
) -> tuple[_Listing, CursorResult[Any]]:
    size = next(one for one in _SIZES if one >= len(part))
    listing = _listing(conn.dialect, statement, size)
    filled = part + part[-1:] * (size - len(part))
    known = {**listing.constants, **given}
    told = (*(known[n] for n in listing.before), *filled, *(known[n] for n in listing.after))
    return listing, conn.exec_driver_sql(listing.sql, told)


@lru_cache(maxsize=512)
def _listing(dialect: Dialect, statement: Any, size: int) -> _Listing:
    compiled = statement.compile(dialect=dialect)
    told = {name: [""] * size if name == "ids" else "" for name in compiled.positiontup}
    written = compiled.construct_expanded_state(told)
    names = tuple(written.positiontup or ())
    first = names.index("ids_1")
    readers = [
        (at, column.type.dialect_impl(dialect).result_processor(dialect, None))
        for at, column in enumerate(getattr(statement, "selected_columns", ()))
    ]
    return _Listing(
        written.statement, names[:first], names[first + size :],
        {name: value for name, value in compiled.params.items() if value is not None},
        tuple((at, reader) for at, reader in readers if reader is not None),
    )  # fmt: skip


def _read(listing: _Listing, row: Sequence[Any]) -> Sequence[Any]:
    read = list(row)
    for at, reader in listing.columns:
        read[at] = reader(read[at])
    return read


def run_many(
    conn: Connection, statement: UpdateBase, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> int:
    """Runs the statement for each row of values (`columns` names them); how many rows of the table it touched."""
    if not rows:
        return 0
    sql, order = _compiled(conn.dialect, statement, columns)
    return conn.exec_driver_sql(sql, [order(row) for row in rows]).rowcount


@lru_cache(maxsize=512)
def _compiled(
    dialect: Dialect, statement: UpdateBase, columns: tuple[str, ...]
) -> tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    return str(compiled), itemgetter(*(columns.index(name) for name in compiled.positiontup))


def upsert(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> None:
    """Inserts the rows, which all have the same columns in the same order; an existing primary key is overwritten, or kept."""
    if not rows:
        return
    columns = tuple(rows[0])
    statement = _upsert(conn.dialect.name, table, columns, keep)
    # keys are hashes: in their order a page of the index is touched once, and two writers lock rows alike
    key = itemgetter(*(columns.index(column.name) for column in table.primary_key))
    run_many(conn, statement, columns, sorted((tuple(row.values()) for row in rows), key=key))


@lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, columns: tuple[str, ...], keep: bool) -> UpdateBase:
    """The statement, built once: building costs more than running it."""
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = [column.name for column in table.primary_key]
    if keep:
        return statement.on_conflict_do_nothing(index_elements=keys)
    new = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=new)
