"""JSON at the speed of C, where it says what Python's own encoder and decoder say; the rest is left to those."""

import json
from collections.abc import Iterable
from typing import Any

import orjson

_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_SORTED = _PLAIN | orjson.OPT_SORT_KEYS
_FINITE = frozenset({str, int, bool, type(None)})
_BEFORE = b":,[-"
_SHAPES = bytes(
    ord("0") if 48 <= byte <= 57 else ord(":") if byte in _BEFORE else ord(" ") for byte in range(256)
)
_LONG = b":" + b"0" * 19
"""The shape of a number that may be beyond 64 bits, without white space before it; ids of so many digits stand in quotes."""

_DIGITS = bytes(ord("0") if 48 <= byte <= 57 else ord(" ") for byte in range(256))
_MANY = b"0" * 19


def quick_json(document: Any, *, ordered: bool = False) -> bytes | None:
    """The document without white space, `ordered` by keys; None where only the slow way can tell what it holds.

    That is: numbers beyond 64 bits, half characters, keys that are no text, foreign types, and what is not finite.
    """
    try:
        written: bytes = orjson.dumps(document, option=_SORTED if ordered else _PLAIN)
    except TypeError:
        return None
    # null may have been NaN
    return None if b"null" in written and not _is_finite((document,)) else written


def _is_finite(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind in _FINITE:
            continue
        if kind is float:
            # NaN and the infinities have no difference to themselves
            if value - value != 0:
                return False
        elif kind is dict:
            if not _is_finite(value.values()):
                return False
        elif kind not in (list, tuple) or not _is_finite(value):
            return False
    return True


def ordered_json(document: Any) -> bytes:
    """The document with its keys sorted, alike each time for what the ledger gives back; good for a hash of it."""
    return quick_json(document, ordered=True) or json.dumps(document, sort_keys=True).encode()


def quick_answer(body: bytes) -> Any:
    """What JSON that somebody else wrote says; ValueError or TypeError where only the slow way can tell."""
    if b"\\u003" in body or _MANY in body.translate(_DIGITS):
        raise ValueError("may hold an escaped colon, or a number beyond 64 bits")
    value = orjson.loads(body)
    # every key has its colon, and of a key that stands twice one is lost
    if orjson.dumps(value).count(b":") != body.count(b":"):
        raise ValueError("a key stands twice")
    return value


def quick_value(written: bytes) -> Any:
    """What JSON that we wrote ourselves says, as Python's own decoder gives it."""
    if _LONG not in (b":" + written).translate(_SHAPES):
        try:
            return orjson.loads(written)
        except orjson.JSONDecodeError:
            pass  # NaN, half characters
    return json.loads(written.decode("utf-8", "surrogatepass"))
