"""A KPI weight is part of the person's plan: the goals beside it make room, and get it back."""

from typing import Any

from conftest import World
from trivet_sandbox.company import RECORDINGS

from trivet.flow import steps, undoing

WHO = "10000401"
WORDS = (RECORDINGS.parent / "scripts" / "wa1.txt").read_text(encoding="utf-8")
"""What she says in her interview."""


def plan(world: World, *weights: float) -> None:
    """The person's goals of the period, as her manager set them."""
    for i, weight in enumerate(weights):
        goal = {
            "id": str(9101 + i), "userId": WHO, "name": f"goal {i}", "weight": weight, "planId": "1", "type": "user",
            "start": "/Date(1790000000000)/", "due": "/Date(1798000000000)/", "state": "On Track",
            "lastModified": "/Date(1790000000000)/",
        }  # fmt: skip
        world.change("successfactors", entity="Goal_1", insert=goal)


def goals(world: World) -> dict[str, float]:
    """The person's weights by name; ours is called by its indicator."""
    found = [goal for goal in world.held("successfactors")["Goal_1"] if goal["userId"] == WHO]
    return {goal["name"] if goal["name"].startswith("goal") else "ours": goal["weight"] for goal in found}


def balanced(world: World, method: str) -> None:
    """Lets the rule say how the others make room."""
    file = world.home / "mappings" / "rules" / "competencies.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace(
            "weight_percent: {value: 20}",
            f"weight_percent: {{value: 20}}\n      balance: {{value: {method}}}",
        ),
        encoding="utf-8",
    )


def asides(world: World, batch_id: str) -> dict[str, dict[str, Any]]:
    """What was set aside, by code."""
    return {aside["code"]: aside for aside in world.summary(batch_id)["set_aside"]}


def test_the_others_make_room_by_the_same_factor_and_get_it_back(world: World) -> None:
    """100 before, 100 after, 100 again after the rollback; a second night changes nothing."""
    plan(world, 60, 30, 10)
    before = goals(world)
    batch_id = world.night()
    assert goals(world) == {"ours": 20, "goal 0": 48, "goal 1": 24, "goal 2": 8}
    beside = [
        o
        for o in world.operations(batch_id=batch_id, target="successfactors")
        if o["remote_id"] in {"9101", "9102", "9103"}
    ]
    assert [(o["kind"], o["state"]) for o in beside] == [("update", "confirmed")] * 3
    again = world.night()
    assert world.operations(batch_id=again) == []
    with world.hub() as hub:
        undoing.rollback(hub, batch_id, actor="ann", reason="test")
        steps.settle(hub)
    assert goals(world) == before


def test_hundredths_add_up(world: World) -> None:
    """Three equal goals cannot share 80 evenly: the sum is right all the same."""
    plan(world, 33.33, 33.33, 33.34)
    world.night()
    found = goals(world)
    assert round(sum(found.values()), 2) == 100
    assert sorted(found.values()) == [20, 26.66, 26.67, 26.67]


def test_the_heaviest_alone_makes_room_where_the_rule_says_so(world: World) -> None:
    """The other goals keep their weights."""
    balanced(world, "largest")
    plan(world, 60, 30, 10)
    world.night()
    assert goals(world) == {"ours": 20, "goal 0": 40, "goal 1": 30, "goal 2": 10}


def test_a_plan_that_cannot_make_100_is_refused_with_the_reason(world: World) -> None:
    """No goal is heavy enough: nothing of the person's goes, nothing of the plan is touched."""
    balanced(world, "largest")
    plan(world, *[10.0] * 10)
    batch_id = world.night()
    aside = asides(world, batch_id)["KPI_WEIGHT_SUM"]
    assert "beside 20" in aside["message"]
    assert sorted(goals(world).values()) == [10.0] * 10
    assert WHO not in {e["cust_userId"] for e in world.held("successfactors").get("cust_TalentPoolEntry", [])}


def test_what_a_person_moved_since_is_left_to_the_person(world: World) -> None:
    """The manager gives a goal more: the next score does not take it away again, and says so."""
    plan(world, 60, 40)
    world.night()
    world.change("successfactors", entity="Goal_1", where={"name": "goal 0"}, set={"weight": 45.0})
    world.speak("wa1", WORDS + "我和同事一起分享经验。")
    batch_id = world.night()
    assert "KPI_PLAN_CHANGED" in asides(world, batch_id)
    assert goals(world) == {"ours": 20, "goal 0": 45, "goal 1": 32}


def test_a_plan_that_cannot_be_read_is_tried_again(world: World) -> None:
    """The ERP is away while deciding: the weight waits for the next night, whatever else happens."""
    plan(world, 60, 40)
    world.misbehave("successfactors", kind="http_500", method="GET", path="Goal_1", times=50)
    batch_id = world.night()
    assert "KPI_PLAN_UNREAD" in asides(world, batch_id)
    world.behave("successfactors")
    batch_id = world.night()
    assert goals(world) == {"ours": 20, "goal 0": 48, "goal 1": 32}
    assert "KPI_PLAN_UNREAD" not in asides(world, batch_id)


def test_a_decision_that_no_longer_holds_gives_the_weights_back(world: World) -> None:
    """The new score is too low: our goal goes, the others weigh what they weighed."""
    plan(world, 60, 40)
    world.night()
    assert goals(world)["ours"] == 20
    world.speak("wa1", "我不知道。")
    world.night()
    assert goals(world) == {"goal 0": 60, "goal 1": 40}
