"""Recordings: those of a meeting around the interview's time, and the address of the one that begins with it.

A time window is at most 31 days; an address lives six hours, or five minutes, and is asked for anew every time.
"""

import mimetypes
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from trivet.awaiting import absent, not_before_its_end, of_the_interview, told
from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import TencentMeetingConfig
from .wire import NAME, Wire, malformed

_LIST, _ADDRESS = "list recordings", "get address"
DONE = 3
"""State of a recording: 1 it goes on, 2 it is transcoded, 3 it is there."""
PAGE = 20
AROUND = timedelta(hours=12)
_PLAIN = re.compile(r"\d+", re.ASCII)


class TencentMeetingRecordings:
    """See `trivet.contract.RecordingSource`."""

    def __init__(self, config: TencentMeetingConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Lists the recordings of the last minute."""
        now = self.services.now()
        self._page({}, now - timedelta(minutes=1), now, 1)

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        limit = self.config.max_recording_mb * 1024 * 1024
        return download(self.wire.http, lambda: self._signed(reference), limit)

    def _signed(self, reference: Document) -> Link:
        which = {name: reference[name] for name in ("meeting_id", "meeting_code") if reference.get(name)}
        if not which or not all(isinstance(v, str) and _PLAIN.fullmatch(v) for v in which.values()):
            raise Rejected(
                "the reference names no meeting", connector=NAME, operation=_LIST, vendor_code="REFERENCE"
            )
        begin = told(NAME, reference, "starts_at")
        if begin is None:
            raise Rejected(
                "nothing says when the interview was", connector=NAME, operation=_LIST, vendor_code="RECORDING_AMBIGUOUS",
                cure="map `starts_at` into the reference",
            )  # fmt: skip
        not_before_its_end(NAME, reference, self.services.now())
        record = self._record(which, begin, reference)
        query = {"meeting_record_id": record["meeting_record_id"], "page_size": 50, "page": 1}
        files = _objects(self.wire.read(_ADDRESS, "/addresses", query), "record_files", _ADDRESS)
        if len(files) != 1:
            self._in_parts(len(files))
        return self._link(files[0], reference)

    def _link(self, file: Document, reference: Document) -> Link:
        names = ["audio_address", "download_address"]
        given = [name for name in names if isinstance(file.get(name), str) and file[name]]
        if not given:
            self._absent(reference, "Tencent Meeting gives no address of the recording")
        name = given[0] if self.config.prefer == "audio" else given[-1]
        ending = str(file.get(f"{name}_file_type") or "mp4")
        return Link(file[name], mimetypes.guess_type(f"x.{ending}")[0], f"recording.{ending}")

    def _record(self, which: Document, begin: datetime, reference: Document) -> Document:
        """The recording of the interview; `RECORDING_IN_PARTS` where the meeting was recorded more than once meanwhile."""
        records = self._records(which, begin)
        starts = [_start(record) for record in records]
        i = of_the_interview(NAME, reference, starts, self.config)
        if i is None:
            self._absent(reference, "Tencent Meeting has no recording of the meeting")
        end = told(NAME, reference, "ends_at") or starts[i]
        first = begin - timedelta(minutes=self.config.start_tolerance_minutes)
        parts = [
            record for record, start in zip(records, starts, strict=True)
            if record.get("meeting_id") == records[i].get("meeting_id") and first <= start <= end
        ]  # fmt: skip
        if len(parts) > 1:
            self._in_parts(len(parts))
        if records[i].get("state") != DONE:
            self._absent(reference, "Tencent Meeting is still making the recording")
        if not isinstance(records[i].get("meeting_record_id"), str):
            raise malformed(_LIST, "a recording has no id")
        return records[i]

    def _records(self, which: Document, begin: datetime) -> list[Document]:
        found: list[Document] = []
        page, pages = 1, 1
        while page <= pages:
            said = self._page(which, begin - AROUND, begin + AROUND, page)
            found += _objects(said, "record_meetings", _LIST)
            pages = said["total_page"] if isinstance(said.get("total_page"), int) else 1
            page += 1
        return found

    def _page(self, which: Document, since: datetime, until: datetime, page: int) -> Document:
        query = {
            **which, "start_time": int(since.timestamp()), "end_time": int(until.timestamp()), "page_size": PAGE, "page": page,
        }  # fmt: skip
        return self.wire.read(_LIST, "/records", query)

    def _in_parts(self, parts: int) -> NoReturn:
        # a part is a plausible interview of half the length
        raise Rejected(
            f"the meeting was recorded in {parts} parts", connector=NAME, operation=_LIST, vendor_code="RECORDING_IN_PARTS",
            cure="join the parts and give them by a folder",
        )  # fmt: skip

    def _absent(self, reference: Document, why: str) -> NoReturn:
        absent(NAME, reference, self.config, self.services.now(), why)


@contextmanager
def open_recordings(config: TencentMeetingConfig, services: Services) -> Iterator[TencentMeetingRecordings]:
    """The recording source, closed on leaving."""
    recordings = TencentMeetingRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _start(record: Document) -> datetime:
    at: Any = record.get("media_start_time")
    if not str(at).isdecimal():
        raise malformed(_LIST, "a recording has no start time")
    return datetime.fromtimestamp(int(at) / 1000, UTC)


def _objects(said: Document, name: str, operation: str) -> list[Document]:
    found = said.get(name) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise malformed(operation, f"{name} is no list of objects")
    return found
