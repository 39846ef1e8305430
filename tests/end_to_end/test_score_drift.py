"""Scores are spread differently from before: noticed at night, held until a person accepts, nothing sent before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trivet_sandbox
from conftest import World, fresh_world
from end_to_end.graded import PEOPLE, grade, says
from end_to_end.shell import rows, trivet

from trivet.errors import LedgerError
from trivet.flow import steps

CROWD = 60
WAVES = [tuple(f"{PEOPLE[i % 12]}-{i}" for i in range(n, n + 12)) for n in range(0, CROWD, 12)]
"""Twelve people are interviewed a night."""
LIMITS = {"tonight": 12, "past": 24}


@pytest.fixture(scope="module")
def _crowd() -> Iterator[Any]:
    """A larger company: its stand-ins run for this module."""
    names = ("feishu_hire", "successfactors", "kingdee_cloud", "feishu_minutes")
    with trivet_sandbox.start(names, size=CROWD) as sandbox:
        yield sandbox


@pytest.fixture
def crowd(_crowd: Any, tmp_path: Path) -> World:
    """A deployment for it, that holds the batch when scores move."""
    made = fresh_world(_crowd, tmp_path)
    grade(made)
    policy(made, "hold")
    return made


def policy(world: World, drift: str) -> None:
    """What the flow does when scores move."""
    world.edit_flow(lambda flow: flow["policy"].update(score_drift=drift, score_drift_limits=LIMITS))


def night(world: World, turn: int, middle: float = 5.5, **also: float) -> str:
    """A night in which twelve more people were interviewed; the batch."""
    says(world, middle, turn, who=WAVES[turn], **also)
    return world.night()


def moved(world: World) -> list[tuple[str, str]]:
    """What moved and waits for a person."""
    return [(row["path"], row["change"]) for row in rows(world, "drift", "show", world.flow)]


def writes(world: World) -> dict[str, int]:
    """How many calls each system got that may have changed something."""
    return {name: len(world.writes(name)) for name in ("successfactors", "kingdee_cloud", "feishu_hire")}


def test_two_points_for_everyone_hold_the_batch_until_a_person_accepts(crowd: World) -> None:
    """The version says nothing, the spread does: nothing is sent, in that run or a later one, before somebody has looked."""
    for turn in (0, 1):
        night(crowd, turn)
    assert moved(crowd) == []
    grade(crowd, generosity=2)
    says(crowd, 5.5, 2, who=WAVES[2])
    before = writes(crowd)
    with pytest.raises(LedgerError) as caught:
        crowd.night()
    assert caught.value.code == "DRIFT_HELD"
    assert "scores of script_reader 1 + grader 1" in str(caught.value)
    assert "is moved" in str(caught.value)
    assert moved(crowd) == [("score of teamwork", "moved")]
    (row,) = rows(crowd, "drift", "show", crowd.flow)
    assert row["example"].startswith("mean 5.57 of 24 before, 7.57 of 12 now; PSI ")
    with pytest.raises(LedgerError):
        crowd.night()
    assert writes(crowd) == before
    assert "moved" in trivet(crowd, "drift", "accept", crowd.flow)
    batch = crowd.night()
    assert writes(crowd)["successfactors"] > before["successfactors"]
    assert batch == row["batch"]
    # from here on that is how scores are: the past begins anew
    night(crowd, 3)
    assert moved(crowd) == []
    assert rows(crowd, "audit", "verify") == []
    with crowd.hub() as hub, hub.ledger.read() as tx:
        said = tx.conn.exec_driver_sql("SELECT actor, note FROM event WHERE code = 'DRIFT_ACCEPTED'").all()
    assert [actor for actor, _ in said] == ["ann"]


def test_nothing_moves_where_people_are_as_they_were(crowd: World) -> None:
    """Night after night of the same spread, in another order."""
    for turn in range(5):
        night(crowd, turn)
        assert moved(crowd) == []


def test_a_new_version_has_a_past_of_its_own(crowd: World) -> None:
    """It is not compared with the old one's; that it is new is told by the other drift."""
    for turn in (0, 1):
        night(crowd, turn)
    grade(crowd, generosity=2, release="2")
    night(crowd, 2)
    assert all(change == "new" and "grader 2" in path for path, change in moved(crowd))


def test_warning_tells_and_sends(crowd: World) -> None:
    """With `warn` it stands in the batch's report, once."""
    policy(crowd, "warn")
    for turn in (0, 1):
        night(crowd, turn)
    grade(crowd, generosity=2)
    batch = night(crowd, 2)
    assert [entry["path"] for entry in crowd.summary(batch)["drift"]] == ["score of teamwork"]
    assert crowd.summary(night(crowd, 3))["drift"] == []


def test_accepting_looks_at_nothing(crowd: World) -> None:
    """With `accept` nobody compares."""
    policy(crowd, "accept")
    for turn in (0, 1):
        night(crowd, turn)
    grade(crowd, generosity=2)
    night(crowd, 2)
    assert moved(crowd) == []


def test_evidence_that_is_missing_more_often_counts_too(crowd: World) -> None:
    """A scorer that suddenly finds nothing to judge."""
    for turn in (0, 1):
        night(crowd, turn)
    for i, candidate in enumerate(WAVES[2]):
        crowd.speak(candidate, f"turn 2 {i}: teamwork=none; leadership=none")
    with pytest.raises(LedgerError):
        crowd.night()
    assert moved(crowd) == [("share without evidence", "moved")]


def test_a_fresh_result_is_looked_at_together_with_those_before(crowd: World) -> None:
    """Few interviews at a time are filled up with the newest: slow change is seen, too."""
    for turn in (0, 1, 2):
        night(crowd, turn)
    grade(crowd, generosity=3)
    says(crowd, 5.5, 3, who=WAVES[3][:6])
    with crowd.hub() as hub:
        batch = steps.pull(hub, crowd.flow, "few")
        steps.score(hub, batch, 0, 1)
        steps.decide(hub, batch)
    assert moved(crowd) == []
    says(crowd, 5.5, 3, who=WAVES[3][6:])
    with pytest.raises(LedgerError):
        crowd.night()
