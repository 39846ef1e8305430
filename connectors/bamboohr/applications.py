"""Applications, of which the vendor tells neither when they changed nor that they are gone.

The list can be ordered by the last change, the newest first, without telling its time. So the position is what the newest
applications looked like (`anchors`: id and fingerprint). A pull reads down from the top, each application in detail, until it
has met some of them in a row that look as they did: what lies below has not changed. Then the list is looked at once more,
for what changed meanwhile stands above what was read. Where too much has changed, all of it is read.

    whole         anchors ─► every application by id          position {"anchors": …, "after": the last id}
    incremental   from the top down to the anchors            position {"anchors": …}
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from trivet.contract import position
from trivet.model import Cursor, Document, Page, Record, content_version

from .wire import ATS, NAME, NEWEST, OLDEST, Wire, inner_id, is_id, record, without

ANCHORS = 200
"""As many of the newest applications are remembered; when none of them is met, all applications are read."""
OVERLAP = 5
"""So many in a row have to look as they did: somebody may have touched one without changing anything that is shown."""
_LINKS = ("fileUrl", "avatar")
"""Signed anew with every read."""
_COUNTS = ("commentCount", "emailCount", "eventCount", "alsoConsideredForCount", "duplicateApplicationCount")
"""No news of the person: a comment is what we write ourselves."""


@dataclass(frozen=True, slots=True)
class _Position:
    anchors: Mapping[int, str]
    after: int | None = None
    """In the middle of reading all of them: the last id that was read."""

    def cursor(self) -> Cursor:
        return Cursor(json.dumps({"anchors": list(self.anchors.items()), "after": self.after}))


@dataclass(slots=True)
class _Walk:
    """From the top of the list down."""

    known: Mapping[int, str]
    seen: dict[int, str] = field(default_factory=dict)
    """What was read, by id, with its fingerprint."""
    met: bool = False
    """What lies below has not changed."""
    _alike: int = 0
    """In a row, up to now."""

    def note(self, detail: Document) -> bool:
        """Whether it is news."""
        name = detail["id"]
        self.seen[name] = content_version(without(detail, _LINKS))[:12]
        same = self.known.get(name) == self.seen[name]
        self._alike = self._alike + 1 if same else 0
        self.met = self.met or self._alike >= min(OVERLAP, len(self.known)) > 0
        return not same

    @property
    def full(self) -> bool:
        """Whether too much has changed."""
        return not self.met and len(self.seen) >= ANCHORS


class Applications:
    """The stream `applications`; see the module."""

    def __init__(self, wire: Wire, page_size: int) -> None:
        self.wire, self.page_size = wire, page_size

    def pages(self, since: Cursor | None) -> Iterator[Page]:
        """See `Source`."""
        state = position(since, NAME, "applications", _read)
        if state is None or state.after is None:
            walk = _Walk(state.anchors if state else {})
            yield from self._newest(walk, since)
            if walk.known and not walk.full:
                rest = {name: trace for name, trace in walk.known.items() if name not in walk.seen}
                yield Page((), _Position(dict(islice({**walk.seen, **rest}.items(), ANCHORS))).cursor())
                return
            state = _Position(walk.seen, 0)
        yield from self._rest(state)

    def detail(self, name: int) -> Document | None:
        """The application; None where it is gone."""
        said = self.wire.found("get application", f"{ATS}/applications/{name}")
        if said is not None and not (
            said.get("id") == name and inner_id(said, "applicant") and inner_id(said, "job")
        ):
            raise self.wire.malformed("get application", "the answer is no application")
        return said

    def _newest(self, walk: _Walk, since: Cursor | None) -> Iterator[Page]:
        chunk: list[Record] = []
        for fresh in self._fresh(walk):
            chunk.append(fresh)
            if len(chunk) == self.page_size:
                # until the walk is over the old position holds; without one the rest is read by id
                yield Page(tuple(chunk), since or _Position(walk.seen, 0).cursor())
                chunk = []
        if chunk:
            yield Page(tuple(chunk), since or _Position(walk.seen, 0).cursor())

    def _fresh(self, walk: _Walk) -> Iterator[Record]:
        for name in self._names():
            yield from self._noted(walk, name)
            if walk.met or walk.full:
                break
        # without a position all of it is read anyway
        while walk.known and not walk.full:
            before = len(walk.seen)
            for name in self._moved(walk):
                yield from self._noted(walk, name)
            if len(walk.seen) == before:
                break

    def _noted(self, walk: _Walk, name: int) -> Iterator[Record]:
        if name not in walk.seen and (detail := self.detail(name)) is not None and walk.note(detail):
            yield news(detail)

    def _moved(self, walk: _Walk) -> list[int]:
        """Those that were not read and stand above one that was."""
        above: list[int] = []
        waiting: list[int] = []
        for name in islice(self._names(), len(walk.seen)):
            if name in walk.seen:
                above, waiting = above + waiting, []
            else:
                waiting.append(name)
        return above

    def _names(self) -> Iterator[int]:
        return (row["id"] for rows in self.wire.applications(NEWEST) for row in rows)

    def _rest(self, state: _Position) -> Iterator[Page]:
        """Every application that is no anchor, by id."""
        after = state.after or 0
        listed = {row["id"] for rows in self.wire.every(OLDEST) for row in rows}
        chunk: list[Record] = []
        for name in sorted(name for name in listed - set(state.anchors) if name > after):
            detail = self.detail(name)
            chunk += [news(detail)] if detail is not None else []
            if len(chunk) == self.page_size:
                yield Page(tuple(chunk), _Position(state.anchors, name).cursor())
                chunk = []
        yield Page(tuple(chunk), _Position(state.anchors).cursor())


def news(detail: Document) -> Record:
    """The application without links that live a while and counts of what others write."""
    return record({name: value for name, value in without(detail, _LINKS).items() if name not in _COUNTS})


def _read(said: Document) -> _Position:
    anchors, after = dict(said["anchors"]), said["after"]
    if not all(is_id(name) and isinstance(trace, str) for name, trace in anchors.items()):
        raise ValueError("no anchors")
    if after is not None and not is_id(after):
        raise ValueError("no id")
    return _Position(anchors, after)
