"""Positions, read whole, and candidates and applications by update time.

Moka has one list, of applications, each with its person inside: it is read for the stream `candidates` and again for the
stream `applications`. Its order is not documented, so that the position moves after the last page only, and windows overlap.

Whether a time is Beijing's clock with a Z behind it, as the vendor's page says, or really UTC, as a public client writes it,
is not certain: the begin of a window is written as UTC, which is the earlier reading, its end as Beijing's clock, which is
the later one. What comes twice for it has the same version.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trivet.contract import Services, instant, position
from trivet.errors import Rejected
from trivet.model import Cursor, Document, Page, Record

from .config import MokaConfig
from .wire import NAME, Wire, malformed

STREAMS = ("jobs", "candidates", "applications")
OVERLAP = timedelta(minutes=5)
BEIJING = ZoneInfo("Asia/Shanghai")
OF_THE_APPLICATION = frozenset(
    {
        "applicationId",
        "stage",
        "archived",
        "archiveReasons",
        "appliedAt",
        "updatedAt",
        "owner",
        "job",
        "sourceName",
        "resumeKey",
    }
)
"""Members of `basicInfo` that are not about the person."""
STABLE_LINKS = ("videourl",)


class MokaSource:
    """See `trivet.contract.Source`."""

    def __init__(self, config: MokaConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Reads one application and one page of positions."""
        self.wire.applications("check", {**self._fixed(), "limit": 1})
        self.wire.jobs("check", self.config.modes[0], 0)

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; the vendor's objects without their links, which live an hour and are other ones with every read."""
        if stream == "jobs":
            return self._jobs()
        made = _person if stream == "candidates" else _application
        return self._applications(f"list {stream}", position(since, NAME, stream, _state) or {}, made)

    def _jobs(self) -> Iterator[Page]:
        operation, told = "list jobs", set[str]()
        for mode in self.config.modes:
            offset = 0
            while rows := self.wire.jobs(operation, mode, offset):
                fresh = {str(row["id"]): row for row in rows if str(row["id"]) not in told}
                if not fresh:
                    raise malformed(operation, "the same page came again")
                told |= set(fresh)
                offset += len(rows)
                # the list leaves the custom fields out
                yield Page(
                    tuple(
                        _record(name, {**row, **(self.wire.job(name) or {})}) for name, row in fresh.items()
                    ),
                    Cursor(""),
                )

    def _applications(
        self, operation: str, state: Document, made: Callable[[Document], tuple[str, Document]]
    ) -> Iterator[Page]:
        begin, end, following = state.get("from"), state.get("to"), state.get("next")
        if end is None:
            end, following = _iso(self.services.now()), None
        told: set[str] = set()
        while True:
            try:
                page = self.wire.applications(
                    operation, {"next": following} if following else self._window(begin, end)
                )
            except Rejected:
                if not following or following != state.get("next"):
                    raise
                # kept from an earlier run, it leads nowhere any more
                following, state = None, {}
                continue
            if page is None:
                # nobody, by the vendor's own error: the position stays, so that nothing would be lost if it was another
                return
            rows, cursor = page
            if cursor is not None and cursor == following:
                raise malformed(operation, "the page leads to itself")
            found = dict(made(row) for row in rows)
            records = tuple(_record(name, body) for name, body in found.items() if name not in told)
            told |= set(found)
            stored = {"from": end} if cursor is None else {"from": begin, "to": end, "next": cursor}
            yield Page(records, Cursor(json.dumps(stored)))
            if cursor is None:
                return
            following = cursor

    def _window(self, begin: str | None, end: str) -> Document:
        query = {**self._fixed(), "limit": self.config.page_size, "needAttachment": True}
        query["updateAtEndTime"] = _clock(datetime.fromisoformat(end).astimezone(BEIJING))
        if begin:
            query["updateAtStartTime"] = _clock(datetime.fromisoformat(begin).astimezone(UTC) - OVERLAP)
        return query

    def _fixed(self) -> Document:
        return {"stageIds": list(self.config.stage_ids)} if self.config.stage_ids else {}


@contextmanager
def open_source(config: MokaConfig, services: Services) -> Iterator[MokaSource]:
    """The source, closed on leaving."""
    source = MokaSource(config, services)
    with source.wire.http:
        yield source


def _application(row: Document) -> tuple[str, Document]:
    return str(row["basicInfo"]["applicationId"]), row


def _person(row: Document) -> tuple[str, Document]:
    basics = {name: value for name, value in row["basicInfo"].items() if name not in OF_THE_APPLICATION}
    return str(basics["candidateId"]), {**basics, "customFields": row.get("customFields")}


def _record(name: str, document: Document) -> Record:
    return Record.by_content(name, _news(document))


def _news(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _news(one) for name, one in value.items() if not _is_link(name)}
    return [_news(one) for one in value] if isinstance(value, list) else value


def _is_link(name: str) -> bool:
    return name.lower().endswith("url") and not name.lower().endswith(STABLE_LINKS)


def _state(said: Document) -> Document:
    following = said.get("next")
    if following is not None and not isinstance(following, str):
        raise ValueError("no cursor")
    times = {name: instant(said[name]) for name in ("from", "to") if said.get(name) is not None}
    if any(datetime.fromisoformat(text).tzinfo is None for text in times.values()):
        raise ValueError("no time zone")
    return {"next": following, **times}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
