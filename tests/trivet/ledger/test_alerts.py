"""The same happening is one alert until it is over, and a message belongs to one process."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from trivet.ledger import Ledger, alerts
from trivet.ledger.alerts import Happening
from trivet.ledger.times import stamp

DOWN = Happening("breaker_open:erp", "breaker_open", "BREAKER_OPEN", "no answer", system="erp", count=5)


def look(ledger: Ledger, *found: Happening) -> tuple[int, int]:
    """How many began and ended."""
    with ledger.begin() as tx:
        began, over = alerts.reconcile(tx, found, {"breaker_open"})
    return len(began), len(over)


def test_one_alert_from_beginning_to_end_and_another_one_after_it(ledger: Ledger) -> None:
    """However often it is looked at, and whatever its count comes to meanwhile."""
    assert look(ledger, DOWN) == (1, 0)
    assert look(ledger, replace(DOWN, count=9)) == (0, 0)
    with ledger.read() as tx:
        assert [entry.happening.count for entry in alerts.open_ones(tx)] == [9]
    assert look(ledger) == (0, 1)
    assert look(ledger) == (0, 0)
    assert look(ledger, DOWN) == (1, 0)
    with ledger.read() as tx:
        assert len(alerts.recent(tx, 10)) == 2


def test_a_kind_that_was_not_looked_at_stays_as_it_is(ledger: Ledger) -> None:
    """A command line knows nothing of Airflow's runs."""
    failed = Happening("run_failed:sync__night", "run_failed", "RUN_FAILED", flow="night")
    assert look(ledger, failed) == (1, 0)
    assert look(ledger) == (0, 0)


def test_one_of_many_processes_sends_a_message(ledger: Ledger) -> None:
    """Once however often the task runs."""
    with ledger.begin() as tx:
        alerts.want(tx, "a1", "began", dict.fromkeys(("chat", "mail"), tx.stamp))
        alerts.want(tx, "a1", "began", dict.fromkeys(("chat", "mail"), tx.stamp))
        names = [told.id for told in alerts.due(tx)]
    assert len(names) == 2

    def claim(_: int) -> int:
        with ledger.begin() as tx:
            return sum(alerts.claim(tx, name) for name in names)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claim, range(4))) == 2
    with ledger.begin() as tx:
        alerts.settle(tx, names[0], "sent")
        alerts.settle(tx, names[1], "due", "HTTP 503", stamp(tx.now))
        assert [told.id for told in alerts.due(tx)] == names[1:]
        assert alerts.failing(tx, "2000") == {names[1].rsplit("/", 1)[1]: "HTTP 503"}


def test_what_is_over_before_anybody_heard_is_not_told(ledger: Ledger) -> None:
    """Only who heard of its beginning hears of its end."""
    with ledger.begin() as tx:
        alerts.want(tx, "a1", "began", dict.fromkeys(("awake", "asleep"), tx.stamp))
        alerts.claim(tx, "a1/began/awake")
        alerts.settle(tx, "a1/began/awake", "sent")
        assert alerts.heard(tx, "a1") == {"awake"}
        assert alerts.due(tx) == []
