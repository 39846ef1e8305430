"""The database under the ledger: engine, migrations that run by themselves, and what can go wrong in plain words."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError

from trivet.errors import LedgerError

Conflict = IntegrityError
HEAD = "0016"
VERSION_TABLE = "trivet_alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"
READ = {"trivet_read": True}
_BUSY_MS = 30_000
_ADVISORY_LOCK = 0x7472_6976_6574

# what the drivers say, what it means, what helps; the first match wins
_SYMPTOMS = (
    (
        "readonly database",
        "LEDGER_READ_ONLY",
        "the ledger cannot be written",
        "give this user the right to write",
    ),
    ("disk is full", "LEDGER_FULL", "no space left for the ledger", "free some space; nothing was changed"),
    ("no space left", "LEDGER_FULL", "no space left for the ledger", "free some space; nothing was changed"),
    (
        "disk i/o error",
        "LEDGER_DISK",
        "the disk under the ledger failed, or a quota is used up",
        "look at the disk and its quota, then run again; the transaction left nothing",
    ),
    ("database is locked", "LEDGER_BUSY", "another process holds the ledger", "run again"),
    ("deadlock detected", "LEDGER_BUSY", "another process holds the same rows", "run again"),
    ("unable to open", "LEDGER_UNREACHABLE", "the ledger file cannot be opened", "check folder and rights"),
    ("unique", "LEDGER_CONFLICT", "another process wrote the same row first", "run again"),
    ("not a database", "LEDGER_DAMAGED", "the file is not an SQLite database", "restore it from a backup"),
    ("malformed", "LEDGER_DAMAGED", "the ledger file is damaged", "restore it from a backup"),
)


def make_engine(url: str) -> Engine:
    """An engine whose write transactions begin by locking (SQLite) and whose commits survive a power cut."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        # positional parameters: rows go to the driver as tuples on every database (`bulk.run_many`)
        # what a failing statement says of itself ends in logs: never with the values
        engine = (
            create_engine(parsed, pool_pre_ping=True, paramstyle="format", hide_parameters=True)
            if parsed.get_backend_name() == "postgresql"
            else create_engine(parsed, hide_parameters=True)
        )
    # ValueError: a port that is no number
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        raise LedgerError(
            f"not usable as a ledger address: {type(error).__name__}",
            code="LEDGER_URL",
            cure="sqlite:////path/ledger.db, or postgresql://user@host/name with the extra `postgres`",
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # pysqlite's own transaction control would begin late and unlocked: check-then-act races
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA synchronous = FULL")  # NORMAL may lose the last commits at a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    # pages between two copies of the log into the file (16 MB): a page that many transactions change is copied once
    cursor.execute("PRAGMA wal_autocheckpoint = 4000")
    cursor.execute("PRAGMA cache_size = -32000")  # 32 MB: the keys are hashes, so a night touches every page
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("trivet_read")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def migrate(engine: Engine, state: Path) -> None:
    """Brings the schema to this program's version; one process at a time, nothing to do as a rule."""
    with plain_errors(engine):
        version = version_of(engine)
        if version == HEAD:
            return
        with _alone(engine, state):
            version = version_of(engine)  # another process may have been faster
            if version != HEAD:
                _refuse_newer(version)
                _upgrade(engine)


def version_of(engine: Engine) -> str | None:
    """The schema version that lies there; None in a new database."""
    with engine.connect().execution_options(**READ) as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - constant


def _refuse_newer(version: str | None) -> None:
    known = {file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if version is not None and version not in known:
        raise LedgerError(
            f"the ledger has schema {version}, this program knows up to {HEAD}",
            code="LEDGER_NEWER",
            cure="use the newer Trivet that wrote it; nothing was changed",
        )


def _upgrade(engine: Engine) -> None:
    # alembic is slow to import, and a ledger that is up to date does not need it
    from alembic import command
    from alembic.config import Config

    if engine.dialect.name == "sqlite":
        _use_wal(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _use_wal(engine: Engine) -> None:
    connection = engine.raw_connection()  # a mode changes outside of transactions only
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


@contextmanager
def _alone(engine: Engine, state: Path) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        with (state / "ledger.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})


@contextmanager
def plain_errors(engine: Engine) -> Iterator[None]:
    """Turns the driver's errors into `LedgerError`s; SQL and parameters never leave."""
    try:
        yield
    except DBAPIError as error:
        raise _plain(error, engine) from None


def _plain(error: DBAPIError, engine: Engine) -> LedgerError:
    said = str(error.orig).lower()
    place = f"ledger {engine.url.render_as_string(hide_password=True)}"
    for symptom, code, message, cure in _SYMPTOMS:
        if symptom in said:
            return LedgerError(message, code=code, place=place, cure=cure)
    if isinstance(error, OperationalError):
        return LedgerError(
            "the database is away", code="LEDGER_UNREACHABLE", place=place, cure="run again when it is back"
        )
    return LedgerError(
        f"the database refused: {type(error.orig).__name__}", code="LEDGER_DATABASE", place=place
    )
