"""Feeds both JSONata engines the same generated documents and compares all that a mapping or rules file makes of them.

The documents are the files' own cases after up to four of their values were dropped, emptied, wrapped or replaced by what real
systems send one day. A seed names every one of them.
"""

import copy
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from judges.departures import CALMED, EVENED, same

from trivet.documents import Contracts
from trivet.documents.yaml_file import load_yaml
from trivet.mapping import Library
from trivet.mapping.files import mapping_files, names
from trivet.mapping.reference import compile_reference
from trivet.mapping.testing import CLOCK, TESTED, base_of, given_to

HOME = Path(__file__).parents[2]
NAMES: list[str] = names(HOME, mapping_files(HOME))
STRANGE: tuple[Any, ...] = (
    None, "", " ", 0, 0.0, 1, -1, 6.4, True, False, [], {}, [None], [1, 2], {"a": 1}, "0", "x", "8.5",
    10**12, 2**53 - 1, 2**53 + 1, 10**18, 1e21, 1.5e300, -1e-7, 0.1 + 0.2, 2.5, 8.25,
    "2026-02-30", "9999-12-31", "2026-03-29T02:30:00+08:00", "２０２６", "NaN", "null", "1e3", "  7 ",
    "𠮷田 O'Brien", "王小明", "e\u0301", "\u200bx", "\ufeffx", "👩‍👩‍👧", "\u202eabc", "ß", "İ", "\t\n", "a" * 300, '"\\',
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fed:
    """What the cases of one file feed in."""

    given: tuple[Any, ...]
    variables: dict[str, Any]
    now: datetime


@cache
def libraries() -> tuple[Library, Library]:
    """The same files on both engines."""
    contracts = Contracts.packaged()
    # a judge is asked what comes out, not how long it took on a busy machine
    patient = partial(compile_reference, patience=100)
    return Library(HOME, contracts), Library(HOME, contracts, patient)


@cache
def fed(name: str) -> Fed:
    """The inputs of the cases beside that file."""
    loaded = load_yaml(HOME / "mappings" / f"{name}{TESTED}", "mapping_test", Contracts.packaged())
    base = base_of(HOME, loaded)
    given = tuple(given_to(base, case) for case in loaded.data["tests"])
    now = datetime.fromisoformat(loaded.data.get("now", CLOCK))
    return Fed(given, loaded.data.get("variables", {}), now)


def generated(name: str, count: int) -> Iterator[Any]:
    """The first so many documents of that file's endless row; the same ones each time."""
    chance = random.Random(name)
    for _ in range(count):
        yield mutated(chance, copy.deepcopy(chance.choice(fed(name).given)))


@dataclass(slots=True)
class Compared:
    """What became of one file's documents."""

    documents: int = 0
    departed: int = 0
    departures: Counter[str] = field(default_factory=Counter)
    """Documents on which the engines differ by a known departure of the reference engine, by its name."""
    faults: list[str] = field(default_factory=list)
    """Documents on which they differ for no known reason."""


def compared(name: str, count: int, both: tuple[Library, Library] | None = None) -> Compared:
    """The engines' outcomes on so many generated documents, held against each other."""
    done = Compared()
    for i, given in enumerate(generated(name, count)):
        done.documents += 1
        ours, theirs = _outcomes(name, given, both)
        if same(ours, theirs):
            continue
        known = _departures(name, given, both)
        done.departures.update(known)
        if known:
            done.departed += 1
        else:
            done.faults.append(f"{name} #{i}: {_apart(ours, theirs)}")
    return done


def _departures(name: str, given: Any, both: tuple[Library, Library] | None) -> tuple[str, ...]:
    """The fewest known departures that explain why the outcomes differ; none where they do not."""
    for calmed in ((), *((one,) for one in CALMED), tuple(CALMED)):
        calm = given
        for one in calmed:
            calm = CALMED[one](copy.deepcopy(calm))
        # without what it stumbles over the engines have to agree
        if calmed and same(calm, given):
            continue
        ours, theirs = _outcomes(name, calm, both)
        evened: tuple[str, ...] = ()
        for one, even in EVENED.items():
            if same(ours, theirs):
                break
            before, theirs = theirs, even(ours, theirs)
            evened += () if same(before, theirs) else (one,)
        if same(ours, theirs):
            return (*calmed, *evened)
    return ()


def _outcomes(name: str, given: Any, both: tuple[Library, Library] | None) -> list[Any]:
    return [outcome(library, name, copy.deepcopy(given)) for library in both or libraries()]


def _apart(ours: Any, theirs: Any, at: str = "") -> str:
    """The first place where the two differ."""
    pairs: Any = ()
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        pairs = ((key, ours[key], theirs[key]) for key in ours)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = ((i, one, other) for i, (one, other) in enumerate(zip(ours, theirs, strict=True)))
    for key, one, other in pairs:
        if not same(one, other):
            return _apart(one, other, f"{at}/{key}")
    return f"{at}: {ascii(ours)[:160]} or {ascii(theirs)[:160]}"


def outcome(library: Library, name: str, given: Any) -> Any:
    """Documents, problems and warnings; of rules also decision and key."""
    entry = fed(name)
    if name.startswith("rules/"):
        decisions, problems = library.rules(name).decide(given, entry.now)
        made: list[Any] = [[d.kind, d.rule, d.key, d.document, _told(d.warnings)] for d in decisions]
        return [made, _told(problems)]
    mapped = library.mapping(name).apply(given, variables=entry.variables, now=entry.now)
    return [mapped.documents, _told(mapped.problems), _told(mapped.warnings)]


def _told(problems: Any) -> list[Any]:
    return [[problem.code, problem.field] for problem in problems]


def mutated(chance: random.Random, document: Any) -> Any:
    """The document with up to four of its values changed, wherever they stand."""
    for _ in range(chance.randint(0, 4)):
        places = list(_places(document))
        if not places:
            return document
        around, key = chance.choice(places)
        match chance.randint(0, 4):
            case 0 if isinstance(around, dict):
                del around[key]
            case 1:
                around[key] = [around[key]]
            case 2:
                around[key] = [around[key], copy.deepcopy(around[key])]
            case _:
                around[key] = copy.deepcopy(chance.choice(STRANGE))
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _places(inner)
