"""The schema comes by itself, once, and what is wrong with a database is said in plain words."""

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from trivet.errors import LedgerError
from trivet.ledger import Ledger, open_ledger
from trivet.ledger.database import HEAD, MIGRATIONS, VERSION_TABLE
from trivet.ledger.tables import metadata


def test_migrations_build_the_tables_that_the_code_expects(ledger: Ledger) -> None:
    """What the migrations leave is what tables.py says, on both databases."""
    with ledger.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_a_file_ledger_survives_a_power_cut_and_readers(sqlite_ledger: Ledger) -> None:
    """WAL, and every commit on the disk."""
    with sqlite_ledger.engine.connect() as conn:
        assert conn.scalar(text("PRAGMA journal_mode")) == "wal"
        assert conn.scalar(text("PRAGMA synchronous")) == 2
        assert conn.scalar(text("PRAGMA busy_timeout")) == 30_000


def test_opening_again_changes_nothing_and_needs_no_alembic(tmp_path: Path, migrated: Path) -> None:
    """A ledger that is up to date opens without the migration machinery."""
    code = (
        "import sys; from pathlib import Path; from trivet.ledger import open_ledger\n"
        f"open_ledger('sqlite:///{migrated}/ledger.db', Path('{migrated}'), environ={{}}).close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    before = (migrated / "ledger.db").read_bytes()
    assert subprocess.run([sys.executable, "-c", code], cwd=Path.cwd()).returncode == 0
    assert (migrated / "ledger.db").read_bytes() == before


def _open(url: str, state: str, said: "multiprocessing.Queue[str]") -> None:
    try:
        ledger = open_ledger(url, Path(state), environ={})
        said.put(ledger.secret.hex())
        ledger.close()
    except BaseException as error:  # noqa: BLE001 - the parent must hear of it
        said.put(f"failed: {error!r}")


def _four_at_once(url: str, state: Path) -> set[str]:
    context = multiprocessing.get_context("spawn")
    said: multiprocessing.Queue[str] = context.Queue()
    crowd = [context.Process(target=_open, args=(url, str(state), said)) for _ in range(4)]
    for process in crowd:
        process.start()
    heard = {said.get(timeout=60) for _ in crowd}
    for process in crowd:
        process.join()
    return heard


def test_four_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    """One migrates and makes the keys, the others wait; all see the same ledger."""
    heard = _four_at_once(f"sqlite:///{tmp_path}/ledger.db", tmp_path)
    assert len(heard) == 1
    assert not heard.pop().startswith("failed")
    assert (tmp_path / "ledger.keys").stat().st_mode & 0o777 == 0o600


def test_four_processes_may_open_a_new_database_at_once(tmp_path: Path, cluster: str) -> None:
    """The same on PostgreSQL, where an advisory lock makes them wait."""
    address = cluster.replace("/postgres?", "/crowd?")
    subprocess.run(
        ["psql", cluster.replace("/postgres?", "/postgres?"), "-c", "CREATE DATABASE crowd"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    heard = _four_at_once(address, tmp_path)
    assert len(heard) == 1
    assert not heard.pop().startswith("failed")


def test_a_newer_schema_is_refused(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """An older program does not touch what a newer one wrote."""
    with sqlite_ledger.engine.begin() as conn:
        conn.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    before = (tmp_path / "ledger.db").read_bytes()
    with pytest.raises(LedgerError, match="schema 9999") as caught:
        open_ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path, environ={})
    assert caught.value.code == "LEDGER_NEWER"
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_read_only_file_is_a_clear_error(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """Nothing is written, and the line says what is wrong and what helps."""
    sqlite_ledger.close()
    url = f"sqlite:///file:{tmp_path}/ledger.db?mode=ro&uri=true"
    ledger = open_ledger(url, tmp_path, environ={})
    with pytest.raises(LedgerError, match="cannot be written") as caught, ledger.begin() as tx:
        tx.conn.execute(text("DELETE FROM meta"))
    ledger.close()
    assert caught.value.code == "LEDGER_READ_ONLY"


def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    """A file that is no database is neither used nor overwritten."""
    (tmp_path / "ledger.db").write_bytes(b"these are not the rows you are looking for" * 100)
    with pytest.raises(LedgerError) as caught:
        open_ledger(f"sqlite:///{tmp_path}/ledger.db", tmp_path, environ={})
    assert caught.value.code == "LEDGER_DAMAGED"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:////nowhere/at/all/ledger.db", "LEDGER_UNREACHABLE"),
        ("postgresql://trivet:geheim@127.0.0.1:1/ledger", "LEDGER_UNREACHABLE"),
        ("ledger.db", "LEDGER_URL"),
        ("oracle+nothing://x", "LEDGER_URL"),
    ],
)
def test_an_unusable_address_is_a_clear_error(tmp_path: Path, url: str, code: str) -> None:
    """The line names the trouble and never the password."""
    with pytest.raises(LedgerError) as caught:
        open_ledger(url, tmp_path, environ={})
    assert caught.value.code == code
    assert "geheim" not in caught.value.explained()


def test_a_full_disk_loses_nothing(sqlite_ledger: Ledger) -> None:
    """The transaction that no longer fits is a clear error; what was there stays."""
    with sqlite_ledger.begin() as tx:
        tx.conn.execute(text("CREATE TABLE filler (x BLOB)"))

    def too_much() -> None:
        with sqlite_ledger.begin() as tx:
            pages = tx.conn.scalar(text("PRAGMA page_count")) or 0
            tx.conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
            tx.conn.execute(text("INSERT INTO filler VALUES (zeroblob(100000))"))

    with pytest.raises(LedgerError, match="no space") as caught:
        too_much()
    assert caught.value.code == "LEDGER_FULL"
    with sqlite_ledger.read() as tx:
        assert tx.conn.scalar(text("SELECT count(*) FROM filler")) == 0
