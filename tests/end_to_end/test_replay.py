"""Dead letters: what was refused, stuck or set aside goes again once its cause is mended, and only then."""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from conftest import World
from end_to_end.shell import rows, trivet

FOCUS = "successfactors/performance_focus"


def edit(world: World, name: str, old: str, new: str) -> Path:
    """Edits a mapping file as an engineer would."""
    file = world.home / "mappings" / f"{name}.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def refused_night(world: World) -> str:
    """A night in which the ERP refuses every probation focus: its weight is over the maximum."""
    edit(world, FOCUS, "weight: {value: 0.0}", "weight: {value: 250.0}")
    batch_id = world.night()
    assert len(world.operations(state="rejected")) == 3
    return batch_id


def states(world: World, **which: Any) -> Counter[str]:
    """How many operations are in which state."""
    return Counter(o["state"] for o in world.operations(**which))


def test_a_mended_mapping_sends_what_was_refused(world: World) -> None:
    """Decided again from what is stored: a new revision arrives, what went with it follows, nothing is doubled."""
    refused_night(world)
    calls = len(world.calls("feishu_hire"))
    edit(world, FOCUS, "weight: {value: 250.0}", "weight: {value: 0.0}")
    told = rows(world, "replay", "--state", "rejected")
    mended = [row for row in told if row["before"] == "rejected"]
    assert [(row["before_code"], row["now"]) for row in mended] == [
        ("COE_GENERAL_BAD_REQUEST", "confirmed")
    ] * 3
    held = world.held("successfactors")
    assert [len(held[e]) for e in ("Goal_1", "Goal_101", "cust_TalentPoolEntry")] == [3, 3, 3]
    # nothing was pulled for it: only stored documents were decided, and at most the notes were looked at
    assert not [
        c for c in world.calls("feishu_hire")[calls:] if "/talents" in c["path"] and c["method"] == "GET"
    ]
    assert rows(world, "replay", "--state", "rejected") == []
    before = {name: len(world.writes(name)) for name in world.sandbox.servers}
    world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == before


def test_the_same_document_is_not_sent_again(world: World) -> None:
    """Where the mapping still makes what was refused nothing is sent, and the row says so."""
    batch_id = refused_night(world)
    sent = len(world.writes("successfactors"))
    told = rows(world, "replay", batch_id, exits=1)
    said = {row["message"] for row in told if row["before"] == "rejected"}
    assert said == {"nothing changed: the document is the same as the refused one"}
    assert len(world.writes("successfactors")) == sent


def test_a_mended_target_gets_the_same_document_once_more(world: World) -> None:
    """The mapping was right and the ERP was not: --again sends the very same revision."""
    world.change("successfactors", entity="User", where={"userId": "10000402"}, delete=True)
    world.night()
    refused = world.operations(state="rejected")
    assert refused
    world.change("successfactors", entity="User", insert={"userId": "10000402", "status": "t"})
    told = rows(world, "replay", "10000402", "--again")
    assert {row["now"] for row in told} == {"confirmed"}
    assert {o["id"] for o in refused} <= {o["id"] for o in world.operations(state="confirmed")}
    assert {g["userId"] for g in world.held("successfactors")["Goal_1"]} == {
        "10000401",
        "10000402",
        "10000403",
    }


def test_a_dry_run_of_a_replay_leaves_nothing(world: World) -> None:
    """It says what would be planned; ledger and ERP are as they were."""
    refused_night(world)
    edit(world, FOCUS, "weight: {value: 250.0}", "weight: {value: 0.0}")
    before = world.operations(), world.batches(), world.held("successfactors")
    sent = len(world.writes("successfactors"))
    told = rows(world, "replay", "--state", "rejected", "--dry-run")
    assert {row["now"] for row in told} == {"planned"}
    assert (world.operations(), world.batches(), world.held("successfactors")) == before
    assert len(world.writes("successfactors")) == sent


def test_one_operation_is_replayed_by_its_reference(world: World) -> None:
    """Only the application behind it is decided again."""
    refused_night(world)
    edit(world, FOCUS, "weight: {value: 250.0}", "weight: {value: 0.0}")
    one = world.operations(state="rejected")[0]
    told = rows(world, "replay", one["reference"])
    assert [row["now"] for row in told if row["reference"] == one["reference"]] == ["confirmed"]
    assert states(world, target="successfactors")["rejected"] == 3
    assert len(world.held("successfactors")["Goal_101"]) == 1


def test_a_record_that_was_set_aside_is_translated_scored_and_sent(world: World) -> None:
    """The mapping of interviews was broken for a night: replayed, the same arrives as if nothing had been."""
    file = edit(world, "feishu_hire/interview", "required: true", "required: true, max_length: 1")
    world.night()
    aside = rows(world, "status")["set_aside"]
    assert {row["stage"] for row in aside} >= {"translate"}
    assert "Goal_1" not in world.held("successfactors")
    file.write_text(file.read_text(encoding="utf-8").replace(", max_length: 1", ""), encoding="utf-8")
    told = rows(world, "replay", "--state", "set_aside", "--flow", world.flow)
    assert {row["now"] for row in told if row["before"] == "set_aside"} == {"resolved"}
    held = world.held("successfactors")
    assert [len(held[e]) for e in ("Goal_1", "Goal_101", "cust_TalentPoolEntry")] == [3, 3, 3]
    assert not any(row["left_work"] for row in world.batches())


def test_a_stuck_operation_with_an_open_effect_is_left_to_a_person(world: World) -> None:
    """Nobody knows what is at the target: the row says that a person decides first."""
    world.night()
    world.change("successfactors", entity="Goal_1", where={"userId": "10000401"}, delete=True)
    rows(world, "reconcile", exits=1)
    sent = len(world.writes("successfactors"))
    (row,) = rows(world, "replay", "--state", "stuck", exits=1)
    assert row["message"].startswith("a person has to decide first")
    assert len(world.writes("successfactors")) == sent


def test_a_stuck_operation_without_effect_goes_again(world: World) -> None:
    """Its attempts were used up and nothing of it is at the target: sent again, in its mended form."""
    refused_night(world)
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.execute("UPDATE operation SET state = 'stuck', stuck_from = 'planned' WHERE state = 'rejected'")
    db.close()
    edit(world, FOCUS, "weight: {value: 250.0}", "weight: {value: 0.0}")
    told = rows(world, "replay", "--state", "stuck")
    assert {row["now"] for row in told if row["before"] == "stuck"} == {"confirmed"}
    assert len(world.held("successfactors")["Goal_101"]) == 3
    assert states(world)["superseded"] == 3


def test_what_a_delivery_mapping_set_aside_is_decided_again(world: World) -> None:
    """The mapping of one ERP failed on its own: mended and replayed, the person's records arrive."""
    edit(world, FOCUS, "name: {from: decision.title,", "name: {from: decision.nosuch,")
    world.night()
    aside = rows(world, "status")["set_aside"]
    assert "MAP_REQUIRED" in {row["code"] for row in aside if row["stage"] == "decide"}
    assert "Goal_101" not in world.held("successfactors")
    edit(world, FOCUS, "name: {from: decision.nosuch,", "name: {from: decision.title,")
    told = rows(world, "replay", "--state", "set_aside")
    assert {row["now"] for row in told if row["before"] == "set_aside"} == {"resolved"}
    assert len(world.held("successfactors")["Goal_101"]) == 3


def test_a_replay_beside_a_run_does_not_close_its_batch(world: World) -> None:
    """A run is under way: the replay works in its batch and leaves the closing to it."""
    from trivet.flow import steps

    refused_night(world)
    edit(world, FOCUS, "weight: {value: 250.0}", "weight: {value: 0.0}")
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "night")
    trivet(world, "replay", "--state", "rejected")
    assert next(b for b in world.batches() if b["batch"] == batch_id)["closed_at"] is None
    with world.hub() as hub:
        steps.decide(hub, batch_id)
        steps.conclude(hub, batch_id)
    assert len(world.held("successfactors")["Goal_101"]) == 3
