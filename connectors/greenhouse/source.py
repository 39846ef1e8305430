"""Jobs, candidates, applications, interviews and attachments, by update time.

A list comes with the highest id first, not by time: the position moves only after the last page, and a window has two
sides, so that what changes while we page falls into the next one. Windows overlap by a minute, for clocks that differ.
In the middle of a window the vendor's cursor leads on; it must travel alone, and where it has run out the window begins again.

Harvest v3 keeps a scorecard in pieces (open-greenhouse-mcp 0.5.0; sam-vangelos/greenhouse-mcp, pages 0097, 0104, 0154, 0160):
what an interviewer made of each attribute, the attributes' names, and by way of the panel the interview. They are put together
here. Private notes are not read, and whoever reads no scorecards needs no scope for them.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from trivet.contract import Services, instant, position
from trivet.errors import Rejected
from trivet.model import Cursor, Document, Page, Record

from .config import GreenhouseConfig
from .wire import NAME, Wire, malformed

STREAMS = ("jobs", "candidates", "applications", "interviews", "attachments", "scorecards")
SCORECARDS = "scorecards"
_PRIVATE = ("private_notes", "private_notes_with_tags", "notes_with_tags")
OVERLAP = timedelta(seconds=60)


class GreenhouseSource:
    """See `trivet.contract.Source`."""

    def __init__(self, config: GreenhouseConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Reads one object of every list but scorecards: each has a scope of its own."""
        for stream in STREAMS[:-1]:
            self.wire.page(stream, {"per_page": 1})

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; the vendor's objects as they are, without what is no news: the link of an attachment, which is another
        one with every read, and the custom fields that we write ourselves."""
        state = position(since, NAME, stream, _state) or {}
        begin = state.get("from")
        end, following = state.get("to"), state.get("next")
        if end is None:
            end, following = _text(self.services.now()), None
        while True:
            query = {"cursor": following} if following else self._window(begin, end)
            try:
                rows, cursor = self.wire.page(stream, query)
            except Rejected:
                if not following or following != state.get("next"):
                    raise
                # kept from an earlier run, it leads nowhere any more
                following, state = None, {}
                continue
            if cursor is not None and cursor == following:
                raise malformed(f"list {stream}", "the page leads to itself")
            last = cursor is None
            stored = {"from": end} if last else {"from": begin, "to": end, "next": cursor}
            yield Page(self._records(stream, rows), Cursor(json.dumps(stored)))
            if last:
                return
            following = cursor

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """See `Focused`; up to 50 ids a call."""
        if stream == "jobs":
            yield from self._told("jobs", self.wire.every("jobs", "ids", external_ids))
            return
        found = self.wire.every(stream, "ids", external_ids)
        cards = found if stream == SCORECARDS else []
        if stream in ("interviews", "attachments", SCORECARDS):
            found = self.wire.every("applications", "ids", [row.get("application_id") for row in found])
        people = [row["id"] if stream == "candidates" else row.get("candidate_id") for row in found]
        applications = self.wire.every("applications", "candidate_ids", people)
        names = [row["id"] for row in applications]
        yield from self._told(
            "jobs", self.wire.every("jobs", "ids", [row.get("job_id") for row in applications])
        )
        yield from self._told("candidates", self.wire.every("candidates", "ids", people))
        yield from self._told("applications", applications)
        for kind in ("interviews", "attachments"):
            yield from self._told(kind, self.wire.every(kind, "application_ids", names))
        yield from self._told(SCORECARDS, cards)

    def _told(self, stream: str, rows: Sequence[Document]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        if rows:
            yield stream, self._records(stream, rows)

    def _records(self, stream: str, rows: Sequence[Document]) -> tuple[Record, ...]:
        rows = self._put_together(rows) if stream == SCORECARDS else [self._news(stream, row) for row in rows]
        return tuple(_record(row) for row in rows)

    def _put_together(self, cards: Sequence[Document]) -> list[Document]:
        """The scorecards with their `interview_id`, and `attributes` of name and rating."""
        names = [card["id"] for card in cards]
        ratings = self.wire.every("scorecard_candidate_attributes", "scorecard_ids", names)
        wanted = [rating.get("job_candidate_attribute_id") for rating in ratings]
        known = self.wire.every("job_candidate_attributes", "ids", wanted)
        called = {_id(row, "id"): row.get("name") for row in known}
        panel = self.wire.every("interviewers", "scorecard_ids", names)
        held = {_id(seat, "scorecard_id"): seat.get("interview_id") for seat in panel}
        given: dict[Any, list[Document]] = {}
        for rating in sorted(ratings, key=lambda row: _id(row, "id") or 0):
            name = called.get(_id(rating, "job_candidate_attribute_id"))
            part = {"name": name, "rating": rating.get("candidate_attribute_rating")}
            given.setdefault(_id(rating, "scorecard_id"), []).append(part)
        return [
            {name: value for name, value in card.items() if name not in _PRIVATE}
            | {"interview_id": held.get(_id(card, "id")), "attributes": given.get(_id(card, "id"), [])}
            for card in cards
        ]

    def _news(self, stream: str, row: Document) -> Document:
        if stream == "attachments":
            return {name: value for name, value in row.items() if name != "url"}
        fields = row.get("custom_fields")
        if stream != "applications" or not isinstance(fields, dict):
            return row
        return row | {"custom_fields": {k: v for k, v in fields.items() if not self.config.ours(k)}}

    def _window(self, begin: str | None, end: str) -> Document:
        bounds = [("lte", end)]
        if begin:
            bounds.insert(0, ("gte", _text(datetime.fromisoformat(begin) - OVERLAP)))
        query: dict[str, Any] = {"per_page": self.config.page_size}
        if self.config.date_filter == "pipe":
            return query | {"updated_at": "|".join(part for bound in bounds for part in bound)}
        return query | {f"updated_at[{operator}]": value for operator, value in bounds}


@contextmanager
def open_source(config: GreenhouseConfig, services: Services) -> Iterator[GreenhouseSource]:
    """The source, closed on leaving."""
    source = GreenhouseSource(config, services)
    with source.wire.http:
        yield source


def _state(said: Document) -> Document:
    following = said.get("next")
    if following is not None and not isinstance(following, str):
        raise ValueError("no cursor")
    times = {name: instant(said[name]) for name in ("from", "to") if said.get(name) is not None}
    return {"next": following, **times}


def _id(row: Document, name: str) -> int | None:
    """The whole number that Greenhouse names things by; None where it is something else."""
    value = row.get(name)
    return value if type(value) is int else None


def _record(document: Document) -> Record:
    return Record.by_content(str(document["id"]), document)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
