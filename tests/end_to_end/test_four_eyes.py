"""A rollback in production takes two people, on the command line too; the trail names both."""

import sqlite3

from conftest import World
from end_to_end.shell import rows, trivet


def production(world: World) -> str:
    """A night of a production flow."""
    batch_id = world.night()
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.execute("UPDATE batch SET environment = 'production'")
    return batch_id


def test_bad_input_one_person_alone(world: World) -> None:
    """Nobody, or the same person in another spelling: exit code 2, the code, and nothing is undone."""
    batch_id = production(world)
    held = world.erps()
    back = ("rollback", batch_id, "--reason", "wrong table", "--yes")
    assert "APPROVAL_MISSING" in trivet(world, *back, exits=2)
    assert "APPROVAL_SAME_PERSON" in trivet(world, *back, "--approved-by", "Ann ", exits=2)
    assert "REQUESTER_UNKNOWN" in trivet(world, *back, "--approved-by", "bea", "--actor", "cli", exits=2)
    assert world.erps() == held
    assert {o["state"] for o in world.operations()} == {"confirmed", "waiting_identity"}


def test_two_people_take_a_person_back(world: World) -> None:
    """Who asked is the actor, who approved stands in the note, for every operation."""
    production(world)
    told = rows(world, "rollback", "10000101", "--reason", "asked", "--yes", "--approved-by", "bea")
    assert {row["state"] for row in told} == {"compensated"}
    with sqlite3.connect(world.state / "ledger.db") as db:
        said = db.execute("SELECT DISTINCT actor, note FROM event WHERE code = 'ROLLED_BACK'").fetchall()
    assert said == [("ann", "asked (approved by bea)")]


def test_a_preview_needs_nobody(world: World) -> None:
    """Looking is free."""
    assert {row["would"] for row in rows(world, "rollback", production(world))} == {"take back", "cancel"}
