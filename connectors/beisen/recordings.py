"""Recordings: a file field of the applicant's profile, behind a link of thirty days that is asked for anew every time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import BeisenConfig
from .source import BeisenSource
from .wire import NAME, Wire, malformed

OPERATION = "get profile"


class BeisenRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"applicant_id": …, "field": …, "file": …}`."""

    def __init__(self, config: BeisenConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)
        self.limit = config.max_recording_mb * 1024 * 1024

    def check(self) -> None:
        """As for the source."""
        BeisenSource(self.config, self.services).check()

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        return download(self.wire.http, lambda: self._link(reference), self.limit)

    def _link(self, reference: Document) -> Link:
        owner, field, file = (reference.get(name) for name in ("applicant_id", "field", "file"))
        if not all(isinstance(one, str) and one for one in (owner, field, file)):
            raise _refused("REFERENCE", "the reference names no file of a profile")
        rows = self.wire.profiles(OPERATION, [str(owner)], [str(field)])
        for value in (one for row in rows for one in row["fieldValues"] if one["name"] == field):
            # several files stand in one field, joined by commas
            names, links = (str(value.get(key) or "").split(",") for key in ("text", "downloadUrl"))
            if file in names:
                if len(names) != len(links) or not links[names.index(file)]:
                    raise malformed(OPERATION, "the file has no link")
                return Link(links[names.index(file)], None, file)
        raise _refused("GONE", "the file is not there any more")


@contextmanager
def open_recordings(config: BeisenConfig, services: Services) -> Iterator[BeisenRecordings]:
    """The recording source, closed on leaving."""
    recordings = BeisenRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="download", vendor_code=code)
