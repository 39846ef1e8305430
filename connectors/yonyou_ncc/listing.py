"""What NCC knows: staff, courses, completions.

A query is counted by page number, and neither says how many rows there are nor takes an order: a row that goes away
meanwhile moves the others up, and one may be passed over. So lists are read whole every time: what was passed over tonight
is met tomorrow.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from trivet.contract import Services
from trivet.model import Cursor, Document, Page, Record

from .config import ListConfig, NccConfig
from .wire import Wire


class Lists:
    """See `trivet.contract.Source`."""

    def __init__(self, config: NccConfig, services: Services, streams: tuple[str, ...]) -> None:
        self.config, self.streams = config, streams
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Asks every list for one row."""
        for stream in self.streams:
            self._rows(stream, self._listing(stream), 0, 1)

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:  # noqa: ARG002
        """See `Source`; there is no cursor."""
        listing, size, number, seen = self._listing(stream), self.config.page_size, 0, set[str]()
        while True:
            rows = self._rows(stream, listing, number, size)
            records = [self._record(stream, listing, row) for row in rows]
            fresh = tuple(one for one in records if one.external_id not in seen)
            if fresh or not number:
                yield Page(fresh, Cursor(""))
            if len(rows) < size or not fresh:
                return
            seen |= {one.external_id for one in fresh}
            number += 1

    def _rows(self, stream: str, listing: ListConfig, page: int, size: int) -> list[Document]:
        asked = self.wire.interface(
            data=listing.conditions, pageInfo={"pageIndex": str(page), "pageSize": str(size)}
        )
        return self.wire.read(f"list {stream}", listing.path, asked)

    def _record(self, stream: str, listing: ListConfig, row: Document) -> Record:
        code = row.get(listing.code)
        if not code:
            raise self.wire.malformed(f"list {stream}", "a row lacks its number")
        return Record.by_content(str(code), row)

    def _listing(self, stream: str) -> ListConfig:
        listing = self.config.lists.get(stream)
        if listing is None:
            raise self.wire.not_configured(f"list {stream}", f"no list is configured for {stream}", "lists")
        return listing


def opener(*streams: str) -> Callable[[NccConfig, Services], AbstractContextManager[Lists]]:
    """Builds the lists of these streams, closed on leaving."""

    @contextmanager
    def build(config: NccConfig, services: Services) -> Iterator[Lists]:
        lists = Lists(config, services, streams)
        with lists.wire.http:
            yield lists

    return build
