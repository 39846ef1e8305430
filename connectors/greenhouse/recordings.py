"""Recordings: an attachment of the application, behind a link that lives seven days and is asked for anew every time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import GreenhouseConfig
from .wire import NAME, Wire, malformed


class GreenhouseRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"attachment_id": …}`."""

    def __init__(self, config: GreenhouseConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads one attachment."""
        self.wire.page("attachments", {"per_page": 1})

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        return download(self.wire.http, lambda: self._signed(reference), self.limit)

    def _signed(self, reference: Document) -> Link:
        name = str(reference.get("attachment_id", ""))
        if not name.isdecimal():
            raise _refused("REFERENCE", "the reference names no attachment")
        rows, _ = self.wire.page("attachments", {"ids": name})
        if not rows:
            raise _refused("GONE", "the attachment is not there any more")
        link = rows[0].get("url")
        if not isinstance(link, str) or not link:
            raise malformed("list attachments", "the attachment has no link")
        return Link(link, None, rows[0].get("filename"))


@contextmanager
def open_recordings(config: GreenhouseConfig, services: Services) -> Iterator[GreenhouseRecordings]:
    """The recording source, closed on leaving."""
    recordings = GreenhouseRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="download", vendor_code=code)
