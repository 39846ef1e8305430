"""Competencies and courses, read whole: the qualifications catalogue group by group, and the courses that impart them.

Courses that impart no qualification are in no list that can be read in bulk. No conversation is held between two pages: the
caller may take its time, and the gateway has few.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Cursor, Document, Page, Record

from .bookings import COURSES
from .config import SapRfcConfig
from .library import NAME, Library
from .session import RfcSession, open_session
from .shapes import Shapes

STREAMS = ("competencies", "courses")
TREE = "BAPI_QUALIDIRECTORY_LIST"
GROUP, QUALIFICATION = "QK", "Q"
NO_ROOT = "PQ622"
"""A node below which nothing hangs is told so, too."""


class SapRfcCatalogue:
    """See `trivet.contract.Catalogue`. Rows are as the functions give them."""

    def __init__(self, config: SapRfcConfig) -> None:
        self.config, self.library, self.shapes = config, Library(config), Shapes()
        self.names = config.fields.catalogue

    def check(self) -> None:
        """Logs on and has both functions described."""
        with open_session(self.library, self.shapes) as session:
            for function in (TREE, COURSES):
                session.describe(function)

    def pages(self, stream: str, since: Cursor | None) -> Iterator[Page]:  # noqa: ARG002 - read whole every time
        """See `Source`."""
        seen: set[str] = set()
        for rows, key in self._courses() if stream == "courses" else self._competencies():
            fresh = []
            for row in rows:
                name = str(row.get(key) or "")
                if not name.strip("0"):
                    raise Rejected(
                        f"a row lacks {key}", connector=NAME, operation=f"list {stream}", vendor_code="ROW",
                        cure="compare with `trivet sap record-contract`, and set `fields` of the connection",
                    )  # fmt: skip
                if name not in seen:
                    seen.add(name)
                    fresh.append(_record(name, row))
            yield Page(tuple(fresh), Cursor(""))

    def _competencies(self) -> Iterator[tuple[list[Document], str]]:
        """The root's own qualifications, then those of each group below it."""
        with open_session(self.library, self.shapes) as session:
            top = self._tree(session, DEPTH=1)
        yield self._of(top, QUALIFICATION), self.names.id
        for group in self._of(top, GROUP):
            with open_session(self.library, self.shapes) as session:
                try:
                    below = self._tree(session, OTYPE=GROUP, OBJID=group.get(self.names.id))
                except Rejected as error:
                    # the root was there a moment ago: nothing hangs below it
                    if error.vendor_code != NO_ROOT:
                        raise
                    continue
            yield self._of(below, QUALIFICATION), self.names.id

    def _courses(self) -> Iterator[tuple[list[Document], str]]:
        """Qualification by qualification; a course that imparts several comes with the first of them."""
        qualifications: list[Document] | None = None
        at = 0
        while qualifications is None or at < len(qualifications):
            with open_session(self.library, self.shapes) as session:
                if qualifications is None:
                    qualifications = self._of(self._tree(session), QUALIFICATION)
                rows: list[Document] = []
                if qualifications:
                    answer = session.read(
                        COURSES, PLVAR=self.config.plan_version, IMPART="X",
                        QUALIFICATION_ID=qualifications[at].get(self.names.id),
                    )  # fmt: skip
                    rows = answer["EVENTTYPE_LIST"] if answer else []
            at += 1
            yield rows, self.names.event_type

    def _tree(self, session: RfcSession, **which: object) -> list[Document]:
        answer = session.read(TREE, PLVAR=self.config.plan_version, **which)
        rows: list[Document] = answer["QUALIFICATIONDIRECTORY"] if answer else []
        return rows

    def _of(self, rows: Iterable[Document], kind: str) -> list[Document]:
        return [row for row in rows if row.get(self.names.type) == kind]


@contextmanager
def open_catalogue(config: SapRfcConfig, services: Services) -> Iterator[SapRfcCatalogue]:  # noqa: ARG001
    """The catalogue; it opens a connection for each page."""
    yield SapRfcCatalogue(config)


def _record(name: str, row: Document) -> Record:
    # packed numbers come as Decimal
    plain = json.loads(json.dumps(row, default=str, ensure_ascii=False))
    return Record.by_content(name, plain)
