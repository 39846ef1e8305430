"""What settling finds missing goes again at once, and by the same rules as the first time."""

from conftest import World
from sqlalchemy import update

from trivet.flow import holding, steps
from trivet.ledger import tables

FLOW = "nightly_interviews"
LOST = {"kind": "reset_before", "method": "POST", "path": "upsert"}


def _sent(world: World) -> set[str]:
    """The people of whom something was begun at SuccessFactors."""
    return {o["subject_ref"] for o in world.operations(target="successfactors") if o["attempts"]}


def test_at_the_end_of_the_night(world: World) -> None:
    """The ERP never got the call, and its quiet time is over when the night ends: nobody waits for the next one."""
    world.misbehave("successfactors", **LOST)
    with world.hub() as hub:
        batch_id = steps.pull(hub, FLOW, "run")
        for shard in range(2):
            steps.score(hub, batch_id, shard, 2)
        steps.decide(hub, batch_id)
        steps.push(hub, batch_id, "successfactors")
        assert {o["state"] for o in world.operations(target="successfactors")} >= {"unknown"}
        world.clock.forward(seconds=30)
        steps.conclude(hub, batch_id)
    states = {o["state"] for o in world.operations(target="successfactors")}
    assert states == {"confirmed", "waiting_identity"}


def test_within_the_first_nights_cap(world: World) -> None:
    """Settling sends again what was lost, and not what the cap keeps for later nights."""
    # four of the twelve have nothing for this ERP: one of any five has
    capped = {"cut_over": world.noon().isoformat(), "first_nights": {"nights": 2, "persons": 5}}
    world.edit_flow(lambda flow: flow.update(going_live=capped))
    world.misbehave("successfactors", **LOST)
    world.night()
    first = _sent(world)
    assert {o["state"] for o in world.operations(target="successfactors")} >= {"unknown", "planned"}
    world.clock.forward(seconds=30)
    with world.hub() as hub:
        steps.settle(hub)
    assert not world.operations(state="unknown")
    assert _sent(world) == first


def test_not_while_a_person_holds_the_flow(world: World) -> None:
    """It is asked for all the same; what is missing waits until the flow is released."""
    world.misbehave("successfactors", **LOST)
    world.night()
    with world.hub() as hub:
        holding.put_on_hold(hub, "flow", FLOW, actor="li.na", reason="looking into it")
        calls = len(world.writes("successfactors"))
        world.clock.forward(seconds=30)
        steps.settle(hub)
        assert not world.operations(state="unknown")
        assert len(world.writes("successfactors")) == calls
        holding.release(hub, "flow", FLOW, actor="li.na")
    world.night()
    assert {o["state"] for o in world.operations()} == {"confirmed", "waiting_identity"}


def test_not_of_somebody_who_took_the_consent_back(world: World) -> None:
    """It is provably not there, and it does not go there any more."""
    world.misbehave("successfactors", **LOST)
    world.night()
    calls = len(world.writes("successfactors"))
    world.clock.forward(seconds=30)
    with world.hub() as hub:
        with hub.ledger.begin() as tx:
            shared = update(tables.consent).filter_by(purpose="share_erp")
            tx.conn.execute(shared.values(withdrawn_at=tx.stamp))
        steps.settle(hub)
    assert len(world.writes("successfactors")) == calls
    states = {o["state"] for o in world.operations(target="successfactors")}
    assert states == {"cancelled", "confirmed"}
