"""The demo company as the stand-in servers see it; can be multiplied for tests of size."""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

WORLD = Path(__file__).parent / "world"
RECORDINGS = WORLD / "recordings"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Person:
    """One candidate."""

    key: str
    name: str
    email: str
    phone: str
    position: str
    stage: str
    employee_number: str | None
    consent: tuple[str, ...]
    recording: str


@cache
def company() -> dict[str, Any]:
    """The file as it is."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(
        (WORLD / "company.yaml").read_text(encoding="utf-8")
    )
    return data


def people(size: int | None = None) -> list[Person]:
    """The demo's candidates, or `size` of them made after their pattern."""
    original = [
        Person(
            c["key"], c["name"], c["email"], c["phone"], c["position"], c["stage"], c.get("employee_number"),
            tuple(c["consent"]), c["recording"],
        )
        for c in company()["candidates"]
    ]  # fmt: skip
    if size is None:
        return original
    consenting = [p for p in original if "ai_score" in p.consent]
    return [_copy(consenting[i % len(consenting)], i) for i in range(size)]


def _copy(person: Person, i: int) -> Person:
    number = f"2{i:07d}" if person.employee_number else None
    return Person(
        f"{person.key}-{i}", f"{person.name} {i}", f"{i}.{person.email}", person.phone, person.position, person.stage,
        number, person.consent, person.recording,
    )  # fmt: skip


def today_ms() -> int:
    """The start of this UTC day, so that interviews always lie in the near past."""
    return int(time.time() * 1000) // DAY_MS * DAY_MS
