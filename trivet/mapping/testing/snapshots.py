"""Writes what is made now into the cases that hold a snapshot: `expect_exact`, `expect_many`, `expect_decisions`.

A case `snapshot: true` without an expectation gets its first. A case that expects subsets keeps its choice of keys. A case
with a problem that it does not expect stays as it is, and so does every file that cannot be written back unchanged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.yaml_parts import compose
from trivet.errors import ConfigError, TrivetError
from trivet.mapping.files import Library
from trivet.mapping.run import Rules
from trivet.mapping.testing.cases import Suite, case_files, given_to, read_suite
from trivet.mapping.testing.compare import differences, same_exactly
from trivet.mapping.testing.outcome import Outcome, outcome_of, ready_file
from trivet.mapping.testing.splice import Splice

_MANY = ("expect_many", "expect_decisions")


@dataclass(frozen=True, slots=True)
class Updated:
    """A case whose expectation was rewritten."""

    file: str
    line: int
    name: str


def update(home: Path, only: str = "") -> list[Updated]:
    """Rewrites the snapshots below home that no longer hold; the cases that changed."""
    contracts = Contracts.packaged()
    library = Library(home, contracts)
    found: list[Updated] = []
    for test in case_files(home, only):
        try:
            suite = read_suite(home, test, contracts)
            changes = list(_changes(suite, library))
        except TrivetError:
            continue  # the run after this one tells what is wrong with the file
        if changes:
            _write(suite, changes)
            found += [Updated(suite.shown, suite.line(i), suite.cases[i]["name"]) for i, _, _ in changes]
    return found


Change = tuple[int, str, Any]


def _changes(suite: Suite, library: Library) -> Iterator[Change]:
    """Case, key and new value of every snapshot that does not hold."""
    ready = ready_file(library, suite.name)
    for i, case in enumerate(suite.cases):
        outcome = outcome_of(ready, given_to(suite.base, case), suite.variables, suite.now, library.contracts)
        unexpected = differences(
            {"expect_problems": case.get("expect_problems", [])}, Outcome([], outcome.problems)
        )
        if unexpected or not differences(case, outcome):
            continue
        key, value = _snapshot(case, outcome.made, isinstance(ready, Rules))
        if key and not same_exactly(case.get(key), value):
            yield i, key, value


def _snapshot(case: dict[str, Any], made: list[Any], decided: bool) -> tuple[str, Any]:
    """The key that holds the case's snapshot, and what it has to hold; no key where there is none to hold it."""
    for key in _MANY:
        if key in case:
            return key, _narrowed(case[key], made)
    if "expect_exact" in case:
        # one document became none or several: that is no update but another promise
        return ("expect_exact", made[0]) if len(made) == 1 else ("", None)
    if not case.get("snapshot") or "expect" in case:
        return "", None
    if decided:
        return "expect_decisions", made
    return ("expect_exact", made[0]) if len(made) == 1 else ("expect_many", made)


def _narrowed(wanted: Any, made: Any) -> Any:
    """What was made, down to what was asked for."""
    if isinstance(wanted, dict) and isinstance(made, dict):
        return {name: _narrowed(value, made.get(name)) for name, value in wanted.items()}
    if isinstance(wanted, list) and isinstance(made, list):
        kept = [_narrowed(*pair) for pair in zip(wanted, made, strict=False)]
        return [*kept, *made[len(kept) :]]
    return made


def _write(suite: Suite, changes: list[Change]) -> None:
    file = suite.loaded.file
    splice = Splice(suite.loaded.text)
    wanted = {i: dict(case) for i, case in enumerate(suite.cases)}
    for i, key, value in changes:
        splice.put(["tests", i, key], value)
        wanted[i][key] = value
    text = splice.text()
    try:
        written = compose(str(file), text).data
    except ConfigError:
        written = None
    expected = {**suite.loaded.data, "tests": list(wanted.values())}
    if written is None or not same_exactly(expected, written):
        raise ConfigError(
            "its snapshots cannot be rewritten without touching the rest", code="SNAPSHOT_LAYOUT",
            place=str(file), cure="write the expectation of the failing case by hand",
        )  # fmt: skip
    beside = file.with_suffix(".yaml.new")
    beside.write_text(text, encoding="utf-8", newline="")
    beside.replace(file)
