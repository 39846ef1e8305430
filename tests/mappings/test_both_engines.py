"""The engine in use and the reference engine give the same documents and the same problems, whatever is fed in.

Every mapping and rules file of the repository, fed with its own cases after some values were taken away, replaced or wrapped.
Known differences, all of them the reference engine's departures from JSONata, kept out or evened out here: it reads full-width
digits as numbers, keeps integers beyond 2^53 exact, lets null through functions that refuse it, has no years beyond 9999, and
escapes Chinese where a list becomes text, and formats halves up.
"""

import copy
import random
import re
from pathlib import Path
from typing import Any

import pytest

from trivet.documents import Contracts
from trivet.mapping import Library
from trivet.mapping.files import mapping_files, names
from trivet.mapping.reference import compile_reference

HOME = Path(__file__).parents[2]
NAMES = names(HOME, mapping_files(HOME))
DOCUMENTS = 150
STRANGE = (
    0, 1, -1, 6.4, 10**12, True, False, "", " ", "0", "x", "8.5", "2026-02-30", "𠮷田 O'Brien", [], {}, [1, 2], {"a": 1},
)  # fmt: skip


@pytest.fixture(scope="module")
def libraries() -> tuple[Library, Library]:
    """The same files on both engines."""
    contracts = Contracts.packaged()
    return Library(HOME, contracts), Library(HOME, contracts, compile_reference)


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_agree(name, inputs, libraries):
    """Documents, decisions, keys, warnings, and the code and field of every problem."""
    (entry,) = [entry for entry in inputs if entry.name == name]
    chance = random.Random(name)
    for _ in range(DOCUMENTS):
        given = mutated(chance, copy.deepcopy(chance.choice(entry.given)))
        ours, theirs = (outcome(library, entry, given) for library in libraries)
        assert same(ours, theirs), given


def outcome(library: Library, entry: Any, given: Any) -> Any:
    """What one library makes of one input."""
    if entry.name.startswith("rules/"):
        decisions, problems = library.rules(entry.name).decide(given, entry.now)
        made: list[Any] = [[d.kind, d.rule, d.key, d.document] for d in decisions]
        return [made, [[p.code, p.field] for p in problems]]
    mapped = library.mapping(entry.name).apply(given, variables=entry.variables, now=entry.now)
    return [mapped.documents, [[p.code, p.field] for p in (*mapped.problems, *mapped.warnings)]]


def mutated(chance: random.Random, document: Any) -> Any:
    """The document with up to four of its values changed, wherever they stand."""
    for _ in range(chance.randint(0, 4)):
        places = list(walk(document))
        if not places:
            return document
        around, key = chance.choice(places)
        match chance.randint(0, 3):
            case 0 if isinstance(around, dict):
                del around[key]
            case 1:
                around[key] = [around[key], copy.deepcopy(around[key])]
            case _:
                around[key] = copy.deepcopy(chance.choice(STRANGE))
    return document


def walk(value: Any) -> Any:
    """Every place of a document: what is around it, and its key there."""
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from walk(inner)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON; numbers but for the last bits."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-9 * max(1, abs(one))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other or (isinstance(other, str) and one == unescaped(other)))


def unescaped(text: str) -> str:
    r"""The text with each `\\u5ba2` as the character that it stands for."""
    plain = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
