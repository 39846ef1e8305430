"""Orders in the ledger: once however often they come, sealed, linked, completed, cancelled, forgotten."""

from uuid import UUID

import pytest
from sqlalchemy import select

from trivet.ledger import Ledger, audit, orders, people
from trivet.ledger.batches import Batch
from trivet.ledger.orders import StoredOrder
from trivet.ledger.tables import event
from trivet.model import Document

SAID: Document = {"package_id": "short", "candidate": {"name": "Ada"}, "references": {"applications": "7"}}


def placed(ledger: Ledger, key: str = "k", **how: bool) -> tuple[str, bool]:
    """An order of the connection `hr`."""
    with ledger.begin() as tx:
        return orders.place(tx, "acme", "hr", key, SAID, **how)


def known(ledger: Ledger, order_id: str) -> StoredOrder:
    """The order as it stands."""
    with ledger.read() as tx:
        found = orders.get(tx, "hr", order_id)
    assert found is not None
    return found


def completed(ledger: Ledger, batch: Batch, order_id: str, **result: object) -> bool:
    """The order with a result."""
    with ledger.begin() as tx:
        return orders.complete(tx, known(ledger, order_id), dict(result), batch.id)


def test_an_order_has_one_id_however_often_it_comes(ledger: Ledger) -> None:
    """A UUID that tells nothing; another key, connection or tenant is another order."""
    first, fresh = placed(ledger)
    assert fresh
    assert str(UUID(first)) == first
    assert placed(ledger) == (first, False)
    elsewhere = (("acme", "hr", "l"), ("acme", "ats", "k"), ("another", "hr", "k"))
    with ledger.begin() as tx:
        others = {orders.place(tx, *where, SAID)[0] for where in elsewhere}
    assert len(others | {first}) == 4
    assert known(ledger, first).document == {
        **SAID, "id": first, "system": "hr", "status": "open", "ordered_at": known(ledger, first).ordered_at,
    }  # fmt: skip


def test_an_order_after_the_end_is_another(ledger: Ledger, batch: Batch) -> None:
    """After a cancellation always; after a result only where the vendor gives an order no name."""
    first, _ = placed(ledger)
    with ledger.begin() as tx:
        assert orders.cancel(tx, known(ledger, first)) == "cancelled"
    second, fresh = placed(ledger)
    assert fresh
    assert second != first
    assert completed(ledger, batch, second, score=1)
    assert placed(ledger) == (second, False)
    third, fresh = placed(ledger, anew=True)
    assert fresh
    assert third not in (first, second)
    assert placed(ledger, anew=True) == (third, False)


def test_a_result_stays_and_may_be_replaced(ledger: Ledger, batch: Batch) -> None:
    """A completed order cannot be cancelled, a cancelled one not be completed."""
    order_id, _ = placed(ledger)
    assert completed(ledger, batch, order_id, score=1)
    assert completed(ledger, batch, order_id, score=2)
    assert known(ledger, order_id).result == {"score": 2}
    with ledger.begin() as tx:
        assert orders.cancel(tx, known(ledger, order_id)) == "completed"
    other, _ = placed(ledger, "l")
    before = known(ledger, other)
    with ledger.begin() as tx:
        orders.cancel(tx, before)
    with ledger.begin() as tx:
        assert not orders.complete(tx, before, {"score": 1}, batch.id)
    assert known(ledger, other).result is None


def test_due_is_what_is_open_what_the_batch_completed_and_what_it_touched(
    ledger: Ledger, batch: Batch
) -> None:
    """Of these packages, and of no other connection."""
    names = {key: placed(ledger, key)[0] for key in ("open", "now", "earlier", "touched", "cancelled")}
    with ledger.begin() as tx:
        for key in ("now", "earlier", "touched"):
            orders.link(tx, names[key], f"hr/application/{key}", f"p-{key}")
            orders.complete(
                tx, known(ledger, names[key]), {"score": 1}, batch.id if key == "now" else "another"
            )
        orders.cancel(tx, known(ledger, names["cancelled"]))
        orders.place(tx, "acme", "ats", "open", SAID)
    with ledger.read() as tx:
        found = orders.due(tx, "acme", "hr", ["short"], batch.id, ["hr/application/touched", "x"])
        assert {entry.id for entry in found} == {names[key] for key in ("open", "now", "touched")}
        assert orders.due(tx, "acme", "hr", ["long"], batch.id, []) == []
        assert orders.due(tx, "other", "hr", ["short"], batch.id, []) == []
    with ledger.begin() as tx:
        orders.move(tx, "another", batch.id)
        found = orders.due(tx, "acme", "hr", ["short"], batch.id, [])
        assert names["earlier"] in {entry.id for entry in found}


def test_who_is_gone_leaves_nothing_behind(ledger: Ledger, batch: Batch) -> None:
    """Neither what was ordered nor what came of it; the other people's orders stay."""
    mine, done, other = (placed(ledger, key)[0] for key in ("mine", "done", "other"))
    with ledger.begin() as tx:
        for name, subject in ((mine, "p1"), (done, "p1"), (other, "p2")):
            orders.link(tx, name, "a", subject)
    completed(ledger, batch, done, score=1)
    with ledger.begin() as tx:
        orders.forget(tx, "acme", "p1")
    assert [known(ledger, name).status for name in (mine, done, other)] == ["cancelled", "completed", "open"]
    assert [known(ledger, name).document == {} for name in (mine, done, other)] == [True, True, False]
    assert known(ledger, done).result is None


def test_of_two_people_who_are_one_the_orders_are_hers(ledger: Ledger) -> None:
    """As everything else that is known about her."""
    order_id, _ = placed(ledger)
    with ledger.begin() as tx:
        orders.link(tx, order_id, "a", "p1")
        people.merge(tx, "acme", "p1", "p2")
    assert known(ledger, order_id).subject_ref == "p2"


def test_what_happened_is_in_the_audit_chain(ledger: Ledger, batch: Batch) -> None:
    """Placed, completed, cancelled; and the chain holds."""
    first, second = placed(ledger)[0], placed(ledger, "l")[0]
    completed(ledger, batch, first, score=1)
    with ledger.begin() as tx:
        orders.cancel(tx, known(ledger, second))
    with ledger.read() as tx:
        rows = tx.conn.execute(select(event).where(event.c.about.in_([first, second])))
        told = {(row.about, row.from_state, row.to_state) for row in rows}
        assert audit.verify(tx.conn, ledger.audit_key) == []
    assert told == {
        (first, None, "open"), (second, None, "open"), (first, "open", "completed"), (second, "open", "cancelled"),
    }  # fmt: skip


@pytest.mark.parametrize("status", [None, "open", "completed"])
def test_the_newest_come_first(status: str | None, ledger: Ledger, batch: Batch) -> None:
    """All, or those of one status."""
    names = [placed(ledger, key)[0] for key in ("a", "b", "c")]
    completed(ledger, batch, names[1], score=1)
    with ledger.read() as tx:
        found = [entry.id for entry in orders.recent(tx, status, 2)]
    expected = {None: 2, "open": 2, "completed": 1}[status]
    assert len(found) == expected
    assert set(found) <= set(names)
