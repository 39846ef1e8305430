"""Page after page of a list, until it says that it is over; a list that leads in circles is an error."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from trivet.errors import Rejected
from trivet.model import Document

from .calls import NextCursor, NextLink, PageNumber, Read
from .places import copied, filled, get, put, text_at
from .wire import NAME, Wire, malformed


def pages(
    wire: Wire, operation: str, call: Read, values: Mapping[str, str], body: Mapping[str, Any]
) -> Iterator[list[Document]]:
    """The rows of each page; a single object stands for one row. `body` is what goes into it, by pointer."""
    counted = isinstance(call.paging, PageNumber)
    word = str(call.paging.first) if isinstance(call.paging, PageNumber) else ""
    path = filled(call.path, {**values, "page": word, "cursor": word})
    seen: set[str] = set()
    before: list[Document] = []
    while True:
        answer = wire.rows(operation, call, path, _asked(call, body, word))
        rows = [] if answer is None else _rows(operation, call, answer)
        if answer is None or (counted and not rows):
            return
        if rows and rows == before:
            raise malformed(operation, "the same page came again")
        # before the rows are given on: a page that leads nowhere is none
        word = _next(operation, call, answer, word)
        if word in seen:
            raise malformed(operation, "the list leads in a circle")
        if isinstance(call.paging, NextLink):
            path = _below(wire.config.base_url, path, word, operation)
        else:
            path = filled(call.path, {**values, "page": word, "cursor": word})
        yield rows
        if not word:
            return
        before = rows
        seen.add(word)


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
        case PageNumber(into=str(into)):
            put(asked, into, int(word))
        case NextCursor(into=str(into)) if word:
            put(asked, into, word)
    return asked


def _next(operation: str, call: Read, answer: Any, word: str) -> str:
    """What leads to the next page; empty where there is none."""
    match call.paging:
        case PageNumber(step=step):
            return str(int(word) + step)
        case NextCursor(at=at) | NextLink(at=at):
            found = get(answer, at)
            if found in (None, ""):
                return ""
            following = text_at(answer, at)
            if following is None:
                raise malformed(operation, "what should lead to the next page is neither text nor number")
            return following
    return ""


def _below(base: str, path: str, link: str, operation: str) -> str:
    """The path of a link, which has to stay where the credentials may go."""
    address = urljoin(base + path, link)
    if not address.startswith((f"{base}/", f"{base}?")) or "\\" in address:
        raise Rejected(
            "the next page lies outside base_url", connector=NAME, operation=operation, vendor_code="NEXT_LINK",
            cure="set base_url to the address that the links begin with",
        )  # fmt: skip
    return address[len(base) :]
