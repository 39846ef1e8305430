"""One way of writing a JSON document down, so that equal documents have equal fingerprints.

Keys sorted, no white space, text in NFC, numbers shortest (8.0 is 8), NaN and infinity refused.
"""

import json
import re
from hashlib import sha256
from typing import Any
from unicodedata import is_normalized, normalize

from trivet.errors import DocumentRefused

# a float that json writes with a useless `.0`, an exponent or a sign of zero; a hit inside a string costs time only
_LONG_NUMBER = re.compile(r"\d\.0(?=[,\]}])|\d[eE][+-]?\d|^-?\d+\.0$")
_EXACT = 2**53


def canonical_json(document: Any) -> bytes:
    """The document's canonical UTF-8 bytes; `DocumentRefused` for what JSON cannot say."""
    try:
        text = _dump(document)
        if _may_be_longer(text) or not (text.isascii() or is_normalized("NFC", text)):
            text = _dump(_canonical(document))
        return text.encode()
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


def _may_be_longer(text: str) -> bool:
    # the substrings cost a tenth of the pattern, and most documents hold none of them
    return any(sign in text for sign in (".0", "e-", "e+")) and _LONG_NUMBER.search(text) is not None


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
