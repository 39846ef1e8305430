"""Recordings: an attachment of the application, behind the address that the application's details give.

That the address opens without our key is an assumption: the specification calls it the URL to download the attachment. A
company whose recordings lie elsewhere, as most do, names another connection under `recordings` in its flow.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import BambooHrConfig
from .wire import ATS, NAME, Wire


class BambooHrRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"application_id": …, "attachment_id": …}`."""

    def __init__(self, config: BambooHrConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads the statuses."""
        self.wire.read("check", f"{ATS}/statuses")

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        return download(self.wire.http, lambda: self._link(reference), self.limit)

    def _link(self, reference: Document) -> Link:
        application, attachment = (
            str(reference.get(name, "")) for name in ("application_id", "attachment_id")
        )
        if not application.isdecimal() or not attachment.isdecimal():
            raise _refused("REFERENCE", "the reference names no attachment of an application")
        said = self.wire.found("get application", f"{ATS}/applications/{application}")
        files = (said or {}).get("attachments") or []
        if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
            raise self.wire.malformed("get application", "the attachments are no list of files")
        named = [file for file in files if str(file.get("id")) == attachment]
        if not named:
            raise _refused("GONE", "the attachment is not there any more")
        link = named[0].get("fileUrl")
        if not isinstance(link, str) or not link:
            raise self.wire.malformed("get application", "the attachment has no address")
        return Link(link, None, named[0].get("name"))


@contextmanager
def open_recordings(config: BambooHrConfig, services: Services) -> Iterator[BambooHrRecordings]:
    """The recording source, closed on leaving."""
    recordings = BambooHrRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="download", vendor_code=code)
