"""In Airflow a step that fails does not stop those after it; what it did not look at comes with the next night."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import ROOT, World
from end_to_end.shell import trivet
from end_to_end.test_events import serving  # noqa: F401
from end_to_end.test_fresh_results import SOLO, listening, told
from end_to_end.test_night import by_entity
from ruamel.yaml import YAML
from sqlalchemy import select

from trivet.flow import decide as deciding
from trivet.flow import steps
from trivet.ledger.tables import event

EXPECTED = YAML(typ="safe").load((ROOT / "sandbox" / "world" / "expected.yaml").read_text(encoding="utf-8"))


def as_in_airflow(world: World, *, fresh: bool = False) -> list[Exception]:
    """A run in which what follows a failed step goes on; what failed."""
    failed: list[Exception] = []

    def step(do: Callable[..., Any], *words: Any) -> None:
        try:
            do(*words)
        except Exception as error:  # noqa: BLE001 - whatever it was, Airflow goes on
            failed.append(error)

    with world.hub() as hub:
        flow = hub.flow(world.flow)
        batch_id = (steps.hear if fresh else steps.pull)(hub, world.flow, "test")
        for shard in range(1 if fresh else flow.shards):
            step(steps.score, hub, batch_id, shard, 1 if fresh else flow.shards)
        step(steps.decide, hub, batch_id)
        for target in flow.targets():
            step(steps.push, hub, batch_id, target)
        step(steps.conclude, hub, batch_id)
    return failed


def spoil(world: World) -> None:
    """Somebody writes a setting into a scorer's connection that it does not have: the step stops at the first interview."""
    world.connect(behaviour_baseline={"extra": {"environment": "sandbox", "volume": 11}})


def noted(world: World, code: str) -> list[str]:
    """What the audit notes under this code."""
    with world.hub() as hub, hub.ledger.read() as tx:
        return list(tx.conn.scalars(select(event.c.note).where(event.c.code == code).order_by(event.c.at)))


def test_what_was_not_scored_comes_with_the_next_night(world: World) -> None:
    """A scorer's connection is spoilt, both shards fail, the batch is closed; the night after brings every result, once."""
    spoil(world)
    assert [type(error).__name__ for error in as_in_airflow(world)] == ["ConfigError", "ConfigError"]
    assert world.operations() == []
    assert noted(world, "BATCH_LEFT_WORK") == ["score 1/2, score 2/2"]
    (first,) = world.batches()
    assert (first["left_work"], world.summary(first["batch"])["problems"] > 0) == (True, True)
    assert "left work, which the next night takes over" in trivet(world, "status")
    world.connect()
    assert as_in_airflow(world) == []
    assert by_entity(world.operations()) == EXPECTED["deliveries"]
    assert len(noted(world, "WORK_TAKEN_OVER")) == 1
    assert [row["left_work"] for row in world.batches()] == [False, False]
    assert "left work" not in trivet(world, "status")
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    assert as_in_airflow(world) == []
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == sent


def test_what_one_shard_left_comes_with_the_next_night(world: World) -> None:
    """Half of the interviews go in the first night, the other half in the second."""
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "test")
        steps.score(hub, batch_id, 0, 2)
        steps.decide(hub, batch_id)
        for target in hub.flow(world.flow).targets():
            steps.push(hub, batch_id, target)
        steps.conclude(hub, batch_id)
    first = len(world.operations())
    planned = [
        n for kinds in EXPECTED["deliveries"].values() for words in kinds.values() for n in words.values()
    ]
    assert 0 < first < sum(planned)
    assert as_in_airflow(world) == []
    assert by_entity(world.operations()) == EXPECTED["deliveries"]


def test_what_was_not_decided_comes_with_the_next_night(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scored, but a fault of ours ended `decide`."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(deciding, "plan", broken)
        assert [str(error) for error in as_in_airflow(world)] == ["a fault of ours"]
    assert world.operations() == []
    assert as_in_airflow(world) == []
    assert by_entity(world.operations()) == EXPECTED["deliveries"]


def test_what_was_told_and_not_scored_comes_with_the_night(world: World, serving: str) -> None:  # noqa: F811
    """A fresh result whose scorer's connection was spoilt meanwhile."""
    listening(world, "feishu_hire", serving)
    before = len(world.operations())
    world.speak("be2", SOLO)
    told(world, "feishu_hire")
    spoil(world)
    assert [type(error).__name__ for error in as_in_airflow(world, fresh=True)] == ["ConfigError"]
    assert len(world.operations()) == before
    world.connect()
    assert as_in_airflow(world) == []
    assert len(world.operations()) > before


def test_a_replay_does_not_swallow_what_a_night_left(world: World) -> None:
    """It takes the batch's place for what it decides again, and leaves the rest to the night."""
    spoil(world)
    as_in_airflow(world)
    world.connect()
    trivet(world, "replay", "--state", "rejected")
    assert any(row["left_work"] for row in world.batches())
    assert as_in_airflow(world) == []
    assert by_entity(world.operations()) == EXPECTED["deliveries"]
