"""What JSON can say and we can store: finite numbers of a sane length, clean text, text keys, bounded depth.

JSON Schema has no word for any of these, and what breaks them would fail later, in the ledger or at a vendor, with a
whole batch around it.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trivet.quick_json import quick_json

MAX_DEPTH = 100
MAX_DIGITS = 400
_MAX_BITS = MAX_DIGITS * 4
_SHOWN = 60
_WRITE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a document must not hold."""

    pointer: str
    code: str
    """SCORE_NOT_FINITE, JSON_NOT_FINITE, JSON_LIMIT, JSON_TYPE, TEXT_INVALID or TEXT_NUL."""
    message: str


def first_fault(document: Any) -> Fault | None:
    """What the document must not hold; None, and quickly, where it is plain."""
    written = quick_json(document)
    if written is not None:
        return next(_faults(document), None) if b"\\u0000" in written else None
    try:
        text = _WRITE(document)
        text.encode()
    except (ValueError, TypeError, RecursionError):
        return next(_faults(document), None)
    # `\u0000` may also be a backslash and five characters that a person wrote: the walk knows
    return next(_faults(document), None) if "\\u0000" in text else None


def _faults(document: Any) -> Iterator[Fault]:
    stack: list[tuple[str, int, Any]] = [("", 0, document)]
    while stack:
        pointer, depth, value = stack.pop()
        if depth > MAX_DEPTH:
            yield Fault(pointer[:_SHOWN], "JSON_LIMIT", f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(value, dict):
            for key in value:
                yield from _key_faults(pointer, key)
            stack += [(f"{pointer}/{shown_key(key)}", depth + 1, inner) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            stack += [(f"{pointer}/{i}", depth + 1, inner) for i, inner in enumerate(value)]
        else:
            yield from _leaf_faults(pointer, value)


def _key_faults(pointer: str, key: Any) -> Iterator[Fault]:
    if not isinstance(key, str):
        yield Fault(pointer, "JSON_TYPE", f"a key is of type {type(key).__name__}, not text")
    else:
        yield from _text_faults(pointer, key)


def _leaf_faults(pointer: str, value: Any) -> Iterator[Fault]:
    if isinstance(value, str):
        yield from _text_faults(pointer, value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield not_finite(pointer)
    elif isinstance(value, int):
        if value.bit_length() > _MAX_BITS:
            yield Fault(pointer, "JSON_LIMIT", f"an integer of more than {MAX_DIGITS} digits")
    elif value is not None:
        yield Fault(pointer, "JSON_TYPE", f"is of type {type(value).__name__}, which JSON does not know")


def _text_faults(pointer: str, text: str) -> Iterator[Fault]:
    if "\0" in text:
        yield Fault(pointer, "TEXT_NUL", "a text holds NUL")
    elif any("\ud800" <= character <= "\udfff" for character in text):
        yield Fault(pointer, "TEXT_INVALID", "a text holds half a character (lone surrogate)")


def not_finite(pointer: str) -> Fault:
    """The fault of NaN, infinity or a number beyond 1.8e308; a score's has its own code."""
    code = "SCORE_NOT_FINITE" if "score" in pointer.lower() else "JSON_NOT_FINITE"
    return Fault(pointer, code, "is not a finite number")


def shown_key(key: Any) -> str:
    """One step of a JSON pointer, fit to be printed whatever the key holds."""
    text = str(key).encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return text[:_SHOWN].replace("~", "~0").replace("/", "~1")
