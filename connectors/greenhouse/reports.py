"""Reports: a page at the application, an HTML file whose name ends with our reference.

Greenhouse has no way to change a file: a new one takes the old one's place. The old one goes first, so that a call that dies
between the two leaves none, which sending again mends, and never two.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trivet.downloads import Link, small_text
from trivet.errors import Rejected
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .wire import NAME, Wire, malformed

ENTITY, OWNER = "report", "application_id"
MAX_BYTES = 4 * 1024 * 1024
SHAPE: Document = {
    "type": "object",
    "properties": {
        OWNER: {"type": "string"},
        "title": {"type": "string", "maxLength": 120},
        "html": {"type": "string"},
    },
    "required": [OWNER, "title", "html"],
}
_FIELDS = (OWNER, "title", "html")
_NAMED = re.compile(r"(.*) \[([A-Z2-7]{16})\]\.html", re.DOTALL)
_TITLE = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,120}")


class Reports:
    """Sends and finds `report` {application_id, title, html}."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def send(self, operation: Operation) -> Outcome:
        """The outcome of one operation; raises what the call came to otherwise."""
        if operation.kind == "delete":
            self._remove(str(operation.remote_id))
            return Confirmed(operation.remote_id)
        body = self._body(operation)
        if operation.kind == "update":
            self._remove(str(operation.remote_id))
        try:
            made = self.wire.write(f"{operation.kind} report", "POST", "/attachments", body)
        except Rejected as error:
            if error.vendor_code != "HTTP 404":
                raise
            raise _refused("NOT_FOUND", "there is no such application (any more)", OWNER) from None
        if not isinstance(made.get("id"), int):
            raise malformed(f"{operation.kind} report", "the answer has no id")
        return Confirmed(str(made["id"]))

    def find(self, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Every report with a reference of these operations at their applications, or under their own id."""
        wanted = {operation.reference for operation in operations}
        found: dict[str, list[Found]] = {}
        seen: set[str] = set()
        for row in self._listed(operations):
            named = _NAMED.fullmatch(str(row.get("filename") or ""))
            if named and named[2] in wanted and str(row["id"]) not in seen:
                seen.add(str(row["id"]))
                document = {OWNER: str(row.get(OWNER)), "title": named[1], "html": self._page(row)}
                found.setdefault(named[2], []).append(Found(str(row["id"]), document))
        return found

    def _listed(self, operations: Sequence[Operation]) -> Iterator[Document]:
        owners = [str(o.document[OWNER]) for o in operations if o.document.get(OWNER)]
        alone = [str(o.remote_id) for o in operations if not o.document.get(OWNER) and o.remote_id]
        yield from self.wire.every("attachments", "application_ids", owners)
        yield from self.wire.every("attachments", "ids", alone)

    def _page(self, row: Document) -> str | None:
        link = row.get("url")
        if not isinstance(link, str):
            raise malformed("list attachments", "the attachment has no link")
        return small_text(self.wire.http, "read report", Link(link, None, None), MAX_BYTES)

    def _body(self, operation: Operation) -> Document:
        said: Any = operation.document
        unknown = [name for name in said if name not in _FIELDS]
        if unknown:
            raise _refused("MAPPING_UNKNOWN_FIELD", f"a report has {', '.join(_FIELDS)}", unknown[0])
        if not str(said.get(OWNER, "")).isdecimal():
            raise _refused("FIELD_TYPE", "no id of an application", OWNER)
        if (
            not _TITLE.fullmatch(str(said.get("title", "")))
            or str(said["title"]) != str(said["title"]).strip()
        ):
            raise _refused("FIELD_TYPE", "no title that can be a file's name", "title")
        content = str(said.get("html", "")).encode()
        if len(content) > MAX_BYTES:
            raise _refused("FIELD_LENGTH", f"longer than {MAX_BYTES // 1024 // 1024} MiB", "html")
        return {
            OWNER: int(said[OWNER]),
            "filename": f"{said['title']} [{operation.reference}].html",
            "type": "other",
            "content": base64.b64encode(content).decode(),
            "content_type": "text/html",
        }

    def _remove(self, name: str) -> None:
        if not name.isdecimal():
            raise _refused("FIELD_TYPE", "no id of a report", None)
        self.wire.remove("delete report", f"/attachments/{name}")


def _refused(code: str, message: str, field: str | None) -> Rejected:
    return Rejected(message, connector=NAME, operation="send report", vendor_code=code, field=field)
