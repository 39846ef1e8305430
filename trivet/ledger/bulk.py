"""Statements over many rows: id lists cut to what every database takes, and insert-or-update on both."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table, UpdateBase
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")
CHUNK = 500
"""Values in one IN list; one statement shape for most lists, so that it is compiled once."""


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    part: list[T] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def run_many(
    conn: Connection, statement: UpdateBase, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> int:
    """Runs the statement for each row of values (`columns` names them); how many rows of the table it touched.

    The ledger's values are text, numbers and bytes, which every driver takes as they are: going past SQLAlchemy's
    parameter processing halves the price of a row.
    """
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
    run_many(conn, statement, columns, [tuple(row.values()) for row in rows])


@lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, columns: tuple[str, ...], keep: bool) -> UpdateBase:
    """The statement, built once: building costs more than running it."""
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = [column.name for column in table.primary_key]
    if keep:
        return statement.on_conflict_do_nothing(index_elements=keys)
    new = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=new)
