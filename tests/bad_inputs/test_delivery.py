"""Bad moments of a delivery: one record is stopped with its code, the others arrive, and nothing arrives twice."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.law import PERSON, clear, lawful
from conftest import World, edit
from sqlalchemy import select

from trivet.contract import TargetConnector
from trivet.delivery import push, settle
from trivet.delivery.plan import Wanted, plan
from trivet.errors import ConnectorError
from trivet.flow import steps
from trivet.flow.decide import decide
from trivet.flow.hub import Hub
from trivet.flow.pull import open_batch
from trivet.ledger import contents
from trivet.ledger.tables import event

PAUSES = {
    "59-minus one": "-1",
    "59-a billion": "1000000000",
    "59-tomorrow": "tomorrow",
    "59-no number": "nan",
}
CASES = {
    "56-another payload": "IDEMPOTENCY_MISMATCH",
    "57-twice in one batch": "BATCH_DUPLICATE_SUBJECT",
    "57-in two batches": "BATCH_ALREADY_EXISTS",
    **dict.fromkeys(PAUSES, "THROTTLED"),
    "60-an error with status 200": "TARGET_REJECTED",
    "60-a 202 that never ends": "ACCEPTED_TIMEOUT",
}
ERP = "successfactors"


@pytest.fixture
def ready(decided: tuple[World, str], tmp_path: Path) -> Iterator[tuple[World, str]]:
    """The same in a deployment of its own, before ERPs that know nothing yet."""
    first, batch_id = decided
    first.sandbox.reset()
    made = World(first.sandbox, tmp_path)
    shutil.rmtree(made.state)
    shutil.copytree(first.state, made.state)
    yield made, batch_id
    first.sandbox.reset()


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, ready: tuple[World, str]) -> None:
    """What stopped it is in the ledger, with the code."""
    world, batch_id = ready
    lawful(name, CASES[name])
    match name.partition("-")[0]:
        case "56":
            other_payload(world, batch_id)
        case "57":
            (twice if "one batch" in name else in_two_flows)(world, batch_id)
        case "59":
            throttled(world, batch_id, PAUSES[name])
        case _:
            (refused if "200" in name else never_ending)(world, batch_id)


def other_payload(world: World, batch_id: str) -> None:
    """A document under a key that was given for another one is not sent; the first is what a person is asked about."""
    with world.hub() as hub:
        victim = world.operations(target=ERP, state="planned")[0]
        with hub.ledger.begin() as tx:
            other = {"name": PERSON}
            contents.put(tx, "document", {victim["id"]: other}, {victim["id"]: victim["subject_ref"]})
        steps.push(hub, batch_id, ERP)
    states = {row["id"]: row for row in world.operations(target=ERP)}
    assert states[victim["id"]]["state"] == "stuck"
    clear(
        f"{states[victim['id']]['error_code']} {states[victim['id']]['error_text']}", "IDEMPOTENCY_MISMATCH"
    )
    assert "confirmed" in {row["state"] for row in states.values()}
    assert victim["reference"] not in str(world.held(ERP))
    assert [case["code"] for case in world.summary(batch_id)["cases"]] == ["IDEMPOTENCY_MISMATCH"]


def wish(key: str, target: str, entity: str, **document: Any) -> Wanted:
    """One record of a person."""
    return Wanted(target, entity, key, document, {"kind": "test"}, "subject-1", "m1", scope="application-1")


def aside(hub: Hub, batch_id: str, code: str) -> str:
    """The one line that says why something was set aside when it was planned."""
    from trivet.ledger import set_asides

    with hub.ledger.read() as tx:
        found = [entry for entry in set_asides.find(tx, batch_id=batch_id) if entry.stage == "plan"]
    assert {entry.code for entry in found} == {code}
    clear(f"{found[0].code} {found[0].message}", code)
    return found[0].message


def twice(world: World, batch_id: str) -> None:
    """Two decisions of one batch want the same record: neither is planned, a third is."""
    wanted = [wish("a", ERP, "Goal_101", name=name) for name in ("one", "two")] + [
        wish("b", ERP, "Goal_101", name="three")
    ]
    with world.hub() as hub:
        said = plan(hub.ledger, batch_id, wanted, vanished="keep")
        assert [entry.action for entry in said] == ["duplicate", "duplicate", "create"]
        aside(hub, batch_id, "BATCH_DUPLICATE_SUBJECT")


def in_two_flows(world: World, batch_id: str) -> None:
    """A second flow wants what the first has under way: it plans nothing of that, and names the first one's batch."""
    flows = world.home / "mappings" / "flows"
    second = flows / "second.yaml"
    shutil.copy(flows / f"{world.flow}.yaml", second)
    edit(second, lambda flow: flow["metadata"].update(name="second"))
    before = {row["id"]: row["scope"] for row in world.operations()}
    with world.hub() as hub:
        flow = hub.flow("second")
        batch = open_batch(hub, flow, "test")
        other = batch.id
        said = decide(hub, flow, batch, only={scope for scope in before.values() if scope})
        assert {entry.action for entry in said} == {"elsewhere"}
        assert batch_id in aside(hub, other, "BATCH_ALREADY_EXISTS")
        for target in flow.targets():
            steps.push(hub, other, target)
    assert {row["id"] for row in world.operations()} == set(before)
    assert {row["state"] for row in world.operations(batch_id=batch_id)} <= {"planned", "waiting_identity"}


def throttled(world: World, batch_id: str, pause: str) -> None:
    """However odd the pause that is asked for, the next try has a time within a quarter of an hour, and everybody is told."""
    world.misbehave(ERP, kind="http_429", retry_after=pause, times=50, path="upsert", method="POST")
    began = world.clock()
    with world.hub() as hub:
        try:
            steps.push(hub, batch_id, ERP)
        except ConnectorError as error:
            assert error.code == "THROTTLED"  # noqa: PT017 - a short pause is waited for on the spot
    world.behave(ERP)
    waiting = [row for row in world.operations(target=ERP, state="planned") if row["error_code"]]
    assert {row["error_code"] for row in waiting} == {"THROTTLED"}
    for row in waiting:
        assert began.isoformat() < row["due_at"].replace("Z", "+00:00")
        assert (world.clock().timestamp() + 901) > _seconds(row["due_at"])
    assert world.held(ERP).get("Goal_101", []) == []


def _seconds(stamp: str) -> float:
    from trivet.ledger.times import instant

    return instant(stamp).timestamp()


def refused(world: World, batch_id: str) -> None:
    """The vendor's own code stands beside ours; what the vendor did not refuse arrives."""
    world.misbehave(ERP, kind="error_in_200", method="POST", path="upsert", times=1)
    with world.hub() as hub:
        steps.push(hub, batch_id, ERP)
    row = world.operations(target=ERP, state="rejected")[0]
    clear(row["error_text"], "TARGET_REJECTED", "林晓雨")
    assert row["error_code"]
    assert row["error_code"] in row["error_text"]
    assert row["reference"] not in str(world.held(ERP))


def never_ending(world: World, batch_id: str) -> None:
    """Taken over and never done: in doubt, and looked for again."""
    document = {
        "EmployeeID": "10000101",
        "Title": "t",
        "Measure": "1:1",
        "StartDate": "2026-11-23",
        "EndDate": "2027-05-22",
    }
    with world.hub() as hub:
        plan(hub.ledger, batch_id, [wish("f", "sap_soap", "AppraisalFocus", **document)], vanished="keep")
        declared, _ = hub.declared(TargetConnector, "sap_soap")
        with hub.built(TargetConnector, "sap_soap") as target:
            assert push.push(hub.ledger, batch_id, "sap_soap", target, declared.traits).accepted == 1
            world.change("sap_soap", kind="appraisal_focus", where={"EmployeeID": "10000101"}, delete=True)
            world.clock.forward(seconds=declared.traits.quiet_seconds + 60)
            settle.settle(hub.ledger, "sap_soap", target, declared.traits)
        (row,) = world.operations(target="sap_soap")
        assert (row["state"], row["error_code"]) == ("unknown", "ACCEPTED_TIMEOUT")
        clear(f"{row['error_code']} {row['error_text']}", "ACCEPTED_TIMEOUT")
        with hub.ledger.read() as tx:
            codes = list(tx.conn.scalars(select(event.c.code).where(event.c.about == row["id"])))
        assert codes[-1] == "ACCEPTED_TIMEOUT"
