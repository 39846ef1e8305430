"""Reads JSON that comes from outside: no duplicate keys, no NaN, bounded depth, size and digits, clean text."""

import json
import re
from typing import Any, NoReturn

from trivet.errors import DocumentRefused

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100
MAX_DIGITS = 400
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(raw: bytes) -> Any:
    """The value, or `DocumentRefused`.

    Codes: JSON_DUPLICATE_KEY, SCORE_NOT_FINITE, JSON_LIMIT, TEXT_INVALID, TEXT_NUL, JSON_SYNTAX.
    """
    if len(raw) > MAX_BYTES:
        _refuse("JSON_LIMIT", f"larger than {MAX_BYTES} bytes")
    _check_depth(raw)
    try:
        value = json.loads(
            raw,
            object_pairs_hook=_unique,
            parse_constant=_not_finite,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except UnicodeDecodeError:
        _refuse("TEXT_INVALID", "not UTF-8")
    except json.JSONDecodeError as error:
        _refuse("JSON_SYNTAX", f"{error.msg} at line {error.lineno} column {error.colno}")
    _check_text(value)
    return value


def _check_depth(raw: bytes) -> None:
    # before the parser recurses; strings are skipped, so that a bracket in a name does not count
    depth = 0
    for token in _NESTING.finditer(raw):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                _refuse("JSON_LIMIT", f"nested deeper than {MAX_DEPTH} levels")
        elif first in b"]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                _refuse("JSON_DUPLICATE_KEY", f"key {key!r} stands twice")
            seen.add(key)
    return made


def _not_finite(name: str) -> NoReturn:
    _refuse("SCORE_NOT_FINITE", f"{name} is not a number that JSON knows")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        _refuse("SCORE_NOT_FINITE", "a number is too large")
    return value


def _bounded(text: str) -> int:
    if len(text) > MAX_DIGITS:
        _refuse("JSON_LIMIT", f"an integer of {len(text)} digits")
    return int(text)


def _check_text(value: Any) -> None:
    stack = [value]
    while stack:
        entry = stack.pop()
        if isinstance(entry, str):
            if "\0" in entry:
                _refuse("TEXT_NUL", "a text holds NUL")
            if _SURROGATE.search(entry):
                _refuse("TEXT_INVALID", "a text holds a lone surrogate")
        elif isinstance(entry, dict):
            stack.extend(entry)
            stack.extend(entry.values())
        elif isinstance(entry, list):
            stack.extend(entry)


def _refuse(code: str, message: str) -> NoReturn:
    raise DocumentRefused(message, code=code)
