"""Lists of what the system knows, for the directory, the catalogue and the feedback: rows as they are.

A list that tells times of change is read from the newest one on. The cursor moves only when a list was read to its end,
since its order is unknown; and it stays a minute behind our clock, so that what changes while we read is met again.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from trivet.contract import Services, position
from trivet.errors import Rejected
from trivet.model import Cursor, Document, Page, Record

from .calls import Listing
from .config import HttpJsonConfig
from .paging import pages
from .places import text_at
from .wire import NAME, Wire, malformed, refused

BEHIND = timedelta(minutes=1)
_MILLIS = 100_000_000_000
"""Seconds since 1970 stay below it until the year 5138, milliseconds passed it in 1973."""


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
        listing = {str(name): one for name, one in self.config.streams.items()}.get(stream)
        if listing is None:
            raise self._missing(f"list {stream}", stream)
        return self._pages(
            f"list {stream}", listing, "" if listing.whole else position(since, NAME, stream, _from) or ""
        )

    def _pages(self, operation: str, listing: Listing, since: str) -> Iterator[Page]:
        body = {listing.since: since} if listing.since is not None and since else {}
        latest = self.services.now() - BEHIND
        newest = (self._time(operation, since), since) if since else None
        for rows in pages(self.wire, operation, listing, {"since": since}, body):
            if not listing.whole:
                times = [
                    (self._time(operation, text), text) for text in self._texts(operation, listing, rows)
                ]
                newest = max(
                    [one for one in times if one[0] <= latest] + ([newest] if newest else []), default=None
                )
            yield Page(tuple(_record(listing, row) for row in rows), _cursor(since))
        if newest and newest[1] != since:
            yield Page((), _cursor(newest[1]))

    def _texts(self, operation: str, listing: Listing, rows: list[Document]) -> Iterator[str]:
        for row in rows:
            text = text_at(row, listing.changed)
            if text is None:
                raise malformed(operation, "a row lacks its time of change")
            yield text

    def _time(self, operation: str, text: str) -> datetime:
        zone = ZoneInfo(self.config.zone)
        try:
            number = float(text)
        except ValueError:
            number = None
        try:
            if number is None:
                at = datetime.fromisoformat(text)
                return at if at.tzinfo else at.replace(tzinfo=zone)
            return datetime.fromtimestamp(number / 1000 if number >= _MILLIS else number, zone)
        except (ValueError, OverflowError, OSError):
            raise malformed(operation, "a time of change is neither ISO 8601 nor a number") from None

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


def _from(said: Document) -> str:
    return str(said["from"])


def _cursor(since: str) -> Cursor:
    return Cursor(json.dumps({"from": since}) if since else "")


def _record(listing: Listing, row: Document) -> Record:
    # by content and not by time: a system that counts in days would hide a second change of the day
    content = json.dumps(row, sort_keys=True, ensure_ascii=False).encode(errors="surrogatepass")
    return Record(text_at(row, listing.id) or "", hashlib.sha256(content).hexdigest()[:20], row)
