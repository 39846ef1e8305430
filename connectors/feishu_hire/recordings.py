"""Recordings: a file of the interview record, behind a link that the platform signs anew for every download."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected, Retryable
from trivet.model import Document, Download

from .config import FeishuHireConfig
from .wire import NAME, Wire


class FeishuHireRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"attachment_id": …}`."""

    def __init__(self, config: FeishuHireConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads one job."""
        self.wire.read("check", "/jobs", {"page_size": 1})

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        return download(self.wire.http, lambda: self._signed(reference), self.limit)

    def _signed(self, reference: Document) -> Link:
        name = reference.get("attachment_id")
        if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name):
            raise Rejected(
                "the reference names no attachment", connector=NAME, operation="download", vendor_code="REFERENCE"
            )  # fmt: skip
        data = self.wire.read("get attachment", f"/attachments/{name}")
        attachment = data.get("attachment")
        if not isinstance(attachment, dict) or not attachment.get("url"):
            raise Retryable("the attachment has no link", connector=NAME, operation="get attachment")
        return Link(attachment["url"], attachment.get("mime"), attachment.get("name"))


@contextmanager
def open_recordings(config: FeishuHireConfig, services: Services) -> Iterator[FeishuHireRecordings]:
    """The recording source, closed on leaving."""
    recordings = FeishuHireRecordings(config, services)
    with recordings.wire.http:
        yield recordings
