"""What a person does about what went wrong: hold, pause, retry, write off; under a name, once however often."""

import sqlite3
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import rows, trivet

from trivet.flow import actions, steps


def events(world: World, code: str) -> list[Any]:
    """Actor, subject and note of these audit events."""
    with sqlite3.connect(world.state / "ledger.db") as db:
        return db.execute(
            "SELECT actor, about, note FROM event WHERE code = ? ORDER BY n", (code,)
        ).fetchall()


def test_a_held_flow_does_nothing_and_loses_nothing(world: World) -> None:
    """Runs end at once and say who holds it; the first run after the release delivers all of it."""
    said = trivet(world, "hold", world.flow, "--reason", "reorganisation")
    assert f"flow {world.flow} is held by ann since" in said
    assert "reorganisation" in said
    again = rows(world, "hold", world.flow, "--reason", "another word", "--actor", "bea")
    assert (again["changed"], "held by ann" in again["message"]) == (False, True)
    assert "nothing was done" in trivet(world, "run", world.flow)
    assert world.batches() == []
    assert not world.calls("feishu_hire")
    assert rows(world, "holds")[0]["reason"] == "reorganisation"
    assert rows(world, "release", world.flow)["changed"] is True
    assert rows(world, "release", world.flow)["changed"] is False
    world.night()
    assert len(world.operations(state="confirmed")) > 3
    assert events(world, "HELD") == [("ann", f"flow {world.flow}", "reorganisation")]
    assert len(events(world, "RELEASED")) == 1


def test_a_paused_system_waits_while_the_others_go_on(world: World) -> None:
    """Its operations stay planned, nothing is called there, and the first night after the release sends them."""
    trivet(world, "pause", "kingdee_cloud", "--reason", "upgrade tonight")
    batch = world.night()
    assert not world.calls("kingdee_cloud")
    left = world.operations(target="kingdee_cloud")
    assert left
    assert {entry["state"] for entry in left} <= {"planned", "waiting_identity"}
    assert {o["state"] for o in world.operations(target="successfactors")} <= {
        "confirmed",
        "waiting_identity",
    }
    with world.hub() as hub:
        assert steps.push(hub, batch, "kingdee_cloud") == {"on_hold": 1}
    trivet(world, "resume", "kingdee_cloud")
    world.night()
    assert "planned" not in {entry["state"] for entry in world.operations(target="kingdee_cloud")}


def test_what_is_to_be_taken_back_from_a_paused_system_follows(world: World) -> None:
    """A rollback takes back what it may reach; the rest is pending, and settling goes on with it after the release."""
    batch = world.night()
    trivet(world, "pause", "kingdee_cloud", "--reason", "upgrade tonight")
    calls = len(world.calls("kingdee_cloud"))
    told = rows(world, "rollback", batch, "--reason", "wrong table", "--yes", exits=1)
    assert {row["state"] for row in told if row["target"] == "kingdee_cloud"} == {"comp_planned", "cancelled"}
    assert len(world.calls("kingdee_cloud")) == calls
    assert "paused by ann" in str(rows(world, "settle"))
    trivet(world, "resume", "kingdee_cloud")
    rows(world, "settle")
    assert {o["state"] for o in world.operations(target="kingdee_cloud")} <= {"compensated", "cancelled"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("hold", "nightly", "--reason", "typed wrong"), "FLOW_UNKNOWN"),
        (("hold", "nightly_interviews", "--reason", " "), "REASON_MISSING"),
        (("pause", "succesfactors", "--reason", "typed wrong"), "CONNECTION_MISSING"),
        (("pause", "successfactors", "--reason", "why", "--actor", "cli"), "ACTOR_UNKNOWN"),
        (("retry", "nothing"), "OPERATION_UNKNOWN"),
        (("write-off", "nothing", "--reason", "because"), "OPERATION_UNKNOWN"),
        (("case", "decide", "nothing", "perhaps"), "DECISION_UNKNOWN"),
    ],
)
def test_bad_input_of_an_action(world: World, words: tuple[str, ...], code: str) -> None:
    """Exit code 2, the code, and nothing changed."""
    assert code in trivet(world, *words, exits=2)


def test_a_refused_one_goes_again_once(world: World) -> None:
    """Mended at the ERP, retried under a name; a second click does nothing."""
    file = world.home / "mappings" / "successfactors" / "performance_focus.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("weight: {value: 0.0}", "weight: {value: 250.0}"), encoding="utf-8")
    world.night()
    one = world.operations(state="rejected")[0]
    with world.hub() as hub:
        done = actions.retry(hub, one["id"], actor="ann", note="perhaps now")
        # the vendor refuses the same document again, and says so
        assert (done.changed, done.rows[0]["state"]) == (True, "rejected")
        settled = actions.settle_now(hub, actor="ann")
        assert not settled.changed
        confirmed = world.operations(state="confirmed")[0]
        assert not actions.retry(hub, confirmed["id"], actor="ann").changed
    assert [(actor, note) for actor, _, note in events(world, "send_again")] == [("ann", "perhaps now")]
    assert events(world, "SETTLE_ASKED")


def stuck(world: World) -> str:
    """An operation that a person has to decide on; its id."""
    world.night()
    held = world.held("successfactors")
    assert held
    one = next(o for o in world.operations(target="kingdee_cloud", state="confirmed"))
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.execute(
            "UPDATE operation SET state = 'stuck', stuck_from = 'unknown', error_code = 'NOTHING_TO_ASK' WHERE id = ?",
            (one["id"],),
        )
        db.execute(
            'INSERT INTO "case" (id, tenant, opened_at, batch_id, operation_id, target, code, message, state)'
            " VALUES ('c1', 'yunxiu', '2026-01-01T00:00:00.000000Z', ?, ?, 'kingdee_cloud', 'NOTHING_TO_ASK', 'look', 'open')",
            (one["batch_id"], one["id"]),
        )
    return str(one["id"])


def test_a_case_is_written_off_once_with_a_reason(world: World) -> None:
    """The list says what is possible; the decision has a name, a second one changes nothing."""
    which = stuck(world)
    (case,) = rows(world, "case", "list")
    assert (case["case"], case["operation"]) == ("c1", which)
    assert "written_off" in case["possible"]
    assert "REASON_MISSING" in trivet(world, "write-off", "c1", "--reason", "", exits=2)
    assert rows(world, "write-off", "c1", "--reason", "entered by hand")["changed"] is True
    assert rows(world, "write-off", "c1", "--reason", "entered by hand")["changed"] is False
    assert rows(world, "write-off", which, "--reason", "entered by hand")["changed"] is False
    assert rows(world, "case", "list") == []
    assert ("ann", which, "entered by hand") in events(world, "written_off")


def test_a_policy_may_ask_a_second_person(world: World) -> None:
    """`four_eyes` in the flow file: nobody writes off alone."""
    stuck(world)
    world.edit_flow(lambda flow: flow["policy"].update(four_eyes=["written_off"]))
    off = ("write-off", "c1", "--reason", "entered by hand")
    assert "APPROVAL_MISSING" in trivet(world, *off, exits=2)
    assert "APPROVAL_SAME_PERSON" in trivet(world, *off, "--approved-by", "ann", exits=2)
    assert rows(world, *off, "--approved-by", "bea")["changed"] is True


def test_a_maintenance_window_is_a_pause_by_the_clock(world: World) -> None:
    """In its hours nothing is sent or settled there; after them the next night sends what waited."""
    now = world.clock().strftime("%H:%M")
    later = f"{(int(now[:2]) + 2) % 24:02d}:{now[3:]}"
    known = world.sandbox.connections()["kingdee_cloud"]
    extra = {**known["extra"], "maintenance": [{"from": now, "to": later, "timezone": "UTC"}]}
    world.connect(kingdee_cloud={**known, "extra": extra})
    world.night()
    assert not world.calls("kingdee_cloud")
    assert rows(world, "holds")[0]["by"] == "its connection"
    world.clock.forward(hours=3)
    world.night()
    assert "planned" not in {entry["state"] for entry in world.operations(target="kingdee_cloud")}
