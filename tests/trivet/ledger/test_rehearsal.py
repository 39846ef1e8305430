"""A rehearsal reads its own writes and leaves nothing."""

import pytest

from trivet.ledger import Ledger, audit, batches
from trivet.ledger.rehearsal import rehearsed


def chains(ledger: Ledger) -> dict[str, tuple[int, str]]:
    """The audit chains' heads."""
    with ledger.read() as tx:
        return audit.heads(tx.conn)


def test_what_is_rehearsed_is_seen_and_gone(ledger: Ledger) -> None:
    """Several transactions of the rehearsal build on each other; the ledger never hears of them."""
    with rehearsed(ledger) as there:
        with there.begin() as tx:
            opened, resumed = batches.open_or_resume(
                tx, tenant="t", flow="f", run_key="r", environment="test"
            )
        assert not resumed
        with there.begin() as tx:
            _, resumed = batches.open_or_resume(tx, tenant="t", flow="f", run_key="r", environment="test")
        assert resumed
        with there.read() as tx:
            assert [batch.id for batch in batches.recent(tx)] == [opened.id]
            assert audit.verify(tx.conn, there.audit_key) == []
    with ledger.read() as tx:
        assert batches.recent(tx) == []
    assert chains(ledger) == {}


def test_an_error_ends_it_without_a_trace(ledger: Ledger) -> None:
    """Whatever happens in it."""

    def fails() -> None:
        with rehearsed(ledger) as there, there.begin() as tx:
            batches.open_or_resume(tx, tenant="t", flow="f", run_key="r", environment="test")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert chains(ledger) == {}
