"""A person corrects who is who, on the command line: what went to the wrong employee is taken back and goes to the right one."""

from typing import Any

from conftest import World
from end_to_end.shell import rows, trivet

WRONG, RIGHT = "10000102", "10000777"
ERPS = ("successfactors", "kingdee_cloud")


def numbers(world: World) -> set[str]:
    """Employee numbers for which SuccessFactors holds goals or bookings of ours."""
    held = world.held("successfactors")
    ours = {o["entity"] for o in world.operations(target="successfactors")}
    return {str(row.get("userId") or row.get("cust_userId")) for kind in ours for row in held.get(kind, ())}


def newly_known(world: World, number: str) -> None:
    """The ERP knows an employee of that number."""
    world.change("successfactors", entity="User", insert={"userId": number, "status": "t"})


def shown(world: World, who: str) -> dict[str, tuple[str, str]]:
    """Identifier and source by system."""
    return {
        row["system"]: (row["identifier"], row["source"]) for row in rows(world, "crosswalk", "show", who)
    }


def test_what_went_to_the_wrong_employee_goes_to_the_right_one(world: World) -> None:
    """Preview, correction, next night; the audit trail names who said so, and nobody else's records move."""
    world.night()
    newly_known(world, RIGHT)
    assert WRONG in numbers(world)
    subject = rows(world, "crosswalk", "show", WRONG)[0]["subject_ref"]
    others = {o["id"]: o for o in world.operations() if o["subject_ref"] != subject}
    before = world.erps()
    said = trivet(world, "crosswalk", "link", WRONG, RIGHT, "--reason", "typed wrong")
    assert "nothing was changed" in said
    assert world.erps() == before
    trivet(world, "crosswalk", "link", WRONG, RIGHT, "--reason", "typed wrong", "--yes")
    assert WRONG not in numbers(world)
    assert shown(world, RIGHT)["employee_number"] == (RIGHT, "person:ann")
    world.night()
    assert WRONG not in numbers(world)
    assert RIGHT in numbers(world)
    assert {o["id"]: o for o in world.operations() if o["subject_ref"] != subject} == others
    happened: Any = rows(world, "audit", "verify")
    assert happened == []


def test_what_systems_say_later_does_not_undo_it(world: World) -> None:
    """The HR system repeats the wrong number with every change of the application."""
    world.night()
    newly_known(world, RIGHT)
    trivet(world, "crosswalk", "link", WRONG, RIGHT, "--reason", "typed wrong", "--yes")
    world.night()
    world.change("feishu_hire", what="stage", candidate="be2", stage="hired")
    world.clock.forward(seconds=5)
    world.night()
    assert shown(world, RIGHT)["employee_number"][0] == RIGHT
    assert WRONG not in numbers(world)


def test_a_number_that_is_taken_away_is_waited_for(world: World) -> None:
    """Nothing stays under it, what was delivered waits, and a later word delivers it."""
    world.night()
    newly_known(world, RIGHT)
    subject = rows(world, "crosswalk", "show", WRONG)[0]["subject_ref"]
    trivet(world, "crosswalk", "unlink", WRONG, WRONG, "--reason", "another person", "--yes")
    assert WRONG not in numbers(world)
    world.night()
    mine = [o for o in world.operations() if o["subject_ref"] == subject and o["target"] in ERPS]
    assert "waiting_identity" in {o["state"] for o in mine}
    trivet(world, "crosswalk", "link", subject, RIGHT, "--reason", "found", "--yes")
    world.night()
    assert RIGHT in numbers(world)


def test_bad_input_is_refused_and_changes_nothing(world: World) -> None:
    """Somebody else's number, a number that is not hers, nobody: one line with code and cure, exit code not 0."""
    world.night()
    before, known = world.erps(), rows(world, "crosswalk", "show", WRONG)
    why = ("--reason", "trial", "--yes")
    assert "IDENTITY_TAKEN" in trivet(world, "crosswalk", "link", WRONG, "10000101", *why, exits=2)
    assert "IDENTITY_UNKNOWN" in trivet(world, "crosswalk", "unlink", WRONG, "4711", *why, exits=2)
    assert "PERSON_UNKNOWN" in trivet(world, "crosswalk", "link", "nobody", RIGHT, *why, exits=2)
    assert world.erps() == before
    assert rows(world, "crosswalk", "show", WRONG) == known
