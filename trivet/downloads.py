"""A recording behind a link that its vendor signs for a while: streamed, capped, whole, and no login page in its place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from trivet.errors import Rejected, Retryable
from trivet.http import HttpClient
from trivet.model import Download

CHUNK = 256 * 1024
EXPIRED = (401, 403, 404, 410)
ELSEWHERE = (301, 302, 303, 307, 308)
_TEXT = (b"<", b"{")
_OPERATION = "download"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file lies now, and what its vendor says of it."""

    url: str
    media_type: str | None
    file_name: str | None
    ours: bool = False
    """`url` is a path at the configured host, which asks for our login."""


@contextmanager
def download(http: HttpClient, signed: Callable[[], Link], limit: int) -> Iterator[Download]:
    """The file behind the link that `signed` gives; one that has run out is renewed once.

    More than `limit` bytes or text are `Rejected` (MEDIA_TOO_LARGE, MEDIA_TYPE_MISMATCH); less than was declared is
    `Retryable`.
    """
    link = signed()
    with _opened(http, link, signed) as response:
        length = _length(response)
        if length is not None and length > limit:
            raise _too_large(http, limit)
        yield Download(
            link.media_type or response.headers.get("Content-Type") or "application/octet-stream",
            link.file_name or "",
            length,
            _chunks(http, response, length, limit),
        )


@contextmanager
def _opened(http: HttpClient, link: Link, signed: Callable[[], Link]) -> Iterator[Any]:
    with _asked(http, link) as response:
        if response.status_code == 200:
            yield response
            return
        status = response.status_code
    if status not in EXPIRED:
        raise _again(http, f"HTTP {status}")
    # the link has run out between the two calls: one fresh one
    with _asked(http, signed()) as response:
        if response.status_code != 200:
            raise _again(http, f"HTTP {response.status_code} on a fresh link")
        yield response


@contextmanager
def _asked(http: HttpClient, link: Link) -> Iterator[Any]:
    url = link.url
    if link.ours:
        with http.stream_ours(_OPERATION, url) as response:
            onward = response.headers.get("Location") if response.status_code in ELSEWHERE else None
            if not onward:
                yield response
                return
        # the vendor keeps its files elsewhere: our login stays at the configured host
        url = urljoin(http.base_url + url, onward)
    with http.stream(_OPERATION, url) as response:
        yield response


def _chunks(http: HttpClient, response: Any, length: int | None, limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in http.pieces(_OPERATION, response, CHUNK):
        if size == 0 and chunk.lstrip()[:1] in _TEXT:
            raise _refused(http, "MEDIA_TYPE_MISMATCH", "text came in place of a recording")
        size += len(chunk)
        if size > limit:
            raise _too_large(http, limit)
        yield chunk
    if size == 0 or (length is not None and size < length):
        raise _again(http, f"{size} of {length or 'unknown'} bytes arrived", "MEDIA_TRUNCATED")


def _length(response: Any) -> int | None:
    # of a packed transfer the declared length is the packed one's
    declared = "" if "Content-Encoding" in response.headers else response.headers.get("Content-Length", "")
    return int(declared) if declared.isdecimal() else None


def _too_large(http: HttpClient, limit: int) -> Rejected:
    return _refused(http, "MEDIA_TOO_LARGE", f"larger than {limit // 1024 // 1024} MB")


def _refused(http: HttpClient, code: str, message: str) -> Rejected:
    return Rejected(message, connector=http.connector, operation=_OPERATION, vendor_code=code)


def _again(http: HttpClient, message: str, code: str | None = None) -> Retryable:
    return Retryable(message, connector=http.connector, operation=_OPERATION, vendor_code=code)
