"""What BIP knows: staff, courses, completions by their lists, and the performance results of the staff.

Lists are counted by page number in the order of their ids, which no change moves; where rows went away meanwhile (the
count of a list shrinks) the others moved up, and the list is read again from its beginning. A list with times of change is
asked from a moment on (`simple.pubts`); the cursor moves when all of it was read, to the moment at which that began, a
minute earlier: what changed while we read is met again.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trivet.contract import Services, instant, position
from trivet.model import Cursor, Document, Page, Record

from .config import BipConfig, ListConfig
from .wire import NAME, Wire

RESULTS = "/yonbip/hrcloud/pmcore/queryPerformScoreResultInfo"
BEHIND = timedelta(minutes=1)
_BY_ID = [{"field": "id", "order": "asc"}]


class Lists:
    """See `trivet.contract.Source`."""

    def __init__(self, config: BipConfig, services: Services, streams: tuple[str, ...]) -> None:
        self.config, self.services, self.streams = config, services, streams
        self.wire = Wire(NAME, config, services)

    def check(self) -> None:
        """Asks every list for one row."""
        for stream in self.streams:
            listing = self._listing("employees" if stream == "performance_results" else stream)
            self._rows(stream, listing, "", 1, 1)

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`. `performance_results` are those of the configured periods, read whole for everybody."""
        if stream == "performance_results":
            yield from self._results(stream)
            return
        listing = self._listing(stream)
        since = since if listing.changed else None
        at = position(since, NAME, stream, lambda said: instant(said["from"])) or ""
        begun = self._moment()
        for rows, last in self._walk(stream, listing, at):
            records = tuple(self._record(stream, row, row.get(listing.key)) for row in rows)
            cursor = json.dumps({"from": begun if last else at}) if listing.changed else ""
            yield Page(records, Cursor(cursor))

    def _walk(self, stream: str, listing: ListConfig, at: str) -> Iterator[tuple[list[Document], bool]]:
        """Page by page the rows that were not met before, and whether it is the last."""
        size, number, total, seen = self.config.page_size, 1, 0, set[str]()
        while True:
            rows, count = self._rows(stream, listing, at, number, size)
            if count is not None and count < total:
                number, total = 1, 0
                continue
            last = len(rows) < size or (count is not None and number * size >= count)
            if rows or number > 1:
                yield [row for row in rows if str(row["id"]) not in seen], last
            if last:
                return
            seen |= {str(row["id"]) for row in rows}
            number, total = number + 1, count or 0

    def _rows(
        self, stream: str, listing: ListConfig, at: str, page: int, size: int
    ) -> tuple[list[Document], int | None]:
        body: Document = {"pageIndex": page, "pageSize": size, "queryOrders": _BY_ID}
        if at:
            body["simple"] = {str(listing.changed): at}
        rows, count = self.wire.page(f"list {stream}", listing.path, body)
        if not all(row.get("id") for row in rows):
            raise self.wire.malformed(f"list {stream}", "a row lacks its id")
        return rows, count

    def _results(self, stream: str) -> Iterator[Page]:
        operation = f"list {stream}"
        if not self.config.periods:
            raise self.wire.not_configured(operation, "no period is configured", "periods")
        staff = self._listing("employees")
        for people, _ in self._walk(stream, staff, ""):
            codes = {str(row.get("id")): str(row.get(staff.key)) for row in people}
            asked = [{"staffcode": code} for code in codes.values()]
            told = self.wire.read(
                operation, RESULTS, {"periodcode": list(self.config.periods), "evaobj": asked}
            )
            if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
                raise self.wire.malformed(operation, "the answer is no list of people")
            yield Page(tuple(self._scores(stream, codes, told)), Cursor(""))

    def _scores(self, stream: str, codes: dict[str, str], told: list[Document]) -> Iterator[Record]:
        """One record a person and scheme; where the answer leaves the number out it is known by the id."""
        for one in told:
            code = one.get("staffcode") or codes.get(str(one.get("staffid")))
            scores = one.get("score")
            if not code or not isinstance(scores, list) or not all(isinstance(row, dict) for row in scores):
                raise self.wire.malformed(f"list {stream}", "a person's results lack number or scores")
            for row in scores:
                name = f"{row.get('schemeid')}/{row.get('periodcode')}/{code}"
                yield self._record(stream, {"staffcode": code, **row}, name)

    def _record(self, stream: str, row: Document, name: Any) -> Record:
        if not name:
            raise self.wire.malformed(f"list {stream}", "a row lacks its number")
        return Record.by_content(str(name), row)

    def _moment(self) -> str:
        # the server notes changes in its own time and without a zone
        local = (self.services.now() - BEHIND).astimezone(ZoneInfo(self.config.zone))
        return local.strftime("%Y-%m-%d %H:%M:%S")

    def _listing(self, stream: str) -> ListConfig:
        listing = self.config.lists.get(stream)
        if listing is None:
            raise self.wire.not_configured(f"list {stream}", f"no list is configured for {stream}", "lists")
        return listing


def opener(*streams: str) -> Callable[[BipConfig, Services], AbstractContextManager[Lists]]:
    """Builds the lists of these streams, closed on leaving."""

    @contextmanager
    def build(config: BipConfig, services: Services) -> Iterator[Lists]:
        lists = Lists(config, services, streams)
        with lists.wire.http:
            yield lists

    return build
