"""Recordings: a file of the interview record, behind a link that the platform signs anew for every download."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected, Retryable
from trivet.model import Document, Download

from .config import FeishuHireConfig
from .wire import NAME, Wire

CHUNK = 256 * 1024
_TEXT = (b"<", b"{")


class FeishuHireRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"attachment_id": …}`."""

    def __init__(self, config: FeishuHireConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads one job."""
        self.wire.read("check", "/jobs", {"page_size": 1})

    @contextmanager
    def open(self, reference: Document) -> Iterator[Download]:
        """See `RecordingSource`."""
        attachment = self._attachment(reference)
        with self._opened(reference, attachment) as response:
            length = _length(response)
            if length is not None and length > self.limit:
                raise _refused("MEDIA_TOO_LARGE", f"larger than {self.limit // 1024 // 1024} MB")
            yield Download(
                attachment.get("mime") or "application/octet-stream",
                attachment.get("name") or "",
                length,
                self._chunks(response, length),
            )

    @contextmanager
    def _opened(self, reference: Document, attachment: Document) -> Iterator[Any]:
        with self.wire.http.stream("download", attachment["url"]) as response:
            if response.status_code == 200:
                yield response
                return
            status = response.status_code
        if status not in (403, 404, 410):
            raise Retryable(f"HTTP {status}", connector=NAME, operation="download")
        # the link has run out between the two calls: one fresh one
        with self.wire.http.stream("download", self._attachment(reference)["url"]) as response:
            if response.status_code != 200:
                raise Retryable(
                    f"HTTP {response.status_code} on a fresh link", connector=NAME, operation="download"
                )
            yield response

    def _attachment(self, reference: Document) -> Document:
        name = reference.get("attachment_id")
        if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name):
            raise _refused("REFERENCE", "the reference names no attachment")
        data = self.wire.read("get attachment", f"/attachments/{name}")
        attachment = data.get("attachment")
        if not isinstance(attachment, dict) or not attachment.get("url"):
            raise Retryable("the attachment has no link", connector=NAME, operation="get attachment")
        return attachment

    def _chunks(self, response: Any, length: int | None) -> Iterator[bytes]:
        size = 0
        for chunk in self.wire.http.pieces("download", response, CHUNK):
            if size == 0 and chunk.lstrip()[:1] in _TEXT:
                raise _refused("MEDIA_TYPE_MISMATCH", "text came in place of a recording")
            size += len(chunk)
            if size > self.limit:
                raise _refused("MEDIA_TOO_LARGE", f"larger than {self.limit // 1024 // 1024} MB")
            yield chunk
        if size == 0 or (length is not None and size < length):
            raise Retryable(
                f"{size} of {length or 'unknown'} bytes arrived",
                connector=NAME,
                operation="download",
                vendor_code="MEDIA_TRUNCATED",
            )


@contextmanager
def open_recordings(config: FeishuHireConfig, services: Services) -> Iterator[FeishuHireRecordings]:
    """The recording source, closed on leaving."""
    recordings = FeishuHireRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _length(response: Any) -> int | None:
    # of a packed transfer the declared length is the packed one's
    declared = None if "Content-Encoding" in response.headers else response.headers.get("Content-Length")
    return int(declared) if declared else None


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="download", vendor_code=code)
