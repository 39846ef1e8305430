"""Recordings: a file of the candidate. `candidate.info` tells its handle, `file.info` gives for it a link that lives a while."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import AshbyConfig
from .wire import NAME, Wire, is_id, malformed


class AshbyRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"candidate_id": …, "file_id": …}`."""

    def __init__(self, config: AshbyConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads one candidate."""
        self.wire.page("candidate.list", size=1)

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        return download(self.wire.http, lambda: self._signed(reference), self.limit)

    def _signed(self, reference: Document) -> Link:
        owner, name = reference.get("candidate_id"), reference.get("file_id")
        if not is_id(owner) or not is_id(name):
            raise _refused("REFERENCE", "the reference names no file of a candidate")
        candidate = self.wire.one("candidate.info", id=str(owner)) or {}
        files = candidate.get("fileHandles")
        file = (
            next((f for f in files if isinstance(f, dict) and f.get("id") == name), None) if files else None
        )
        handle = file.get("handle") if file else None
        told = self.wire.one("file.info", fileHandle=handle) if isinstance(handle, str) else None
        if file is None or told is None:
            raise _refused("GONE", "the file is not there any more")
        link, title = told.get("url"), file.get("name")
        if not isinstance(link, str) or not link:
            raise malformed("file.info", "the file has no link")
        return Link(link, None, title if isinstance(title, str) else None)


@contextmanager
def open_recordings(config: AshbyConfig, services: Services) -> Iterator[AshbyRecordings]:
    """The recording source, closed on leaving."""
    recordings = AshbyRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="download", vendor_code=code)
