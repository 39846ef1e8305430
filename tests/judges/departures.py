"""Where the reference engine departs from JSONata, so that a difference on one of these says nothing about the engine in use.

    EVENED   their outcome, rewritten as it would be without the departure
    CALMED   the document without what the reference engine stumbles over; on what is left both have to agree

A departure explains a difference only if the difference is gone without it. `exceptions.yaml` says each in words, with an
expression on which the engines still differ.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXACT = 2**53
_SHORT = 1_000
_LAST_MOMENT = 253_402_300_799_999
"""Milliseconds; Python's calendar ends with the year 9999."""
_LAST_MINUTE = _LAST_MOMENT // 60_000
"""What is called a duration is told in minutes, and some moment is counted on from."""


def same(one: Any, other: Any) -> bool:
    """Equal as JSON, to the last bit."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _unescaped(_ours: Any, theirs: Any) -> Any:
    def plain(text: str) -> str:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    return _texts(theirs, plain)


def _doubles(ours: Any, theirs: Any) -> Any:
    """Numbers beyond 2^53 as the double that is nearest, also those inside a text."""
    if isinstance(theirs, str) and isinstance(ours, str):
        return _renumbered(
            ours, theirs, lambda one, other: float(f"{float(one):.14g}") == float(f"{float(other):.14g}")
        )
    if isinstance(theirs, int) and not isinstance(theirs, bool) and abs(theirs) >= _EXACT:
        return float(theirs)
    return _beside(ours, theirs, _doubles)


def _to_even(ours: Any, theirs: Any) -> Any:
    """Decimals inside a text that are off by one in their last place, where the rest of the text is equal."""
    if isinstance(theirs, str) and isinstance(ours, str):
        return _renumbered(ours, theirs, _one_off)
    return _beside(ours, theirs, _to_even)


def _one_off(one: str, other: str) -> bool:
    places = len(one.partition(".")[2])
    ahead = round((float(other) - float(one)) * 10**places, 6)
    return "." in one and len(other.partition(".")[2]) == places and abs(ahead) == 1


def _renumbered(ours: str, theirs: str, alike: Callable[[str, str], bool]) -> str:
    """Their text with our numbers, where the texts differ in such numbers only."""
    one, other = _NUMBER.findall(ours), _NUMBER.findall(theirs)
    if _NUMBER.sub("#", ours) != _NUMBER.sub("#", theirs) or len(one) != len(other):
        return theirs
    fits = all(a == b or alike(a, b) for a, b in zip(one, other, strict=True))
    return ours if fits else theirs


def _beside(ours: Any, theirs: Any, even: Callable[[Any, Any], Any]) -> Any:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return {key: even(ours.get(key), inner) for key, inner in theirs.items()}
    if isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        return list(map(even, ours, theirs))
    return theirs


def _texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _texts(inner, change) for key, inner in value.items()}
    return [_texts(inner, change) for inner in value] if isinstance(value, list) else value


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return (
        [_without_null(inner) for inner in value if inner is not None] if isinstance(value, list) else value
    )


def _strict_numbers(value: Any) -> Any:
    """Without texts that Python reads as numbers and JSON does not."""
    return _texts(value, lambda text: "x" if _python_number(text) and not _NUMBER.fullmatch(text) else text)


def _python_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ascii(value: Any) -> Any:
    return _texts(value, lambda text: "".join(letter if letter.isascii() else "x" for letter in text))


def _short(value: Any) -> Any:
    return _texts(value, lambda text: text[:_SHORT])


def _within_calendar(value: Any, last: float = _LAST_MOMENT) -> Any:
    """Without moments that Python has no calendar for: beyond the year 9999, or a 30th of February."""
    if isinstance(value, str):
        return _DAY.sub(lambda found: found[0] if _is_day(found[0]) else "2026-02-28", value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 7 if abs(value) > last else value
    if isinstance(value, dict):
        return {
            key: _within_calendar(inner, _LAST_MINUTE if key == "duration" else last)
            for key, inner in value.items()
        }
    return [_within_calendar(inner, last) for inner in value] if isinstance(value, list) else value


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


EVENED: dict[str, Callable[[Any, Any], Any]] = {
    "escapes": _unescaped,
    "big_integers": _doubles,
    "halves_up": _to_even,
}
CALMED: dict[str, Callable[[Any], Any]] = {
    "null": _without_null,
    "lenient_numbers": _strict_numbers,
    "calendar": _within_calendar,
    "escapes": _ascii,
    "no_limits": _short,
}
