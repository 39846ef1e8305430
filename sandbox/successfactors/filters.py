"""The part of `$filter` that callers use here: comparisons joined by `or` and `and`, brackets, text, numbers, times."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq,
    "ne": ne,
    "ge": ge,
    "gt": gt,
    "le": le,
    "lt": lt,
}
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_TOKEN = re.compile(
    r"\s*(?:(?P<time>datetime(?:offset)?'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w/]*)|(?P<number>-?\d+(?:\.\d+)?)L?|(?P<mark>[()]))"
)


def parse(text: str, known: set[str]) -> Test:
    """The test that the filter says; ValueError where it is malformed or names an unknown property."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"malformed filter at {at}")
        kind = str(match.lastgroup)
        tokens.append((kind, match.group(kind)))
        at = match.end()
    test, rest = _or(tokens, known)
    if rest:
        raise ValueError("malformed filter")
    return test


def _or(tokens: list[tuple[str, str]], known: set[str]) -> tuple[Test, list[tuple[str, str]]]:
    parts = []
    while True:
        test, tokens = _and(tokens, known)
        parts.append(test)
        if not tokens or tokens[0] != ("word", "or"):
            return _either(parts), tokens
        tokens = tokens[1:]


def _and(tokens: list[tuple[str, str]], known: set[str]) -> tuple[Test, list[tuple[str, str]]]:
    parts = []
    while True:
        test, tokens = _comparison(tokens, known)
        parts.append(test)
        if not tokens or tokens[0] != ("word", "and"):
            return parts[0] if len(parts) == 1 else (lambda row: all(t(row) for t in parts)), tokens
        tokens = tokens[1:]


@dataclass(frozen=True)
class _Among:
    """A property that is one of some texts."""

    name: str
    texts: frozenset[str]

    def __call__(self, row: Row) -> bool:
        return str(row.get(self.name)) in self.texts


def _either(parts: list[Test]) -> Test:
    """One look a row, where hundreds of texts are asked for."""
    same = [part for part in parts if isinstance(part, _Among)]
    if len(same) == len(parts) and len({part.name for part in same}) == 1:
        return _Among(same[0].name, frozenset().union(*(part.texts for part in same)))
    return lambda row: any(test(row) for test in parts)


def _comparison(tokens: list[tuple[str, str]], known: set[str]) -> tuple[Test, list[tuple[str, str]]]:
    if tokens and tokens[0] == ("mark", "("):
        test, tokens = _or(tokens[1:], known)
        if not tokens or tokens[0] != ("mark", ")"):
            raise ValueError("malformed filter: bracket")
        return test, tokens[1:]
    if len(tokens) < 3 or tokens[0][0] != "word" or tokens[1][0] != "word":
        raise ValueError("malformed filter")
    name, operator, (kind, raw) = tokens[0][1], tokens[1][1], tokens[2]
    if name not in known:
        raise ValueError(f"unknown property {name}")
    if operator not in _OPERATORS:
        raise ValueError(f"operator {operator} is not served")
    return _test(name, _OPERATORS[operator], kind, raw), tokens[3:]


def _test(name: str, compare: Callable[[Any, Any], bool], kind: str, raw: str) -> Test:
    if kind == "time":
        at = datetime.fromisoformat(raw[raw.index("'") + 1 : -1])
        wanted = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000

        def holds(row: Row) -> bool:
            match = _DATE.fullmatch(str(row.get(name)))
            return match is not None and compare(int(match[1]), round(wanted))

        return holds
    value = raw[1:-1].replace("''", "'") if kind == "text" else raw
    if kind == "number":
        return lambda row: row.get(name) is not None and compare(Decimal(str(row[name])), Decimal(value))
    if compare is eq:
        return _Among(name, frozenset({value}))
    return lambda row: compare(str(row.get(name)), value)
