"""Recordings by the call that the connection describes: a link that is asked for anew every time, or the bytes themselves."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn
from urllib.parse import urljoin

from trivet.contract import Services
from trivet.described.places import filled, names_in, text_at
from trivet.downloads import CHUNK, Link, download
from trivet.errors import ConfigError, Rejected, Retryable
from trivet.media import judged
from trivet.model import Document, Download

from .config import HttpJsonConfig
from .listing import Lists
from .reads import RecordingCall
from .wire import NAME, Wire, malformed, refused

OPERATION = "open a recording"


class HttpJsonRecordings:
    """See `trivet.contract.RecordingSource`; a reference holds the members that the call's path names."""

    def __init__(self, config: HttpJsonConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads a first page of the list of recordings, else of interviews; a recording that is not there proves nothing."""
        self._call()
        listed = [name for name in ("recordings", "interviews") if name in self.config.streams]
        if not listed:
            raise _missing()
        Lists(self.config, self.services, (listed[0],)).check()

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        call = self._call()
        path = _path(call, reference)
        if call.link is None and call.link_header is None:
            return self._own(path)
        return download(self.wire.http, lambda: self._link(call, path), self.limit)

    def _link(self, call: RecordingCall, path: str) -> Link:
        answer = self.wire.open(OPERATION, call, path)
        link = text_at(answer.body, call.link)
        if call.link_header is not None:
            link = answer.headers.get(call.link_header)
        if not link:
            raise malformed(OPERATION, "the answer holds no link")
        address = urljoin(self.config.base_url + path, link)
        return Link(address, text_at(answer.body, call.media_type), text_at(answer.body, call.file_name))

    @contextmanager
    def _own(self, path: str) -> Iterator[Download]:
        with self.wire.file("download", path, CHUNK) as (headers, parts):
            # of a packed transfer the declared length is the packed one's
            declared = "" if "Content-Encoding" in headers else headers.get("Content-Length", "")
            length = int(declared) if declared.isdecimal() else None
            if length is not None and length > self.limit:
                raise self._too_large()
            media_type = headers.get("Content-Type") or "application/octet-stream"
            yield Download(media_type, "", length, judged(self._whole(parts, length), _reject))

    def _whole(self, parts: Iterator[bytes], length: int | None) -> Iterator[bytes]:
        size = 0
        for part in parts:
            size += len(part)
            if size > self.limit:
                raise self._too_large()
            yield part
        if size == 0 or (length is not None and size < length):
            raise Retryable(
                f"{size} of {length or 'unknown'} bytes arrived", connector=NAME, operation="download",
                vendor_code="MEDIA_TRUNCATED",
            )  # fmt: skip

    def _too_large(self) -> Rejected:
        return refused("download", f"larger than {self.limit // 1024 // 1024} MB", code="MEDIA_TOO_LARGE")

    def _call(self) -> RecordingCall:
        if self.config.recording is None:
            raise _missing()
        return self.config.recording


@contextmanager
def open_recordings(config: HttpJsonConfig, services: Services) -> Iterator[HttpJsonRecordings]:
    """The recording source, closed on leaving."""
    recordings = HttpJsonRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _reject(code: str, message: str) -> NoReturn:
    raise refused("download", message, code=code)


def _path(call: RecordingCall, reference: Document) -> str:
    values = {name: text_at(reference, f"/{name}") for name in names_in(call.path)}
    told = {name: value for name, value in values.items() if value not in (None, ".", "..")}
    if len(told) != len(values):
        raise refused(OPERATION, "the reference names no recording", code="REFERENCE")
    return filled(call.path, {name: value or "" for name, value in told.items()})


def _missing() -> ConfigError:
    return ConfigError(
        "the connection does not say how a recording is opened", code="RECORDING_CALL",
        cure="add `recording` to the connection, and `streams` with recordings or interviews, or let the flow fetch "
        "recordings through another connection",
    )  # fmt: skip
