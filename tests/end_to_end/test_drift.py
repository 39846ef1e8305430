"""Something looks different tonight: noticed once, with its first example, and handled as the flow says."""

import copy
from typing import Any

import pytest
from conftest import World

from trivet.errors import LedgerError
from trivet.flow import steps
from trivet.flow.drift import Seen, notice, scorer_seen
from trivet.ledger import batches


def seen(records: int, **fields: int) -> Seen:
    """Records of which so many have each field."""
    made = Seen("hr talents")
    for i in range(records):
        made.record(f"id{i}", {name: {"deep": [1]} for name, count in fields.items() if i < count})
    return made


def told(world: World, policy: str, *nights: Seen) -> list[tuple[Any, ...]]:
    """What is noticed in these nights, one batch each."""
    world.edit_flow(lambda flow: flow["policy"].update(drift=policy))
    with world.hub() as hub:
        flow = hub.flow(world.flow)
        for i, entry in enumerate(nights):
            with hub.ledger.begin() as tx:
                batch, _ = batches.open_or_resume(
                    tx, tenant=flow.tenant, flow=flow.name, run_key=f"n{i}", environment="sandbox"
                )
            notice(hub, flow, batch, [entry])
            with hub.ledger.begin() as tx:
                tx.conn.exec_driver_sql("UPDATE batch SET closed_at = 'x'")
        return [(row["path"], row["change"], row["example"]) for row in steps.drift_of(hub, flow.name)]


def test_the_first_night_is_learned(world: World) -> None:
    """Nothing was known, so nothing is new."""
    assert told(world, "warn", seen(5, name=5, mail=1)) == []


def test_a_new_field_is_told_once_with_its_first_example(world: World) -> None:
    """Nested ones too; what was told is not told again."""
    found = told(world, "warn", seen(5, name=5), seen(5, name=5, mail=2), seen(5, name=5, mail=5))
    assert found == [("/mail", "new", "id0"), ("/mail/deep", "new", "id0")]
    with world.hub() as hub:
        assert {row["batch"] for row in steps.drift_of(hub, world.flow)} == {world.batches()[1]["batch"]}


@pytest.mark.parametrize(
    ("before", "tonight", "found"),
    [
        (seen(20, name=20, mail=20), seen(20, name=20), ["/mail", "/mail/deep"]),
        (seen(20, name=20, mail=17), seen(20, name=20), []),  # not everybody had one anyway
        (seen(20, name=20, mail=20), seen(9, name=9), []),  # too few to say
        (seen(20, name=20, mail=20), seen(20, name=20, mail=1), []),
    ],
)
def test_a_field_that_everybody_had_has_vanished(
    world: World, before: Seen, tonight: Seen, found: list[str]
) -> None:
    """Nine of ten earlier records had it, none of tonight's ten or more has."""
    assert [path for path, change, _ in told(world, "warn", before, tonight) if change == "vanished"] == found


def test_accepting_is_learning_at_once(world: World) -> None:
    """The policy `accept` tells nothing."""
    assert told(world, "accept", seen(20, name=20), seen(20, mail=20)) == []


def test_a_new_scorer_version_holds_the_batch_until_a_person_accepts(world: World) -> None:
    """With `hold` nothing is planned; afterwards the same batch goes on."""
    world.edit_flow(lambda flow: flow["policy"].update(drift="hold"))
    world.night()
    before = world.erps()
    world.speak("rs1", "我和团队一起讨论，也主动帮助客户解决问题。")
    with world.hub() as hub:
        flow = hub.flow(world.flow)
        batch_id = steps.pull(hub, world.flow, "second")
        for shard in range(flow.shards):
            steps.score(hub, batch_id, shard, flow.shards)
        with hub.ledger.read() as tx:
            batch = batches.get(tx, batch_id)
        changed = scorer_seen("behaviour_baseline", {"scorer": "behaviour_baseline", "version": "2"})
        notice(hub, flow, batch, [changed], vanishing=False)
        with pytest.raises(LedgerError) as caught:
            steps.decide(hub, batch_id)
        assert caught.value.code == "DRIFT_HELD"
        assert "scorer behaviour_baseline" in str(caught.value)
        assert world.erps() == before
        (row,) = steps.accept_drift(hub, world.flow, actor="ann")
        assert row["change"] == "new"
        assert sum(steps.decide(hub, batch_id).values()) > 0
        assert steps.drift_of(hub, world.flow) == []


def test_a_changed_target_holds_before_a_byte_is_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`$metadata` shows another type than last night."""
    from trivet_connectors.successfactors.target import SuccessFactorsTarget

    world.edit_flow(lambda flow: flow["policy"].update(drift="hold"))
    world.night()
    describe = SuccessFactorsTarget.describe

    def changed(self: Any) -> Any:
        told = copy.deepcopy(dict(describe(self)))
        told["cust_TalentPoolEntry"]["properties"]["cust_pool"]["maxLength"] = 5
        return told

    monkeypatch.setattr(SuccessFactorsTarget, "describe", changed)
    world.speak("be1", "I led a team of five and I always share what I learn with my colleagues.")
    sent = len(world.writes("successfactors"))
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "second")
        steps.score(hub, batch_id, 0, 1)
        steps.decide(hub, batch_id)
        with pytest.raises(LedgerError) as caught:
            steps.push(hub, batch_id, "successfactors")
    assert caught.value.code == "DRIFT_HELD"
    assert len(world.writes("successfactors")) == sent


def test_a_night_reports_what_it_noticed(world: World) -> None:
    """A vendor's new field stands in the summary of the batch, and does not make it fail."""
    world.night()
    with world.hub() as hub, hub.ledger.begin() as tx:
        tx.conn.exec_driver_sql("DELETE FROM shape WHERE path LIKE '%/title' AND source = 'feishu_hire jobs'")
    with world.hub() as hub:
        steps.reset_cursors(hub, world.flow, "jobs")
        with hub.ledger.begin() as tx:
            tx.conn.exec_driver_sql("UPDATE record SET version = 'old' WHERE stream = 'jobs'")
    said = world.summary(world.night())
    assert [(row["source"], row["path"]) for row in said["drift"]] == [("feishu_hire jobs", "/title")]
    assert said["drift"][0]["example"]
    assert said["problems"] == len(said["set_aside"])
