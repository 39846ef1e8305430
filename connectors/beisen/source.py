"""Positions, applicants and applications by time of change, interviews by their date.

A list gives the ids of what changed between two times, in batches whose word may not live long: what is behind the ids is
read in calls of a hundred, and the position moves window by window only. Applicants are those whose applications changed, as
the vendor's own recipe says; a profile that changed alone is met when the list is read whole.

No page says whose clock the times are. The begin of a window is written as UTC and its end as Beijing's clock, so that
neither reading leaves anything out; what comes twice for it is given on once, in the same version.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from trivet.contract import Services, position
from trivet.model import Cursor, Document, Gone, Page, Record

from .config import BeisenConfig
from .wire import NAME, Wire, malformed

STREAMS = ("jobs", "candidates", "applications", "interviews")
OVERLAP = timedelta(minutes=5)
BEIJING = ZoneInfo("Asia/Shanghai")
EARLIEST = 2000
CHANGED = "Apply/GetApplyListByModifiedTime"
_IDS = {"applications": "applyId", "candidates": "applicantId"}
Reading = Callable[[str, datetime, datetime, set[str]], Iterator[Page]]


class BeisenSource:
    """See `trivet.contract.Source`."""

    def __init__(self, config: BeisenConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Reads what changed in the last hour."""
        now = self.services.now()
        next(self.wire.batches("check", CHANGED, *_written(now - timedelta(hours=1), now)))

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; the vendor's objects without the links of files, which are other ones with every read."""
        begin = position(since, NAME, stream, self._from)
        now = self.services.now()
        if stream == "interviews":
            back = timedelta(days=self.config.interview_lookback_days)
            return self._through(stream, self._interviews, begin, begin and begin - back, now + back, now)
        reading = self._jobs if stream == "jobs" else self._behind_ids
        return self._through(stream, reading, begin, begin and begin - OVERLAP, now, now)

    def _from(self, said: Document) -> datetime:
        moment = datetime.fromisoformat(said["from"])
        if (
            moment.tzinfo is None
            or moment.year < EARLIEST
            or moment > self.services.now() + timedelta(days=1)
        ):
            raise ValueError("no time at which we can have been")
        return moment

    def _through(
        self,
        stream: str,
        reading: Reading,
        since: datetime | None,
        begin: datetime | None,
        end: datetime,
        now: datetime,
    ) -> Iterator[Page]:
        """Window after window; the position stands at the begin of the one that is read."""
        told: set[str] = set()
        low = begin or datetime.combine(self.config.begins_on, time(), UTC)
        left = since is not None
        while low < end:
            high = min(low + timedelta(days=self.config.window_days), end)
            # what an interrupted run has behind it is never asked for again, so nothing that was not finished is
            place = min(max(low, since) if since else low, now)
            for page in reading(stream, low, high, told):
                left = True
                yield Page(page.records, _cursor(place), page.gone)
            low = high
        if left:
            yield Page((), _cursor(now))

    def _jobs(self, stream: str, low: datetime, high: datetime, told: set[str]) -> Iterator[Page]:
        operation = f"list {stream}"
        for items in self.wire.batches(operation, "Job/GetJobList", *_written(low, high)):
            fresh = {_name(operation, item, "jobId"): item for item in items}
            fresh = {name: item for name, item in fresh.items() if name not in told}
            told |= set(fresh)
            dead = tuple(Gone(name, "deleted") for name, item in fresh.items() if item.get("isDeleted") == 1)
            alive = (
                Record.by_content(name, item) for name, item in fresh.items() if item.get("isDeleted") != 1
            )
            if fresh:
                yield Page(tuple(alive), Cursor(""), dead)

    def _behind_ids(self, stream: str, low: datetime, high: datetime, told: set[str]) -> Iterator[Page]:
        operation, key = f"list {stream}", _IDS[stream]
        # all ids first: a batch's word may be gone before what is behind a thousand of them was read
        found = (
            _name(operation, item, key)
            for items in self.wire.batches(operation, CHANGED, *_written(low, high))
            for item in items
        )
        names = [name for name in dict.fromkeys(found) if name not in told]
        told |= set(names)
        for start in range(0, len(names), self.config.page_size):
            part = names[start : start + self.config.page_size]
            rows = (
                self._applications(operation, part)
                if stream == "applications"
                else self._people(operation, part)
            )
            yield Page(tuple(Record.by_content(row[key], row) for row in rows), Cursor(""))

    def _applications(self, operation: str, names: list[str]) -> list[Document]:
        rows = self.wire.applications(operation, names)
        fields = self.config.recording_fields
        if not fields or not rows:
            return rows
        owners = [_owner(operation, row) for row in rows]
        files = {
            profile["applicantId"]: [
                _file(field) for field in profile["fieldValues"] if field["name"] in fields
            ]
            for profile in self.wire.profiles(operation, list(dict.fromkeys(owners)), fields)
        }
        return [{**row, "recordings": files.get(owner, [])} for row, owner in zip(rows, owners, strict=True)]

    def _people(self, operation: str, names: list[str]) -> list[Document]:
        return [
            {**row, "fieldValues": [_file(field) for field in row["fieldValues"]]}
            for row in self.wire.profiles(operation, names)
        ]

    def _interviews(self, stream: str, low: datetime, high: datetime, told: set[str]) -> Iterator[Page]:
        operation = f"list {stream}"
        days = [moment.astimezone(BEIJING).date().isoformat() for moment in (low, high)]
        query = {"startDate": days[0], "endDate": days[1]}
        items = self.wire.data(operation, "GET", "Interview/GetInterviewsByDate", params=query)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise malformed(operation, "the answer is no list of interviews")
        named = {_name(operation, item, "interviewId"): item for item in items}
        fresh = {name: item for name, item in named.items() if name not in told}
        told |= set(fresh)
        if fresh:
            yield Page(tuple(Record.by_content(name, item) for name, item in fresh.items()), Cursor(""))


@contextmanager
def open_source(config: BeisenConfig, services: Services) -> Iterator[BeisenSource]:
    """The source, closed on leaving."""
    source = BeisenSource(config, services)
    with source.wire.http:
        yield source


def _name(operation: str, item: Document, key: str) -> str:
    name = item.get(key)
    if not isinstance(name, str) or not name:
        raise malformed(operation, "an item lacks its id")
    return name


def _owner(operation: str, row: Document) -> str:
    """The applicant, in either of the two shapes that the vendor's page shows."""
    lite = row.get("applicantLite")
    return _name(
        operation, row if row.get("applicantId") else lite if isinstance(lite, dict) else {}, "applicantId"
    )


def _file(field: Document) -> Document:
    return {name: value for name, value in field.items() if name != "downloadUrl"}


def _written(begin: datetime, end: datetime) -> tuple[str, str]:
    low, high = begin.astimezone(UTC), end.astimezone(BEIJING)
    # to the second: rounded so that the window only grows
    return low.strftime("%Y-%m-%dT%H:%M:%S"), (high + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")


def _cursor(moment: datetime) -> Cursor:
    return Cursor(json.dumps({"from": moment.astimezone(UTC).isoformat(timespec="milliseconds")}))
