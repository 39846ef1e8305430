"""Recordings: a meeting's number leads to its meetings, a meeting to its minute, a minute to a link that lives a day."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from urllib.parse import urlsplit

from trivet.awaiting import absent, not_before_its_end, of_the_interview, told
from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import FeishuMinutesConfig
from .wire import NAME, Wire, malformed

_MEETING, _RECORDING, _MEDIA = "get meeting", "get recording", "get media"
_PLAIN = re.compile(r"[\w-]+", re.ASCII)


class FeishuMinutesRecordings:
    """See `trivet.contract.RecordingSource`."""

    def __init__(self, config: FeishuMinutesConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Logs in and asks for the meetings of a number that nobody has."""
        now = self.services.now()
        self._held("000000000", now - timedelta(minutes=1), now)

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        limit = self.config.max_recording_mb * 1024 * 1024
        return download(self.wire.http, lambda: self._signed(reference), limit)

    def _signed(self, reference: Document) -> Link:
        given = {
            name: reference.get(name)
            for name in ("minute_token", "meeting_id", "meeting_no")
            if reference.get(name)
        }
        if not given or not all(isinstance(v, str) and _PLAIN.fullmatch(v) for v in given.values()):
            raise Rejected(
                "the reference names no minute and no meeting", connector=NAME, operation=_RECORDING, vendor_code="REFERENCE"
            )  # fmt: skip
        not_before_its_end(NAME, reference, self.services.now())
        token = given.get("minute_token") or self._minute(reference)
        try:
            data = self.wire.read(_MEDIA, f"/minutes/v1/minutes/{token}/media")
        except Rejected as error:
            self._absent(reference, f"Feishu has no such minute, or is still making it ({error.vendor_code})")
        link = data.get("download_url")
        if not isinstance(link, str) or not link:
            raise malformed(_MEDIA, "the minute has no link")
        return Link(link, None, None)

    def _minute(self, reference: Document) -> str:
        meeting = reference.get("meeting_id") or self._meeting(reference)
        try:
            data = self.wire.read(_RECORDING, f"/vc/v1/meetings/{meeting}/recording")
        except Rejected as error:
            self._absent(reference, f"Feishu has no recording of the meeting ({error.vendor_code})")
        recording = data.get("recording")
        link = recording.get("url") if isinstance(recording, dict) else None
        token = urlsplit(link).path.rstrip("/").rpartition("/")[2] if isinstance(link, str) else ""
        if not _PLAIN.fullmatch(token):
            raise malformed(_RECORDING, "the recording's address holds no minute")
        return token

    def _meeting(self, reference: Document) -> str:
        """The id of the meeting that was held under the number when the interview was."""
        begin = told(NAME, reference, "starts_at")
        if begin is None:
            raise Rejected(
                "the number of a room is used again, and nothing says when the interview was", connector=NAME,
                operation=_MEETING, vendor_code="RECORDING_AMBIGUOUS", cure="map `starts_at` into the reference",
            )  # fmt: skip
        around = timedelta(minutes=self.config.start_tolerance_minutes)
        held = self._held(str(reference["meeting_no"]), begin - around, begin + around)
        starts = [self._start(name) for name in held]
        i = of_the_interview(NAME, reference, starts, self.config)
        if i is None:
            self._absent(reference, "Feishu knows of no meeting at that time")
        return held[i]

    def _held(self, number: str, since: datetime, until: datetime) -> list[str]:
        query = {
            "meeting_no": number, "start_time": int(since.timestamp()), "end_time": int(until.timestamp()) + 1,
            "page_size": 50,
        }  # fmt: skip
        said = self.wire.read("list meetings", "/vc/v1/meetings/list_by_no", query)
        found = said.get("meeting_briefs") or []
        if said.get("has_more") or not isinstance(found, list):
            raise malformed("list meetings", "more meetings in one hour than can be read")
        names = [str(entry.get("id", "")) for entry in found if isinstance(entry, dict)]
        if len(names) != len(found) or not all(_PLAIN.fullmatch(name) for name in names):
            raise malformed("list meetings", "a meeting has no id")
        return names

    def _start(self, name: str) -> datetime:
        meeting = self.wire.read(_MEETING, f"/vc/v1/meetings/{name}").get("meeting")
        at = str(meeting.get("start_time", "")) if isinstance(meeting, dict) else ""
        if not at.isdecimal() or int(at) == 0:
            raise malformed(_MEETING, "the meeting has no start time")
        return datetime.fromtimestamp(int(at), UTC)

    def _absent(self, reference: Document, why: str) -> NoReturn:
        absent(NAME, reference, self.config, self.services.now(), why)


@contextmanager
def open_recordings(config: FeishuMinutesConfig, services: Services) -> Iterator[FeishuMinutesRecordings]:
    """The recording source, closed on leaving."""
    recordings = FeishuMinutesRecordings(config, services)
    with recordings.wire.http:
        yield recordings
