"""One way of writing a JSON document down, so that equal documents have equal fingerprints.

Keys sorted, no white space, text in NFC, numbers shortest (8.0 is 8), NaN and infinity refused.
"""

import json
import re
from hashlib import sha256
from typing import Any
from unicodedata import is_normalized, normalize

from trivet.errors import DocumentRefused
from trivet.quick_json import quick_json

# a float with a useless `.0`, one so small that it is written in two ways, an exponent; a hit inside a string costs time only.
# each pattern begins with the two bytes that it is looked for by, which is thirty times as fast as any other
_POINT = re.compile(rb"\.0(?:[,\]}]|(?<=\b0\.0)000|$)")
_EXPONENTS = re.compile(rb"e-\d"), re.compile(rb"e\+\d")
_EXACT = 2**53


def canonical_json(document: Any) -> bytes:
    """The document's canonical UTF-8 bytes; `DocumentRefused` for what JSON cannot say."""
    written = quick_json(document, ordered=True)
    if written is not None and _POINT.search(written):
        written = quick_json(_shortened(document), ordered=True)
    if written is not None and _is_canonical(written):
        return written
    try:
        return _dump(_canonical(document)).encode()
    except UnicodeEncodeError:
        raise DocumentRefused("text holds half a character (lone surrogate)", code="TEXT_INVALID") from None
    except RecursionError:
        raise DocumentRefused("nested too deeply", code="JSON_LIMIT") from None
    except ValueError:
        raise DocumentRefused("a number is not finite", code="JSON_NOT_FINITE") from None
    except TypeError as error:
        raise DocumentRefused(f"not JSON: {error}", code="JSON_TYPE") from None


def fingerprint(document: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return sha256(canonical_json(document)).hexdigest()


def _is_canonical(written: bytes) -> bool:
    if _POINT.search(written) or any(pattern.search(written) for pattern in _EXPONENTS):
        return False
    return written.isascii() or is_normalized("NFC", written.decode())


def _shortened(value: Any) -> Any:
    """The plain value with 8 for 8.0; the rest as it is."""
    kind = value.__class__
    if kind is dict:
        return {k: v if v.__class__ is str else _shortened(v) for k, v in value.items()}
    if kind is list or kind is tuple:
        return [_shortened(inner) for inner in value]
    return int(value) if kind is float and value.is_integer() and abs(value) < _EXACT else value


_dump = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def _canonical(value: Any) -> Any:
    if isinstance(value, str):
        return normalize("NFC", value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, dict):
        pairs = {normalize("NFC", key): _canonical(inner) for key, inner in value.items()}
        if len(pairs) != len(value):
            raise DocumentRefused("two keys are equal but for Unicode form", code="JSON_DUPLICATE_KEY")
        return pairs
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in value]
    return value
