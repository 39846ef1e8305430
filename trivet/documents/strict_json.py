"""Reads JSON that comes from outside: UTF-8, no duplicate keys, no NaN, bounded size, depth and digits, clean text."""

import json
import math
import re
from typing import Any, NoReturn

from trivet.documents.plain import MAX_DEPTH, MAX_DIGITS, Fault, first_fault, not_finite, shown_key
from trivet.errors import DocumentRefused

MAX_BYTES = 64 * 1024 * 1024
# strings are skipped, so that a bracket in a name does not count; possessive, and an open string runs to the end,
# so that no text makes the search start over at each of its quotes
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)


class _Twice(dict[str, Any]):
    """An object that held `key` more than once."""

    key: str


class _NotFinite:
    """Stands where NaN, Infinity or a number beyond 1.8e308 stood."""


def loads(raw: bytes) -> Any:
    """The value; `DocumentRefused` with code and, for what is wrong inside, the JSON pointer.

    Codes: JSON_DUPLICATE_KEY, SCORE_NOT_FINITE (a field of that name) or JSON_NOT_FINITE, JSON_LIMIT, JSON_SYNTAX,
    TEXT_INVALID, TEXT_NUL. No message holds a value.
    """
    if len(raw) > MAX_BYTES:
        _refuse("JSON_LIMIT", f"larger than {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse("TEXT_INVALID", f"not UTF-8 at byte {error.start}")
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=lambda _: _NotFinite(),
            parse_float=_finite,
            parse_int=_bounded,
        )
    except json.JSONDecodeError as error:
        _refuse("JSON_SYNTAX", f"{error.msg} at line {error.lineno} column {error.colno}")
    fault = _marked(value, "") or first_fault(value)
    if fault is not None:
        _refuse(fault.code, fault.message, fault.pointer)
    return value


def _check_depth(text: str) -> None:
    # before the parser recurses
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(text):
        first = token.group()[0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                _refuse("JSON_LIMIT", f"nested deeper than {MAX_DEPTH} levels")
        elif first in "]}":
            depth -= 1


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice = _Twice(made)
    names = [key for key, _ in pairs]
    twice.key = next(key for i, key in enumerate(names) if key in names[:i])
    return twice


def _finite(text: str) -> Any:
    value = float(text)
    return value if math.isfinite(value) else _NotFinite()


def _bounded(text: str) -> int:
    if len(text) > MAX_DIGITS:
        _refuse("JSON_LIMIT", f"an integer of {len(text)} digits")
    return int(text)


def _marked(value: Any, pointer: str) -> Fault | None:
    """The first mark that parsing left; the parser itself does not know where it stands."""
    if isinstance(value, dict):
        if isinstance(value, _Twice):
            at = f"{pointer}/{shown_key(value.key)}"
            return Fault(at, "JSON_DUPLICATE_KEY", f"key {at} stands twice")
        found = (
            _marked(inner, f"{pointer}/{shown_key(key)}") for key, inner in value.items() if _holds(inner)
        )
    elif isinstance(value, list):
        found = (_marked(inner, f"{pointer}/{i}") for i, inner in enumerate(value) if _holds(inner))
    else:
        return not_finite(pointer) if isinstance(value, _NotFinite) else None
    return next((fault for fault in found if fault is not None), None)


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list | _NotFinite)


def _refuse(code: str, message: str, pointer: str = "") -> NoReturn:
    raise DocumentRefused(message, code=code, pointer=pointer)
