"""Histories that once broke a promise, small and named."""

from chaos.desk import Desk, wanted
from chaos.fixtures import clock, migrated, sqlite_ledger
from chaos.world import Clock

from trivet.ledger import Ledger

__all__ = ["clock", "migrated", "sqlite_ledger"]
GOAL = {"weight": 20}


def test_a_pause_that_is_asked_for_while_doubles_are_taken_away_holds(
    sqlite_ledger: Ledger, clock: Clock
) -> None:
    """Nothing more is sent, neither by this worker nor by the next, until it is over."""
    desk = Desk(sqlite_ledger, clock)
    target = desk.target(faults=["twice", "limited"])
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", GOAL), wanted("eve/goal", GOAL))
    desk.push()
    desk.verify()
    desk.verify()
    assert len(target.sent) == 3 + 1
    clock.advance(8)
    desk.verify()
    assert len(target.rows) == 3
    assert not target.broken


def test_what_a_person_changed_where_nothing_can_be_asked_is_not_taken_back(
    sqlite_ledger: Ledger, clock: Clock
) -> None:
    """The target told the id of the create, and tells nothing of what became of it."""
    desk = Desk(sqlite_ledger, clock)
    target = desk.target(asked_by="nothing", max_ops=1)
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    target.rows[0].edited = True
    desk.rollback()
    assert (len(target.rows), target.broken) == (1, [])


def test_a_refusal_in_a_later_batch_takes_the_siblings_of_its_own_plan_back(
    sqlite_ledger: Ledger, clock: Clock
) -> None:
    """One answer was lost, the night closed, the next one took the operation over and was refused: nothing stays half done."""
    desk = Desk(sqlite_ledger, clock)
    target = desk.target(faults=["none", "lost_before"], max_ops=1)
    desk.plan(wanted("eve/1", GOAL), wanted("eve/2", {"bad": True}), wanted("bob/1", GOAL))
    desk.push()
    assert desk.states() == {"confirmed": 2, "unknown": 1}
    desk.finish()
    desk.settle()
    assert desk.open() != desk.history("eve/1")[-1].batch_id
    desk.push()
    desk.settle()
    assert (desk.state("eve/2"), desk.state("eve/1"), desk.state("bob/1")) == (
        "rejected",
        "compensated",
        "confirmed",
    )
    assert len(target.rows) == 1


def test_a_refusal_after_a_carry_over_takes_the_person_back(sqlite_ledger: Ledger, clock: Clock) -> None:
    """One record arrives, the other is refused a night later: all of the person's, or nothing."""
    desk = Desk(sqlite_ledger, clock)
    desk.target(max_ops=1, faults=["none", "retryable"])
    records = wanted("eve/1", GOAL), wanted("eve/2", {"bad": True}, order=1)
    desk.plan(*records)
    desk.push()
    desk.finish()
    clock.advance(60)
    desk.plan(*records)
    desk.push()
    assert desk.state("eve/2") == "rejected"
    desk.settle()
    assert desk.state("eve/1") == "compensated"
