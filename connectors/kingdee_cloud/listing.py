"""Lists by ExecuteBillQuery, for the directory, the catalogue and the feedback: rows with the fields that were asked for.

A list with times of change is read from the newest one on. Pages are counted from there (StartRow), so a row that changes
meanwhile would move the others up: each page overlaps by one row, and where that is not met again the moment is read from
its beginning. The cursor stays a minute behind our clock: what changed while we read is met again.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trivet.contract import Services, instant, position
from trivet.model import Cursor, Document, Page, Record

from .codes import NAME
from .config import KingdeeCloudConfig, ListConfig
from .wire import Wire, malformed, not_configured, quoted

BEHIND = timedelta(minutes=1)
Name = tuple[str, str]
"""Number and time of change of a row."""


class Lists:
    """See `trivet.contract.Source`."""

    def __init__(self, config: KingdeeCloudConfig, services: Services, streams: tuple[str, ...]) -> None:
        self.config, self.services, self.streams = config, services, streams
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Asks every list for one row."""
        for stream in self.streams:
            self._rows(self._listing(stream), "", 0, 1)

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`."""
        listing, size = self._listing(stream), self.config.page_size
        since = since if listing.changed else None
        at = position(since, NAME, stream, lambda said: instant(said["from"])) or ""
        skip, seen, last = 0, set[Name](), None
        while True:
            latest = self._now()
            rows = self._rows(listing, at, skip, size + 1)
            names = [self._name(stream, listing, row) for row in rows]
            if last is not None and names[:1] != [last]:
                skip, last = 0, None
                continue
            if rows:
                moment = names[-1][1]
                new = [row for name, row in zip(names, rows, strict=True) if name not in seen]
                if moment != at:
                    skip, seen = 0, set()
                same = {name for name in names if name[1] == moment}
                at, skip, seen, last = moment, skip + len(same) - 1, seen | same, names[-1]
                cursor = Cursor(json.dumps({"from": min(at, latest)}) if listing.changed else "")
                yield Page(tuple(_record(listing, row) for row in new), cursor)
            if len(rows) <= size:
                return

    def _rows(self, listing: ListConfig, at: str, start: int, limit: int) -> list[Document]:
        keys = list(
            dict.fromkeys([listing.key, *listing.fields, *([listing.changed] if listing.changed else [])])
        )
        said = [f"({listing.filter})"] if listing.filter else []
        order = listing.key
        if listing.changed:
            order = f"{listing.changed},{listing.key}"
            said += [f"{listing.changed} >= {quoted(at)}"] if at else []
        found = self.wire.query(listing.form, keys, " and ".join(said), order, start, limit)
        return [
            {key.replace(".", "_"): value for key, value in zip(keys, row, strict=True) if value is not None}
            for row in found
        ]

    def _name(self, stream: str, listing: ListConfig, row: Document) -> Name:
        number, at = row.get(listing.key), row.get(listing.changed) if listing.changed else ""
        if not number or not isinstance(at, str) or (listing.changed and not at):
            raise malformed(f"list {stream}", "a row lacks its number or its time of change")
        return str(number), at

    def _now(self) -> str:
        # the server notes changes in its own time and without a zone
        local = (self.services.now() - BEHIND).astimezone(ZoneInfo(self.config.zone))
        return local.replace(tzinfo=None).isoformat(timespec="milliseconds")

    def _listing(self, stream: str) -> ListConfig:
        listing = self.config.lists.get(stream)
        if listing is None:
            raise not_configured(f"list {stream}", f"no list is configured for {stream}", "lists")
        return listing


def opener(*streams: str) -> Callable[[KingdeeCloudConfig, Services], AbstractContextManager[Lists]]:
    """Builds the lists of these streams, closed on leaving."""

    @contextmanager
    def build(config: KingdeeCloudConfig, services: Services) -> Iterator[Lists]:
        lists = Lists(config, services, streams)
        with lists.wire.http:
            yield lists

    return build


def _record(listing: ListConfig, row: dict[str, Any]) -> Record:
    return Record.by_content(str(row[listing.key]), row)
