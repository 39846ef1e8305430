"""What two people have to want in production: asked on the page, approved by somebody else on the page, done once."""

import sqlite3
from typing import Any

import pytest
from conftest import World, fresh_world
from console import Console, said

from trivet.errors import LedgerError
from trivet.flow import crosswalk, steps, upkeep, wishes
from trivet.flow.gates import approvals
from trivet.flow.privacy import keys

pytestmark = pytest.mark.airflow
SURE = {"sure": "yes"}


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A company after a night that counts as production."""
    made = fresh_world(_servers, tmp_path_factory.mktemp("two"))
    made.night()
    sql(made, "UPDATE batch SET environment = 'production'")
    return made


def sql(world: World, text: str, *values: Any) -> list[Any]:
    """Straight to the ledger."""
    with sqlite3.connect(world.state / "ledger.db") as db:
        return db.execute(text, values).fetchall()


def somebody(world: World) -> str:
    """Of whom a system holds something that nobody took back; another one each time."""
    taken = {row[0] for row in sql(world, "SELECT subject_ref FROM wish WHERE subject_ref IS NOT NULL")}
    found = world.operations(state="confirmed")
    return next(o["subject_ref"] for o in found if o["subject_ref"] not in taken)


def asked(console: Console, path: str, **more: str) -> str:
    """The approval that ann's click asks for."""
    done = console.post(path, name="ann", data={**SURE, "reason": "wrong table", **more})
    assert done.status_code == 303, done.text
    where = done.headers["location"].partition("?")[0].removeprefix("/trivet")
    assert where.startswith("/approval/")
    return str(where.removeprefix("/approval/"))


def answered(console: Console, approval: str, verb: str = "approve", name: str = "bea", **form: str) -> Any:
    """What that person's click is answered."""
    return console.post(f"/approval/{approval}/{verb}", name=name, data={**SURE, **form})


def of(world: World, ref: str) -> set[str]:
    """The states of what was delivered of the person."""
    return {o["state"] for o in world.operations() if o["subject_ref"] == ref}


def numbers(world: World, ref: str) -> list[str]:
    """Her employee numbers."""
    with world.hub() as hub:
        return [e["identifier"] for e in crosswalk.show(hub, ref) if e["system"] == "employee_number"]


def shown(world: World, approval: str) -> dict[str, Any]:
    """The approval."""
    with world.hub() as hub:
        return approvals.shown(hub, approval)


def test_one_asks_another_approves_and_it_is_done_once(console: Console, world: World) -> None:
    """Nothing happens by the first click; the second person sees who wants what and why; a third click changes nothing."""
    ref = somebody(world)
    path = f"/person/{ref}/rollback"
    preview = console.post(path, name="ann")
    assert "In production two people do this" in preview.text
    approval = asked(console, path)
    assert asked(console, path) == approval  # a double click asks once
    assert "compensated" not in of(world, ref)
    page = console.get(f"/approval/{approval}", name="bea")
    assert (">ann<" in page.text, "wrong table" in page.text) == (True, True)
    assert approval in console.get("/approvals", name="bea").text
    assert "/approve" not in console.get(f"/approval/{approval}", name="Ann ").text

    assert "APPROVAL_SAME_PERSON" in answered(console, approval, name="ann").text
    assert "compensated" not in of(world, ref)
    assert answered(console, approval, seen="older").status_code == 409
    digest = shown(world, approval)["digest"]
    for _ in range(2):
        done = answered(console, approval, seen=digest)
        assert done.status_code == 303, done.text
    assert of(world, ref) <= {"compensated", "cancelled"}
    told = sql(
        world, "SELECT actor, note FROM event WHERE code = 'ROLLED_BACK' AND note LIKE '%wrong table%'"
    )
    assert set(told) == {("ann", "wrong table (approved by bea)")}
    trail = sql(
        world,
        "SELECT code, actor FROM event WHERE about = ? AND code NOT LIKE 'PERSONAL%' ORDER BY n",
        approval,
    )
    assert trail == [("APPROVAL_ASKED", "ann"), ("APPROVAL_APPROVED", "bea"), ("WISH_DONE", "ann")]
    assert answered(console, approval, "reject", name="cho").status_code == 409
    with world.hub() as hub:
        assert wishes.carry_out(hub, approval) == []
        assert upkeep.verify(hub) == []


def test_what_changed_since_it_was_asked_is_shown_and_not_approved(console: Console, world: World) -> None:
    """By the page and by the button; rejecting is possible, and who wants it asks anew."""
    ref = somebody(world)
    approval = asked(console, f"/person/{ref}/rollback")
    one = next(o["id"] for o in world.operations(state="confirmed") if o["subject_ref"] == ref)
    sql(world, "UPDATE operation SET state = 'stuck' WHERE id = ?", one)
    page = console.get(f"/approval/{approval}", name="bea")
    assert "has changed since it was asked" in page.text
    assert f"/approval/{approval}/approve" not in page.text
    assert "APPROVAL_CHANGED" in answered(console, approval).text
    sql(world, "UPDATE operation SET state = 'confirmed' WHERE id = ?", one)
    assert answered(console, approval, "reject", note="ask again").status_code == 303
    assert "compensated" not in of(world, ref)
    assert shown(world, approval)["state"] == "rejected"
    assert asked(console, f"/person/{ref}/rollback") != approval


def test_an_expired_wish_is_not_done(console: Console, world: World) -> None:
    """409 with what helps, and everything is where it was."""
    ref = somebody(world)
    approval = asked(console, f"/person/{ref}/rollback")
    sql(world, "UPDATE approval SET expires_at = '2020-01-01T00:00:00.000000Z' WHERE id = ?", approval)
    answer = answered(console, approval)
    assert (answer.status_code, "APPROVAL_EXPIRED" in answer.text) == (409, True)
    assert "compensated" not in of(world, ref)


def test_a_link_is_corrected_by_two(console: Console, world: World) -> None:
    """The number is sealed in the ledger and shown to whom may see it; what cannot be is refused before anybody is asked."""
    ref = somebody(world)
    path = f"/person/{ref}/link"
    others = {o["subject_ref"] for o in world.operations()} - {ref}
    hers = next(number for other in sorted(others) for number in numbers(world, other))
    taken = console.post(path, name="ann", data={**SURE, "reason": "why", "number": hers})
    assert (taken.status_code, "IDENTITY_TAKEN" in taken.text) == (409, True)
    approval = asked(console, path, number="E77001")
    ours = [bytes(row[0]) for row in sql(world, "SELECT number_enc FROM wish WHERE number_enc IS NOT NULL")]
    assert ours
    assert not [sealed for sealed in ours if b"E77001" in sealed]
    with world.hub() as hub:
        assert keys.rotate(hub, lambda *_: None, actor="li.na")["troubles"] == []
    assert "E77001" in console.get(f"/approval/{approval}", name="bea").text
    assert answered(console, approval).status_code == 303
    assert numbers(world, ref) == ["E77001"]
    assert of(world, ref) <= {"compensated", "cancelled"}
    assert shown(world, approval)["wanted"]["outcome"] == "done"


def test_what_was_approved_and_cut_short_goes_on(world: World) -> None:
    """With `settle`, under both names; a passkey is asked for where the policy of a flow wants one."""
    ref = somebody(world)
    with world.hub() as hub:
        opened = wishes.ask(hub, "rollback", ref, actor="ann", reason="cut short")
        sql(world, "UPDATE approval SET passkey = 1 WHERE id = ?", opened.id)
        with pytest.raises(LedgerError) as caught:
            approvals.approve(hub, opened.id, actor="bea")
        assert caught.value.code == "APPROVAL_PASSKEY"
        approvals.approve(hub, opened.id, actor="bea", how=approvals.PASSKEY)
    assert "compensated" not in of(world, ref)
    with world.hub() as hub:
        steps.settle(hub)
        assert wishes.resume(hub) == []
    assert of(world, ref) <= {"compensated", "cancelled"}


def test_a_batch_is_taken_back_by_two(console: Console, world: World) -> None:
    """And the question is no question of the batch's own: what waits in it to be sent is asked about as ever."""
    batch_id = world.operations(target="kingdee_cloud")[0]["batch_id"]
    approval = asked(console, f"/batch/{batch_id}/rollback")
    with world.hub() as hub:
        found = approvals.shown(hub, approval)
    assert (found["wanted"]["batch"], found["batch"]) == (batch_id, batch_id)
    words = said(console.get(f"/approval/{approval}?lang=zh", name="bea").text)
    assert "请求撤回" in words
    assert "None" not in words
    assert answered(console, approval).status_code == 303
    assert not world.operations(state="confirmed")
