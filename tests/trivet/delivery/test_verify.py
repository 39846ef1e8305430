"""Confirmed means: exactly one record with our reference, and in it what we sent."""

import pytest
from chaos.desk import Desk, wanted
from chaos.fake_target import Row

from trivet.ledger import cases

GOAL = {"weight": 20}


def delivered(desk: Desk, *faults: str, **traits: object) -> object:
    """One delivered record; the target."""
    target = desk.target(faults=faults, **traits)  # type: ignore[arg-type]
    desk.plan(wanted("ann/goal", GOAL))
    assert desk.push().confirmed == 1
    return target


def case_codes(desk: Desk) -> list[str]:
    """What people are asked."""
    with desk.ledger.read() as tx:
        return [case.code for case in cases.find(tx)]


def test_what_is_there_as_sent_is_verified_once(any_desk: Desk) -> None:
    """A batch is confirmed only then; a second call reads nothing."""
    delivered(any_desk)
    assert any_desk.batch_state() == "verifying"
    assert any_desk.verify().verified == 1
    assert any_desk.verify().verified == 0
    assert any_desk.finish().state == "confirmed"


def test_fields_that_we_did_not_send_do_not_count(desk: Desk) -> None:
    """The vendor's own fields are its own affair."""
    delivered(desk).rows[0].document["createdBy"] = "system"  # type: ignore[attr-defined]
    assert desk.verify().verified == 1


@pytest.mark.parametrize(("trouble", "code"), [("gone", "MISSING_AT_TARGET"), ("other", "DIFFERS_AT_TARGET")])
def test_a_vendor_that_said_yes_and_did_not_is_caught(desk: Desk, trouble: str, code: str) -> None:
    """HTTP 200 is not success."""
    rows = delivered(desk).rows  # type: ignore[attr-defined]
    if trouble == "gone":
        rows.clear()
    else:
        rows[0].document["weight"] = 2
    assert desk.verify().wrong == 1
    assert (desk.state("ann/goal"), case_codes(desk)) == ("stuck", [code])
    assert desk.batch_state() == "stuck"


def test_a_doubled_request_is_repaired(desk: Desk) -> None:
    """One sending, two records: one is taken away."""
    target = delivered(desk, "twice")
    assert len(target.rows) == 2  # type: ignore[attr-defined]
    report = desk.verify()
    assert (report.verified, report.repaired, len(target.rows)) == (1, 1, 1)  # type: ignore[attr-defined]


def test_doubles_that_differ_are_a_case(desk: Desk) -> None:
    """Which one is right is for a person to say."""
    target = delivered(desk)
    reference = desk.history("ann/goal")[0].reference
    target.rows.append(Row("r9", "goal", reference, {"weight": 1}))  # type: ignore[attr-defined]
    assert desk.verify().wrong == 1
    assert case_codes(desk) == ["DOUBLE_AT_TARGET"]


def test_a_double_that_comes_late_is_found_by_the_second_look(desk: Desk) -> None:
    """When nothing can be in the air any more, everything is read once more."""
    target = delivered(desk, "twice_late")
    assert desk.verify().repaired == 0
    assert desk.look_again().repaired == 1
    assert len(target.rows) == 1  # type: ignore[attr-defined]
    assert desk.look_again().verified == 0


def test_a_persons_later_change_is_hers(desk: Desk) -> None:
    """The second look notes it and touches nothing."""
    target = delivered(desk)
    desk.verify()
    target.rows[0].document["weight"] = 99  # type: ignore[attr-defined]
    assert desk.look_again().changed == 1
    assert (desk.state("ann/goal"), target.rows[0].document["weight"]) == ("confirmed", 99)  # type: ignore[attr-defined]


def test_what_reappears_after_a_rollback_is_taken_away_again(desk: Desk) -> None:
    """A late double leaves no residue."""
    target = delivered(desk, "twice_late")
    desk.rollback()
    assert target.rows == []  # type: ignore[attr-defined]
    assert desk.look_again().residue == 1
    assert (target.rows, desk.state("ann/goal")) == ([], "compensated")  # type: ignore[attr-defined]


def test_only_the_newest_revision_is_compared(desk: Desk) -> None:
    """What a later update replaced is no difference."""
    delivered(desk)
    desk.plan(wanted("ann/goal", {"weight": 30}))
    desk.push()
    report = desk.verify()
    assert (report.verified, report.wrong) == (1, 0)
    assert desk.finish().state == "confirmed"


def test_a_deleted_record_must_be_gone(desk: Desk) -> None:
    """And one that is still there is a case."""
    target = delivered(desk)
    row = target.rows[0]  # type: ignore[attr-defined]
    desk.plan(scopes={"app-ann"}, targets={"erp"})
    desk.push()
    target.rows.append(row)  # type: ignore[attr-defined]
    assert desk.verify().wrong == 1
    assert case_codes(desk) == ["STILL_AT_TARGET"]


def test_where_nothing_can_be_asked_it_is_said(desk: Desk) -> None:
    """Confirmed by the vendor's word alone, and counted as such."""
    delivered(desk, asked_by="nothing")
    assert desk.verify().unasked == 1
    assert desk.finish().state == "confirmed"


def test_an_earlier_delivery_that_reappears_is_a_case(desk: Desk) -> None:
    """A doubled update that arrives after the next one, or a person who went back: a person tells which."""
    target = desk.target(faults=["none", "twice_late"])
    for weight in (20, 30, 40):
        desk.plan(wanted("ann/goal", {"weight": weight}))
        desk.push()
    desk.verify()
    assert desk.look_again().wrong == 1
    assert (target.rows[0].document, case_codes(desk)) == ({"weight": 30}, ["REVERTED_AT_TARGET"])


def test_an_update_that_comes_late_after_its_rollback_is_taken_back_again(desk: Desk) -> None:
    """Whatever was taken back stays taken back."""
    target = desk.target(faults=["none", "twice_late"])
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.finish()
    desk.plan(wanted("ann/goal", {"weight": 30}))
    desk.push()
    desk.rollback()
    assert [row.document for row in target.rows] == [GOAL]
    assert desk.look_again().residue == 1
    assert [row.document for row in target.rows] == [GOAL]


def test_a_delete_that_comes_late_after_its_rollback_is_taken_back_again(desk: Desk) -> None:
    """The record that was created again and vanished once more is created once more."""
    target = desk.target()
    desk.plan(wanted("ann/goal", GOAL))
    desk.push()
    desk.finish()
    desk.plan(scopes={"app-ann"}, targets={"erp"})
    desk.push()
    desk.rollback()
    target.rows.clear()
    assert desk.look_again().residue == 1
    assert [row.document for row in target.rows] == [GOAL]
