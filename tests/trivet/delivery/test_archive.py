"""Old months leave the ledger: nothing is lost, nothing is there twice, and every later delivery goes as if they were there."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos.desk import Desk, wanted
from chaos.fake_target import Crash
from sqlalchemy import Connection, select

from trivet.delivery import archive as archiving
from trivet.delivery import failpoints
from trivet.delivery.compensate import Scope
from trivet.errors import LedgerError
from trivet.ledger import Ledger, archive_file, audit, batches, contents
from trivet.ledger.tables import content, decision_input, event, operation

TABLES = (operation, content, decision_input, event)
MONTH = 31 * 24 * 3600


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(archiving, "PAGE", 2)
    monkeypatch.setattr(archiving, "EVENTS", 3)
    yield
    failpoints.hook = None


def night(desk: Desk, *records: Any, **how: Any) -> str:
    """A whole night, the second look included, and a month goes by."""
    batch_id = desk.id
    desk.plan(*records, **how)
    desk.push()
    desk.verify()
    desk.finish()
    desk.look_again()
    desk.clock.advance(MONTH)
    return batch_id


def five_months(desk: Desk) -> list[str]:
    """ann changes every month; bob is deleted; eve is refused, then mended; dan is taken back and comes again."""
    desk.target()
    made = []
    for month in range(5):
        records = [
            wanted("ann/goal", {"weight": month}),
            wanted("eve/goal", {"bad": True} if month < 2 else {"v": 1}),
        ]
        if month < 2:
            records.append(wanted("bob/goal", {"v": month}))
        if month != 3:
            records.append(wanted("dan/goal", {"v": 1}))
        made.append(
            night(desk, *records, scopes={"app-bob"} if month == 2 else {"app-dan"} if month == 3 else ())
        )
        if month == 1:
            desk.rollback(Scope(subject_ref="dan"))
            desk.look_again()
    return made


def everything(ledger: Ledger, folder: Path) -> dict[str, dict[Any, Any]]:
    """All rows by table and key, of ledger and archives; a row that is at two places is there twice."""
    found: dict[str, dict[Any, Any]] = {table.name: {} for table in TABLES}

    def read(conn: Connection) -> None:
        for table in TABLES:
            keys = [column.name for column in table.primary_key]
            for row in conn.execute(select(table)).mappings():
                key = tuple(row[name] for name in keys)
                if table is event and row["chain"] == audit.WHOLE_LEDGER:
                    continue
                assert key not in found[table.name] or table is decision_input, (
                    f"{table.name} {key} is there twice"
                )
                found[table.name][key] = dict(row)

    with ledger.read() as tx, archive_file.connections(folder) as archives:
        for conn in (tx.conn, *archives):
            read(conn)
    return found


def breaks(ledger: Ledger, folder: Path) -> list[audit.Break]:
    """Of all chains, archived parts included."""
    with ledger.read() as tx, archive_file.connections(folder) as archives:
        return audit.verify(tx.conn, ledger.audit_key, archives=archives)


def test_old_months_move_and_nothing_is_lost_or_doubled(any_desk: Desk, tmp_path: Path) -> None:
    """Every row is in the ledger or in one file; the chains verify over both; the contents open where they lie."""
    five_months(any_desk)
    ledger, folder = any_desk.ledger, tmp_path / "archive"
    before = everything(ledger, folder)
    moved = archiving.archive(ledger, folder, "2026-05", actor="ann")
    assert [entry.month for entry in moved] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert sum(entry.operations for entry in moved) >= 3
    assert sum(entry.events for entry in moved) > 20
    assert everything(ledger, folder) == before
    assert breaks(ledger, folder) == []
    assert archiving.archive(ledger, folder, "2026-05", actor="ann") == []
    assert (folder / "ledger-2026-01.db").stat().st_mode & 0o777 == 0o600
    with archive_file.transactions(ledger, folder) as archives:
        kept = content.c.decision_enc.is_not(None)
        sealed = [
            (tx, name)
            for tx in archives
            for name in tx.conn.scalars(select(content.c.operation_id).where(kept))
        ]
        assert sealed
        assert all(contents.get(tx, [name])[name].decision for tx, name in sealed)


def test_an_archive_of_an_older_program_is_read(desk: Desk, tmp_path: Path) -> None:
    """Columns that came later are empty in it; of its batches nothing is left to do."""
    five_months(desk)
    folder = tmp_path / "archive"
    archiving.archive(desk.ledger, folder, "2026-05", actor="ann")
    for file in archive_file.files(folder):
        with sqlite3.connect(file) as db:
            db.execute("ALTER TABLE batch DROP COLUMN through")
    with archive_file.transactions(desk.ledger, folder) as older:
        known = [entry for tx in older for entry in batches.recent(tx)]
    assert len(known) >= 4
    assert not any(entry.left_work for entry in known)


def test_the_archives_are_part_of_the_proof(any_desk: Desk, tmp_path: Path) -> None:
    """A file that is away or was edited shows."""
    five_months(any_desk)
    ledger, folder = any_desk.ledger, tmp_path / "archive"
    archiving.archive(ledger, folder, "2026-05", actor="ann")
    with archive_file.connections(folder) as archives:
        engine = archives[0].engine
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE event SET actor = 'nobody' WHERE n = 2")
    assert {found.reason for found in breaks(ledger, folder)} == {"event changed"}
    (folder / "ledger-2026-01.db").unlink()
    assert "chain does not end at its head" in {found.reason for found in breaks(ledger, folder)}


def test_later_deliveries_go_as_if_nothing_had_moved(any_desk: Desk, tmp_path: Path) -> None:
    """What is unchanged is not sent again, a change is an update, and a person is taken back to the last trace."""
    five_months(any_desk)
    target = any_desk.targets["erp"]
    archiving.archive(any_desk.ledger, tmp_path / "archive", "2026-06", actor="ann")
    sent = len(target.sent)
    same = [wanted("ann/goal", {"weight": 4}), wanted("eve/goal", {"v": 1}), wanted("dan/goal", {"v": 1})]
    assert {entry.action for entry in any_desk.plan(*same)} == {"unchanged"}
    (changed,) = any_desk.plan(wanted("ann/goal", {"weight": 9}))
    assert changed.action == "update"
    any_desk.push()
    assert len(target.sent) == sent + 1
    any_desk.finish()
    any_desk.look_again()
    for person in ("ann", "eve", "dan"):
        assert any_desk.rollback(Scope(subject_ref=person)).complete
    assert target.snapshot() == []
    assert breaks(any_desk.ledger, tmp_path / "archive") == []


def test_a_crash_at_any_point_loses_and_doubles_nothing(any_desk: Desk, tmp_path: Path) -> None:
    """Stopped after every single copy and delete in turn: each time the next run finishes."""
    five_months(any_desk)
    ledger, folder = any_desk.ledger, tmp_path / "archive"
    before = everything(ledger, folder)
    crashes = reached = 0

    def hook(name: str) -> None:
        nonlocal reached
        reached += 1
        # in turn after a copy and after a delete: what was copied once must come further the next time
        if reached == 1 + crashes % 2:
            raise Crash(name)

    failpoints.hook = hook
    done = False
    while not done:
        try:
            reached = 0
            archiving.archive(ledger, folder, "2026-05", actor="ann")
            done = True
        except Crash:
            crashes += 1
            # a copy that was not deleted yet must not look like a break
            assert crashes % 5 or breaks(ledger, folder) == []
            assert crashes < 200
    assert crashes > 20
    assert everything(ledger, folder) == before
    assert breaks(ledger, folder) == []


@pytest.mark.parametrize("kill_at", [1, 2, 5, 8])
def test_a_killed_process_is_finished_by_the_next(desk: Desk, tmp_path: Path, kill_at: int) -> None:
    """SIGKILL, as a machine dies: the same."""
    five_months(desk)
    ledger, folder = desk.ledger, tmp_path / "archive"
    before = everything(ledger, folder)
    ledger.close()
    child = os.fork()
    if child == 0:
        reached = 0

        def hook(_name: str) -> None:
            nonlocal reached
            reached += 1
            if reached == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        failpoints.hook = hook
        try:
            archiving.archive(ledger, folder, "2026-05", actor="ann")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert breaks(ledger, folder) == []
    archiving.archive(ledger, folder, "2026-05", actor="ann")
    assert everything(ledger, folder) == before
    assert breaks(ledger, folder) == []


def test_what_is_open_or_young_stays(desk: Desk, tmp_path: Path) -> None:
    """A batch with something in the air, or of a later month, keeps everything."""
    desk.target()
    night(desk, wanted("ann/goal", {"v": 1}))
    desk.plan(wanted("ann/goal", {"v": 2}))
    desk.finish()
    desk.clock.advance(MONTH)
    batch_id = desk.open()
    with desk.ledger.read() as tx:
        rows = tx.conn.execute(select(event.c.chain).where(event.c.chain == batch_id)).all()
    assert rows
    moved = archiving.archive(desk.ledger, tmp_path / "archive", "2026-02", actor="ann")
    assert [entry.month for entry in moved] == ["2026-01"]
    assert [entry.state for entry in desk.history("ann/goal")] == ["confirmed", "planned"]


@pytest.mark.parametrize("month", ["2026-13", "26-01", "january", "2026-1", "2999-01", ""])
def test_bad_input_no_month(desk: Desk, tmp_path: Path, month: str) -> None:
    """A clear error, and nothing moves."""
    with pytest.raises(LedgerError) as caught:
        archiving.archive(desk.ledger, tmp_path / "archive", month, actor="ann")
    assert caught.value.code == "ARCHIVE_MONTH"
    assert not (tmp_path / "archive").exists()
