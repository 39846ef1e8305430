"""Positions, applicants and applications.

Positions come without pages and applicants stand in the rows of applications: both are read whole every time, by lists alone.
Applications are read in detail, see `applications`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from trivet.contract import Services, position
from trivet.model import Cursor, Document, Page, Record

from .applications import Applications, news
from .config import BambooHrConfig
from .wire import ATS, NAME, OLDEST, Wire, is_id, record, without

STREAMS = ("jobs", "applicants", "applications")
GROUPS = ("Open", "Draft", "On Hold", "Filled", "Canceled")
"""Every status of a position but `Deleted`."""
_COUNTS = ("newApplicantsCount", "activeApplicantsCount", "totalApplicantsCount", "avatar")
"""No news of the position."""
_PERSON = ("id", "firstName", "lastName", "email")
_FROM_THE_BEGINNING = Cursor("")


class BambooHrSource:
    """See `trivet.contract.Source` and `Focused`."""

    def __init__(self, config: BambooHrConfig, services: Services) -> None:
        self.wire = Wire(config, services)
        self.applications = Applications(self.wire, config.page_size)

    def check(self) -> None:
        """Reads the statuses, for which the key's owner has to see the applicant tracking settings."""
        self.wire.read("check", f"{ATS}/statuses")

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; the vendor's objects, without links that live a while and counts of what others do."""
        match stream:
            case "jobs":
                return self._jobs(since)
            case "applicants":
                return self._applicants(since)
        return self.applications.pages(since)

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """See `Focused`; an applicant's other applications are found by her e-mail address."""
        wanted = {int(name) for name in external_ids if name.isdecimal()}
        if not wanted:
            return
        if stream == "jobs":
            yield "jobs", self._positions(wanted)
            return
        details = list(self._details_around(stream, wanted))
        people = {detail["applicant"]["id"]: detail["applicant"] for detail in details}
        yield "jobs", self._positions({detail["job"]["id"] for detail in details})
        yield "applicants", tuple(_person(person) for person in people.values())
        yield "applications", tuple(news(detail) for detail in details)

    def _details_around(self, stream: str, wanted: set[int]) -> Iterator[Document]:
        """All applications of the people meant."""
        named: dict[int, Document] = {}
        if stream == "applicants":
            people, queries = wanted, [dict(OLDEST)]
        else:
            named = {
                name: said for name in sorted(wanted) if (said := self.applications.detail(name)) is not None
            }
            people = {said["applicant"]["id"] for said in named.values()}
            addresses = dict.fromkeys(said["applicant"].get("email") for said in named.values())
            queries = [{**OLDEST, "searchString": address} for address in addresses if address]
        rows = chain.from_iterable(page for query in queries for page in self.wire.every(query))
        others = dict.fromkeys(row["id"] for row in rows if row["applicant"]["id"] in people)
        yield from named.values()
        for name in others:
            if name not in named and (said := self.applications.detail(name)) is not None:
                yield said

    def _jobs(self, since: Cursor | None) -> Iterator[Page]:
        """One page a status; one that changes its status meanwhile may come twice, or not until the next time."""
        start = position(since, NAME, "jobs", _group) or 0
        for number, group in enumerate(GROUPS[start:], start + 1):
            rows = self._list({"statusGroups": group})
            if rows:
                yield Page(rows, Cursor(f'{{"group": {number}}}'))
        yield Page((), _FROM_THE_BEGINNING)

    def _list(self, query: Document) -> tuple[Record, ...]:
        said = self.wire.read("list jobs", f"{ATS}/jobs", query)
        if not isinstance(said, list) or not all(
            isinstance(row, dict) and is_id(row.get("id")) for row in said
        ):
            raise self.wire.malformed("list jobs", "the answer is no list of positions")
        return tuple(record(without(row, _COUNTS)) for row in said)

    def _positions(self, wanted: set[int]) -> tuple[Record, ...]:
        found = self._list({"statusGroups": ",".join(GROUPS)}) if wanted else ()
        return tuple(row for row in found if int(row.external_id) in wanted)

    def _applicants(self, since: Cursor | None) -> Iterator[Page]:
        position(since, NAME, "applicants", _nowhere)
        seen: set[int] = set()
        for rows in self.wire.every(OLDEST):
            people = {row["applicant"]["id"]: row["applicant"] for row in rows}
            fresh = tuple(_person(person) for name, person in people.items() if name not in seen)
            seen |= set(people)
            if fresh:
                yield Page(fresh, _FROM_THE_BEGINNING)


@contextmanager
def open_source(config: BambooHrConfig, services: Services) -> Iterator[BambooHrSource]:
    """The source, closed on leaving."""
    source = BambooHrSource(config, services)
    with source.wire.http:
        yield source


def _person(said: Document) -> Record:
    return record({name: said.get(name) for name in _PERSON})


def _group(said: Document) -> int:
    number = int(said["group"])
    if not 0 <= number <= len(GROUPS):
        raise ValueError("no group")
    return number


def _nowhere(_: Document) -> None:
    raise ValueError("this stream has no position")
