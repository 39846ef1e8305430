"""Postings, contacts, opportunities, interviews and files, by update time; see `lists` for what is read when.

The position moves only when every list of a stream was read; in between Lever's token leads on. A contact is read with the
tags of all of its opportunities, and is gone when none of them is left; an opportunity says in words why it was archived.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services, position
from trivet.errors import Rejected
from trivet.model import Cursor, Document, Gone, Page, Record

from .config import LeverConfig
from .lists import BRANCHES, Part, expanded, parts
from .reports import is_report
from .wire import NAME, Wire, absent, is_id, malformed

STREAMS = ("postings", "contacts", "opportunities", "interviews", "files")
MOST_CONTACTS = 50
"""In one filter; the address of a call must not grow without end."""
Told = tuple[tuple[Record, ...], tuple[Gone, ...]]


class LeverSource:
    """See `trivet.contract.Source`."""

    def __init__(self, config: LeverConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.wire = Wire(config, services)
        self._reasons: dict[str, Document] | None = None

    def check(self) -> None:
        """Reads one object of every list: a key is given each of them singly."""
        self.wire.page("list postings", "/postings", {"limit": 1})
        self._reason("")
        rows, _ = self.wire.page("list contacts", "/opportunities", {"limit": 1, **expanded("contacts")})
        for row in rows:
            for stream in BRANCHES:
                self.wire.page(f"list {stream}", f"/opportunities/{row['id']}/{stream}", {"limit": 1})

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; the vendor's objects as they are, interviews and files with their `opportunity`; the reports that we
        upload ourselves are no news."""
        state = position(since, NAME, stream, _state) or {}
        begin, end = state.get("from"), state.get("to")
        if end is None:
            end = round(self.services.now().timestamp() * 1000)
        lists = parts(stream, begin, end, self.config.look_at, self.config.confidential)
        names = [part.name for part in lists]
        at = names.index(state["part"]) if state.get("part") in names else 0
        following = state.get("next") if state.get("part") in names else None
        for i in range(at, len(lists)):
            for (records, gone), onward in self._read(stream, lists[i], following):
                stored: Document = {"from": begin, "to": end, "part": names[i], "next": onward}
                if onward is None:
                    stored = {**stored, "part": names[i + 1]} if i + 1 < len(lists) else {"from": end}
                yield Page(records, Cursor(json.dumps(stored)), gone)
            following = None

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """See `Focused`; interviews and files are named with their opportunity."""
        if stream == "postings":
            yield "postings", self._postings(external_ids)
            return
        named = [name for name in external_ids if all(map(is_id, name.split("/")))]
        if stream != "contacts":
            rows = (self.wire.one("get opportunity", f"/opportunities/{n}") for n in _owners(named))
            named = [str(row.get("contact")) for row in rows if row is not None]
        opportunities = [self._completed(row) for row in self._of_contacts("opportunities", named)]
        contacts, _ = self._contacts(named)
        yield "postings", self._postings(_posting(row) for row in opportunities)
        yield "contacts", contacts
        yield "opportunities", tuple(Record.by_content(row["id"], row) for row in opportunities)
        for branch in BRANCHES:
            yield branch, tuple(r for row in opportunities for r in self._branch(branch, row["id"]))

    def _read(self, stream: str, part: Part, offset: str | None) -> Iterator[tuple[Told, str | None]]:
        kept = offset
        while True:
            try:
                rows, onward = self.wire.page(f"list {stream}", part.path, part.query, offset)
            except Rejected as error:
                if part.gone and absent(error):
                    # an edition of the API that does not tell: the next whole reading shows who is missing
                    yield ((), ()), None
                    return
                if offset is None or offset != kept:
                    raise
                # kept from an earlier run, it leads nowhere any more
                offset = kept = None
                continue
            yield self._told(stream, part, rows), onward
            if onward is None:
                return
            offset = onward

    def _told(self, stream: str, part: Part, rows: Sequence[Document]) -> Told:
        if stream == "contacts":
            # a deleted opportunity that does not say whose it was is left to the next whole reading
            told = [row for row in rows if not part.gone or is_id(row.get("contact"))]
            return self._contacts(_contact_id(row) for row in told)
        if part.gone:
            return (), tuple(Gone(row["id"], "deleted") for row in rows)
        if stream == "opportunities":
            rows = [self._completed(row) for row in rows]
        elif stream in BRANCHES:
            return tuple(record for row in rows for record in self._branch(stream, row["id"])), ()
        return tuple(Record.by_content(row["id"], row) for row in rows), ()

    def _contacts(self, names: Iterable[str]) -> Told:
        """The contacts with the tags of all of their opportunities; those that have none left are gone."""
        wanted = list(dict.fromkeys(names))
        found: dict[str, Document] = {}
        for row in self._of_contacts("contacts", wanted):
            name = _contact_id(row)
            if not isinstance(row["contact"], dict):
                raise malformed("list contacts", "an opportunity's contact is not told in full")
            contact = found.setdefault(name, {**row["contact"], "tags": []})
            contact["tags"] = sorted(
                {*contact["tags"], *(tag for tag in _list(row, "tags") if isinstance(tag, str))}
            )
        gone = [Gone(name, "deleted") for name in wanted if name not in found]
        gone += [
            Gone(name, "anonymised") for name, contact in found.items() if contact.get("isAnonymized") is True
        ]
        lost = {entry.external_id for entry in gone}
        return tuple(Record.by_content(name, c) for name, c in found.items() if name not in lost), tuple(gone)

    def _of_contacts(self, stream: str, names: Iterable[str]) -> list[Document]:
        wanted = [name for name in dict.fromkeys(names) if is_id(name)]
        query: dict[str, Any] = expanded(stream) | (
            {"confidentiality": "all"} if self.config.confidential else {}
        )
        return [
            row
            for start in range(0, len(wanted), MOST_CONTACTS)
            for row in self.wire.every(
                f"list {stream}",
                "/opportunities",
                {"contact_id": wanted[start : start + MOST_CONTACTS], **query},
            )
        ]

    def _postings(self, names: Iterable[Any]) -> tuple[Record, ...]:
        wanted = [name for name in dict.fromkeys(names) if is_id(name)]
        rows = (self.wire.one("get posting", f"/postings/{name}") for name in wanted)
        return tuple(Record.by_content(row["id"], row) for row in rows if row is not None)

    def _branch(self, stream: str, opportunity: str) -> Iterator[Record]:
        try:
            rows = self.wire.every(f"list {stream}", f"/opportunities/{opportunity}/{stream}")
        except Rejected as error:
            if not absent(error):
                raise
            return  # deleted since it was listed
        for row in rows:
            if not (stream == "files" and is_report(row.get("name"))):
                yield Record.by_content(f"{opportunity}/{row['id']}", {**row, "opportunity": opportunity})

    def _completed(self, row: Document) -> Document:
        archived = row.get("archived")
        reason = archived.get("reason") if isinstance(archived, dict) else None
        return row if reason is None else {**row, "archivedReason": self._reason(str(reason))}

    def _reason(self, name: str) -> Document | None:
        if self._reasons is None:
            rows = self.wire.every("list archive reasons", "/archive_reasons")
            self._reasons = {row["id"]: row for row in rows}
        return self._reasons.get(name)


@contextmanager
def open_source(config: LeverConfig, services: Services) -> Iterator[LeverSource]:
    """The source, closed on leaving."""
    source = LeverSource(config, services)
    with source.wire.http:
        yield source


def _state(said: Document) -> Document:
    for name in ("from", "to"):
        if not isinstance(said.get(name), int | None) or isinstance(said.get(name), bool):
            raise ValueError("no time")
    for name in ("part", "next"):
        if not isinstance(said.get(name), str | None):
            raise ValueError("no place in a list")
    return said


def _owners(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.partition("/")[0] for name in names))


def _contact_id(row: Document) -> str:
    """Of a row in which the contact stands in full or by its id."""
    contact = row.get("contact")
    name = contact.get("id") if isinstance(contact, dict) else contact
    if not is_id(name):
        raise malformed("list contacts", "an opportunity names no contact")
    return str(name)


def _posting(opportunity: Document) -> Any:
    return next((a.get("posting") for a in _list(opportunity, "applications") if isinstance(a, dict)), None)


def _list(row: Document, name: str) -> list[Any]:
    value = row.get(name)
    return value if isinstance(value, list) else []
