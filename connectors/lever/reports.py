"""The report as a page of the opportunity, an HTML file named by our reference.

    trivet-report-<reference>.html            as it was uploaded first
    trivet-report-<reference>-<first>.html    what came in its place; <first> is the id of the one uploaded first

Lever changes no file: an update uploads another one, which names the first, and deletes what was there before. A run that
dies between the two leaves both; the newer one counts, and the next update or delete takes the other away.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trivet.errors import Rejected
from trivet.model import Confirmed, Document, Found, Operation

from .wire import MAX_TEXT, NAME, Wire, absent

REPORT = "report"
FIELDS = ("opportunity_id", "html")
_NAME = re.compile(r"trivet-report-([A-Z2-7]{16})(?:-([A-Za-z0-9-]{1,64}))?\.html")


def is_report(name: Any) -> bool:
    """Whether a file is one of our reports, by its name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class _File:
    """One uploaded file of ours."""

    id: str
    reference: str
    first: str
    age: tuple[bool, int]


class Reports:
    """The entity `report` {opportunity_id, html}."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def create(self, opportunity: str, operation: Operation) -> Confirmed:
        """A new file."""
        made = self._upload("create report", opportunity, operation, operation.reference)
        return Confirmed(f"{opportunity}/{made}" if made else None)

    def update(self, opportunity: str, name: str, operation: Operation) -> Confirmed:
        """A new file in place of what was there."""
        before = [file for file in self._files(opportunity) if file.first == name]
        if not before:
            raise _refused("update report", "GONE", "the report is not there any more")
        self._upload("update report", opportunity, operation, f"{operation.reference}-{name}")
        for file in before:
            self._remove(opportunity, file)
        return Confirmed(f"{opportunity}/{name}")

    def delete(self, opportunity: str, name: str) -> None:
        """The file, and what is left of its predecessors."""
        for file in self._files(opportunity):
            if file.first == name:
                self._remove(opportunity, file)

    def find(self, opportunity: str) -> Iterator[tuple[str, Found]]:
        """Our reports of the opportunity with their references, each in its newest form."""
        newest: dict[str, _File] = {}
        for file in sorted(self._files(opportunity), key=lambda file: file.age):
            newest[file.first] = file
        for file in newest.values():
            page = self.wire.text("read report", f"/opportunities/{opportunity}/files/{file.id}/download")
            document = {"opportunity_id": opportunity, "html": page}
            yield file.reference, Found(f"{opportunity}/{file.first}", document, file.id)

    def _upload(self, what: str, opportunity: str, operation: Operation, name: str) -> str | None:
        content = str(operation.document["html"]).encode()
        if len(content) > MAX_TEXT:
            raise _refused(what, "FIELD_LENGTH", f"longer than {MAX_TEXT // 1024 // 1024} MiB", "html")
        file = (f"trivet-report-{name}.html", content, "text/html")
        made = self.wire.write(what, "POST", f"/opportunities/{opportunity}/files", files={"file": file})
        return str(made["id"]) if made.get("id") else None

    def _remove(self, opportunity: str, file: _File) -> None:
        try:
            self.wire.write("delete report", "DELETE", f"/opportunities/{opportunity}/files/{file.id}")
        except Rejected as error:
            if not absent(error):
                raise

    def _files(self, opportunity: str) -> list[_File]:
        try:
            rows = self.wire.every("list reports", f"/opportunities/{opportunity}/files")
        except Rejected as error:
            if not absent(error):
                raise
            return []
        return [_file(row, match) for row in rows if (match := _NAME.fullmatch(str(row.get("name"))))]


def _file(row: Document, match: re.Match[str]) -> _File:
    first, uploaded = match[2], str(row.get("uploadedAt"))
    at = int(uploaded) if uploaded.isdecimal() else 0
    return _File(row["id"], match[1], first or row["id"], (first is not None, at))


def _refused(operation: str, code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation=operation, vendor_code=code, field=field)
