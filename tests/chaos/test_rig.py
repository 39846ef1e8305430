"""The rig can see failures: engines that break one rule are convicted by the checker that ours passes."""

import pytest
from chaos.fake_target import Fault
from chaos.fixtures import clock, migrated, sqlite_ledger
from chaos.naive import naive_push
from chaos.world import Clock, World, check

from trivet.contract import TargetTraits
from trivet.delivery.push import push
from trivet.ledger import Ledger

__all__ = ["clock", "migrated", "sqlite_ledger"]
TRAITS = TargetTraits(asked_by="searchable_reference", max_ops=1, quiet_seconds=30, deletes=True)
DOCUMENTS = {("sf", "ann", "goal"): {"value": 1}, ("sf", "bob", "goal"): {"value": 1}}


def history(ledger: Ledger, clock: Clock, fault: Fault, *, pusher: object = push, **world: object) -> World:
    """Two nights with the same documents; the first meets the fault."""
    made = World(
        ledger=ledger,
        clock=clock,
        traits={"sf": TRAITS},
        faults={"sf": [fault]},
        pusher=pusher,  # type: ignore[arg-type]
        **world,  # type: ignore[arg-type]
    )
    if pusher is not push:
        made.targets[made.id("sf")].on_send = None  # its intents come late; let its effects be judged
    made.survive(lambda: made.night(DOCUMENTS))
    made.survive(lambda: made.night(DOCUMENTS))
    return made


@pytest.mark.parametrize("fault", ["crash_after", "lost_after", "late"])
def test_send_then_record_is_convicted(sqlite_ledger: Ledger, clock: Clock, fault: Fault) -> None:
    """A kill or a lost answer after the vendor's commit makes it deliver twice; ours passes the same history."""
    naive = history(sqlite_ledger, clock, fault, pusher=naive_push, verifies=False)
    clock.advance(30)
    naive.targets[naive.id("sf")].snapshot()
    with pytest.raises(AssertionError, match="I2"):
        check(naive)
    rest_and_check(history(sqlite_ledger, clock, fault))


def test_no_quiet_time_is_convicted(sqlite_ledger: Ledger, clock: Clock) -> None:
    """Asking too early finds nothing, sends again, and then the first request arrives."""
    hasty = {"sf": TargetTraits(asked_by="searchable_reference", max_ops=1, quiet_seconds=0, deletes=True)}
    made = history(sqlite_ledger, clock, "late", engine_traits=hasty)
    made.settle()
    clock.advance(30)
    made.targets[made.id("sf")].snapshot()
    with pytest.raises(AssertionError, match="I2"):
        check(made)
    rest_and_check(history(sqlite_ledger, clock, "late"))


def test_no_second_look_is_convicted(sqlite_ledger: Ledger, clock: Clock) -> None:
    """A request doubled on its way is invisible to whoever does not look again."""
    made = history(sqlite_ledger, clock, "twice_late")
    clock.advance(30)
    made.targets[made.id("sf")].snapshot()
    with pytest.raises(AssertionError, match="I2"):
        check(made)
    rest_and_check(made)


def rest_and_check(world: World) -> None:
    """Lets the world come to rest and judges it."""
    world.drain()
    check(world)
