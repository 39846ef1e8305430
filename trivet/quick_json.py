"""JSON at the speed of C, where it says what Python's own encoder and decoder say; the rest is left to those."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NoReturn

import orjson

_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_SORTED = _PLAIN | orjson.OPT_SORT_KEYS
_FINITE = frozenset({str, int, bool, type(None)})
_BEFORE = b":,[-"
_SHAPES = bytes(
    ord("0") if 48 <= byte <= 57 else ord(":") if byte in _BEFORE else ord(" ") for byte in range(256)
)
_MANY = b"0" * 19
"""The shape of a number that may be beyond 64 bits."""
_LONG = b":" + _MANY
"""The same without white space before it; ids of so many digits stand in quotes."""


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
    """What JSON that somebody else wrote says, as Python's own decoder gives it.

    ValueError where it is no JSON, holds a key twice, or a number that JSON does not know.
    """
    if b"\\u003" not in body and _MANY not in body.translate(_SHAPES):
        with suppress(ValueError, TypeError):  # the slow way says what is wrong, if anything is
            value = orjson.loads(body)
            # every key has its colon, none is escaped, and of a key that stands twice one is lost
            if orjson.dumps(value).count(b":") == body.count(b":"):
                return value
    return json.loads(body, parse_constant=_no_constant, object_pairs_hook=_unique)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def quick_value(written: bytes) -> Any:
    """What JSON that we wrote ourselves says, as Python's own decoder gives it."""
    if _LONG not in (b":" + written).translate(_SHAPES):
        try:
            return orjson.loads(written)
        except orjson.JSONDecodeError:
            pass  # NaN, half characters
    return json.loads(written.decode("utf-8", "surrogatepass"))
