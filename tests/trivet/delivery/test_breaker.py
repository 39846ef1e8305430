"""A target that fails is left alone for a while, by every worker; what is refused for now comes again when it is time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from chaos.desk import LIMITS, Desk, wanted

from trivet.errors import PeriodClosed, RateLimited, Retryable
from trivet.ledger import breakers, cases
from trivet.ledger.times import instant

GOAL = {"weight": 20}


def known(desk: Desk):
    """What the ledger holds against the target."""
    with desk.ledger.read() as tx:
        return breakers.get(tx, "erp")


def many(count: int, document=None) -> list:
    """Records of as many people."""
    return [wanted(f"p{n}/goal", document or GOAL) for n in range(count)]


def test_after_some_lost_calls_in_a_row_nobody_calls(desk: Desk) -> None:
    """The fifth lost answer ends it: the rest stays planned, and another worker does not even try."""
    target = desk.target(faults=["lost_before"] * 9, max_ops=1)
    desk.plan(*many(20))
    done = desk.push()
    assert (done.unknown, done.left, len(target.sent)) == (LIMITS.trips, 20 - LIMITS.trips, LIMITS.trips)
    assert isinstance(done.stopped, RateLimited)
    assert known(desk).failures == LIMITS.trips
    for step in (desk.push, desk.verify):
        assert isinstance(step().stopped, RateLimited)
    assert len(target.sent) == LIMITS.trips


def test_when_the_pause_is_over_one_call_tries(desk: Desk) -> None:
    """It fails: a longer pause. It succeeds: everything goes on at once, and nothing is held against the target."""
    target = desk.target(faults=["retryable"] * (LIMITS.trips + 1), max_ops=1)
    desk.plan(*many(12))
    for _ in range(LIMITS.trips):
        assert isinstance(desk.push().stopped, Retryable)
    first = known(desk)
    assert first.failures == LIMITS.trips
    pause = pause_of(desk, first)
    desk.clock.advance(pause + 1)
    desk.push()
    assert len(target.sent) == LIMITS.trips + 1
    assert pause_of(desk, known(desk)) > pause
    desk.clock.advance(60)
    done = desk.push()
    assert (done.confirmed, done.stopped, known(desk)) == (12, None, None)


def pause_of(desk: Desk, row) -> float:
    """Seconds until somebody may call again."""
    return (instant(row.until) - desk.clock()).total_seconds()


def test_an_answer_in_between_ends_the_count(desk: Desk) -> None:
    """Failures in a row count, not failures in all; a refusal is an answer."""
    faults = [*["lost_before"] * (LIMITS.trips - 1), "none"] * 3
    desk.target(faults=faults, max_ops=1)
    desk.plan(*many(LIMITS.trips * 3, {"bad": True}))
    done = desk.push()
    assert (done.rejected, done.stopped) == (3, None)
    assert known(desk) is None


def test_settling_a_failing_target_stops_too(desk: Desk) -> None:
    """What is in the air waits, due as before, and is settled when the target is back."""
    desk.target(faults=["lost_after"] * LIMITS.trips, max_ops=1)
    desk.plan(*many(LIMITS.trips))
    desk.push()
    desk.clock.advance(1)
    assert desk.settle(after=0).left == LIMITS.trips
    report = desk.settle()
    assert (report.confirmed, report.left) == (LIMITS.trips, 0)


class Closed:
    """A target whose period is closed until it is opened; `at` tells when that will be."""

    def __init__(self, inner, at=None) -> None:
        self.inner, self.at, self.closed = inner, at, True

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def send(self, operations):
        """Refuses what has a weight while the period is closed."""
        said = self.inner.send(operations) if not self.closed else [self._no() for _ in operations]
        return list(said)

    def _no(self):
        return PeriodClosed(
            "the period is closed", opens_at=self.at, connector="fake", operation="send", vendor_code="E77"
        )


@pytest.mark.parametrize("told", [True, False])
def test_a_closed_period_is_waited_for(desk: Desk, told: bool) -> None:
    """Not refused, not lost: planned until the day that the vendor names, or a week; siblings stand."""
    opens = desk.clock() + timedelta(days=30) if told else None
    late = Closed(desk.target("erp"), opens)
    desk.targets["erp"] = late
    desk.target("other")
    desk.plan(wanted("ann/goal", GOAL), wanted("ann/course", GOAL, target="other"))
    desk.push("other")
    done = desk.push()
    assert (done.rejected, done.left, desk.state("ann/goal")) == (0, 1, "planned")
    assert desk.state("ann/course", "other") == "confirmed"
    entry = desk.history("ann/goal")[-1]
    assert (entry.error_code, done.retry_at) == ("E77", desk.clock() + timedelta(days=30 if told else 7))
    late.closed = False
    desk.clock.advance(3600 * 24)
    assert desk.push().confirmed == 0
    desk.clock.advance(3600 * 24 * 30)
    assert desk.push().confirmed == 1


def test_a_period_that_stays_closed_goes_to_a_person(desk: Desk) -> None:
    """After the longest time a case says so; nobody's other records wait for it."""
    desk.targets["erp"] = Closed(desk.target("erp"))
    desk.plan(wanted("ann/goal", GOAL))
    for _ in range(20):
        desk.push()
        desk.clock.advance(3600 * 24 * 7 + 1)
    assert desk.state("ann/goal") == "stuck"
    with desk.ledger.read() as tx:
        assert [case.code for case in cases.find(tx, tenant="acme")] == ["E77"]


def test_a_code_that_the_flow_knows_is_a_closed_period(desk: Desk) -> None:
    """The flow file says which refusals are for now only; the same code elsewhere is a refusal."""
    desk.target()
    desk.plan(wanted("ann/goal", {"bad": True}), wanted("ann/other", GOAL))
    closed = replace(LIMITS, closed=frozenset({"E42"}))
    assert desk.push(limits=closed).rejected == 0
    assert desk.states() == {"planned": 1, "confirmed": 1}
    desk.clock.advance(8 * 24 * 3600)
    assert desk.push().rejected == 1
