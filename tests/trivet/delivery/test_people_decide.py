"""What waits can be ended, what is stuck is decided by a person, and everything can be told afterwards."""

import pytest
from chaos.desk import Desk, wanted
from sqlalchemy import select

from trivet.delivery import report
from trivet.delivery.decide import decide
from trivet.delivery.waiting import cancel_waiting, expire_waiting
from trivet.errors import LedgerError
from trivet.ledger import cases, contents, documents, people
from trivet.ledger.documents import NewDocument
from trivet.ledger.tables import content

GOAL = {"weight": 20}


def test_who_withdraws_is_cancelled_and_erased(any_desk: Desk) -> None:
    """Waiting and planned operations of the application end; nothing of their contents is left."""
    any_desk.plan(wanted("ann/goal", None), wanted("ann/course", GOAL), wanted("bob/goal", None))
    assert cancel_waiting(any_desk.ledger, tenant="acme", scopes=["app-ann"], reason="WITHDRAWN") == 2
    assert cancel_waiting(any_desk.ledger, tenant="acme", scopes=["app-ann"], reason="WITHDRAWN") == 0
    assert any_desk.states() == {"cancelled": 2, "waiting_identity": 1}
    ended = any_desk.history("ann/goal")[0]
    with any_desk.ledger.read() as tx:
        assert contents.get(tx, [ended.id])[ended.id] == contents.Contents()
        assert ended.id not in tx.conn.scalars(select(content.c.operation_id)).all()
    assert ended.fingerprint == ""


def test_a_withdrawn_person_may_come_back(desk: Desk) -> None:
    """A new decision is planned anew."""
    desk.plan(wanted("ann/goal", None))
    cancel_waiting(desk.ledger, tenant="acme", subject_refs=["ann"], reason="REJECTED")
    assert [entry.action for entry in desk.plan(wanted("ann/goal", None))] == ["wait"]


def test_waiting_has_a_term(desk: Desk) -> None:
    """Only what waits longer than that ends."""
    desk.plan(wanted("ann/goal", None), wanted("bob/goal", GOAL))
    desk.clock.advance(100 * 86400)
    desk.plan(wanted("eve/goal", None))
    desk.clock.advance(100 * 86400)
    assert expire_waiting(desk.ledger, tenant="other", days=180) == 0
    assert expire_waiting(desk.ledger, tenant="acme", days=180) == 1
    assert (desk.state("ann/goal"), desk.state("eve/goal")) == ("cancelled", "waiting_identity")


def stuck(desk: Desk) -> str:
    """An operation whose answer was lost where nothing can be asked; its id."""
    desk.target(asked_by="nothing", faults=["lost_before"])
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.settle()
    return desk.history("ann/goal")[0].id


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        ("send_again", "planned"),
        ("confirmed", "confirmed"),
        ("take_back", "comp_planned"),
        ("compensated", "compensated"),
        ("written_off", "written_off"),
    ],
)
def test_a_person_decides_what_is_stuck(desk: Desk, decision: str, state: str) -> None:
    """The case is closed with name and note, and the engine goes on from there."""
    row_id = stuck(desk)
    decide(desk.ledger, row_id, decision, actor="ann", note="I looked")  # type: ignore[arg-type]
    assert desk.state("ann/goal") == state
    with desk.ledger.read() as tx:
        [closed] = cases.find(tx, state="closed")
        assert cases.find(tx) == []
    assert (closed.decided_by, closed.decision, closed.note) == ("ann", decision, "I looked")


def test_a_refused_one_can_be_sent_again(desk: Desk) -> None:
    """After the vendor's settings were mended."""
    target = desk.target()
    target.refuses = lambda _: True
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    target.refuses = lambda _: False
    decide(desk.ledger, desk.history("ann/goal")[0].id, "send_again", actor="ann")
    assert desk.push().confirmed == 1


def test_an_overtaken_refusal_cannot_be_sent_again(desk: Desk) -> None:
    """What was decided since counts."""
    desk.target()
    desk.plan(wanted("ann/goal", {"bad": True}))
    desk.push()
    refused = desk.history("ann/goal")[0].id
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    with pytest.raises(LedgerError) as caught:
        decide(desk.ledger, refused, "send_again", actor="ann")
    assert caught.value.code == "NOTHING_TO_DECIDE"


def test_there_is_nothing_to_decide_on_a_confirmed_one(desk: Desk) -> None:
    """And an unknown id is a clear error."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    for row_id, code in (
        (desk.history("ann/goal")[0].id, "NOTHING_TO_DECIDE"),
        ("nothing", "OPERATION_UNKNOWN"),
    ):
        with pytest.raises(LedgerError) as caught:
            decide(desk.ledger, row_id, "written_off", actor="ann")
        assert caught.value.code == code


def test_a_persons_timeline_tells_everything_in_order(any_desk: Desk) -> None:
    """Consent, documents, plan with its decision, sending, refusal with its reason."""
    any_desk.target()
    batch_id = any_desk.id
    with any_desk.ledger.begin() as tx:
        people.put_consents(tx, "acme", {"ann": [people.Consent("ann", "share_erp", "2025-12-01T00:00:00Z")]})
        known = any_desk.batch
        assert known is not None
        documents.put_many(tx, known, [NewDocument("assessment", "a1", {"score": 8.5}, "f", "ann", "m3")])
    any_desk.clock.advance(1)
    any_desk.plan(wanted("ann/goal", {"bad": True}), wanted("bob/goal", GOAL))
    any_desk.clock.advance(1)
    any_desk.push()
    with any_desk.ledger.read() as tx:
        lines = report.person(tx, "acme", "ann")
        summary = report.batch_summary(tx, batch_id)
    assert [(line.what, line.state) for line in lines] == [
        ("consent", "granted"),
        ("document", "known"),
        ("operation", "planned"),
        ("operation", "intent"),
        ("operation", "rejected"),
    ]
    assert lines[2].detail["decision"] == {"rule": "r12", "for": "ann/goal"}
    assert (lines[4].code, lines[4].detail["field"]) == ("E42", "bad")
    assert summary.deliveries == {"erp": {"rejected": 1, "confirmed": 1}}
    assert [entry.error_code for entry in summary.refused] == ["E42"]


def test_one_delivery_tells_why_and_what_happened(desk: Desk) -> None:
    """Decision, mapping version, document, before-image, every step with the fence of its worker."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.plan(wanted("ann/goal", {"weight": 30}))
    desk.push()
    with desk.ledger.read() as tx:
        found = report.delivery(tx, desk.history("ann/goal")[1].id)
        assert report.delivery(tx, "nothing") is None
    assert found is not None
    assert (found.document, found.before, found.operation.mapping_version) == ({"weight": 30}, GOAL, "m1")
    assert [step.to_state for step in found.steps] == ["planned", "intent", "confirmed"]
    assert found.steps[1].fence == 2


def test_deliveries_are_found_by_what_people_know(desk: Desk) -> None:
    """Batch, target, state, person, reference."""
    desk.target()
    desk.plan(wanted("ann/goal", GOAL), wanted("bob/goal", {"bad": True}))
    desk.push()
    with desk.ledger.read() as tx:
        assert len(report.deliveries(tx, batch_id=desk.id)) == 2
        assert [entry.subject_ref for entry in report.deliveries(tx, state="rejected")] == ["bob"]
        assert [entry.state for entry in report.deliveries(tx, subject_ref="ann", target="erp")] == [
            "confirmed"
        ]
        assert report.deliveries(tx, reference="nothing") == []
        assert len(report.deliveries(tx, limit=1)) == 1
