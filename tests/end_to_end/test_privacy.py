"""One person's data through the command line: given out, held, erased everywhere with proof, kept out; keys renewed under way."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import rows
from sqlalchemy import select, update

from trivet.errors import LedgerError
from trivet.flow import steps, upkeep
from trivet.flow.hub import Hub
from trivet.flow.privacy import erase, keys, opened, retention
from trivet.flow.privacy.erase import Erasing
from trivet.ledger import documents, subject_keys
from trivet.ledger.tables import batch, event, record

ASKED = ("--reason", "asked by letter", "--actor", "li.na")


def delivered(world: World) -> str:
    """The pseudonym of somebody of whom both ERPs and the HR system hold something."""
    where: dict[str, set[str]] = {}
    for entry in world.operations(state="confirmed"):
        where.setdefault(entry["subject_ref"], set()).add(entry["target"])
    return next(ref for ref, targets in sorted(where.items()) if len(targets) == 3)


def words(hub: Hub, ref: str) -> list[bytes]:
    """What must not be found any more: name and addresses."""
    with hub.ledger.read() as tx:
        (known,) = documents.by_subject(tx, "yunxiu", [ref], "candidate")
    return [known.document[name].encode() for name in ("name", "email", "phone") if known.document.get(name)]


def test_a_person_is_given_out_erased_everywhere_and_kept_out(world: World, tmp_path: Path) -> None:
    """Backups included; a hold stops it; what cannot come back is listed; the next pull imports nothing; the proof is signed."""
    world.night()
    ref = delivered(world)
    with world.hub() as hub:
        said = words(hub, ref)
    out, backup = tmp_path / "answer", tmp_path / "monday.db"
    assert len(rows(world, "subject", "export", ref, "--out", str(out), "--recordings")) == 3
    held = json.loads((out / "export.json").read_text())
    assert {entry["target"] for entry in held["deliveries"]} == {
        "feishu_hire",
        "kingdee_cloud",
        "successfactors",
    }
    assert said[0].decode() in (out / "export.txt").read_text()
    assert (out / "export.json").stat().st_mode & 0o777 == 0o600
    assert next(out.glob("recording-*")).read_bytes().startswith(b"OggS")
    assert rows(world, "person", ref)["subject_ref"] == ref
    with world.hub() as hub:
        with hub.ledger.read() as tx:
            seen = select(event.c.note).where(event.c.code == opened.CODE, event.c.about == ref)
            assert list(tx.conn.scalars(seen.order_by(event.c.n))) == ["subject export", "trivet person"]
        upkeep.backup(hub, backup)
        retention.hold(hub, ref, reason="case 12/2026", actor="wang.wei")
        with pytest.raises(LedgerError) as caught:
            erase.erase(hub, Erasing(ref, "asked", "li.na"))
        assert caught.value.code == "LEGAL_HOLD"
        retention.release(hub, ref, reason="over", actor="wang.wei")
        assert {row["state"] for row in erase.preview(hub, ref)} == {"due", "listed"}
        assert words(hub, ref)
    proof = rows(world, "subject", "erase", ref, *ASKED, "--yes")
    places = {entry["place"]: entry["state"] for entry in proof["places"]}
    assert places[f"backup {backup}.keys"] == places["target kingdee_cloud"] == places["keys"] == "confirmed"
    assert places["source feishu_hire"] == places["scorer script_reader"] == "listed"
    assert "case" not in places.values()
    with world.hub() as hub:
        assert upkeep.verify(hub) == []
    for file in (*world.state.glob("ledger.db*"), backup, *world.state.glob("erasures/*")):
        content = file.read_bytes()
        assert not [word for word in said if word in content], file
    with world.hub() as hub:
        assert erase.erase(hub, Erasing(ref, "again", "li.na"))["sha256"] == proof["sha256"]
        steps.reset_cursors(hub, world.flow, None)
    batch_id = world.night()
    told = [row for row in world.summary(batch_id)["set_aside"] if row["code"] == "SUBJECT_ERASED"]
    assert {row["subject_ref"] for row in told} == {ref}
    assert {row["state"] for row in world.operations() if row["subject_ref"] == ref} == {"compensated"}
    # an application under a new record of the same candidate is no way around
    with world.hub() as hub, hub.ledger.begin() as tx:
        assert documents.by_subject(tx, "yunxiu", [ref]) == []
        assert tx.conn.execute(select(record).filter_by(subject_ref=ref)).all() == []

    restored = upkeep.restore(world.settings, backup, yes=True, actor="li.na")
    assert restored["keys_missing"] == 0
    with world.hub() as hub, pytest.raises(LedgerError) as caught:
        words(hub, ref)
    assert caught.value.code == subject_keys.ERASED


def test_an_erasure_waits_for_an_erp_that_is_down_and_goes_on(world: World) -> None:
    """Nothing that is needed to take something back goes before it was taken back; the settling run ends it."""
    world.night()
    ref = delivered(world)
    world.misbehave("kingdee_cloud", kind="http_503", times=1000)
    with world.hub() as hub:
        with hub.ledger.begin() as tx:
            tx.conn.execute(update(batch).values(environment="production"))
        for second, code in ((None, "APPROVAL_MISSING"), ("Li.Na", "APPROVAL_SAME_PERSON")):
            with pytest.raises(LedgerError) as caught:
                erase.erase(hub, Erasing(ref, "asked", "li.na", second))
            assert caught.value.code == code
        came_to = erase.erase(hub, Erasing(ref, "asked", "li.na", "wang.wei"))
        assert came_to["state"] == "waits"
        assert [entry["place"] for entry in came_to["places"] if entry["place"].startswith("target")] == [
            "target kingdee_cloud"
        ]
        assert words(hub, ref)
    world.behave("kingdee_cloud")
    world.clock.forward(minutes=30)
    with world.hub() as hub:
        steps.settle(hub)
        proof: Any = erase.erase(hub, Erasing(ref, "asked", "li.na"))
    assert {entry["state"] for entry in proof["places"]} <= {"confirmed", "listed"}


def test_keys_are_renewed_and_the_old_one_is_taken_away(world: World) -> None:
    """Rotation under a living deployment: afterwards the old key is gone, and the next night works."""
    world.night()
    with world.hub() as hub:
        (old,) = [row["key"] for row in keys.status(hub) if row["state"] == "newest"]
        new = keys.new(world.settings, {})
        with pytest.raises(LedgerError) as caught:
            keys.drop(hub, old, {}, actor="li.na")
        assert caught.value.code == "KEY_NEEDED"
    done = rows(world, "keys", "rotate")
    assert done["newest"] == new
    assert done["moved"]["subject_key"] > 10
    with world.hub() as hub:
        assert keys.rotate(hub, lambda *_: None, actor="li.na")["moved"] == {}
        keys.drop(hub, old, {}, actor="li.na")
    assert old not in (world.state / "ledger.keys").read_text()
    with world.hub() as hub:
        assert {row["key"] for row in keys.status(hub)} == {new, "people's own"}
        assert upkeep.verify(hub) == []
    heard = list((world.state / "recordings").iterdir())
    assert heard
    assert not [file for file in heard if b"OggS" in file.read_bytes()]
    assert list((world.state / "listening").iterdir()) == []
    world.night()
