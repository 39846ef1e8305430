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


PUT = {"asked_by": "nothing", "repeatable": True, "deletes": False, "max_ops": 1}


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "late"])
def test_where_the_same_may_be_sent_again_it_is(desk: Desk, fault: str) -> None:
    """After the quiet time, with the same key; what is there in the end is there once."""
    target = lost(desk, fault, **PUT)
    assert desk.settle(after=QUIET - 1).confirmed == 0
    report = desk.settle(after=2)
    assert (report.confirmed, report.resend, report.stuck) == (1, 0, 0)
    assert [row.document for row in target.rows] == [GOAL]  # type: ignore[attr-defined]
    assert len({sent[0] for sent in target.sent}) == 1  # type: ignore[attr-defined]
    assert desk.state("ann/goal") == "confirmed"


def test_sending_again_has_an_end_too(desk: Desk) -> None:
    """A person is asked to look there."""
    target = lost(desk, **PUT)
    for _ in range(LIMITS.max_failures):
        target.faults = iter(["lost_before"])  # type: ignore[attr-defined]
        desk.settle()
    assert desk.state("ann/goal") == "stuck"
    assert case_codes(desk) == ["GIVEN_UP"]
    assert desk.history("ann/goal")[0].stuck_from == "unknown"
    assert len(target.sent) == LIMITS.max_failures  # type: ignore[attr-defined]


@pytest.mark.parametrize("fault", ["retryable", "limited", "auth"])
def test_what_was_not_done_this_time_stays_in_doubt(desk: Desk, fault: str) -> None:
    """The first sending may have arrived: it is neither planned nor refused, and goes again after the pause."""
    target = lost(desk, "lost_after", **PUT)
    target.faults = iter([fault])  # type: ignore[attr-defined]
    desk.settle()
    assert desk.state("ann/goal") == "unknown"
    assert desk.settle(after=LIMITS.max_pause + 1).confirmed == 1
    assert len(target.rows) == 1  # type: ignore[attr-defined]


def test_a_refusal_of_what_may_be_there_is_a_case(desk: Desk) -> None:
    """The vendor has marked the exam meanwhile: whether the first result arrived a person has to see."""
    target = lost(desk, "lost_after", **PUT)
    target.refuses = lambda _: True  # type: ignore[attr-defined]
    assert desk.settle().stuck == 1
    assert desk.state("ann/goal") == "stuck"
    assert case_codes(desk) == ["E42"]


def test_a_wish_to_take_back_what_is_in_doubt_goes_to_a_person(desk: Desk) -> None:
    """It is not sent once more only to be there for certain."""
    target = lost(desk, "lost_after", **PUT)
    desk.rollback()
    report = desk.settle()
    assert (report.confirmed, report.stuck) == (0, 1)
    assert case_codes(desk) == ["NOTHING_TO_ASK"]
    assert len(target.sent) == 1  # type: ignore[attr-defined]


def test_a_newer_revision_waits_for_what_is_in_doubt(desk: Desk) -> None:
    """And takes its place at the target when it is there."""
    target = lost(desk, "lost_before", **PUT)
    desk.plan(wanted("ann/goal", {"weight": 30}))
    assert desk.push().confirmed == 0
    assert desk.settle().confirmed == 1
    assert desk.push().confirmed == 1
    assert [row.document for row in target.rows] == [{"weight": 30}]  # type: ignore[attr-defined]


def test_an_answer_that_says_later_is_asked_for_by_sending_again(desk: Desk) -> None:
    """Nobody tells what became of it, and the same may be sent again."""
    target = desk.target(faults=["accepted"], **PUT)
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.settle()
    assert desk.state("ann/goal") == "unknown"
    assert desk.settle().confirmed == 1
    assert len(target.rows) == 1


def test_what_can_be_repeated_is_taken_back_by_a_person_all_the_same(desk: Desk) -> None:
    """The rollback says what it leaves."""
    desk.target(**PUT)
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    report = desk.rollback()
    assert [left.code for left in report.left] == ["CANNOT_BE_TAKEN_BACK"]


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
