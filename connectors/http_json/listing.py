"""Lists of what the system knows, for the source, the directory, the catalogue and the feedback: rows as they are.

A list that tells times of change is read from the newest one on. The time moves only when a list was read to its end, since
its order is unknown; and it stays a minute behind our clock, so that what changes while we read is met again. In the middle
of a list the system's own word leads on, for an hour; where it leads nowhere any more the list begins again.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from trivet.contract import Services, position
from trivet.described.places import copied, drop, text_at
from trivet.errors import Rejected
from trivet.model import Cursor, Document, Gone, Page, Record

from .config import HttpJsonConfig
from .paging import Sheet, sheets
from .reads import Listing
from .wire import NAME, Wire, malformed, refused

BEHIND = timedelta(minutes=1)
GOOD_FOR = timedelta(hours=1)
"""A place in the middle of a list is gone on from for so long: rows that went in between would shift what is counted."""
_MILLIS = 100_000_000_000
"""Seconds since 1970 stay below it until the year 5138, milliseconds passed it in 1973."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list was left: times as the system writes them, `begun` as we do."""

    since: str = ""
    newest: str = ""
    following: str = ""
    begun: str = ""

    def cursor(self) -> Cursor:
        """As it is stored; empty at the beginning."""
        said = {"from": self.since, "newest": self.newest, "next": self.following, "begun": self.begun}
        return Cursor(json.dumps(kept) if (kept := {k: v for k, v in said.items() if v}) else "")


class Lists:
    """See `trivet.contract.Source`."""

    def __init__(self, config: HttpJsonConfig, services: Services, streams: tuple[str, ...]) -> None:
        self.config, self.services, self.streams = config, services, streams
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Reads a first page of every stream that is configured."""
        known = [name for name in self.streams if name in self.config.streams]
        for name in known:
            next(self.pages(name, None), None)
        if not known:
            raise self._missing("check", " or ".join(self.streams))

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`."""
        listing = self.listing(f"list {stream}", stream)
        return self._resumed(f"list {stream}", listing, position(since, NAME, stream, self._place) or Place())

    def listing(self, operation: str, stream: str) -> Listing:
        """How the stream is listed; `Rejected` where nothing is said of it."""
        listing = {str(name): one for name, one in self.config.streams.items()}.get(stream)
        if listing is None:
            raise self._missing(operation, stream)
        return listing

    def _resumed(self, operation: str, listing: Listing, place: Place) -> Iterator[Page]:
        if place.following and self.services.now() - datetime.fromisoformat(place.begun) > GOOD_FOR:
            place = Place(place.since)
        read = 0
        try:
            for page in self._pages(operation, listing, place):
                read += 1
                yield page
        except Rejected:
            if read or not place.following:
                raise
        else:
            return
        # kept from an earlier run, it leads nowhere any more
        yield from self._pages(operation, listing, Place(place.since))

    def _pages(self, operation: str, listing: Listing, place: Place) -> Iterator[Page]:
        timed = not listing.whole
        since = place.since if timed else ""
        begun = datetime.fromisoformat(place.begun) if place.following else self.services.now()
        body = {listing.since: since} if listing.since is not None and since else {}
        place = replace(place, since=since, newest=place.newest or since, begun=begun.isoformat())
        left = False
        for sheet in sheets(self.wire, operation, listing, {"since": since}, body, place.following):
            if timed:
                place = replace(place, newest=self._newest(operation, listing, sheet, place.newest, begun))
            place = replace(place, following=sheet.following)
            left = bool(sheet.following)
            yield _page(listing, sheet, place if left else Place(since))
        end = Place(place.newest if timed else "")
        if left or end.since != since:
            yield Page((), end.cursor())

    def _newest(self, operation: str, listing: Listing, sheet: Sheet, newest: str, begun: datetime) -> str:
        """The newest time of change up to a minute before the list was begun."""
        times = [(self._moment(newest), newest)] if newest else []
        for row in sheet.rows:
            text = text_at(row, listing.changed)
            if text is None:
                raise malformed(operation, "a row lacks its time of change")
            try:
                times.append((self._moment(text), text))
            except (ValueError, OverflowError, OSError):
                raise malformed(operation, "a time of change is neither ISO 8601 nor a number") from None
        return max(
            (one for one in times if one[1] == newest or one[0] <= begun - BEHIND), default=(None, "")
        )[1]

    def _moment(self, text: str) -> datetime:
        zone = ZoneInfo(self.config.zone)
        try:
            number = float(text)
        except ValueError:
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=zone)
        return datetime.fromtimestamp(number / 1000 if number >= _MILLIS else number, zone)

    def _place(self, said: Document) -> Place:
        place = Place(*(_text(said, name) for name in ("from", "newest", "next", "begun")))
        for text in (place.since, place.newest):
            if text:
                try:
                    self._moment(text)
                except (OverflowError, OSError):
                    raise ValueError("no time") from None
        if place.following and datetime.fromisoformat(place.begun).tzinfo is None:
            raise ValueError("no time zone")
        return place

    def _missing(self, operation: str, stream: str) -> Rejected:
        return refused(
            operation, f"no list is configured for {stream}", code="STREAM",
            cure="add it to `streams` of the connection, or leave the stream out of the flow",
        )  # fmt: skip


def opener(
    *streams: str,
) -> Callable[[HttpJsonConfig, Services], AbstractContextManager[Lists]]:
    """Builds the lists of these streams, closed on leaving."""

    @contextmanager
    def build(config: HttpJsonConfig, services: Services) -> Iterator[Lists]:
        lists = Lists(config, services, streams)
        with lists.wire.http:
            yield lists

    return build


def record(listing: Listing, row: Document) -> Record:
    """The row as it is given on."""
    name = text_at(row, listing.id) or ""
    if listing.without:
        row = copied(row)
        for place in listing.without:
            drop(row, place)
    # by content and not by time: a system that counts in days would hide a second change of the day
    return Record.by_content(name, row)


def is_deleted(listing: Listing, row: Document) -> bool:
    """Whether the row says that its object is no more."""
    return listing.deleted is not None and listing.deleted.holds(row)


def _page(listing: Listing, sheet: Sheet, place: Place) -> Page:
    dead = [row for row in sheet.rows if is_deleted(listing, row)]
    gone = tuple(Gone(text_at(row, listing.id) or "", "deleted") for row in dead)
    live = tuple(record(listing, row) for row in sheet.rows if not is_deleted(listing, row))
    return Page(live, place.cursor(), gone)


def _text(said: Document, name: str) -> str:
    found = said.get(name, "")
    if not isinstance(found, str):
        raise TypeError(name)
    return found
