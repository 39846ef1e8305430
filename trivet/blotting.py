"""Takes out of a system's words what it was sent: a refusal may quote a name, a number, a sentence or the login.

What is left says what was wrong and where; who it was about stands in the operation, under its pseudonym.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

BLOT = "…"
_SHORTEST = 2
_PIECE, _PIECE_WIDE = 12, 4
"""Letters of a piece of a text that count as quoted; of a script without spaces fewer."""
_LOGIN = re.compile(r"\b(Basic|Bearer|Token|Digest|Negotiate)\s+[\w.~+/=:-]{6,}", re.IGNORECASE)


def blotted(text: str, *sent: Any) -> str:
    """The text without any word or longer number of the documents that were sent, and without a login."""
    said = without_login(text)
    values = {value for document in sent for value in _values(document)}
    # the longest first: a name may be part of a sentence
    for value in sorted(values, key=len, reverse=True):
        said = _pattern(value).sub(BLOT, said) if value in said else _without_pieces(said, value)
    return said


def without_login(text: str) -> str:
    """The text without what stands behind the name of a login scheme."""
    return _LOGIN.sub(rf"\1 {BLOT}", text)


def _without_pieces(said: str, value: str) -> str:
    """Long texts are quoted in part, and cut where the system likes."""
    least = _PIECE if value.isascii() else _PIECE_WIDE
    if len(value) <= least:
        return said
    for at, _, length in reversed(SequenceMatcher(None, said, value, autojunk=False).get_matching_blocks()):
        if length >= least:
            said = said[:at] + BLOT + said[at + length :]
    return said


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _values(inner)
    elif isinstance(value, str) and len(value.strip()) >= _SHORTEST:
        yield value.strip()
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 9999:
        yield str(value)


def _pattern(value: str) -> re.Pattern[str]:
    # `E1` was sent and `E12` is the system's own code: a word is a whole word, where its script has spaces between words
    before, after = (
        r"(?<![A-Za-z0-9_])" if _latin(value[0]) else "",
        r"(?![A-Za-z0-9_])" if _latin(value[-1]) else "",
    )
    return re.compile(f"{before}{re.escape(value)}{after}")


def _latin(letter: str) -> bool:
    return letter.isascii() and (letter.isalnum() or letter == "_")
