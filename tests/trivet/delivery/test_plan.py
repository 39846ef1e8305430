"""The plan is the difference between what is wanted and what was delivered."""

import pytest
from chaos.desk import Desk, wanted

from trivet.delivery.plan import plan
from trivet.errors import LedgerError
from trivet.ledger import batches, contents, set_asides

GOAL = {"weight": 20, "name": "风险意识"}


def actions(desk: Desk, *records: object, **how: object) -> list[str]:
    """What the plan says, record by record."""
    return [entry.action for entry in desk.plan(*records, **how)]  # type: ignore[arg-type]


def test_what_was_never_sent_is_created(any_desk: Desk) -> None:
    """Document, decision and mapping version stay with the operation, sealed."""
    [planned] = any_desk.plan(wanted("ann/goal", GOAL))
    assert (planned.action, planned.document) == ("create", GOAL)
    [entry] = any_desk.history("ann/goal")
    assert (entry.state, entry.kind, entry.revision, entry.mapping_version) == ("planned", "create", 1, "m1")
    with any_desk.ledger.read() as tx:
        kept = contents.get(tx, [entry.id])[entry.id]
    assert (kept.document, kept.decision) == (GOAL, {"rule": "r12", "for": "ann/goal"})


def test_an_equal_document_changes_nothing(any_desk: Desk) -> None:
    """Before and after delivery, in this batch and the next, whatever the order of its fields."""
    any_desk.target()
    any_desk.plan(wanted("ann/goal", GOAL))
    assert actions(any_desk, wanted("ann/goal", {"name": "风险意识", "weight": 20.0})) == ["unchanged"]
    any_desk.push()
    assert actions(any_desk, wanted("ann/goal", GOAL)) == ["unchanged"]
    any_desk.finish()
    assert actions(any_desk, wanted("ann/goal", GOAL)) == ["unchanged"]
    assert any_desk.push().confirmed == 0


def test_a_newer_document_supersedes_what_was_not_sent(desk: Desk) -> None:
    """Only the newest one goes out."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    assert actions(desk, wanted("ann/goal", GOAL | {"weight": 30})) == ["create"]
    assert [entry.state for entry in desk.history("ann/goal")] == ["superseded", "planned"]
    desk.push()
    assert [row.document["weight"] for row in target.rows] == [30]


def test_a_changed_document_is_one_update_of_the_same_record(desk: Desk) -> None:
    """Same reference, next revision."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    assert actions(desk, wanted("ann/goal", GOAL | {"weight": 30})) == ["update"]
    desk.push()
    first, second = desk.history("ann/goal")
    assert (second.reference, second.revision, second.kind) == (first.reference, 2, "update")
    assert [row.document["weight"] for row in target.rows] == [30]


def test_a_change_taken_back_before_sending_sends_nothing(desk: Desk) -> None:
    """The planned update is superseded, the delivered record is what is wanted."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.plan(wanted("ann/goal", GOAL | {"weight": 30}))
    assert actions(desk, wanted("ann/goal", GOAL)) == ["unchanged"]
    assert [entry.state for entry in desk.history("ann/goal")] == ["confirmed", "superseded"]


def test_who_has_no_number_waits_until_it_is_known(desk: Desk) -> None:
    """The same revision goes on when the document can be made; the decision is kept meanwhile."""
    target = desk.target()
    assert actions(desk, wanted("ann/goal", None)) == ["wait"]
    assert actions(desk, wanted("ann/goal", None)) == ["unchanged"]
    assert desk.push().confirmed == 0
    desk.finish()
    assert actions(desk, wanted("ann/goal", GOAL)) == ["create"]
    [entry] = desk.history("ann/goal")
    assert (entry.state, entry.revision, entry.batch_id) == ("planned", 1, desk.id)
    desk.push()
    assert [row.document for row in target.rows] == [GOAL]


def test_a_changed_decision_that_waits_is_replaced(desk: Desk) -> None:
    """What waits is always the newest decision."""
    desk.plan(wanted("ann/goal", None))
    assert actions(desk, wanted("ann/goal", None, decision={"rule": "other"})) == ["wait"]
    assert [entry.state for entry in desk.history("ann/goal")] == ["superseded", "waiting_identity"]


def test_what_is_not_wanted_any_more_is_withdrawn(desk: Desk) -> None:
    """Delivered: a delete; not sent: cancelled; only for scopes that the call completes."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL), wanted("ann/course", {"course": "c1"}), wanted("bob/goal", GOAL))
    desk.push()
    desk.plan(wanted("ann/late", {"course": "c2"}))
    assert actions(desk, wanted("ann/goal", GOAL)) == ["unchanged"]
    said = desk.plan(wanted("ann/goal", GOAL), scopes={"app-ann"})
    assert sorted(entry.action for entry in said) == ["cancel", "delete", "unchanged"]
    assert desk.plan(wanted("ann/goal", GOAL), scopes={"app-ann"}) == desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    assert len(target.rows) == 2
    assert desk.state("bob/goal") == "confirmed"


def test_a_policy_may_keep_what_is_not_wanted_any_more(desk: Desk) -> None:
    """`keep` leaves what was delivered, and still cancels what was not sent."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.plan(wanted("ann/late", GOAL))
    said = desk.plan(scopes={"app-ann"}, targets={"erp"}, vanished="keep")
    assert [entry.action for entry in said] == ["cancel"]


def test_another_targets_records_do_not_vanish(desk: Desk) -> None:
    """A plan for one target says nothing about another one's records."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    assert actions(desk, wanted("ann/note", GOAL, target="hr"), scopes={"app-ann"}) == ["create"]
    assert desk.state("ann/goal") == "confirmed"


def test_what_was_taken_away_can_be_wanted_again(desk: Desk) -> None:
    """After a delete or a roll-back the record is created anew, with the next revision."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.plan(scopes={"app-ann"}, targets={"erp"})
    desk.push()
    assert target.rows == []
    assert actions(desk, wanted("ann/goal", GOAL)) == ["create"]
    desk.push()
    desk.rollback()
    desk.batch = None
    assert actions(desk, wanted("ann/goal", GOAL)) == ["create"]
    desk.push()
    assert [(entry.kind, entry.revision) for entry in desk.history("ann/goal")][-1] == ("create", 4)
    assert len(target.rows) == 1


def test_one_record_wanted_twice_is_refused_and_the_others_go_on(desk: Desk) -> None:
    """Neither of the two is sent; a set-aside entry says so."""
    assert actions(
        desk, wanted("ann/goal", GOAL), wanted("ann/goal", {"weight": 1}), wanted("bob/goal", GOAL)
    ) == [
        "duplicate",
        "duplicate",
        "create",
    ]
    with desk.ledger.read() as tx:
        [aside] = set_asides.find(tx, batch_id=desk.id)
    assert (aside.code, aside.subject_ref) == ("BATCH_DUPLICATE_SUBJECT", "ann")


def test_a_dry_run_says_the_same_and_writes_nothing(any_desk: Desk) -> None:
    """Every operation is shown, none is kept."""
    records = [
        wanted("ann/goal", GOAL),
        wanted("bob/goal", None),
        wanted("eve/goal", GOAL),
        wanted("eve/goal", GOAL),
    ]
    said = any_desk.plan(*records, dry_run=True)
    assert any_desk.states() == {}
    assert any_desk.plan(*records) == said


def test_what_was_refused_is_not_tried_again_until_it_changes(desk: Desk) -> None:
    """Nor are the person's other records sent without it; a changed document starts all of them anew."""
    target = desk.target()
    records = [wanted("ann/goal", GOAL), wanted("ann/course", {"bad": True}), wanted("bob/goal", GOAL)]
    desk.plan(*records)
    desk.push()
    assert desk.states() == {"compensated": 1, "rejected": 1, "confirmed": 1}
    desk.finish()
    assert actions(desk, *records) == ["held", "refused_before", "unchanged"]
    assert desk.push().confirmed == 0
    assert actions(desk, records[0], wanted("ann/course", {"good": True})) == ["create", "create"]
    desk.push()
    assert len(target.rows) == 3


def test_an_independent_record_is_not_held(desk: Desk) -> None:
    """A note in the HR record goes out whatever the ERP refused."""
    desk.target()
    desk.target("hr")
    note = wanted("ann/note", GOAL, target="hr", independent=True)
    desk.plan(wanted("ann/goal", {"bad": True}), note)
    desk.push()
    assert desk.push("hr").confirmed == 1
    assert actions(desk, wanted("ann/goal", {"bad": True}), note) == ["refused_before", "unchanged"]


def test_a_closed_batch_takes_no_plan(desk: Desk) -> None:
    """Nothing is written into what is finished or rolled back."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    batch_id = desk.id
    desk.rollback()
    from trivet.delivery.plan import plan

    with pytest.raises(LedgerError) as caught:
        plan(desk.ledger, batch_id, [wanted("bob/goal", GOAL)])
    assert caught.value.code == "BATCH_CLOSED"


def test_what_stays_planned_is_carried_into_the_next_batch(any_desk: Desk) -> None:
    """A target that was down yesterday gets it today, once; the closed batch is judged without it."""
    any_desk.target(faults=["auth"])
    any_desk.plan(wanted("ann/goal", GOAL))
    assert any_desk.push().stopped is not None
    first = any_desk.finish()
    assert first.state == "pushing"
    any_desk.open()
    any_desk.plan(wanted("ann/goal", GOAL))
    [entry] = any_desk.history("ann/goal")
    assert entry.batch_id == any_desk.id != first.id
    assert any_desk.push().confirmed == 1
    assert any_desk.batch_state(first.id) == "confirmed"


def test_a_revision_planned_while_the_first_was_in_the_air_fits_what_came_of_it(desk: Desk) -> None:
    """It was meant as an update; where the first turns out never to have arrived, the newest one is created instead."""
    target = desk.target(faults=["lost_before"])
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    assert actions(desk, wanted("ann/goal", GOAL | {"weight": 30})) == ["update"]
    assert desk.push().left == 1
    desk.settle()
    desk.push()
    assert [(entry.kind, entry.state) for entry in desk.history("ann/goal")] == [
        ("create", "superseded"),
        ("create", "confirmed"),
    ]
    assert [row.document["weight"] for row in target.rows] == [30]


def test_another_flows_record_is_left_alone_while_it_is_under_way(desk: Desk) -> None:
    """Set aside with that flow's batch, neither replaced nor withdrawn; when it has arrived, the other may change it."""
    desk.target()
    first = desk.id
    desk.plan(wanted("ann/goal", GOAL))
    with desk.ledger.begin() as tx:
        other, _ = batches.open_or_resume(tx, tenant="acme", flow="day", run_key="r", environment="test")
    more = wanted("ann/goal", GOAL | {"weight": 30})
    assert [entry.action for entry in plan(desk.ledger, other.id, [more])] == ["elsewhere"]
    assert plan(desk.ledger, other.id, [], scopes=["app-ann"], targets={"erp"}) == []
    with desk.ledger.read() as tx:
        [aside] = set_asides.find(tx, batch_id=other.id)
    assert (aside.code, first in aside.message) == ("BATCH_ALREADY_EXISTS", True)
    assert [entry.state for entry in desk.history("ann/goal")] == ["planned"]
    desk.push()
    assert [entry.action for entry in plan(desk.ledger, other.id, [more])] == ["update"]
    with desk.ledger.read() as tx:
        assert set_asides.find(tx, batch_id=other.id) == []
