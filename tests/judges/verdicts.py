"""What a judge says of each case, held against the list of known exceptions (`exceptions.yaml`).

A case that fails has to be listed with its reason; a listed case that passes, or that the suite does not have, is an error too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

LISTED = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case of a suite, judged."""

    name: str
    passed: bool
    said: str
    """What was wanted and what came."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some cases do not pass, in both languages of the pages."""

    en: str
    zh: str
    cases: tuple[str, ...]


@cache
def listed() -> dict[str, Any]:
    """The exceptions file."""
    held: dict[str, Any] = YAML(typ="safe").load(LISTED.read_text(encoding="utf-8"))
    return held


def reasons(suite: str) -> list[Reason]:
    """The known exceptions of that suite."""
    return [Reason(entry["en"], entry["zh"], tuple(entry["cases"])) for entry in listed()[suite]]


def complaints(verdicts: Iterable[Verdict], known: Iterable[Reason]) -> list[str]:
    """Every case that fails unlisted, and every line of the list that is stale; nothing where all is as it is told."""
    by_name: dict[str, Verdict] = {}
    found = []
    for verdict in verdicts:
        if verdict.name in by_name:
            found.append(f"{verdict.name}: two cases of this name")
        by_name[verdict.name] = verdict
    names = [name for reason in known for name in reason.cases]
    found += [f"{name}: listed twice" for name in sorted({name for name in names if names.count(name) > 1})]
    for name in dict.fromkeys(names):
        if name not in by_name:
            found.append(f"{name}: listed, but no case of the suite")
        elif by_name[name].passed:
            found.append(f"{name}: listed, but passes: take it off {LISTED.name}")
    failed = (verdict for verdict in by_name.values() if not verdict.passed and verdict.name not in names)
    return found + [f"{verdict.name}: {verdict.said}" for verdict in failed]
