"""A ledger that cannot be used: one clear line with code and cure, exit code 2, and no partial effect anywhere."""

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import World
from end_to_end.shell import command, rows, trivet
from sqlalchemy import event as hooks

from trivet.errors import LedgerError
from trivet.flow import undoing
from trivet.ledger import audit


def read_only(world: World) -> dict[str, str]:
    """The service lost its right to write (the address says so: root may write anything)."""
    return {"TRIVET_LEDGER_URL": f"sqlite:///file:{world.state}/ledger.db?mode=ro&uri=true"}


def newer(world: World) -> dict[str, str]:
    """A newer version of the program has been at work here."""
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.execute("UPDATE trivet_alembic_version SET version_num = '9999'")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return {}


def damaged(world: World) -> dict[str, str]:
    """The file was overwritten."""
    (world.state / "ledger.db").write_bytes(b"these are not the rows you are looking for" * 400)
    for rest in ("-wal", "-shm"):
        (world.state / f"ledger.db{rest}").unlink(missing_ok=True)
    return {}


def without_keys(world: World) -> dict[str, str]:
    """The key file was not restored with the ledger."""
    (world.state / "ledger.keys").unlink()
    return {}


def away(_world: World) -> dict[str, str]:
    """The database server is down."""
    return {"TRIVET_LEDGER_URL": "postgresql://trivet:geheim@127.0.0.1:1/ledger"}


WORDS = {
    "replay": ("replay", "--state", "rejected"),
    "reconcile": ("reconcile",),
    "anchor": ("audit", "anchor", "{here}/heads"),
    "backup": ("ledger", "backup", "{here}/copy.db"),
    "archive": ("ledger", "archive", "--before", "2026-01"),
    "rollback": ("rollback", "10000101", "--yes"),
    "run": ("run", "nightly_interviews"),
}


@pytest.fixture
def refused(world: World) -> World:
    """A world with one night behind it, and something to replay."""
    file = world.home / "mappings" / "successfactors" / "performance_focus.yaml"
    fine = file.read_text(encoding="utf-8")
    file.write_text(fine.replace("weight: {value: 0.0}", "weight: {value: 250.0}"), encoding="utf-8")
    world.night()
    file.write_text(fine, encoding="utf-8")
    return world


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first night's ledger is kept for the tests that only need one to harm."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def harmless(kept: Path, request: pytest.FixtureRequest) -> World:
    """A world whose ledger has one night behind it; its vendors may have forgotten it."""
    if (kept / "ledger.db").exists():
        world: World = request.getfixturevalue("world")
        shutil.copytree(kept, world.state, dirs_exist_ok=True)
        return world
    made: World = request.getfixturevalue("refused")
    shutil.copytree(made.state, kept, dirs_exist_ok=True)
    return made


@pytest.mark.parametrize(
    ("harm", "code", "words"),
    [
        *((read_only, "LEDGER_READ_ONLY", name) for name in ("replay", "reconcile", "rollback", "run")),
        *((newer, "LEDGER_NEWER", name) for name in ("replay", "backup", "archive")),
        *((damaged, "LEDGER_DAMAGED", name) for name in ("reconcile", "anchor")),
        *((without_keys, "CRYPTO_KEY_MISSING", name) for name in ("replay", "backup")),
        *((away, "LEDGER_UNREACHABLE", name) for name in ("replay", "reconcile", "anchor", "archive", "rollback")),
        (away, "BACKUP_POSTGRESQL", "restore"),
    ],
)  # fmt: skip
def test_bad_input(
    harmless: World, tmp_path: Path, harm: Callable[[World], dict[str, str]], code: str, words: str
) -> None:
    """Nothing is sent, nothing is written, the line names code and cure and no password."""
    more = harm(harmless)
    sent = {name: len(harmless.writes(name)) for name in harmless.sandbox.servers}
    before = (harmless.state / "ledger.db").read_bytes()
    copy = tmp_path / "monday.db"
    copy.write_bytes(b"x")
    given = WORDS.get(words, ("ledger", "restore", str(copy), "--yes"))
    said = trivet(harmless, *(word.format(here=tmp_path) for word in given), exits=2, **more)
    (line,) = [line for line in said.splitlines() if line.startswith("error:")]
    assert code in line
    assert said.splitlines()[-1].startswith("  ")
    assert "geheim" not in said
    assert {name: len(harmless.writes(name)) for name in harmless.sandbox.servers} == sent
    assert (harmless.state / "ledger.db").read_bytes() == before
    assert not (tmp_path / "copy.db").exists()
    assert not (tmp_path / "heads").exists()


def test_bad_input_a_full_disk(refused: World) -> None:
    """The replay stops with LEDGER_FULL before anything leaves; with room again it goes through."""
    from trivet.flow.replay import replay

    sent = len(refused.writes("successfactors"))
    with refused.hub() as hub:

        def no_room(connection: object, _record: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
            connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

        hooks.listen(hub.ledger.engine, "connect", no_room)
        hub.ledger.engine.dispose()
        with pytest.raises(LedgerError) as caught:
            replay(hub, state="rejected")
        assert (caught.value.code, caught.value.cure) == (
            "LEDGER_FULL",
            "free some space; nothing was changed",
        )
    assert len(refused.writes("successfactors")) == sent
    told = rows(refused, "replay", "--state", "rejected")
    assert {row["now"] for row in told} == {"confirmed"}


def test_bad_input_a_quota_that_is_used_up(refused: World) -> None:
    """The system refuses to let the file grow: LEDGER_DISK, nothing leaves, and the ledger is whole afterwards."""
    sent = len(refused.writes("successfactors"))
    words = " ".join([shlex.quote(sys.executable), "-m", "trivet.cli", "replay", "--state", "rejected"])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 8; exec {words}"], capture_output=True, text=True, timeout=120,
        env={**os.environ, **refused.environment(), "USER": "ann", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert (done.returncode, "LEDGER_DISK" in done.stderr) == (2, True), done.stderr
    assert len(refused.writes("successfactors")) == sent
    assert rows(refused, "audit", "verify") == []
    assert {row["now"] for row in rows(refused, "replay", "--state", "rejected")} == {"confirmed"}


def test_bad_input_a_clock_that_steps_back(world: World) -> None:
    """An hour back in the middle: the chain's times never go backwards, it verifies, and nothing is doubled."""
    batch_id = world.night()
    world.clock.forward(hours=-1)
    with world.hub() as hub:
        undoing.rollback(hub, "10000101", actor="ann", reason="asked")
        with hub.ledger.read() as tx:
            assert audit.verify(tx.conn, hub.ledger.audit_key) == []
            said = tx.conn.exec_driver_sql(
                "SELECT at FROM event WHERE chain = ? ORDER BY n", (batch_id,)
            ).scalars().all()  # fmt: skip
    assert said == sorted(said)
    world.night()
    assert rows(world, "audit", "verify") == []


def test_bad_input_two_replays_at_once(refused: World) -> None:
    """The same dead letters from two windows: each record arrives once."""
    crowd = [
        threading.Thread(target=lambda: trivet_any(refused, "replay", "--state", "rejected"))
        for _ in range(2)
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    held = refused.held("successfactors")
    assert len(held["Goal_101"]) == len({goal["userId"] for goal in held["Goal_101"]}) == 3
    assert rows(refused, "audit", "verify") == []


def trivet_any(world: World, *words: str) -> None:
    """The command, whatever its exit code: which of two is first is not for us to say."""
    done = command(world, *words)
    assert "Traceback" not in done.stderr
