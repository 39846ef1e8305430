"""Archive files: SQLite, a file a month, with the ledger's own tables; contents stay sealed, events keep their chain."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, inspect, text

from trivet.ledger import database
from trivet.ledger.bulk import upsert
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.tables import batch, content, decision_input, event, metadata, operation

TABLES = (batch, operation, content, decision_input, event)


class ArchiveFile:
    """One month, open for writing; made when the first row comes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._engine: Engine | None = None

    def put(self, rows: Iterable[tuple[Table, list[dict[str, Any]]]]) -> None:
        """Adds the rows, or replaces what an interrupted run left of them; on the disk when it returns."""
        self._engine = self._engine or _opened(self.file)
        with database.plain_errors(self._engine), self._engine.begin() as conn:
            for table, entries in rows:
                upsert(conn, table, entries)

    def close(self) -> None:
        """Closes the file."""
        if self._engine is not None:
            self._engine.dispose()


def month_file(folder: Path, month: str) -> Path:
    """The file of a month `YYYY-MM`."""
    return folder / f"ledger-{month}.db"


def files(folder: Path) -> list[Path]:
    """Every archive of the folder, oldest first."""
    return sorted(folder.glob("ledger-*.db"))


@contextmanager
def writing(ledger: Ledger, file: Path) -> Iterator[Transaction]:
    """An archive, to be changed in one transaction; people's keys are those of the ledger."""
    engine = _opened(file)
    try:
        with database.plain_errors(engine), ledger.read() as tx, engine.begin() as conn:
            yield ledger.transaction(conn, tx.conn)
    finally:
        engine.dispose()


@contextmanager
def connections(folder: Path) -> Iterator[list[Connection]]:
    """Every archive of the folder, oldest first, open for reading."""
    with ExitStack() as stack:
        found = []
        for file in files(folder):
            engine = _opened(file)
            stack.callback(engine.dispose)
            stack.enter_context(database.plain_errors(engine))
            found.append(stack.enter_context(engine.connect().execution_options(**database.READ)))
        yield found


@contextmanager
def transactions(ledger: Ledger, folder: Path) -> Iterator[list[Transaction]]:
    """The same, to be read as a ledger is read."""
    with connections(folder) as opened, ledger.read() as tx:
        yield [ledger.transaction(conn, tx.conn) for conn in opened]


def _opened(file: Path) -> Engine:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    engine = database.make_engine(f"sqlite:///{file}")
    with database.plain_errors(engine), engine.begin() as conn:
        metadata.create_all(conn, tables=TABLES)
        _add_columns(conn)
    return engine


def _add_columns(conn: Connection) -> None:
    # an archive outlives the versions of the program: columns that came later are empty in it
    seen = inspect(conn)
    for table in TABLES:
        known = {column["name"] for column in seen.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                kind = column.type.compile(conn.dialect)
                conn.execute(text(f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {kind}'))
