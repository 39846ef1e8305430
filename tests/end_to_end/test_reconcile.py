"""The nightly count: sent = confirmed = found at every target; what does not balance is named and opens one case."""

import json
from typing import Any

from conftest import World
from end_to_end.shell import rows, trivet


def totals(told: list[dict[str, Any]], *names: str) -> dict[str, list[int]]:
    """These numbers by target, summed over its entities."""
    found: dict[str, list[int]] = {}
    for row in told:
        known = found.setdefault(row["target"], [0] * len(names))
        found[row["target"]] = [n + row[name] for n, name in zip(known, names, strict=True)]
    return found


def test_a_night_balances(world: World) -> None:
    """Everything that was sent is confirmed and found; who waits for a number was not sent."""
    batch_id = world.night()
    told = rows(world, "reconcile")
    counts = totals(told, "sent", "confirmed", "found", "missing", "differing", "doubled")
    assert counts["successfactors"] == [9, 9, 9, 0, 0, 0]
    assert counts["kingdee_cloud"] == [3, 3, 3, 0, 0, 0]
    assert counts["feishu_hire"] == [12, 12, 12, 0, 0, 0]
    assert {row["balanced"] for row in told} == {"yes"}
    for word in ("--flow", world.flow), ("--batch", batch_id):
        assert totals(rows(world, "reconcile", *word), "sent", "found") == {
            k: [v[0], v[2]] for k, v in counts.items()
        }
    counted = rows(world, "status")["reconciled"]
    assert (counted["state"], counted["about"], counted["sent"]) == ("balanced", batch_id, 24)
    assert "balanced (24 sent, 24 confirmed, 24 found)" in trivet(world, "status")


def test_what_is_missing_opens_a_case_once(world: World) -> None:
    """Somebody deleted a record at the target: exit code 1, its reference, one case, and nothing is sent."""
    world.night()
    gone = next(g for g in world.held("successfactors")["Goal_1"] if g["userId"] == "10000401")
    world.change("successfactors", entity="Goal_1", where={"userId": "10000401"}, delete=True)
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    told = rows(world, "reconcile", exits=1)
    (wrong,) = [row for row in told if row["balanced"] == "no"]
    assert [wrong[n] for n in ("entity", "sent", "confirmed", "found", "missing")] == ["Goal_1", 3, 3, 2, 1]
    assert wrong["examples"] == {"missing": [gone["trivetRef"]]}
    rows(world, "reconcile", exits=1)
    (stuck,) = world.operations(state="stuck")
    assert (stuck["reference"], stuck["error_code"]) == (gone["trivetRef"], "MISSING_AT_TARGET")
    assert len(world.summary(stuck["batch_id"])["cases"]) == 1
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == sent
    assert rows(world, "status")["reconciled"]["state"] == "unbalanced"


def test_what_a_person_decided_is_not_asked_again(world: World) -> None:
    """The case was closed with `confirmed`: the next counts still say missing, and open no second case."""
    from trivet.delivery.decide import decide

    world.night()
    world.change("successfactors", entity="Goal_1", where={"userId": "10000401"}, delete=True)
    rows(world, "reconcile", exits=1)
    (stuck,) = world.operations(state="stuck")
    with world.hub() as hub:
        decide(hub.ledger, stuck["id"], "confirmed", actor="bea", note="deleted on purpose")
    told = rows(world, "reconcile", exits=1)
    assert sum(row["missing"] for row in told) == 1
    assert world.operations(state="stuck") == []


def test_a_changed_record_is_counted_and_nobody_is_bothered(world: World) -> None:
    """A person may change what was delivered: it is there once, it differs, the count balances."""
    world.night()
    world.change("successfactors", entity="Goal_1", where={"userId": "10000401"}, set={"weight": 5})
    told = rows(world, "reconcile")
    assert totals(told, "found", "differing")["successfactors"] == [9, 1]
    assert world.operations(state="stuck") == []


def test_a_doubled_record_opens_a_case(world: World) -> None:
    """Two records carry one reference: the count does not balance."""
    world.night()
    goal = next(g for g in world.held("successfactors")["Goal_1"] if g["userId"] == "10000401")
    world.change("successfactors", entity="Goal_1", insert={**goal, "id": "9001", "weight": 7})
    told = rows(world, "reconcile", exits=1)
    assert totals(told, "found", "doubled")["successfactors"] == [9, 1]
    assert [o["error_code"] for o in world.operations(state="stuck")] == ["DOUBLE_AT_TARGET"]


def test_a_lost_answer_does_not_balance_until_it_is_settled(world: World) -> None:
    """What is in the air was sent and is not confirmed."""
    world.misbehave("successfactors", kind="reset_after", method="POST", path="upsert")
    world.night()
    told = rows(world, "reconcile", exits=1)
    ours = [row for row in told if row["target"] == "successfactors" and row["balanced"] == "no"]
    assert ours
    assert all(row["examples"]["in_the_air"] for row in ours)
    assert world.operations(state="stuck") == []


def test_a_target_that_does_not_answer_is_a_problem_of_its_own(world: World) -> None:
    """The others are counted; nothing of the silent one is taken for missing."""
    world.night()
    world.connect(successfactors={"password": "wrong"})
    told = rows(world, "reconcile", exits=1)
    problems = {row["target"]: row["problem"] for row in told}
    assert "credentials are refused" in problems["successfactors"]
    assert problems["kingdee_cloud"] is None
    assert world.operations(state="stuck") == []


def test_a_target_that_lost_everything_is_one_case(world: World, monkeypatch: Any) -> None:
    """An empty answer for a whole company is a trouble with the target, not a thousand cases."""
    from trivet.delivery import reconcile as counting
    from trivet.flow.reconcile import reconcile

    batch_id = world.night()
    monkeypatch.setattr(counting, "MOST", 5)
    for user in {g["userId"] for e in ("Goal_1", "Goal_101") for g in world.held("successfactors")[e]}:
        for entity in ("Goal_1", "Goal_101"):
            world.change("successfactors", entity=entity, where={"userId": user}, delete=True)
    with world.hub() as hub:
        for _ in range(2):
            reconcile(hub, actor="test")
        with hub.ledger.read() as tx:
            from trivet.ledger import cases

            known = [(case.code, case.target, case.operation_id) for case in cases.find(tx)]
    assert known == [("MISSING_AT_TARGET", "successfactors", None)]
    assert world.operations(state="stuck") == []
    assert world.summary(batch_id)["state"] == "confirmed"


def test_a_count_shows_ids_only(world: World) -> None:
    """Nothing personal is printed or kept in the audit trail."""
    world.night()
    world.change("successfactors", entity="Goal_1", where={"userId": "10000401"}, delete=True)
    said = trivet(world, "reconcile", exits=1) + json.dumps(rows(world, "reconcile", exits=1))
    for secret in ("10000401", "林晓雨", "Risk awareness"):
        assert secret not in said
