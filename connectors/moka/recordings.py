"""Recordings: an attachment of the application, behind a link that lives an hour and is asked for anew every time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import MokaConfig
from .wire import NAME, Wire, malformed

OPERATION = "get attachments"


class MokaRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"application_id": …, "file_name": …}`: attachments have no id."""

    def __init__(self, config: MokaConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads one application."""
        self.wire.applications("check", {"limit": 1})

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        return download(self.wire.http, lambda: self._signed(reference), self.limit)

    def _signed(self, reference: Document) -> Link:
        name, file = str(reference.get("application_id", "")), reference.get("file_name")
        if not name.isdecimal() or not isinstance(file, str) or not file:
            raise _refused("REFERENCE", "the reference names no attachment of an application")
        query = {"applicationIds": [int(name)], "needAttachment": True, "limit": 1}
        rows, _ = self.wire.applications(OPERATION, query) or ([], None)
        files = [one for row in rows for one in _attachments(row)]
        found = next((one for one in files if one.get("fileName") == file), None)
        if found is None:
            raise _refused("GONE", "the attachment is not there any more")
        link = found.get("url")
        if not isinstance(link, str) or not link:
            raise malformed(OPERATION, "the attachment has no link")
        return Link(link, None, file)


@contextmanager
def open_recordings(config: MokaConfig, services: Services) -> Iterator[MokaRecordings]:
    """The recording source, closed on leaving."""
    recordings = MokaRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _attachments(row: Document) -> list[Document]:
    found = row.get("attachments") or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise malformed(OPERATION, "the attachments are no list of files")
    return found


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="download", vendor_code=code)
