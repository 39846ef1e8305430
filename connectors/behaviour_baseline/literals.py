"""What a text has to hold for a pattern to match in it, so that most patterns need not be tried on most sentences."""

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

_MOST = 24
"""Literals of one pattern that are still worth looking for."""
Literals = frozenset[str]


def required(pattern: re.Pattern[str]) -> Literals:
    """Texts of which at least one stands in whatever the pattern matches, in lower case; empty where none is known."""
    # the parser of `re` has no public name; what it does not say is not skipped, only slower
    try:
        parsed = import_module("re._parser").parse(pattern.pattern, pattern.flags)
    except ImportError:
        return frozenset()
    return frozenset(one.lower() for one in _of_sequence(list(parsed)) or ())


def _of_sequence(items: Sequence[Any]) -> Literals | None:
    """The best of what its parts require: the longer, the rarer."""
    found = [one for one in _parts(items) if one]
    return max(found, key=_worth, default=None)


def _worth(literals: Literals) -> tuple[int, int]:
    # two chinese characters are about as rare as a word of five letters
    return min(sum(1 if c.isascii() else 3 for c in one) for one in literals), -len(literals)


def _parts(items: Sequence[Any]) -> Iterator[Literals]:
    """What each part requires, runs of letters joined with the short alternatives that follow them."""
    run: set[str] = {""}
    for name, value in ((str(operator), value) for operator, value in items):
        spelled = _spelled(name, value)
        if spelled is not None and len(run) * len(spelled) <= _MOST:
            run = {before + after for before in run for after in spelled}
            continue
        yield _literals(run)
        run = {""} if spelled is None else set(spelled)
        if spelled is None and (inner := _inner(name, value)) is not None:
            yield inner
    yield _literals(run)


def _literals(run: set[str]) -> Literals:
    return frozenset() if "" in run else frozenset(run)


def _spelled(name: str, value: Any) -> set[str] | None:
    """Every text that the part can be, where these are few."""
    if name == "LITERAL":
        return {chr(value)}
    if name in ("AT", "ASSERT_NOT"):
        # takes no room
        return {""}
    if name == "IN":
        letters = {chr(one) for kind, one in value if str(kind) == "LITERAL"}
        return letters if len(letters) == len(value) <= 4 else None
    if name == "SUBPATTERN":
        return _all_spelled(list(value[-1]))
    if name == "BRANCH":
        branches = [_all_spelled(list(branch)) for branch in value[1]]
        return None if any(one is None for one in branches) else set().union(*(one or () for one in branches))
    if name == "MAX_REPEAT" and value[0] == 0 and value[1] == 1:
        inner = _all_spelled(list(value[2]))
        return None if inner is None else {"", *inner}
    return None


def _all_spelled(items: Sequence[Any]) -> set[str] | None:
    run: set[str] = {""}
    for operator, value in items:
        spelled = _spelled(str(operator), value)
        if spelled is None or len(run) * len(spelled) > _MOST:
            return None
        run = {before + after for before in run for after in spelled}
    return run


def _inner(name: str, value: Any) -> Literals | None:
    """What a part requires that can be too many texts to spell."""
    if name == "SUBPATTERN":
        return _of_sequence(list(value[-1]))
    if name == "BRANCH":
        branches = [_of_sequence(list(branch)) for branch in value[1]]
        found = frozenset().union(*(one or frozenset() for one in branches))
        return found if all(branches) and len(found) <= _MOST else None
    if name in ("MAX_REPEAT", "MIN_REPEAT") and value[0] > 0:
        return _of_sequence(list(value[2]))
    return None
