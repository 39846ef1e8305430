"""A night that died is continued; a new one takes over what is still planned."""

import threading

import pytest

from trivet.errors import LedgerError
from trivet.ledger import Ledger, batches


def opened(ledger: Ledger, flow: str = "night", **policy: object) -> tuple[batches.Batch, bool]:
    """Opens or resumes."""
    with ledger.begin() as tx:
        return batches.open_or_resume(
            tx,
            tenant="acme",
            flow=flow,
            run_key="r",
            environment="test",
            **policy,  # type: ignore[arg-type]
        )


def test_an_unfinished_batch_is_resumed_with_the_policy_of_today(ledger: Ledger) -> None:
    """The same id comes back, and the flow file's policy is the truth."""
    first, resumed = opened(ledger)
    assert not resumed
    again, resumed = opened(ledger, atomic="batch", max_failed_share=0.2)
    assert (again.id, resumed) == (first.id, True)
    assert (again.atomic, again.max_failed_share) == ("batch", 0.2)
    assert opened(ledger, flow="other")[0].id != first.id


def test_a_closed_batch_is_followed_by_a_new_one(ledger: Ledger) -> None:
    """Closing twice changes nothing."""
    first, _ = opened(ledger)
    for _ in range(2):
        with ledger.begin() as tx:
            batches.close(tx, first.id)
    second, resumed = opened(ledger)
    assert not resumed
    assert second.id != first.id
    with ledger.read() as tx:
        assert [batch.id for batch in batches.recent(tx, flow="night")][-1:] != []
        unfinished = batches.unfinished(tx, tenant="acme", flow="night")
    assert unfinished is not None
    assert unfinished.id == second.id


def test_shards_may_count_at_once(ledger: Ledger) -> None:
    """No count is lost between threads."""
    batch, _ = opened(ledger)

    def work() -> None:
        for _ in range(10):
            with ledger.begin() as tx:
                batches.count(tx, batch.id, records=3, audio_ms=1)

    crowd = [threading.Thread(target=work) for _ in range(4)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    with ledger.read() as tx:
        assert batches.get(tx, batch.id).counters == {"records": 120, "audio_ms": 40}


def test_an_unknown_batch_is_a_clear_error(ledger: Ledger) -> None:
    """The line names the id and where to find the known ones."""
    with pytest.raises(LedgerError, match="20990101") as caught, ledger.read() as tx:
        batches.get(tx, "20990101-000000-NONE")
    assert caught.value.code == "BATCH_UNKNOWN"
