"""Runs the official JSON Schema 2020-12 suite, all mandatory cases, through `Contracts`: each library alone, then both as used.

A contract of ours always names its dialect and its `$id`, so a schema of the suite that lacks them is given some.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from judges.sdists import Archive
from judges.verdicts import Verdict

from trivet.documents.contracts import Contracts

FOLDER, REMOTES = "json/tests/draft2020-12", "json/remotes"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
HOST = "http://localhost:1234/"
"""The suite's name for where its other schemas lie; nothing listens there."""
KIND = "judged"


@dataclass(frozen=True, slots=True)
class Group:
    """One schema of the suite with its cases."""

    file: str
    told: dict[str, Any]
    contracts: Contracts


def groups(archive: Archive) -> Iterator[Group]:
    """Every schema of the mandatory part."""
    remotes = _remotes(archive)
    for path, text in sorted(archive.texts(FOLDER).items()):
        # `optional` holds what an implementation may do
        if "/" not in path:
            for told in json.loads(text):
                schemas = {KIND: _contract(told["schema"], "urn:trivet:judged"), **remotes}
                yield Group(PurePosixPath(path).stem, told, Contracts(schemas))


def judged(group: Group) -> Iterator[Verdict]:
    """For each case whether both libraries, and what is made of them, say what the suite says."""
    for case in group.told["tests"]:
        name = f"{group.file}/{group.told['description']}/{case['description']}"
        wanted, document = case["valid"], case["data"]
        answers = {
            "jsonschema-rs": _asked(lambda d: group.contracts._quick(KIND).is_valid(d), document),
            "jsonschema": _asked(lambda d: not any(group.contracts._slow(KIND).iter_errors(d)), document),
            "Contracts": _asked(lambda d: not group.contracts.check(KIND, d), document),
        }
        said = ", ".join(f"{one} says {answer}" for one, answer in answers.items())
        right = all(answer is wanted for answer in answers.values())
        yield Verdict(name, right, f"wants {wanted}, {said}")


def _asked(question: Callable[[Any], bool], document: Any) -> Any:
    try:
        return question(document)
    except Exception as error:  # noqa: BLE001 - whatever comes instead of a verdict is a fault
        return type(error).__name__


def _remotes(archive: Archive) -> dict[str, Any]:
    # those of other drafts lie in folders of their own; what lies in none is for every draft
    found = {}
    for path, text in archive.texts(REMOTES).items():
        if path.startswith("draft2020-12/") or "/" not in path:
            found[path] = _contract(json.loads(text), f"{HOST}{path}")
    return found


def _contract(schema: Any, known_as: str) -> dict[str, Any]:
    around = {"$schema": DIALECT, "$id": known_as}
    return {**around, "allOf": [schema]} if isinstance(schema, bool) else {**around, **schema}
