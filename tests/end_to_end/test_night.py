"""The main job over real sockets: a night delivers, the next sends nothing, a change sends one update, all can be taken back."""

from collections import Counter
from typing import Any

from conftest import ROOT, World
from ruamel.yaml import YAML


def by_entity(operations: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """Operations per target, entity and word."""
    words = {"confirmed": "delivered", "waiting_identity": "waiting"}
    found: dict[str, dict[str, dict[str, int]]] = {}
    for (target, entity, state), n in Counter(
        (o["target"], o["entity"], o["state"]) for o in operations
    ).items():
        found.setdefault(target, {}).setdefault(entity, {})[words.get(state, state)] = n
    return found


def test_a_first_night_delivers_what_the_company_expects(world: World) -> None:
    """Every decision reaches its ERP and every assessment the HR record; who has no number waits."""
    expected = YAML(typ="safe").load(
        (ROOT / "sandbox" / "world" / "expected.yaml").read_text(encoding="utf-8")
    )
    batch_id = world.night()
    assert by_entity(world.operations()) == expected["deliveries"]
    assert Counter(a["code"] for a in world.summary(batch_id)["set_aside"]) == expected["set_aside"]
    plans = world.held("kingdee_cloud")["PAEZ_TrainingPlan"]
    assert {p["FCourseName"] for p in plans} == {"客户服务技巧"}
    assert {p["FDocumentStatus"] for p in plans} == {"C"}
    weights = {g["userId"]: g["weight"] for g in world.held("successfactors")["Goal_1"]}
    assert weights == {"10000401": 20, "10000402": 20, "10000403": 20}


def test_a_second_night_sends_nothing(world: World) -> None:
    """Unchanged people are not sent again, whatever the run."""
    world.night()
    before = {name: len(world.writes(name)) for name in world.sandbox.servers}
    batch_id = world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == before
    assert world.summary(batch_id)["systems"] == []


def test_reading_everything_again_sends_nothing(world: World) -> None:
    """A reset cursor costs reads, never a second delivery."""
    from trivet.flow import steps

    world.night()
    before = {name: len(world.writes(name)) for name in world.sandbox.servers}
    with world.hub() as hub:
        assert {row["stream"] for row in steps.reset_cursors(hub, world.flow, None)} == {
            "jobs", "talents", "applications", "interviews",
        }  # fmt: skip
    world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == before


SERVICE = "我耐心地听她说完。我向她道歉。我当天就给她换了新的。她非常满意。"


def test_one_changed_score_sends_one_update_to_each_affected_system(world: World) -> None:
    """A new recording of one person changes her score: one update per record that says the score, nothing else."""
    world.night()
    before = {name: world.held(name) for name in world.sandbox.servers}
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    world.speak("rs1", SERVICE + "我和同事一起分享经验。")
    batch_id = world.night()
    systems = {row["system"]: row for row in world.summary(batch_id)["systems"]}
    assert {name: row["delivered"] for name, row in systems.items()} == {"kingdee_cloud": 1, "feishu_hire": 1}
    assert {o["kind"] for o in world.operations(batch_id=batch_id)} == {"update"}
    after = world.held("kingdee_cloud")["PAEZ_TrainingPlan"]
    changed = [p for p in after if p not in before["kingdee_cloud"]["PAEZ_TrainingPlan"]]
    assert [(p["FStaffNumber"], p["FScore"]) for p in changed] == [("10000301", 9.2)]
    assert len(after) == len(before["kingdee_cloud"]["PAEZ_TrainingPlan"])
    assert world.held("successfactors") == before["successfactors"]
    assert len(world.writes("successfactors")) == sent["successfactors"]
    assert len(world.writes("feishu_hire")) == sent["feishu_hire"] + 1


def test_a_decision_that_no_longer_holds_is_withdrawn(world: World) -> None:
    """A later interview without the weakness takes the probation focus back."""
    world.night()
    world.change("feishu_hire", what="recording", candidate="be2", file="be1.ogg")
    world.night()
    people = {g["userId"] for g in world.held("successfactors")["Goal_101"]}
    assert "10000102" not in people
    assert len(people) == 2


def test_a_refused_record_is_set_aside_and_the_others_arrive(world: World) -> None:
    """The ERP refuses one person: code and field are kept, everybody else's results are there."""
    world.change("successfactors", entity="User", where={"userId": "10000402"}, delete=True)
    batch_id = world.night()
    summary = world.summary(batch_id)
    refused = summary["refused"]
    assert refused
    assert {r["code"] for r in refused} == {"COE_INVALID_USER"}
    assert {r["field"] for r in refused} <= {"userId", "cust_userId"}
    assert summary["problems"] > 0
    assert {g["userId"] for g in world.held("successfactors")["Goal_1"]} == {"10000401", "10000403"}
    assert len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"]) == 3


def test_a_rollback_leaves_both_erps_as_before(world: World) -> None:
    """Everything that the batch sent is taken back: the full state of both ERPs and the notes equal the state before."""
    from trivet.flow import undoing

    before = {name: world.held(name) for name in world.sandbox.servers}
    batch_id = world.night()
    assert world.erps() != {name: before[name] for name in ("successfactors", "kingdee_cloud")}
    with world.hub() as hub:
        rows = undoing.rollback(hub, batch_id, actor="test", reason="proof")
    assert {row["state"] for row in rows} == {"compensated", "cancelled"}
    assert {name: world.held(name) for name in world.sandbox.servers} == before


def test_a_rollback_of_one_person_leaves_the_others(world: World) -> None:
    """Only her records go, at every system."""
    from trivet.flow import undoing

    world.night()
    with world.hub() as hub:
        rows = undoing.rollback(hub, "10000101", actor="test", reason="asked")
    assert {row["target"] for row in rows} == {"successfactors", "feishu_hire"}
    assert {e["cust_userId"] for e in world.held("successfactors")["cust_TalentPoolEntry"]} == {
        "10000201",
        "10000402",
    }
    assert len(world.held("feishu_hire")["note"]) == 11


def test_a_lost_answer_is_settled_without_a_duplicate(world: World) -> None:
    """The ERP did it and the answer was lost: asked after the quiet time, confirmed, sent once."""
    from trivet.flow import steps

    world.misbehave("successfactors", kind="reset_after", method="POST", path="upsert")
    batch_id = world.night()
    unknown = [o for o in world.operations(batch_id=batch_id) if o["state"] == "unknown"]
    assert unknown
    sent = len(world.writes("successfactors"))
    world.clock.forward(seconds=30)
    with world.hub() as hub:
        steps.settle(hub)
    assert {o["state"] for o in world.operations(batch_id=batch_id)} == {"confirmed", "waiting_identity"}
    held = world.held("successfactors")
    assert [len(held[e]) for e in ("Goal_1", "Goal_101", "cust_TalentPoolEntry")] == [3, 3, 3]
    # nothing that had arrived was sent again
    assert len(world.writes("successfactors")) == sent


def test_a_call_that_never_arrived_is_sent_again_with_the_same_key(world: World) -> None:
    """The connection died before the ERP did anything: asked, not there, sent again."""
    from trivet.flow import steps

    world.misbehave("kingdee_cloud", kind="reset_before", path="BatchSave")
    batch_id = world.night()
    assert "PAEZ_TrainingPlan" not in world.held("kingdee_cloud")
    world.clock.forward(seconds=30)
    with world.hub() as hub:
        steps.settle(hub)
    world.clock.forward(minutes=5)
    with world.hub() as hub:
        steps.settle(hub)
    world.night()
    assert len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"]) == 3
    assert not [o for o in world.operations(batch_id=batch_id) if o["state"] in ("unknown", "stuck")]
