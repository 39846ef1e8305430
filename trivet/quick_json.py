"""JSON written at the speed of C, where it says what Python's own encoder says; the rest is left to that one."""

from typing import Any

import orjson

_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_SORTED = _PLAIN | orjson.OPT_SORT_KEYS


def quick_json(document: Any, *, ordered: bool = False) -> bytes | None:
    """The document without white space, `ordered` by keys; None where only the slow way can tell what it holds.

    That is: numbers beyond 64 bits, half characters, keys that are no text, foreign types, and null, which may have been NaN.
    """
    try:
        written: bytes = orjson.dumps(document, option=_SORTED if ordered else _PLAIN)
    except TypeError:
        return None
    return None if b"null" in written else written
