"""A flow whose scorer reads grades out of what candidates say, so that a test decides every score."""

from pathlib import Path
from typing import Any

from conftest import World

PEOPLE = ("be1", "be2", "be3", "ae1", "ae2", "ae3", "rs1", "rs2", "rs3", "wa1", "wa2", "wa3")
"""Candidates who let an AI score them."""
WAVE = (0.0, 0.6, -0.4, 1.2, -1.1, 0.3, -0.7, 1.6, 0.9, -1.5, 0.1, -0.2)
"""What a person's grade differs in from the middle."""


def grade(world: World, **settings: Any) -> None:
    """One scorer for every position, with these settings."""
    world.connect(grader={"conn_type": "trivet_grader", "extra": {"environment": "sandbox", **settings}})

    def change(flow: dict[str, Any]) -> None:
        flow["scoring"]["routes"] = [{"name": "everyone", "scorers": ["grader"]}]

    world.edit_flow(change)
    file = world.home / "mappings" / "assessments" / "interview.yaml"
    text = file.read_text(encoding="utf-8").replace("answers.behaviour_baseline", "answers.grader")
    Path(file).write_text(text, encoding="utf-8")


def says(
    world: World, middle: float, turn: int = 0, competency: str = "teamwork", who: tuple[str, ...] = PEOPLE
) -> dict[str, float]:
    """These are interviewed anew and show grades around this middle; the grade of each candidate."""
    grades = {}
    for i, candidate in enumerate(who):
        grades[candidate] = round(middle + WAVE[(i + turn) % len(WAVE)], 1)
        world.speak(candidate, f"turn {turn}: {competency}={grades[candidate]}; leadership=none")
    return grades


def interview(candidate: str) -> str:
    """Feishu's own id of the candidate's interview."""
    return f"69501{PEOPLE.index(candidate):014d}"
