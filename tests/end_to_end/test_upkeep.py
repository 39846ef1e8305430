"""The care of the ledger, through the command line: prove, anchor, back up under load, put back, archive."""

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from conftest import World
from end_to_end.shell import rows, trivet

SERVICE = "我耐心地听她说完。我向她道歉。我当天就给她换了新的。她非常满意。"


def tamper(world: World, statement: str) -> None:
    """What somebody with the database's password does."""
    with sqlite3.connect(world.state / "ledger.db") as db:
        assert db.execute(statement).rowcount > 0


def test_the_audit_trail_is_proven(world: World) -> None:
    """Whole: exit 0. Edited: exit 1 and the place of the break."""
    batch_id = world.night()
    assert "every chain holds" in trivet(world, "audit", "verify")
    tamper(world, f"UPDATE event SET actor = 'nobody' WHERE chain = '{batch_id}' AND n = 3")
    assert rows(world, "audit", "verify", exits=1) == [{"chain": batch_id, "n": 3, "reason": "event changed"}]


def test_a_cut_tail_shows_against_the_anchors_only(world: World, tmp_path: Path) -> None:
    """Events and the chain's head are cut together: the database alone looks whole, the file outside knows better."""
    file = tmp_path / "worm" / "heads.jsonl"
    batch_id = world.night()
    first = rows(world, "audit", "anchor", str(file))[0]
    assert (first["chains"], first["appended"]) == (1, 1)
    assert rows(world, "audit", "anchor", str(file))[0]["appended"] == 0
    assert "every chain holds" in trivet(world, "audit", "verify", "--anchors", str(file))
    n = json.loads(file.read_text())["n"]
    tamper(world, f"DELETE FROM event WHERE chain = '{batch_id}' AND n > {n - 4}")
    tamper(
        world,
        f"UPDATE chain SET n = {n - 4}, mac = (SELECT mac FROM event WHERE chain = '{batch_id}' AND n = {n - 4})",
    )
    assert rows(world, "audit", "verify") == []
    (cut,) = rows(world, "audit", "verify", "--anchors", str(file), exits=1)
    assert cut == {"chain": batch_id, "n": n, "reason": "cut before the anchored head"}


def test_a_backup_under_load_is_whole_and_the_run_goes_on(world: World, tmp_path: Path) -> None:
    """A night writes while backups are made: each opens, its chains hold, and the night ends as ever."""
    world.night()
    world.speak("rs1", SERVICE + "我和同事一起分享经验。")
    night = threading.Thread(target=world.night)
    night.start()
    made = []
    while night.is_alive():
        made.append(tmp_path / f"{len(made)}.db")
        assert rows(world, "ledger", "backup", str(made[-1]))[0]["operations"] >= 26
    night.join()
    assert made
    for number, file in enumerate(made):
        state = tmp_path / f"state-{number}"
        state.mkdir()
        shutil.copy(world.state / "ledger.keys", state)
        assert rows(world, "ledger", "restore", str(file), TRIVET_STATE=str(state))[0]["kept"] is None
        assert rows(world, "audit", "verify", TRIVET_STATE=str(state)) == []
    assert {o["state"] for o in world.operations()} == {"confirmed", "waiting_identity"}


def test_a_restored_ledger_works_on(world: World, tmp_path: Path) -> None:
    """What was sent since the backup is found at the targets and not doubled; the restoring is in the trail."""
    anchors = tmp_path / "anchors"
    world.night()
    file = tmp_path / "monday.db"
    trivet(world, "ledger", "backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    world.clock.forward(days=1)
    world.change("feishu_hire", what="hire", candidate="ae3", employee_number="10000203")
    world.change(
        "kingdee_cloud",
        form="BD_Empinfo",
        insert={"FNumber": "10000203", "FName": "吴敏", "FDocumentStatus": "C"},
    )
    world.night()
    trivet(world, "audit", "anchor", str(anchors / "trivet-heads.jsonl"))
    plans = len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"])
    refused = trivet(world, "ledger", "restore", str(file), exits=2)
    assert "LEDGER_NOT_EMPTY" in refused
    assert "holds 2 batches" in refused
    assert len(world.batches()) == 2
    done = rows(world, "ledger", "restore", str(file), "--yes")[0]
    assert (done["batches"], Path(done["kept"]).exists()) == (1, True)
    assert len(world.batches()) == 1
    # noted after the backup and gone with it: the restoring explains that
    world.clock.forward(days=1)
    world.night()
    assert rows(world, "audit", "verify", "--anchors", str(anchors / "trivet-heads.jsonl")) == []
    world.clock.forward(minutes=30)
    from trivet.flow import steps

    with world.hub() as hub:
        steps.settle(hub)
    assert len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"]) == plans
    assert all(row["missing"] == row["doubled"] == 0 for row in rows(world, "reconcile"))


def test_a_changed_backup_is_not_put_back(world: World, tmp_path: Path) -> None:
    """Its chains are proven first; the ledger is as it was."""
    world.night()
    file = tmp_path / "monday.db"
    trivet(world, "ledger", "backup", str(file))
    with sqlite3.connect(file) as db:
        db.execute("UPDATE event SET code = 'X' WHERE n = 2")
    assert "AUDIT_BROKEN" in trivet(world, "ledger", "restore", str(file), "--yes", exits=2)
    assert rows(world, "audit", "verify") == []
    assert not list(world.state.glob("ledger.db.*"))


def test_a_damaged_ledger_is_replaced(world: World, tmp_path: Path) -> None:
    """What lies there cannot be opened: with --yes the backup takes its place, the rest is kept beside it."""
    batch_id = world.night()
    file = tmp_path / "monday.db"
    trivet(world, "ledger", "backup", str(file))
    (world.state / "ledger.db").write_bytes(b"these are not the rows you are looking for" * 400)
    (world.state / "ledger.db-wal").write_bytes(b"nor is this")
    assert "LEDGER_NOT_EMPTY" in trivet(world, "ledger", "restore", str(file), exits=2)
    (done,) = rows(world, "ledger", "restore", str(file), "--yes")
    assert Path(done["kept"]).read_bytes().startswith(b"these are not")
    assert [b["batch"] for b in world.batches()] == [batch_id]
    assert rows(world, "audit", "verify") == []
    assert (world.state / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_archived_months_are_still_told(world: World) -> None:
    """A person's story and a delivery's steps are the same before and after; the chains verify over both."""
    world.night()
    world.speak("rs1", SERVICE + "我和同事一起分享经验。")
    world.night()
    world.clock.forward(minutes=30)
    from trivet.flow import steps, upkeep

    with world.hub() as hub:
        steps.settle(hub)
    story = rows(world, "person", "10000301")
    reference = world.operations(state="confirmed")[0]["reference"]
    told = rows(world, "explain", reference)
    world.clock.forward(days=70)
    month = world.clock().strftime("%Y-%m")
    with world.hub() as hub:
        moved = upkeep.archive(hub, month, actor="ann")
    assert sum(row["events"] for row in moved) > 50
    assert rows(world, "person", "10000301") == story
    assert rows(world, "explain", reference) == told
    assert rows(world, "audit", "verify") == []
    raw = b"".join(f.read_bytes() for f in (world.state / "archive").glob("*"))
    for secret in ("林晓雨", "10000301", "我先和班组"):
        assert secret.encode() not in raw
    before = {name: len(world.writes(name)) for name in world.sandbox.servers}
    world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("ledger", "backup", "{here}/taken.db"), "BACKUP_EXISTS"),
        (("ledger", "backup", "{here}/no/such/folder/x.db"), "BACKUP_FAILED"),
        (("ledger", "restore", "{here}/nothing.db"), "BACKUP_MISSING"),
        (("ledger", "restore", "{here}/taken.db", "--yes"), "BACKUP_FOREIGN"),
        (("ledger", "restore", "{here}/empty.db", "--yes"), "BACKUP_FOREIGN"),
        (("ledger", "archive", "--before", "2026-13"), "ARCHIVE_MONTH"),
        (("ledger", "archive", "--before", "2999-01"), "ARCHIVE_MONTH"),
        (("audit", "verify", "--anchors", "{here}/nothing"), "ANCHORS_UNREADABLE"),
        (("audit", "verify", "--anchors", "{here}/taken.db"), "ANCHORS_UNREADABLE"),
        (("audit", "anchor", "{here}"), "ANCHORS_UNREADABLE"),
        (("audit", "anchor", "{here}/taken.db/heads"), "ANCHORS_UNWRITABLE"),
        (("replay",), "REPLAY_WHAT"),
        (("replay", "nobody"), "REPLAY_UNKNOWN"),
        (("replay", "--state", "confirmed"), "REPLAY_STATE"),
        (("replay", "--flow", "nosuch", "--state", "rejected"), "FLOW_UNKNOWN"),
        (("reconcile", "--batch", "nosuch"), "BATCH_UNKNOWN"),
        (("reconcile", "--flow", "nosuch"), "FLOW_UNKNOWN"),
        (("rollback", "nobody", "--yes"), "PERSON_UNKNOWN"),
    ],
)
def test_bad_input(world: World, tmp_path: Path, words: tuple[str, ...], code: str) -> None:
    """One line with its code and the cure, exit code 2, nothing written anywhere."""
    (tmp_path / "taken.db").write_text("not a ledger\n")
    (tmp_path / "empty.db").write_bytes(b"")
    with world.hub():
        pass  # makes the ledger
    before = {file.name: file.read_bytes() for file in world.state.iterdir() if file.is_file()}
    said = trivet(world, *(word.format(here=tmp_path) for word in words), exits=2)
    (line,) = [line for line in said.splitlines() if line.startswith("error:")]
    assert code in line
    assert said.splitlines()[-1].startswith("  ")
    assert {file.name: file.read_bytes() for file in world.state.iterdir() if file.is_file()} == before
