"""Recordings: a file of the opportunity, which the API itself gives to whoever may read it, or sends on to its store for.

What Lever does with films its documents do not say: they name formats of letters and pictures for uploads by the API. Where an
account takes none, recordings lie elsewhere (see the other connectors of recordings).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import NotYet, Rejected
from trivet.model import Document, Download

from .config import LeverConfig
from .wire import NAME, Wire, is_id


class LeverRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"opportunity_id": …, "file_id": …}`."""

    def __init__(self, config: LeverConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """Reads one opportunity, and its files."""
        rows, _ = self.wire.page("list opportunities", "/opportunities", {"limit": 1})
        for row in rows:
            self.wire.page("list files", f"/opportunities/{row['id']}/files", {"limit": 1})

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        return download(self.wire.http, lambda: self._found(reference), self.limit)

    def _found(self, reference: Document) -> Link:
        opportunity, name = reference.get("opportunity_id"), reference.get("file_id")
        if not is_id(opportunity) or not is_id(name):
            raise _refused("REFERENCE", "the reference names no file of an opportunity")
        path = f"/opportunities/{opportunity}/files/{name}"
        file = self.wire.one("get file", path)
        if file is None:
            raise _refused("GONE", "the file is not there any more")
        if file.get("status") == "error":
            raise _refused(
                "UNPROCESSED", "Lever could not process the file when it was uploaded, and does not give it"
            )
        if file.get("status") == "processing":
            raise NotYet(
                "Lever is still working on the file",
                connector=NAME,
                operation="download",
                vendor_code="RECORDING_NOT_YET",
            )
        said = file.get("name")
        return self.wire.link(f"{path}/download", said if isinstance(said, str) else None)


@contextmanager
def open_recordings(config: LeverConfig, services: Services) -> Iterator[LeverRecordings]:
    """The recording source, closed on leaving."""
    recordings = LeverRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="download", vendor_code=code)
