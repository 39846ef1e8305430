"""Counting a target once more: what the numbers mean, on both databases, and that a large target needs no more memory."""

import tracemalloc
from collections.abc import Mapping, Sequence

import pytest
from chaos.desk import QUIET, Desk, wanted
from chaos.fake_target import Row

from trivet.contract import TargetTraits
from trivet.delivery.compensate import Scope
from trivet.delivery.drafts import _blank
from trivet.delivery.reconcile import Count, reconcile
from trivet.ledger import Ledger, batches, cases, contents, operations
from trivet.ledger.contents import Contents
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.model import Found, Operation

GOAL = {"weight": 20}


def count(desk: Desk, name: str = "erp") -> Count:
    """The numbers of the one entity at the target."""
    target = desk.targets[name]
    (told,) = reconcile(desk.ledger, name, target, target.traits)
    return told


def numbers(told: Count) -> tuple[int, ...]:
    """sent, confirmed, found, missing, differing, doubled."""
    return (told.sent, told.confirmed, told.found, told.missing, told.differing, told.doubled)


def delivered(desk: Desk, *names: str) -> None:
    """A night that delivers these."""
    desk.target()
    desk.plan(*(wanted(name, GOAL) for name in names))
    desk.push()
    desk.verify()


def test_what_was_taken_back_deleted_or_refused_is_not_expected(any_desk: Desk) -> None:
    """Only what lives there counts: not the deleted, the compensated, the refused, or what waits."""
    delivered(any_desk, "ann/goal", "bob/goal", "eve/goal")
    any_desk.plan(wanted("dan/goal", {"bad": True}), wanted("kim/goal", None))
    any_desk.push()
    any_desk.rollback(Scope(subject_ref="eve"))
    any_desk.finish()
    any_desk.plan(scopes={"app-bob"}, targets={"erp"})
    any_desk.push()
    told = count(any_desk)
    assert numbers(told) == (1, 1, 1, 0, 0, 0)
    assert told.balanced


def test_an_update_is_counted_by_its_newest_content(any_desk: Desk) -> None:
    """One record, however often it changed; older content there is a difference, not a gap."""
    delivered(any_desk, "ann/goal")
    any_desk.plan(wanted("ann/goal", {"weight": 30}))
    any_desk.push()
    assert numbers(count(any_desk)) == (1, 1, 1, 0, 0, 0)
    any_desk.targets["erp"].rows[0].document["weight"] = 20
    told = count(any_desk)
    assert (told.balanced, told.differing) == (True, 1)


def test_missing_and_doubled_open_one_case_each(any_desk: Desk) -> None:
    """Each with its code; the operations wait for a person; a second count opens nothing."""
    delivered(any_desk, "ann/goal", "bob/goal", "eve/goal")
    target = any_desk.targets["erp"]
    gone, double = target.rows[0], target.rows[1]
    target.rows.remove(gone)
    target.rows.append(Row("r99", "goal", double.reference, {"weight": 7}))
    sent = len(target.sent)
    told = count(any_desk)
    assert numbers(told) == (3, 3, 2, 1, 0, 1)
    assert told.examples == {"missing": [gone.reference], "doubled": [double.reference]}
    count(any_desk)
    with any_desk.ledger.read() as tx:
        assert sorted(case.code for case in cases.find(tx)) == ["DOUBLE_AT_TARGET", "MISSING_AT_TARGET"]
    assert any_desk.states() == {"confirmed": 1, "stuck": 2}
    assert any_desk.batch_state() == "stuck"
    assert len(target.sent) == sent


def test_an_index_that_lags_is_asked_twice(desk: Desk) -> None:
    """Missing at the first look and there at the second is there."""
    delivered(desk, "ann/goal")
    target = desk.targets["erp"]
    honest, asked = target.find, 0

    def lagging(entity: str, wanted: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        nonlocal asked
        asked += 1
        return {} if asked == 1 else honest(entity, wanted)

    target.find = lagging  # type: ignore[method-assign]
    assert numbers(count(desk)) == (1, 1, 1, 0, 0, 0)
    assert desk.states() == {"confirmed": 1}


def test_what_is_in_the_air_does_not_balance(any_desk: Desk) -> None:
    """Sent, and nobody knows: settled, it balances."""
    any_desk.target(faults=["lost_after"])
    any_desk.plan(wanted("ann/goal", GOAL))
    any_desk.push()
    told = count(any_desk)
    assert (numbers(told), told.balanced) == ((1, 0, 0, 0, 0, 0), False)
    any_desk.settle()
    assert count(any_desk).balanced


def test_a_target_that_cannot_be_asked_is_said_so(desk: Desk) -> None:
    """Its records are counted as unasked, and it is not asked."""
    desk.target(asked_by="nothing")
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    told = count(desk)
    assert (told.sent, told.confirmed, told.found, told.unasked, told.balanced) == (1, 1, 0, 1, True)


class Echo:
    """A target that holds exactly what it is asked for."""

    def find(self, entity: str, wanted: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        return {one.reference: [Found("1", one.document)] for one in wanted}


def fill(ledger: Ledger, number: int) -> None:
    """So many confirmed records, as if many nights had delivered them."""
    with ledger.begin() as tx:
        opened, _ = batches.open_or_resume(tx, tenant="acme", flow="night", run_key="r", environment="test")
    for start in range(0, number, 1000):
        with ledger.begin() as tx:
            rows = [_row(opened.id, n, tx.stamp) for n in range(start, min(start + 1000, number))]
            operations.add_many(tx, rows)
            contents.add_many(tx, {row.id: Contents({"text": "x" * 200}, {}) for row in rows}, {}, {})


def _row(batch_id: str, n: int, stamp: str) -> StoredOperation:
    reference = f"{n:016d}"
    return StoredOperation(
        id=f"{reference}-1", batch_id=batch_id, planned_in=batch_id, tenant="acme", target="erp", entity="goal", kind="create",
        reference=reference, revision=1, key=f"{reference}-C1", subject_ref=f"p{n}", scope=None, position=0, seq=n,
        independent=False, adopted=False, fingerprint="f", mapping_version="m",
        **(_blank(stamp) | {"state": "confirmed", "attempts": 1}),
    )  # fmt: skip


@pytest.mark.parametrize("number", [20_000])
def test_ten_times_the_records_need_no_more_memory(sqlite_ledger: Ledger, number: int) -> None:
    """Pages come and go: the peak of 20,000 records is that of 2,000."""
    traits = TargetTraits(asked_by="unique_reference", max_ops=10, deletes=True, quiet_seconds=QUIET)

    def peak(up_to: str) -> tuple[int, int]:
        tracemalloc.start()
        (told,) = reconcile(sqlite_ledger, "erp", Echo(), traits, operation.c.reference < up_to)  # type: ignore[arg-type]
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return told.found, highest

    fill(sqlite_ledger, number)
    peak(f"{1000:016d}")  # statements are compiled once
    small, large = peak(f"{number // 10:016d}"), peak("A")
    assert (small[0], large[0]) == (number // 10, number)
    assert large[1] < 1.5 * small[1]
