"""Recordings: the files of one meeting in the cloud, behind a link that wants our token and leads on to a store.

A meeting id stands for the latest meeting under it. Where that one is another interview's, its earlier instances are looked
through; each has a UUID of its own, which may hold slashes and then travels encoded twice.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote

from trivet.awaiting import absent, not_before_its_end, of_the_interview
from trivet.contract import Services
from trivet.downloads import Link, download
from trivet.errors import Rejected
from trivet.model import Document, Download

from .config import ZoomConfig
from .wire import NAME, Wire, listed, malformed

_OPERATION = "list recordings"
SOUND, FILM = "M4A", "MP4"
MEDIA_TYPES = {SOUND: "audio/mp4", FILM: "video/mp4"}
FILMS = ("shared_screen_with_speaker_view", "active_speaker", "speaker_view", "gallery_view")
"""Kinds of film, the fullest first; all have the same sound."""
DONE = "completed"


class ZoomRecordings:
    """See `trivet.contract.RecordingSource`."""

    def __init__(self, config: ZoomConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Asks for the recording of a meeting that nobody has; every answer but a refusal of the login is good."""
        self.wire.read("check", "/meetings/1/recordings")

    def open(self, reference: Document) -> AbstractContextManager[Download]:
        """See `RecordingSource`."""
        limit = self.config.max_recording_mb * 1024 * 1024
        return download(self.wire.http, lambda: self._signed(reference), limit)

    def _signed(self, reference: Document) -> Link:
        name = str(reference.get("meeting_id", ""))
        if not name.isdecimal():
            raise Rejected(
                "the reference names no meeting", connector=NAME, operation=_OPERATION, vendor_code="REFERENCE",
                cure="the mapping takes the number from the meeting's address (zoom.us/j/<number>)",
            )  # fmt: skip
        not_before_its_end(NAME, reference, self.services.now())
        meeting = self._meeting(name, reference)
        if meeting is None:
            self._absent(reference, "Zoom has no recording of the meeting")
        files = [
            f for f in listed(meeting, "recording_files", _OPERATION) if f.get("file_type") in MEDIA_TYPES
        ]
        if not files or any(file.get("status") != DONE for file in files):
            self._absent(reference, "Zoom is still making the recording")
        file = self._chosen(files)
        link = file.get("download_url")
        if not isinstance(link, str) or not link:
            raise malformed(_OPERATION, "the recording has no link")
        return Link(
            link, MEDIA_TYPES[file["file_type"]], f"{name}.{file['file_type'].lower()}", self.wire.bearer,
            self.config.download_hosts,
        )  # fmt: skip

    def _meeting(self, name: str, reference: Document) -> Document | None:
        latest = self.wire.read(_OPERATION, f"/meetings/{name}/recordings")
        if latest is not None and self._nearest(reference, [latest]) is not None:
            return latest
        if reference.get("starts_at") is None:
            return None
        told = self.wire.read("list instances", f"/past_meetings/{name}/instances") or {}
        instances = listed(told, "meetings", "list instances")
        i = self._nearest(reference, instances)
        if i is None:
            return None
        found = self.wire.read(_OPERATION, f"/meetings/{_twice(instances[i].get('uuid'))}/recordings")
        return found if found is not None and self._nearest(reference, [found]) is not None else None

    def _nearest(self, reference: Document, meetings: list[Document]) -> int | None:
        return of_the_interview(NAME, reference, [_start(meeting) for meeting in meetings], self.config)

    def _chosen(self, files: list[dict[str, Any]]) -> dict[str, Any]:
        sounds = [file for file in files if file["file_type"] == SOUND]
        films = [file for file in files if file["file_type"] == FILM]
        wanted = (sounds or films) if self.config.prefer == "audio" else (films or sounds)
        kinds = [str(file.get("recording_type")) for file in wanted]
        best = min(kinds, key=lambda kind: FILMS.index(kind) if kind in FILMS else len(FILMS))
        parts = [file for file, kind in zip(wanted, kinds, strict=True) if kind == best]
        if len(parts) > 1:
            # a part is a plausible interview of half the length
            raise Rejected(
                f"the meeting was recorded in {len(parts)} parts", connector=NAME, operation=_OPERATION,
                vendor_code="RECORDING_IN_PARTS", cure="join the parts and give them by a folder",
            )  # fmt: skip
        return parts[0]

    def _absent(self, reference: Document, why: str) -> NoReturn:
        absent(NAME, reference, self.config, self.services.now(), why)


@contextmanager
def open_recordings(config: ZoomConfig, services: Services) -> Iterator[ZoomRecordings]:
    """The recording source, closed on leaving."""
    recordings = ZoomRecordings(config, services)
    with recordings.wire.http:
        yield recordings


def _start(meeting: Document) -> datetime:
    try:
        start = datetime.fromisoformat(meeting["start_time"])
    except (KeyError, TypeError, ValueError):
        raise malformed(_OPERATION, "a meeting has no start time") from None
    if start.tzinfo is None:
        raise malformed(_OPERATION, "a meeting's start time has no zone")
    return start


def _twice(uuid: Any) -> str:
    if not isinstance(uuid, str) or not uuid:
        raise malformed("list instances", "an instance has no uuid")
    # always: a UUID that holds no slash may be encoded twice as well
    return quote(quote(uuid, safe=""), safe="")
