"""Single objects and what belongs to them, by the connection's look-ups: up to the people, and down from them again.

    recording ─► interview ─► application ─► candidate ─► applications ─► jobs, interviews ─► recordings

A look-up that brings what was not asked for is an error: a parameter that the system overlooks would bring everybody.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from trivet.contract import Services, Source
from trivet.described.places import text_at
from trivet.model import Cursor, Document, Page, Record

from .config import HttpJsonConfig
from .listing import Lists, is_deleted, record
from .paging import sheets
from .reads import HrStream, Listing
from .wire import refused

HR: tuple[HrStream, ...] = ("jobs", "candidates", "applications", "interviews", "recordings")
_ABOVE: dict[HrStream, tuple[HrStream, ...]] = {
    "applications": ("candidates",),
    "interviews": ("applications",),
    "recordings": ("interviews", "applications"),
}


class Around:
    """See `trivet.contract.Source` and `Focused`."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists

    def check(self) -> None:
        """See `Source`."""
        self.lists.check()

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`."""
        return self.lists.pages(stream, since)

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """See `Focused`."""
        named = cast("HrStream", stream)
        rows = self._rows(named, named, self.lists.listing(f"look up {stream}", stream), external_ids)
        found = self._surroundings(named, rows)
        found.setdefault(named, {}).update(rows)
        for name in HR:
            if found.get(name):
                there = self._listing(name)
                yield name, tuple(record(there, row) for row in found[name].values())

    def _surroundings(
        self, stream: HrStream, rows: dict[str, Document]
    ) -> dict[HrStream, dict[str, Document]]:
        while stream in _ABOVE:
            above = up(self._listing(stream), stream)
            names = _named(self._listing(stream), above, rows)
            stream, rows = above, self._rows(above, above, self._listing(above), names)
        if stream == "jobs":
            return {}
        found: dict[HrStream, dict[str, Document]] = {"candidates": rows}
        for below in ("applications", "interviews", "recordings"):
            if below in self.lists.config.streams:
                listing = self._listing(below)
                above = up(listing, below)
                found[below] = self._rows(below, above, listing, list(found[above]))
        if "jobs" in self.lists.config.streams:
            names = _named(self._listing("applications"), "jobs", found["applications"])
            found["jobs"] = self._rows("jobs", "jobs", self._listing("jobs"), names)
        return found

    def _listing(self, stream: HrStream) -> Listing:
        return self.lists.config.streams[stream]

    def _rows(
        self, stream: HrStream, by: HrStream, listing: Listing, names: Sequence[str]
    ) -> dict[str, Document]:
        """The living rows of the stream that are the named objects, or belong to them."""
        operation, lookup, call = f"look up {stream}", listing.lookups[by], listing.narrowed(by)
        names = list(dict.fromkeys(names))
        place = listing.id if by == stream else listing.refers[by]
        found: dict[str, Document] = {}
        for start in range(0, len(names), lookup.at_once):
            part = names[start : start + lookup.at_once]
            body = {} if lookup.into is None else {lookup.into: part}
            for sheet in sheets(
                self.lists.wire, operation, call, {"id": part[0], "ids": ",".join(part)}, body
            ):
                if any(text_at(row, place) not in part for row in sheet.rows):
                    raise refused(
                        operation, "the system answers with rows that were not asked for", code="FIND_UNFILTERED",
                        cure="mend this stream's `lookups`: a parameter that the system overlooks is no search",
                    )  # fmt: skip
                alive = (row for row in sheet.rows if not is_deleted(listing, row))
                found |= {text_at(row, listing.id) or "": row for row in alive}
        return found


def up(listing: Listing, stream: HrStream) -> HrStream:
    """The stream to whose objects a row of this one belongs."""
    return next(above for above in _ABOVE[stream] if above in listing.refers)


def is_focused(config: HttpJsonConfig) -> bool:
    """Whether every stream of the HR system can be asked for single objects and for those of the stream above it."""
    there = {name: config.streams[name] for name in HR if name in config.streams}
    if "candidates" not in there or "applications" not in there:
        return False
    if "jobs" in there and "jobs" not in there["applications"].refers:
        return False
    for name, listing in there.items():
        above = [one for one in _ABOVE.get(name, ()) if one in listing.refers][:1]
        if name in _ABOVE and (not above or above[0] not in there):
            return False
        if not {name, *above} <= set(listing.lookups):
            return False
    return True


@contextmanager
def open_source(config: HttpJsonConfig, services: Services) -> Iterator[Source]:
    """The HR system's lists, closed on leaving; to be asked for single objects where every look-up is described."""
    lists = Lists(config, services, HR)
    with lists.wire.http:
        yield Around(lists) if is_focused(config) else lists


def _named(listing: Listing, stream: HrStream, rows: dict[str, Document]) -> list[str]:
    """The objects of that stream that the rows name."""
    found = (text_at(row, listing.refers[stream]) for row in rows.values())
    return [name for name in found if name is not None]
