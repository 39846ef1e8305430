"""Lines as they were laid out on a page, made paragraphs again: a term that was broken at the margin is whole."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

_ENDS = tuple("。！？!?.：:；;")
_SHORT = 0.6
"""A line that fills less of the page's width than this ends its paragraph."""
_ITEM = re.compile(r"\s*(?:[-*•·●○■□▪–—]|\(?\d{1,3}[.)、．）]|[（(]?[一二三四五六七八九十]{1,3}[)）、.])\s*")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def clean(text: str) -> str:
    """The text in one line, without controls and halves of characters, which no document may hold."""
    kept = "".join(
        c if not unicodedata.category(c).startswith("C") else " " if c.isspace() else "" for c in text
    )
    return " ".join(kept.split())


def paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """The paragraphs of one page."""
    widest = max((_width(line) for line in lines), default=0)
    made = ""
    ended = True
    for line in lines:
        text = clean(line)
        if made and (ended or not text or _ITEM.match(text)):
            yield made
            made = ""
        made = _joined(made, text) if made else text
        ended = text.endswith(_ENDS) or _width(text) < _SHORT * widest
    if made:
        yield made


def _joined(before: str, after: str) -> str:
    if before.endswith("-") and after[:1].islower():
        return before[:-1] + after
    return before + ("" if _WIDE.match(before[-1]) or _WIDE.match(after[0]) else " ") + after


def _width(line: str) -> int:
    return sum(2 if _WIDE.match(c) else 1 for c in line.strip())
