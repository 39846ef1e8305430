"""Page after page of a list, until it says that it is over; a list that leads in circles or elsewhere is an error.

A list that was left in the middle is gone on with by the word that led on: a number, a cursor, or a path below base_url.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from trivet.described.places import copied, filled, get, put, text_at
from trivet.errors import Rejected
from trivet.model import Document

from .reads import Counted, Find, LinkHeader, Narrowed, NextCursor, NextLink, Offset, PageNumber, Paging, Read
from .wire import NAME, Answer, Wire, malformed, refused

_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next\b', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one page; `following` leads to the next one and is empty on the last that is known to be it."""

    rows: list[Document]
    following: str


def sheets(
    wire: Wire, operation: str, call: Read, values: Mapping[str, str], body: Mapping[str, Any], word: str = ""
) -> Iterator[Sheet]:
    """Each page from `word` on; a single object stands for one row. `body` is what goes into it, by pointer."""
    paging = call.paging
    if isinstance(paging, PageNumber | Offset):
        word = word or str(paging.first)
    seen = {word}
    before: list[str | None] = []
    while True:
        path = _path(wire, operation, call, values, word)
        answer = wire.rows(operation, call, path, _asked(call, body, word))
        if answer is None:
            if isinstance(paging, Counted) if _led(paging, word) else isinstance(call, Find | Narrowed):
                return
            # taken for the end, a part of the list would look like the whole of it
            raise refused(
                operation, "the system knows no such page", code="PAGE_GONE",
                cure="compare this call of the connection with what the system answers",
            )  # fmt: skip
        rows = _rows(operation, call, answer.body)
        if isinstance(paging, Counted) and not rows and not _more(paging, answer):
            return
        names = [text_at(row, call.id) for row in rows]
        if names and names == before:
            raise malformed(operation, "the same page came again")
        # before the rows are given on: a page that leads nowhere is none
        word = _following(wire.config.base_url, operation, call, answer, path, word, len(rows))
        if word and word in seen:
            raise malformed(operation, "the list leads in a circle")
        yield Sheet(rows, word)
        if not word:
            return
        before = names
        seen.add(word)


def _led(paging: Paging, word: str) -> bool:
    """Whether the page is not the first."""
    return bool(word) and not (isinstance(paging, PageNumber | Offset) and word == str(paging.first))


def _path(wire: Wire, operation: str, call: Read, values: Mapping[str, str], word: str) -> str:
    if word and isinstance(call.paging, NextLink | LinkHeader):
        return _below(wire.config.base_url, "/", wire.config.base_url + word, operation)
    return filled(call.path, {**values, "page": word, "offset": word, "cursor": word})


def _rows(operation: str, call: Read, answer: Any) -> list[Document]:
    rows = get(answer, call.items)
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise malformed(operation, "the answer holds no list of rows where `items` points to")
    if any(text_at(row, call.id) is None for row in rows):
        raise malformed(operation, "a row lacks its id")
    return rows


def _asked(call: Read, body: Mapping[str, Any], word: str) -> Document:
    """The body of one page's call."""
    asked: Document = copied(call.fixed)
    for place, value in body.items():
        put(asked, place, value)
    match call.paging:
        case Counted(into=str(into)):
            put(asked, into, int(word))
        case NextCursor(into=str(into)) if word:
            put(asked, into, word)
    return asked


def _following(base: str, operation: str, call: Read, answer: Answer, path: str, word: str, rows: int) -> str:
    """What leads to the next page; empty where there is none."""
    match call.paging:
        case Counted() as counted if counted.more is not None and not _more(counted, answer):
            return ""
        case Counted() if not rows:
            raise malformed(operation, "more is to follow, and nothing came")
        case PageNumber(step=step):
            return str(int(word) + step)
        case Offset():
            return str(int(word) + rows)
        case NextCursor() as paging:
            return _cursor(operation, paging, answer)
        case NextLink(at=at):
            link = _text(operation, answer.body, at)
            return _below(base, path, link, operation) if link else ""
        case LinkHeader():
            link = _linked(operation, answer.headers.get("Link", ""))
            return _below(base, path, link, operation) if link else ""
    return ""


def _more(paging: Counted | NextCursor, answer: Answer) -> bool:
    return paging.more is not None and paging.more.holds(answer.body)


def _cursor(operation: str, paging: NextCursor, answer: Answer) -> str:
    if paging.more is not None and not _more(paging, answer):
        return ""
    if paging.header is not None:
        word = answer.headers.get(paging.header, "").strip()
    else:
        word = _text(operation, answer.body, paging.at or "")
    if paging.more is not None and not word:
        raise malformed(operation, "more is to follow, and nothing leads on")
    return word


def _text(operation: str, answer: Any, at: str) -> str:
    if get(answer, at) in (None, ""):
        return ""
    found = text_at(answer, at)
    if found is None:
        raise malformed(operation, "what should lead to the next page is neither text nor number")
    return found


def _linked(operation: str, header: str) -> str:
    found = _NEXT.search(header)
    if found is None or not found[1]:
        # read over, half of the list would look like the whole of it
        if found is not None or "next" in header.lower():
            raise malformed(operation, "the Link header cannot be read")
        return ""
    return found[1]


def _below(base: str, path: str, link: str, operation: str) -> str:
    """The path of a link, which has to stay where the credentials may go."""
    address = urljoin(base + path, link)
    below = address[len(base) :]
    climbs = ".." in re.split(r"[/?#]", below.lower().replace("%2e", "."))
    if not address.startswith((f"{base}/", f"{base}?")) or "\\" in address or climbs:
        raise Rejected(
            "the next page lies outside base_url", connector=NAME, operation=operation, vendor_code="NEXT_LINK",
            cure="set base_url to the address that the links begin with",
        )  # fmt: skip
    return below
