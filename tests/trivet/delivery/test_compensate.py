"""A rollback leaves the ERP as it was, or says precisely what it could not take back."""

import pytest
from chaos.desk import LIMITS, Desk, wanted
from chaos.fake_target import Crash, Row

from trivet.delivery import failpoints
from trivet.delivery.compensate import Scope, preview
from trivet.errors import LedgerError, Retryable
from trivet.ledger import cases
from trivet.ledger.tables import event

GOAL = {"weight": 20}


def three_kinds(desk: Desk) -> object:
    """A batch that creates, updates and deletes, on top of an older one; the target and its state before."""
    target = desk.target()
    target.rows.append(Row("own", "goal", None, {"by": "somebody else"}))
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", GOAL))
    desk.push()
    desk.finish()
    before = target.snapshot()
    desk.plan(wanted("ann/goal", {"weight": 30, "more": "x"}), wanted("eve/goal", GOAL), scopes={"app-bob"})
    desk.push()
    assert target.snapshot() != before
    return target, before


def test_creates_updates_and_deletes_are_taken_back(any_desk: Desk) -> None:
    """The target's full state is as before, other people's records included."""
    target, before = three_kinds(any_desk)  # type: ignore[misc]
    batch_id = any_desk.id
    assert len(preview(any_desk.ledger, Scope(batch_id=batch_id)).pending) == 3
    report = any_desk.rollback()
    assert report.complete
    assert [entry.reference for entry in report.taken_back] != []
    assert len(report.taken_back) == 3
    after = [(e, r, tuple(p for p in d if p[1] is not None)) for e, r, d in target.snapshot()]
    assert after == before
    assert any_desk.batch_state(batch_id) == "compensated"


def test_a_field_that_the_update_added_is_emptied(desk: Desk) -> None:
    """Leaving it out would leave our value in the record."""
    target, _ = three_kinds(desk)  # type: ignore[misc]
    desk.rollback()
    assert {"weight": 20, "more": None} in [row.document for row in target.rows]


def test_a_rollback_may_be_called_again(desk: Desk) -> None:
    """It says the same and sends nothing."""
    target, _ = three_kinds(desk)  # type: ignore[misc]
    batch_id = desk.id
    first = desk.rollback()
    sent = len(target.sent)
    again = desk.rollback(Scope(batch_id=batch_id))
    assert {entry.id for entry in again.taken_back} == {entry.id for entry in first.taken_back}
    assert len(target.sent) == sent


def test_what_was_not_sent_is_cancelled(desk: Desk) -> None:
    """Planned and waiting operations of the batch end there."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", None))
    report = desk.rollback()
    assert report.complete
    assert [entry.state for entry in report.cancelled] == ["cancelled"] * 2


@pytest.mark.parametrize("kind", ["create", "update"])
def test_what_a_person_changed_since_is_left_and_said(desk: Desk, kind: str) -> None:
    """A case asks what to do; the person's content stays."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", GOAL))
    desk.push()
    if kind == "update":
        desk.finish()
        desk.plan(wanted("ann/goal", {"weight": 30}), wanted("bob/goal", {"weight": 30}))
        desk.push()
    reference = desk.history("ann/goal")[0].reference
    [row] = [row for row in target.rows if row.reference == reference]
    row.document["weight"] = 99
    report = desk.rollback()
    assert [(left.operation.reference, left.code) for left in report.left] == [
        (reference, "TARGET_CHANGED_SINCE")
    ]
    assert len(report.taken_back) == 1
    assert row.document["weight"] == 99
    with desk.ledger.read() as tx:
        assert [case.code for case in cases.find(tx)] == ["TARGET_CHANGED_SINCE"]


def test_a_refused_compensation_blocks_no_other(desk: Desk) -> None:
    """The vendor refuses one; all others are taken back and the report names the one."""
    target = desk.target(max_ops=1)
    desk.plan(*[wanted(f"p{n}/goal", {"weight": n}) for n in range(3)])
    desk.push()
    send = target.send

    def picky(operations: object) -> object:
        from trivet.errors import Rejected

        if operations[0].reference == desk.history("p1/goal")[0].reference:  # type: ignore[index]
            return [Rejected("locked by payroll", vendor_code="L1", connector="fake", operation="send")]
        return send(operations)  # type: ignore[arg-type]

    target.send = picky  # type: ignore[method-assign, assignment]
    report = desk.rollback()
    assert (len(report.taken_back), [left.code for left in report.left]) == (2, ["L1"])


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "late"])
def test_a_compensation_whose_answer_was_lost_is_settled(desk: Desk, fault: str) -> None:
    """It is pending until its quiet time is over, then looked at, and done again where needed."""
    target = desk.target(faults=["none", fault])  # type: ignore[list-item]
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    batch_id = desk.id
    report = desk.rollback()
    assert [entry.state for entry in report.pending] == ["comp_unknown"]
    assert desk.batch_state(batch_id) == "compensating"
    desk.settle()
    assert (target.rows, desk.state("ann/goal"), desk.batch_state(batch_id)) == (
        [],
        "compensated",
        "compensated",
    )


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "late"])
def test_what_is_in_the_air_is_taken_back_when_it_is_known(desk: Desk, fault: str) -> None:
    """A rollback during an unknown never resends it, and leaves no residue."""
    target = desk.target(faults=[fault])  # type: ignore[list-item]
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    report = desk.rollback()
    assert [entry.state for entry in report.pending] == ["unknown"]
    desk.settle()
    assert target.rows == []
    assert desk.state("ann/goal") == ("cancelled" if fault == "lost_before" else "compensated")


@pytest.mark.parametrize(
    "place",
    [
        "rollback.after_wish",
        "undo.before_intent",
        "undo.after_intent",
        "undo.after_send",
        "undo.after_outcome",
    ],
)
def test_a_killed_rollback_is_finished_by_settling(desk: Desk, place: str) -> None:
    """The wish is in the ledger; whoever comes next goes on with it."""
    target, before = three_kinds(desk)  # type: ignore[misc]

    def die(name: str) -> None:
        if name == place:
            failpoints.hook = None
            raise Crash

    failpoints.hook = die
    with pytest.raises(Crash):
        desk.rollback()
    for _ in range(3):
        desk.settle()
    after = [(e, r, tuple(p for p in d if p[1] is not None)) for e, r, d in target.snapshot()]
    assert after == before


def test_the_later_is_taken_back_before_the_earlier(desk: Desk) -> None:
    """In reverse order of what a person got."""
    target = desk.target()
    desk.plan(wanted("ann/1", GOAL, order=1), wanted("ann/2", GOAL, order=2), wanted("ann/3", GOAL, order=3))
    desk.push()
    desk.rollback()
    sent = [key[:16] for key, _, _ in target.sent]
    assert sent[3:] == sent[2::-1]


def test_a_person_is_taken_back_through_all_batches(desk: Desk) -> None:
    """Every revision, the newest first; other people stay."""
    target = desk.target()
    for weight in (20, 30, 40):
        desk.plan(wanted("ann/goal", {"weight": weight}), wanted("bob/goal", {"weight": weight}))
        desk.push()
        desk.finish()
    report = desk.rollback(Scope(subject_ref="ann"))
    assert report.complete
    assert len(report.taken_back) == 3
    assert [row.document for row in target.rows] == [{"weight": 40}]


def test_what_a_newer_delivery_stands_on_is_left_and_said(desk: Desk) -> None:
    """Taking an old batch back does not take the newer one with it."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", GOAL))
    desk.push()
    first = desk.id
    desk.finish()
    desk.plan(wanted("ann/goal", {"weight": 30}))
    desk.push()
    report = desk.rollback(Scope(batch_id=first))
    assert [left.code for left in report.left] == ["NEWER_DELIVERY"]
    assert len(report.taken_back) == 1
    assert [row.document for row in target.rows] == [{"weight": 30}]


def test_a_target_without_delete_is_said(desk: Desk) -> None:
    """CANNOT_BE_TAKEN_BACK, nothing sent."""
    target = desk.target(deletes=False)
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    assert [left.code for left in desk.rollback().left] == ["CANNOT_BE_TAKEN_BACK"]
    assert len(target.sent) == 1


def test_where_nothing_can_be_asked_nothing_is_taken_back(desk: Desk) -> None:
    """A person may have changed it since, and nobody could tell: it is a person's decision."""
    target = desk.target(asked_by="nothing")
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", GOAL))
    desk.push()
    target.rows[0].edited = True
    report = desk.rollback()
    assert [left.code for left in report.left] == ["CANNOT_BE_TAKEN_BACK"] * 2
    assert (len(target.rows), target.broken) == (2, [])


def test_a_target_that_is_away_keeps_the_wish(desk: Desk) -> None:
    """Others are taken back; the one that is away follows when it is there again."""
    desk.target()
    away = desk.target("away")
    desk.plan(wanted("ann/goal", GOAL), wanted("ann/note", GOAL, target="away"))
    desk.push()
    desk.push("away")
    away.faults = iter(["auth"])
    report = desk.rollback()
    assert (len(report.taken_back), len(report.pending), len(report.stopped)) == (1, 1, 1)
    desk.settle("away")
    assert away.rows == []


def test_a_living_worker_takes_back_what_it_is_sending(desk: Desk) -> None:
    """A rollback in the middle of a push: the push sees the wish as soon as its outcome is known."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    batch_id = desk.id
    seen: list[object] = []

    def meanwhile(operations: object) -> None:
        if not seen:
            seen.append(operations)
            seen.append(desk.rollback(Scope(batch_id=batch_id)))

    target.on_send = meanwhile
    desk.push()
    assert seen[1].busy == ("erp",)  # type: ignore[attr-defined]
    assert (target.rows, desk.state("ann/goal")) == ([], "compensated")


def test_patience_with_a_compensation_ends_with_a_case(desk: Desk) -> None:
    """Retried with a pause, then a person has to look."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    target.faults = iter(["one_busy"] * LIMITS.max_failures)
    desk.rollback()
    for _ in range(LIMITS.max_failures):
        desk.settle(after=100)
    assert desk.state("ann/goal") == "stuck"


def test_the_wish_names_who_and_why(desk: Desk) -> None:
    """In the audit chain of the batch."""
    three_kinds(desk)
    desk.rollback()
    with desk.ledger.read() as tx:
        said = tx.conn.execute(event.select().where(event.c.code == "ROLLED_BACK")).all()
    assert {(row.actor, row.note) for row in said} == {("ann", "test")}


@pytest.mark.parametrize("scope", [Scope(batch_id="20990101-000000-NONE"), Scope(subject_ref="nobody")])
def test_an_unknown_scope_is_a_clear_error(desk: Desk, scope: Scope) -> None:
    """Nothing is changed."""
    with pytest.raises(LedgerError) as caught:
        desk.rollback(scope)
    assert caught.value.code in {"BATCH_UNKNOWN", "PERSON_UNKNOWN"}


def test_a_scope_is_one_thing() -> None:
    """A batch or a person, not both and not neither."""
    for both in ({}, {"batch_id": "b", "subject_ref": "p"}):
        with pytest.raises(ValueError, match="a batch or a person"):
            Scope(**both)
    assert issubclass(Retryable, Exception)
