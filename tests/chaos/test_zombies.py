"""A worker that wakes after its lease: no double effect where references are unique, found and repaired where not."""

from pathlib import Path

import pytest
from chaos.campaign import Field, sleep_trials
from chaos.desk import LIMITS, QUIET, Desk, wanted
from chaos.fixtures import clock, in_memory, migrated, sqlite_ledger
from chaos.world import Clock

from trivet.delivery import failpoints
from trivet.errors import LedgerError
from trivet.ledger import Ledger, audit

__all__ = ["clock", "in_memory", "migrated", "sqlite_ledger"]
GOAL = {"weight": 20}


def while_asleep(place: str, desk: Desk, others: list[str]) -> None:
    """At that place the worker sleeps past its lease, and these steps of others happen."""

    def hook(name: str) -> None:
        if name == place:
            failpoints.hook = None
            desk.clock.advance(LIMITS.lease + 1)
            for other in others:
                getattr(desk, other)()

    failpoints.hook = hook


@pytest.mark.parametrize("asked_by", ["unique_reference", "searchable_reference"])
@pytest.mark.parametrize("place", ["push.before_intent", "push.after_intent", "push.after_send"])
def test_a_zombie_that_was_pushing(sqlite_ledger: Ledger, clock: Clock, asked_by: str, place: str) -> None:
    """It writes nothing into the ledger; in the end there is one record, and the ledger knows it."""
    desk = Desk(sqlite_ledger, clock)
    target = desk.target(asked_by=asked_by)
    desk.plan(wanted("ann/goal", GOAL))
    while_asleep(place, desk, ["push", "settle", "push"])
    with pytest.raises(LedgerError) as caught:
        desk.push()
    assert caught.value.code == "FENCED"
    doubled = (asked_by, place) == ("searchable_reference", "push.after_intent")
    assert len(target.rows) == 1 + doubled
    desk.look_again()
    assert (len(target.rows), desk.state("ann/goal")) == (1, "confirmed")
    with desk.ledger.read() as tx:
        assert audit.verify(tx.conn, desk.ledger.audit_key) == []


@pytest.mark.parametrize("place", ["undo.before_intent", "undo.after_intent", "undo.after_send"])
def test_a_zombie_that_was_taking_back(sqlite_ledger: Ledger, clock: Clock, place: str) -> None:
    """The other worker finishes the rollback; the zombie's late delete finds nothing to harm."""
    desk = Desk(sqlite_ledger, clock)
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", GOAL))
    desk.push()
    while_asleep(place, desk, ["settle", "settle"])
    with pytest.raises(LedgerError) as caught:
        desk.rollback()
    assert caught.value.code == "FENCED"
    assert target.rows == []
    assert desk.states() == {"compensated": 2}
    assert LIMITS.lease > QUIET


@pytest.mark.alone
def test_a_stopped_process_that_others_took_over_from(in_memory: Path, migrated: Path) -> None:
    """SIGSTOP at each failpoint, others go on after its lease, SIGCONT: fenced, and in the end one record of each."""
    verdicts = Field(in_memory, migrated).run(sleep_trials())
    wrong = [f"{one.trial} at {one.place}: {one.wrong}" for one in verdicts if one.wrong]
    assert not wrong, "\n".join(wrong)
    assert sum(one.fenced for one in verdicts) > len(verdicts) / 3
