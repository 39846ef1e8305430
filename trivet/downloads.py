"""A recording behind a link that its vendor signs for a while: streamed, capped, whole, and no login page in its place.

A line that breaks in the middle is taken up where it broke (`Range`, guarded by the file's mark), behind a fresh link where
the old one has run out. A server that knows no ranges begins anew: what is there already is compared, not handed out twice.
"""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import trivet.http
from trivet.errors import ConnectorError, Rejected, Retryable
from trivet.http import HttpClient
from trivet.media import judged
from trivet.model import Download
from trivet.outbound import Opened

CHUNK = 256 * 1024
RESUMES = 4
"""Times that one download is taken up again."""
EXPIRED = (401, 403, 404, 410)
ABSENT = (404, 410, 422)
FINAL = ("DOWNLOAD_TIMEOUT", "MEDIA_CHANGED")
"""What going on would not mend."""
_OPERATION = "download"
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file lies now, and what its vendor says of it."""

    url: str
    media_type: str | None
    file_name: str | None
    secret: Mapping[str, str] = field(default_factory=dict)
    """Headers that the link needs, told to nobody but the vendor: see `secret_hosts`."""
    secret_hosts: tuple[str, ...] = ()
    """The vendor's own hosts (`*.zoom.us`)."""


@contextmanager
def download(http: HttpClient, signed: Callable[[], Link], limit: int) -> Iterator[Download]:
    """The file behind the link that `signed` gives; one that has run out is renewed once.

    More than `limit` bytes, text, pictures or playlists are `Rejected` (MEDIA_TOO_LARGE, RESPONSE_TOO_LARGE_DECODED,
    MEDIA_TYPE_MISMATCH, MEDIA_FORMAT_NOT_ALLOWED), and so is a link that may not be followed (URL_…); less than was
    declared is `Retryable`.
    """
    with ExitStack() as stack:
        transfer = _Transfer(http, signed, limit, stack)
        link = transfer.begin()
        yield Download(
            link.media_type or transfer.opened.headers.get("Content-Type") or "application/octet-stream",
            link.file_name or "",
            transfer.length,
            judged(transfer.pieces(), transfer.reject),
        )


@dataclass(slots=True)
class _Transfer:
    """One download, over as many connections as it takes."""

    http: HttpClient
    signed: Callable[[], Link]
    limit: int
    stack: ExitStack
    opened: Opened = field(init=False)
    length: int | None = None
    """As declared; None where nothing reliable is."""
    mark: str | None = None
    """What the file is recognised by when it is asked for again: a strong ETag, or when it was changed."""
    packed: bool = False
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    until: float = 0.0

    def begin(self) -> Link:
        """Opens it for the first time."""
        self.until = time.monotonic() + self.http.network.download_seconds
        link = self._open({})
        if self.opened.status != 200:
            self._again(f"HTTP {self.opened.status}")
        headers = self.opened.headers
        self.packed = headers.get("Content-Encoding", "identity").lower() != "identity"
        declared = headers.get("Content-Length", "")
        # of a packed transfer the declared length is the packed one's
        self.length = int(declared) if declared.isdecimal() and not self.packed else None
        etag = headers.get("ETag", "")
        self.mark = etag if etag.startswith('"') else headers.get("Last-Modified")
        if self.length is not None and self.length > self.limit:
            self._too_large()
        return link

    def _open(self, headers: Mapping[str, str]) -> Link:
        link = self.signed()
        self._stream(link, headers)
        if self.opened.status in EXPIRED:
            # the link has run out between the two calls: one fresh one
            link = self.signed()
            self._stream(link, headers)
            if self.opened.status in EXPIRED:
                self._again(f"HTTP {self.opened.status} on a fresh link")
        return link

    def _stream(self, link: Link, headers: Mapping[str, str]) -> None:
        self.stack.close()
        self.opened = self.stack.enter_context(
            self.http.stream(
                _OPERATION, link.url, headers=headers, secret=link.secret, secret_hosts=link.secret_hosts,
                until=self.until,
            )
        )  # fmt: skip

    def pieces(self) -> Iterator[bytes]:
        """Every byte once, in order."""
        proof = hashlib.md5(usedforsecurity=False)
        said = "" if self.packed else self.opened.headers.get("Content-MD5", "")
        for piece in self._resumed():
            self.digest.update(piece)
            if said:
                proof.update(piece)
            self.size += len(piece)
            if self.size > self.limit:
                self._too_large()
            yield piece
        if self.size == 0 or (self.length is not None and self.size < self.length):
            self._again(f"{self.size} of {self.length or 'unknown'} bytes arrived", "MEDIA_TRUNCATED")
        if said and base64.b64encode(proof.digest()).decode() != said:
            self._again("other bytes arrived than the vendor's checksum says", "MEDIA_CORRUPT")

    def _resumed(self) -> Iterator[bytes]:
        pieces = self.opened.pieces(CHUNK)
        left = RESUMES
        while True:
            try:
                piece = next(pieces, None)
                if piece is None and not self._short():
                    return
                if piece is not None:
                    yield piece
                    continue
                trouble: ConnectorError | None = None
            except Retryable as error:
                trouble = error
            if trouble is not None and (trouble.vendor_code in FINAL or self.packed):
                raise trouble
            if left == 0 or (trouble is None and self.size == 0):
                self._again(f"{self.size} of {self.length or 'unknown'} bytes arrived", "MEDIA_TRUNCATED")
            left, pieces = self._taken_up(left)

    def _short(self) -> bool:
        return self.length is not None and self.size < self.length

    def _taken_up(self, left: int) -> tuple[int, Iterator[bytes]]:
        """The rest of it, and the tries that are left."""
        while True:
            time.sleep(trivet.http.FIRST_WAIT * 2 ** (RESUMES - left))
            left -= 1
            try:
                return left, self._rest()
            except Retryable as error:
                if left == 0 or error.vendor_code in FINAL:
                    raise

    def _rest(self) -> Iterator[bytes]:
        headers = {"Range": f"bytes={self.size}-"} | ({"If-Range": self.mark} if self.mark else {})
        self._open(headers if self.size else {})
        if self.opened.status == 206:
            told = _RANGE.fullmatch(self.opened.headers.get("Content-Range", ""))
            whole = told[2] if told else ""
            if told is None or int(told[1]) != self.size or whole not in ("*", str(self.length or whole)):
                self._changed()
            return self.opened.pieces(CHUNK)
        if self.opened.status == 416:
            self._changed()
        if self.opened.status != 200:
            self._again(f"HTTP {self.opened.status}")
        return self._behind(self.opened.pieces(CHUNK))

    def _behind(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """What follows the bytes that are there, of a file that came from its beginning once more."""
        seen, left, rest = hashlib.sha256(), self.size, b""
        for piece in pieces:
            seen.update(piece[:left])
            rest, left = piece[left:], max(0, left - len(piece))
            if left == 0:
                break
        if left or seen.digest() != self.digest.digest():
            self._changed()
        yield rest
        yield from pieces

    def _too_large(self) -> NoReturn:
        code = "RESPONSE_TOO_LARGE_DECODED" if self.packed else "MEDIA_TOO_LARGE"
        self.reject(code, f"larger than {self.limit // 1024 // 1024} MB")

    def _changed(self) -> NoReturn:
        self._again("the file became another one while it was read", "MEDIA_CHANGED")

    def reject(self, code: str, message: str) -> NoReturn:
        """Refused for good."""
        raise Rejected(message, connector=self.http.connector, operation=_OPERATION, vendor_code=code)

    def _again(self, message: str, code: str | None = None) -> NoReturn:
        raise Retryable(message, connector=self.http.connector, operation=_OPERATION, vendor_code=code)


def small_text(http: HttpClient, operation: str, link: Link, limit: int) -> str | None:
    """What a small file holds, without a byte order mark; None where it is larger than `limit` bytes, no text, or not there."""
    with http.stream(operation, link.url, secret=link.secret, secret_hosts=link.secret_hosts) as opened:
        if opened.status in ABSENT:
            return None
        if opened.status != 200:
            raise Retryable(f"HTTP {opened.status}", connector=http.connector, operation=operation)
        content = bytearray()
        for piece in opened.pieces(CHUNK):
            content += piece
            if len(content) > limit:
                return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
