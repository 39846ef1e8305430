"""The audit chain: complete, in order, and broken by every change."""

import pytest
from sqlalchemy import delete, text, update

from trivet.ledger import Ledger, audit
from trivet.ledger.audit import Event
from trivet.ledger.tables import event


def fill(ledger: Ledger) -> None:
    """Two chains, written in three transactions."""
    for n in range(3):
        with ledger.begin() as tx:
            tx.events += [Event("b1", f"op{n}", "MOVED", "planned", "intent"), Event("b2", "op9", "NOTE")]
            tx.events.append(Event("b1", f"op{n}", "E42", "intent", "rejected", note="field weight"))


def breaks(ledger: Ledger, anchored: dict[str, tuple[int, str]] | None = None) -> list[audit.Break]:
    """What verifying finds."""
    with ledger.read() as tx:
        return audit.verify(tx.conn, ledger.audit_key, anchored)


def test_an_untouched_chain_holds(ledger: Ledger) -> None:
    """Events of several transactions and chains verify."""
    fill(ledger)
    assert breaks(ledger) == []
    with ledger.read() as tx:
        assert {name: n for name, (n, _) in audit.heads(tx.conn).items()} == {"b1": 6, "b2": 3}


@pytest.mark.parametrize(
    "column", ["at", "actor", "about", "from_state", "to_state", "code", "note", "fence"]
)
def test_an_edited_event_breaks_its_chain(ledger: Ledger, column: str) -> None:
    """Every column is covered."""
    fill(ledger)
    with ledger.engine.begin() as conn:
        conn.execute(
            update(event)
            .where(event.c.chain == "b1", event.c.n == 3)
            .values({column: 7 if column == "fence" else "x"})
        )
    assert breaks(ledger)[0] == audit.Break("b1", 3, "event changed")


def test_a_removed_event_breaks_its_chain(ledger: Ledger) -> None:
    """A gap shows."""
    fill(ledger)
    with ledger.engine.begin() as conn:
        conn.execute(delete(event).where(event.c.chain == "b1", event.c.n == 2))
    assert breaks(ledger)[0] == audit.Break("b1", 2, "event missing")


def test_swapped_events_break_their_chain(ledger: Ledger) -> None:
    """Order is covered."""
    fill(ledger)
    with ledger.engine.begin() as conn:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            conn.execute(update(event).where(event.c.chain == "b1", event.c.n == old).values(n=new))
    assert {found.n for found in breaks(ledger)} >= {2, 3}


def test_a_cut_tail_shows_against_the_head(ledger: Ledger) -> None:
    """The kept head shows it; where the head was cut too, one that was noted outside does."""
    fill(ledger)
    with ledger.read() as tx:
        anchored = audit.heads(tx.conn)
    with ledger.engine.begin() as conn:
        conn.execute(delete(event).where(event.c.chain == "b1", event.c.n == 6))
    assert breaks(ledger) == [audit.Break("b1", 6, "chain does not end at its head")]
    with ledger.engine.begin() as conn:
        conn.execute(
            text(
                "UPDATE chain SET n = 5, mac = (SELECT mac FROM event WHERE chain = 'b1' AND n = 5) WHERE id = 'b1'"
            )
        )
    assert breaks(ledger) == []
    assert breaks(ledger, anchored) == [audit.Break("b1", 6, "cut before the anchored head")]


def test_events_are_written_with_the_change_or_not_at_all(ledger: Ledger) -> None:
    """A transaction that fails leaves neither."""

    def fails() -> None:
        with ledger.begin() as tx:
            tx.events.append(Event("b1", "op", "MOVED"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with ledger.read() as tx:
        assert audit.heads(tx.conn) == {}
