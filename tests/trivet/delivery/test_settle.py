"""An unknown is asked for, after the target's quiet time; never resent blindly, never forgotten."""

import pytest
from chaos.desk import LIMITS, QUIET, Desk, wanted
from chaos.fake_target import Row

from trivet.ledger import cases
from trivet.ledger.tables import event

GOAL = {"weight": 20}


def lost(desk: Desk, fault: str = "lost_before", **traits: object) -> object:
    """One create whose answer was lost; the target."""
    target = desk.target(faults=[fault], **traits)  # type: ignore[list-item]
    desk.plan(wanted("ann/goal", GOAL))
    assert desk.push().unknown == 1
    return target


def case_codes(desk: Desk) -> list[str]:
    """What people are asked."""
    with desk.ledger.read() as tx:
        return [case.code for case in cases.find(tx)]


def test_nothing_is_asked_before_the_quiet_time_is_over(any_desk: Desk) -> None:
    """A request may still arrive: an early answer would be a lie."""
    lost(any_desk, "late")
    early = any_desk.settle(after=QUIET - 1)
    assert (early.confirmed, early.resend, early.left) == (0, 0, 1)
    assert any_desk.settle(after=2).confirmed == 1
    assert len(any_desk.targets["erp"].rows) == 1


def test_what_did_not_arrive_is_sent_again_with_the_same_key(any_desk: Desk) -> None:
    """Planned again, and pushed by whoever comes next."""
    target = lost(any_desk)
    report = any_desk.settle()
    assert (report.resend, report.batches) == (1, (any_desk.id,))
    assert any_desk.push().confirmed == 1
    assert {sent[0] for sent in target.sent} == {any_desk.history("ann/goal")[0].key}  # type: ignore[attr-defined]
    assert len(target.rows) == 1  # type: ignore[attr-defined]


def test_what_did_arrive_is_confirmed_without_sending(any_desk: Desk) -> None:
    """With the id that the vendor gave it."""
    target = lost(any_desk, "lost_after")
    assert any_desk.settle().confirmed == 1
    assert any_desk.history("ann/goal")[0].remote_id == target.rows[0].remote_id  # type: ignore[attr-defined]
    assert len(target.sent) == 1  # type: ignore[attr-defined]


def test_other_content_under_our_reference_is_a_case(desk: Desk) -> None:
    """Nothing is overwritten, a person decides."""
    target = lost(desk, "lost_after")
    target.rows[0].document["weight"] = 99  # type: ignore[attr-defined]
    assert desk.settle().stuck == 1
    assert case_codes(desk) == ["CONFLICT"]


def test_doubles_are_repaired_and_logged(desk: Desk) -> None:
    """The oldest record is kept, the others are taken away."""
    target = lost(desk, "lost_after")
    reference = desk.history("ann/goal")[0].reference
    target.rows += [Row(f"r{n}", "goal", reference, dict(GOAL)) for n in (2, 10)]  # type: ignore[attr-defined]
    report = desk.settle()
    assert (report.confirmed, report.repaired) == (1, 2)
    assert [row.remote_id for row in target.rows] == ["r1"]  # type: ignore[attr-defined]
    with desk.ledger.read() as tx:
        codes = list(tx.conn.scalars(event.select().with_only_columns(event.c.code)))
    assert codes.count("DUPLICATE_REPAIRED") == 2


@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_update_is_compared_with_both_contents(desk: Desk, arrived: bool) -> None:
    """Ours: confirmed; as before: sent again; anything else would be a case."""
    target = desk.target(faults=["none", "lost_after" if arrived else "lost_before"])
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.plan(wanted("ann/goal", {"weight": 30}))
    desk.push()
    report = desk.settle()
    assert (report.confirmed, report.resend) == ((1, 0) if arrived else (0, 1))
    desk.push()
    assert [row.document for row in target.rows] == [{"weight": 30}]


def test_a_lost_update_that_somebody_overwrote_is_a_case(desk: Desk) -> None:
    """The third content is a person's."""
    target = desk.target(faults=["none", "lost_after"])
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.plan(wanted("ann/goal", {"weight": 30}))
    desk.push()
    target.rows[0].document["weight"] = 99
    assert desk.settle().stuck == 1
    assert case_codes(desk) == ["CONFLICT"]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_delete_is_looked_for(desk: Desk, arrived: bool) -> None:
    """Gone: confirmed; still there: sent again."""
    target = desk.target(faults=["none", "lost_after" if arrived else "lost_before"])
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.plan(scopes={"app-ann"}, targets={"erp"})
    desk.push()
    report = desk.settle()
    assert (report.confirmed, report.resend) == ((1, 0) if arrived else (0, 1))
    desk.push()
    assert target.rows == []


def test_where_nothing_can_be_asked_a_person_decides(desk: Desk) -> None:
    """Never a retry; the case says what to do."""
    target = lost(desk, asked_by="nothing")
    assert desk.settle().stuck == 1
    assert case_codes(desk) == ["NOTHING_TO_ASK"]
    desk.push()
    assert len(target.sent) == 1  # type: ignore[attr-defined]


def test_an_accepted_operation_is_confirmed_when_it_is_there(desk: Desk) -> None:
    """An asynchronous target's word is not enough; its record is, at any time."""
    desk.target(faults=["accepted"])
    desk.plan(wanted("ann/goal", GOAL))
    assert desk.push().accepted == 1
    assert desk.settle(after=0).confirmed == 1


def test_an_accepted_operation_that_never_arrives_becomes_unknown_and_is_sent_again(desk: Desk) -> None:
    """Accepted, forgotten by the vendor: after its time it is treated as a lost answer."""
    target = desk.target(faults=["accepted"])
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    target.rows.clear()
    desk.settle(after=1)
    assert desk.state("ann/goal") == "accepted"
    desk.settle()
    assert desk.state("ann/goal") == "unknown"
    assert desk.settle().resend == 1
    assert desk.push().confirmed == 1


def test_resending_has_an_end(desk: Desk) -> None:
    """After as many lost answers as allowed a person has to look."""
    lost(desk)
    target = desk.targets["erp"]
    for _ in range(LIMITS.max_failures):
        target.faults = iter(["lost_before"])
        desk.settle()
        desk.push()
    desk.settle()
    assert desk.state("ann/goal") == "stuck"
    assert case_codes(desk) == ["GIVEN_UP"]
    assert len(target.sent) == LIMITS.max_failures


def test_a_target_that_is_away_leaves_the_question_open(desk: Desk) -> None:
    """A failed reading decides nothing."""
    from trivet.errors import Retryable

    target = lost(desk)

    def away(*_: object) -> object:
        raise Retryable("away", connector="fake", operation="find")

    find, target.find = target.find, away  # type: ignore[attr-defined]
    assert isinstance(desk.settle().stopped, Retryable)
    assert desk.state("ann/goal") == "unknown"
    target.find = find  # type: ignore[attr-defined]
    assert desk.settle().resend == 1


def test_a_batch_that_another_worker_holds_is_left_to_it(desk: Desk) -> None:
    """Settling passes by, and says so."""
    from trivet.ledger import leases

    lost(desk)
    with desk.ledger.begin() as tx:
        leases.claim(tx, f"{desk.id}/erp", 1000)
    assert desk.settle().busy == (desk.id,)
    assert desk.state("ann/goal") == "unknown"


def test_thousands_of_unknowns_are_asked_in_bulk(desk: Desk) -> None:
    """Few readings, and every operation of every batch is settled."""
    target = desk.target(faults=["lost_after"] * 10, max_ops=500)
    desk.plan(*[wanted(f"p{n}/goal", {"weight": n}) for n in range(2000)])
    assert desk.push().unknown == 2000
    asked: list[int] = []
    find = target.find

    def counted(entity: str, operations: object) -> object:
        asked.append(len(operations))  # type: ignore[arg-type]
        return find(entity, operations)  # type: ignore[arg-type]

    target.find = counted  # type: ignore[method-assign, assignment]
    assert desk.settle().confirmed == 2000
    assert asked == [500] * 4
