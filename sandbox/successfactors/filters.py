"""The part of `$filter` that callers use here: `eq`, `in`-lists written with `or`, `and`, brackets, quoted text."""

import re
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w/]*)|(?P<number>-?\d+(?:\.\d+)?)L?|(?P<mark>[()]))"
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
            return (lambda row: any(t(row) for t in parts)), tokens
        tokens = tokens[1:]


def _and(tokens: list[tuple[str, str]], known: set[str]) -> tuple[Test, list[tuple[str, str]]]:
    parts = []
    while True:
        test, tokens = _comparison(tokens, known)
        parts.append(test)
        if not tokens or tokens[0] != ("word", "and"):
            return (lambda row: all(t(row) for t in parts)), tokens
        tokens = tokens[1:]


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
    value = raw[1:-1].replace("''", "'") if kind == "text" else raw
    if operator == "eq":
        return (lambda row: str(row.get(name)) == value), tokens[3:]
    if operator == "ne":
        return (lambda row: str(row.get(name)) != value), tokens[3:]
    raise ValueError(f"operator {operator} is not served")
