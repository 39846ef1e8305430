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
