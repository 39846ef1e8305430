"""Lists of what the tenant knows, for the directory, the catalogue and the feedback: rows as they are, times as ISO.

A list with times of change is read oldest change first, from the newest one on that was read; that moment is asked for
again, since several rows may share it. The cursor stays a minute behind our clock: what changed while we read is met again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, timedelta
from typing import Any

from trivet.contract import Services, position
from trivet.model import Cursor, Document, Page, Record

from .config import ListConfig, SuccessFactorsConfig
from .edm import NAME, Property, plain, time_literal
from .wire import Wire, malformed, not_configured, pages

BEHIND = timedelta(minutes=1)


class Lists:
    """See `trivet.contract.Source`."""

    def __init__(self, config: SuccessFactorsConfig, services: Services, streams: tuple[str, ...]) -> None:
        self.config, self.services, self.streams = config, services, streams
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Every list's entities and properties exist in the tenant."""
        metadata = self.wire.metadata()
        for stream in self.streams:
            listing = self._listing(stream)
            for entity in listing.entities:
                wanted = {listing.key, *listing.select, *([listing.changed] if listing.changed else [])}
                missing = sorted(wanted - set(metadata.get(entity, {})))
                if missing:
                    said = f"has no property {missing[0]}" if entity in metadata else "does not exist"
                    raise not_configured("check", f"{entity} {said} in this tenant", f"lists.{stream}")

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; rows of several entities have ids such as `Goal_1/5001`."""
        listing = self._listing(stream)
        known = position(since, NAME, stream, _known) or {}
        for entity in listing.entities:
            for found in self._rows(stream, entity, listing, known.get(entity)):
                latest = self.services.now().astimezone(UTC) - BEHIND
                rows = [plain(self._properties(entity), row) for row in found]
                if listing.changed and rows:
                    newest = str(rows[-1].get(listing.changed) or "")
                    known[entity] = max(known.get(entity, ""), min(newest, _written(latest)))
                records = tuple(_record(stream, entity, listing, row) for row in rows)
                yield Page(records, Cursor(json.dumps(known) if known else ""))

    def _rows(
        self, stream: str, entity: str, listing: ListConfig, since: str | None
    ) -> Iterator[list[Document]]:
        properties = self._properties(entity)
        said = [f"({listing.filter})"] if listing.filter else []
        order = [listing.key]
        if listing.changed:
            order.insert(0, listing.changed)
            if since:
                said.append(f"{listing.changed} ge {time_literal(properties, listing.changed, since)}")
        query: Mapping[str, Any] = {
            "$orderby": ",".join(order),
            "customPageSize": self.config.page_size,
            **({"$filter": " and ".join(said)} if said else {}),
            **({"$select": ",".join(listing.select)} if listing.select else {}),
            **({"paging": "snapshot"} if listing.snapshot else {}),
        }
        return pages(self.wire, f"list {stream}", entity, query)

    def _properties(self, entity: str) -> Mapping[str, Property]:
        return self.wire.metadata().get(entity, {})

    def _listing(self, stream: str) -> ListConfig:
        listing = self.config.lists.get(stream)
        if listing is None:
            raise not_configured(f"list {stream}", f"no list is configured for {stream}", "lists")
        return listing


def opener(*streams: str) -> Callable[[SuccessFactorsConfig, Services], AbstractContextManager[Lists]]:
    """Builds the lists of these streams, closed on leaving."""

    @contextmanager
    def build(config: SuccessFactorsConfig, services: Services) -> Iterator[Lists]:
        lists = Lists(config, services, streams)
        with lists.wire.http:
            yield lists

    return build


def _known(said: Document) -> dict[str, str]:
    return {str(entity): str(at) for entity, at in said.items()}


def _record(stream: str, entity: str, listing: ListConfig, row: Document) -> Record:
    key, changed = row.get(listing.key), listing.changed
    if not key or (changed and not row.get(changed)):
        raise malformed(f"list {stream}", "a row lacks its key or its time of change")
    name = str(key) if len(listing.entities) == 1 else f"{entity}/{key}"
    return Record.by_content(name, row if len(listing.entities) == 1 else {"entity": entity, **row})


def _written(at: Any) -> str:
    return str(at.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
