"""Jobs, candidates, applications, interview schedules and the candidates' files, by sync tokens.

A list is read page by page; its last page gives a token, with which the next pull asks for what has changed since. In the
middle of a list the position is the page's cursor with the token that the list was begun with.

    sync_token_expired, sync_token_invalid,      the vendor asks for a whole list: the pull begins again without a token
    incremental_sync_too_large
    next_cursor_expired, invalid_next_cursor,    of a cursor kept from an earlier run: the list begins again from its token
    cursor_invalid

A token is taken to be worth what changed since its list's beginning, so that what changes while we page comes with the next
one; the vendor's guide does not say so, and were it otherwise, the next list that is read whole would bring it. What was
deleted is in no list: webhooks tell it, or a list that is read whole.

Files are listed by candidate, without the signed handle that opens them: it is fetched when a file is.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet.contract import Services, position
from trivet.errors import Rejected
from trivet.model import Cursor, Document, Page, Record

from .config import AshbyConfig, field_name
from .wire import NAME, Wire, is_id, malformed

METHODS: Mapping[str, str] = {
    "jobs": "job.list",
    "candidates": "candidate.list",
    "applications": "application.list",
    "interview_schedules": "interviewSchedule.list",
    "files": "candidate.list",
}
STREAMS = tuple(METHODS)
TOKEN_GONE = ("sync_token_expired", "sync_token_invalid", "incremental_sync_too_large")
CURSOR_GONE = ("next_cursor_expired", "invalid_next_cursor", "cursor_invalid")
NOT_KEPT = (
    # told by application.info only: the same application must look the same, however it was read
    "resumeFileHandle", "applicationHistory", "applicationFormSubmissions", "referrals",
    # where and with what somebody applied says nothing about the application
    "submitterClientIp", "submitterUserAgent",
)  # fmt: skip


class AshbySource:
    """See `trivet.contract.Source` and `Focused`."""

    def __init__(self, config: AshbyConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services, page_size=config.page_size)

    def check(self) -> None:
        """Reads one object of every list: each module has a permission of its own."""
        for method in dict.fromkeys(METHODS.values()):
            self.wire.page(method, size=1)

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:
        """See `Source`; the vendor's objects as they are, without what is no news: signed handles, and the custom fields that
        we write ourselves."""
        state = position(since, NAME, stream, _state) or {"token": None, "next": None}
        token, kept = state["token"], state["next"]
        cursor = kept
        while True:
            try:
                listed = self.wire.page(
                    METHODS[stream], size=self.config.page_size, token=token, cursor=cursor
                )
            except Rejected as error:
                if token and error.vendor_code in TOKEN_GONE:
                    token = cursor = None
                elif kept and cursor == kept and error.vendor_code in CURSOR_GONE:
                    kept = cursor = None
                else:
                    raise
                continue
            cursor = listed.following
            # where nothing changed, the old token may stand
            fresh = listed.token or token
            if cursor is None and fresh is None:
                raise malformed(METHODS[stream], "the last page has no sync token")
            stored = {"token": fresh} if cursor is None else {"token": token, "next": cursor}
            yield Page(self._records(stream, listed.rows), Cursor(json.dumps(stored)))
            if cursor is None:
                return

    def around(self, stream: str, external_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """See `Focused`; a job comes alone, since its applicants are a list. A schedule or a file has no method that gives it by
        its id, and is looked for in its list: whoever knows the application asks for that."""
        names = list(dict.fromkeys(external_ids))
        if stream == "jobs":
            yield from self._told("jobs", self._found("job.info", "id", names).values())
            return
        applications = self._found("application.info", "applicationId", self._asked_for(stream, names))
        people = self._owners(names) if stream == "files" else names if stream == "candidates" else []
        people += [str(_part(row, "candidate").get("id")) for row in applications.values()]
        candidates = self._found("candidate.info", "id", dict.fromkeys(people))
        others = [i for row in candidates.values() for i in _application_ids(row) if i not in applications]
        applications |= self._found("application.info", "applicationId", dict.fromkeys(others))
        positions = dict.fromkeys(str(_part(row, "job").get("id")) for row in applications.values())
        yield from self._told("jobs", self._found("job.info", "id", positions).values())
        yield from self._told("candidates", candidates.values())
        yield from self._told("applications", applications.values())
        schedules = (self.wire.every(METHODS["interview_schedules"], applicationId=i) for i in applications)
        yield from self._told("interview_schedules", [row for rows in schedules for row in rows])
        yield from self._told("files", candidates.values())

    def _told(self, stream: str, rows: Iterable[Document]) -> Iterator[tuple[str, tuple[Record, ...]]]:
        if records := self._records(stream, rows):
            yield stream, records

    def _asked_for(self, stream: str, names: list[str]) -> list[str]:
        if stream != "interview_schedules":
            return names if stream == "applications" else []
        rows = self.wire.every(METHODS[stream])
        return list(dict.fromkeys(str(row.get("applicationId")) for row in rows if row["id"] in names))

    def _owners(self, names: list[str]) -> list[str]:
        rows = self.wire.every(METHODS["files"])
        return [
            row["id"] for row in rows if any(f.external_id in names for f in self._records("files", [row]))
        ]

    def _found(self, method: str, parameter: str, names: Iterable[str]) -> dict[str, Document]:
        found = {name: self.wire.one(method, **{parameter: name}) for name in names if is_id(name)}
        return {name: row for name, row in found.items() if row is not None and row.get("id") == name}

    def _records(self, stream: str, rows: Iterable[Document]) -> tuple[Record, ...]:
        try:
            return tuple(_record(document) for row in rows for document in self._shown(stream, row))
        except (KeyError, TypeError, AttributeError) as error:
            said = f"a record lacks what every one has ({type(error).__name__})"
            raise malformed(METHODS[stream], said) from None

    def _shown(self, stream: str, row: Document) -> list[Document]:
        match stream:
            case "candidates":
                return [_candidate(row)]
            case "applications":
                return [self._application(row)]
            case "files":
                return _files(row)
        return [row]

    def _application(self, row: Document) -> Document:
        kept = {name: value for name, value in row.items() if name not in NOT_KEPT}
        # the list and the single object tell more or less of the person, whom another stream has
        kept["candidate"] = {"id": row["candidate"]["id"]}
        fields = row.get("customFields")
        if isinstance(fields, list):
            kept["customFields"] = [f for f in fields if not self.config.ours(field_name(f.get("title")))]
        return kept


@contextmanager
def open_source(config: AshbyConfig, services: Services) -> Iterator[AshbySource]:
    """The source, closed on leaving."""
    source = AshbySource(config, services)
    with source.wire.http:
        yield source


def _state(said: Document) -> Document:
    token, following = said["token"], said.get("next")
    if not (token or following) or not all(isinstance(text, str | None) for text in (token, following)):
        raise ValueError("no position")
    return {"token": token, "next": following}


def _candidate(row: Document) -> Document:
    """Without the handles: they are signed, and open a file for whoever has the key."""
    kept = {name: value for name, value in row.items() if name not in ("resumeFileHandle", "fileHandles")}
    return kept | {"fileHandles": [_named(file) for file in row.get("fileHandles") or ()]}


def _files(row: Document) -> list[Document]:
    owner = {"candidateId": row["id"], "applicationIds": _application_ids(row)}
    return [_named(file) | owner for file in row.get("fileHandles") or ()]


def _named(file: Document) -> Document:
    if not file["id"]:
        raise KeyError("id")
    return {"id": file["id"], "name": file.get("name")}


def _application_ids(row: Document) -> list[str]:
    named = row.get("applicationIds")
    return [str(name) for name in named] if isinstance(named, list) else []


def _part(row: Document, name: str) -> Document:
    part = row.get(name)
    return part if isinstance(part, dict) else {}


def _record(document: Document) -> Record:
    return Record.by_content(str(document["id"]), document)
