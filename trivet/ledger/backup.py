"""Copies of a ledger file: made while others write, and put back in one transaction.

People's keys are not in a copy: they lie beside it (`key_copies`), so that a key can be erased there.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from trivet.errors import LedgerError
from trivet.ledger import key_copies
from trivet.ledger.ledger import Ledger

_DUMP = "pg_dump --format=custom --exclude-table-data=subject_key --file={file} {url} && trivet keys backup {file}.keys"
_RESTORE = "pg_restore --clean --if-exists --dbname={url} {file} && trivet keys restore {file}.keys"


def file_of(url: str, wanted: Path, *, restoring: bool = False) -> Path:
    """The ledger's own file; `LedgerError` with the command to use instead where it is no SQLite file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        command = (_RESTORE if restoring else _DUMP).format(file=wanted, url=_shown(parsed))
        raise LedgerError(
            "this ledger is a PostgreSQL database: its own tools copy it", code="BACKUP_POSTGRESQL",
            place=parsed.render_as_string(hide_password=True), cure=command,
        )  # fmt: skip
    return Path(parsed.database.removeprefix("file:").partition("?")[0])


def _shown(parsed: URL) -> str:
    return parsed.set(drivername="postgresql", password=None).render_as_string()


def copy(ledger: Ledger, file: Path) -> None:
    """A consistent copy, whole or not there at all; writers are not held up (WAL)."""
    if file.exists():
        raise LedgerError(
            "there is a file of that name", code="BACKUP_EXISTS", place=str(file), cure="choose a new name"
        )
    draft = file.with_name(f"{file.name}.partial")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        with ledger.engine.connect().execution_options(trivet_read=True) as conn:
            source = conn.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            with closing(sqlite3.connect(draft)) as there:
                # in one step: in many, every commit of another process would start it again
                source.backup(there, pages=-1)
                there.execute("PRAGMA journal_mode = DELETE")
                there.execute("PRAGMA secure_delete = ON")
                there.execute("UPDATE subject_key SET wrapped = NULL")
                there.commit()
                check(there, draft)
        _sync(draft)
        with ledger.read() as tx:
            # after the copy: whoever came in between has a key, too
            key_copies.write(tx.conn, key_copies.beside(file))
        draft.rename(file)
        _sync(file.parent)
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(
            f"the backup cannot be written: {type(error).__name__}", code="BACKUP_FAILED", place=str(file),
            cure="check the folder, its rights and the space in it; the ledger is as it was",
        ) from None  # fmt: skip
    finally:
        draft.unlink(missing_ok=True)


def check(conn: sqlite3.Connection, file: Path) -> None:
    """`LedgerError` LEDGER_DAMAGED where the file does not hold together."""
    try:
        found = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise LedgerError(
            "the file is no whole SQLite database", code="LEDGER_DAMAGED", place=str(file),
            cure="take another backup",
        )  # fmt: skip


def proof(file: Path, draft: Path) -> None:
    """A whole copy of a backup to be judged; the backup itself is only read. `LedgerError` where it is none."""
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as made,
            closing(sqlite3.connect(draft)) as there,
        ):
            made.backup(there, pages=-1)
            check(there, file)
            known = {name for (name,) in there.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        known = set()
    if not {"meta", "event", "operation"} <= known:
        raise LedgerError(
            "the file is no backup of a ledger", code="BACKUP_FOREIGN", place=str(file),
            cure="name a file that `trivet ledger backup` made",
        )  # fmt: skip


def put_back(source: Path, ledger: Path) -> None:
    """The ledger file holds what `source` holds, or after a kill what it held before."""
    try:
        with closing(sqlite3.connect(source)) as made, closing(sqlite3.connect(ledger, timeout=30)) as there:
            made.backup(there, pages=-1)
            there.execute("PRAGMA journal_mode = WAL")
        ledger.chmod(0o600)
    except sqlite3.Error as error:
        raise LedgerError(
            f"the ledger cannot be replaced: {error}", code="LEDGER_BUSY", place=str(ledger),
            cure="stop Airflow and every run, check rights and space, then restore again; nothing was changed",
        ) from None  # fmt: skip


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
