"""Jobs, talents, applications and interviews, by update time.

The cursor of a list is the newest update time seen: the next run asks from there on (the vendor's filter is inclusive), so
that a record which changes while we page is met again; an unchanged one has the same version and is stored once. It stays
a minute behind our clock: applications are read after they were listed, and one that changed in between would carry the
cursor past others. Interviews have no update filter: they are listed by begin, some days back.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from trivet.contract import Services, position
from trivet.errors import Rejected, Retryable
from trivet.model import Cursor, Document, Page, Record

from .config import FeishuHireConfig
from .wire import CONNECTIONS, NAME, Wire

STREAMS = ("jobs", "talents", "applications", "interviews")
ONBOARDED = 7
"""Stage type of people who have started (hire v1, application stage)."""
BEHIND_MS = 60_000
"""The cursor stays so far behind the moment at which a page was asked for; the vendor's clock may differ as much."""


class FeishuHireSource:
    """See `trivet.contract.Source`."""

    def __init__(self, config: FeishuHireConfig, services: Services) -> None:
        self.wire = Wire(config, services, page_size=config.page_size)
        self.config = config
        self.services = services

    def check(self) -> None:
        """Reads one job."""
        self.wire.read("check", "/jobs", {"page_size": 1})

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; the vendor's objects as they are, applications with their `employee` where hired."""
        if stream == "interviews":
            return self._interviews(since)
        if stream == "applications":
            return self._by_update(stream, since, self._applications, _application_time)
        if stream == "talents":
            return self._by_update(stream, since, list, _talent_time)
        return self._by_update(stream, since, list, _job_time)

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """See `Focused`; one call an object."""
        if stream == "jobs":
            yield "jobs", self._each("jobs", external_ids)
            return
        talents, named = external_ids, external_ids
        if stream == "interviews":
            named = [i["application_id"] for name in external_ids for i in self._held("interview_id", name)]
        if stream != "talents":
            talents = [r.document["talent_id"] for r in self._each("applications", named)]
        people = self._each("talents", talents)
        applications = self._each("applications", [a for r in people for a in self._applied(r.external_id)])
        interviews = [i for r in applications for i in self._held("application_id", r.external_id)]
        yield "jobs", self._each("jobs", [r.document["job_id"] for r in applications])
        yield "talents", people
        yield "applications", applications
        yield "interviews", _records("interviews", interviews)

    def _each(self, stream: str, names: Iterable[str]) -> tuple[Record, ...]:
        """Those of the objects that are there."""
        return _records(stream, filter(None, (self._one(stream, name) for name in dict.fromkeys(names))))

    def _one(self, stream: str, name: str) -> Document | None:
        try:
            if stream == "applications":
                return self._application(name)
            kind = stream.removesuffix("s")
            found: Document = self.wire.read(f"get {kind}", f"/{stream}/{name}")[kind]
            return found
        except Rejected:
            return None  # gone, as far as an event is concerned; the night asks for everything
        except KeyError as error:
            raise _malformed(stream, error) from None

    def _applied(self, talent: str) -> list[str]:
        query = {"talent_id": talent}
        return [n for names in self.wire.pages("list applications", "/applications", query) for n in names]

    def _held(self, filtered: str, name: str) -> list[Document]:
        query = {filtered: name}
        return [i for items in self.wire.pages("list interviews", "/interviews", query) for i in items]

    def _by_update(self, stream: str, since: Cursor | None, complete: Any, time_of: Any) -> Iterator[Page]:
        start = position(since, NAME, stream, _from)
        newest = start or 0
        asked = self._milliseconds()
        for items in self.wire.pages(f"list {stream}", f"/{stream}", {"update_start_time": start}):
            try:
                documents = complete(items)
                records = tuple(_record(document) for document in documents)
                last = max((time_of(document) for document in documents), default=0)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise _malformed(stream, error) from None
            newest = max(newest, min(last, asked - BEHIND_MS))
            yield Page(records, Cursor(json.dumps({"from": newest})))
            asked = self._milliseconds()

    def _applications(self, items: Sequence[str]) -> list[Document]:
        """One call each, two for who was hired: as many at once as the vendor takes."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return list(pool.map(self._application, items))

    def _application(self, item: str) -> Document:
        application = dict(self.wire.read("get application", f"/applications/{item}")["application"])
        if (application.get("stage") or {}).get("type") == ONBOARDED:
            application["employee"] = self._employee(item)
        return application

    def _employee(self, application_id: str) -> Document | None:
        try:
            data = self.wire.read(
                "get employee", "/employees/get_by_application", {"application_id": application_id}
            )
        except Rejected:
            return None  # on board by stage, the employee record follows later
        employee: Document | None = data.get("employee")
        return employee

    def _interviews(self, since: Cursor | None) -> Iterator[Page]:
        now = self.services.now()
        back = timedelta(days=self.config.interview_lookback_days)
        last = position(since, NAME, "interviews", _from)
        start = max(0, last - int(back.total_seconds() * 1000)) if last else 0
        # a day ahead, for clocks that differ
        end = int((now + timedelta(days=1)).timestamp() * 1000)
        cursor = Cursor(json.dumps({"from": self._milliseconds()}))
        for items in self.wire.pages(
            "list interviews", "/interviews", {"start_time": start, "end_time": end}
        ):
            records = _records("interviews", items)
            # until the last page is stored the old position holds: what lies behind it would not be asked for again
            yield Page(records, since or Cursor(json.dumps({"from": 0})))
        yield Page((), cursor)

    def _milliseconds(self) -> int:
        return int(self.services.now().timestamp() * 1000)


@contextmanager
def open_source(config: FeishuHireConfig, services: Services) -> Iterator[FeishuHireSource]:
    """The source, closed on leaving."""
    source = FeishuHireSource(config, services)
    with source.wire.http:
        yield source


def _records(stream: str, documents: Iterable[Document]) -> tuple[Record, ...]:
    try:
        return tuple(_record(document) for document in documents)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(stream, error) from None


def _record(document: Document) -> Record:
    if not document["id"]:
        raise ValueError("no id")
    return Record.by_content(str(document["id"]), document)


def _from(said: Document) -> int:
    return int(said["from"])


def _job_time(job: Document) -> int:
    return int(job["update_timestamp"])


def _talent_time(talent: Document) -> int:
    return int(talent["basic_info"]["modify_time"])


def _application_time(application: Document) -> int:
    return int(application["modify_time"])


def _malformed(stream: str, error: BaseException) -> Retryable:
    return Retryable(
        f"a record lacks what every one has ({type(error).__name__})",
        connector=NAME,
        operation=f"list {stream}",
        vendor_code="PAGE_MALFORMED",
        cure="the page is asked for again by the next run; if it stays, show the vendor this call",
    )
