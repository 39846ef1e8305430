"""Scores as a note of the opportunity: text, on demand Lever's own score of one to four thumbs, our reference as the last line.

`PUT` replaces a note with every comment below it; what people answered is read first and sent back. Only notes that came by
the API can be changed or deleted by it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from trivet.errors import Rejected
from trivet.model import Confirmed, Document, Found, Operation, content_version

from .wire import NAME, Wire, absent

NOTE = "note"
FIELDS = ("opportunity_id", "value", "score", "secret")
_REFERENCE = re.compile(r"\n\nTrivet reference: ([A-Z2-7]{16})$")
_KEPT = ("value", "user", "createdAt", "completedAt")


class Notes:
    """The entity `note` {opportunity_id, value, score?, secret?}."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def create(self, opportunity: str, operation: Operation) -> Confirmed:
        """A new note."""
        body = {"value": _marked(operation), **_judged(operation.document)}
        made = self.wire.write("create note", "POST", f"/opportunities/{opportunity}/notes", json=body)
        return Confirmed(f"{opportunity}/{made['noteId']}" if made.get("noteId") else None)

    def update(self, opportunity: str, name: str, operation: Operation) -> Confirmed:
        """Other words in the same note; the comments below stay."""
        path = f"/opportunities/{opportunity}/notes/{name}"
        note = self.wire.one("get note", path)
        if note is None:
            raise Rejected(
                "the note is not there any more", connector=NAME, operation="update note", vendor_code="GONE"
            )
        ours, *others = [
            {key: c[key] for key in _KEPT if c.get(key) is not None} for c in _comments(note)
        ] or [{}]
        values = [{**ours, "value": _marked(operation)}, *others]
        body = {"values": values, **_judged(operation.document)}
        self.wire.write("update note", "PUT", path, as_user=False, json=body)
        return Confirmed(f"{opportunity}/{name}")

    def delete(self, opportunity: str, name: str) -> None:
        """The note and what stands below it."""
        path = f"/opportunities/{opportunity}/notes/{name}"
        self.wire.write("delete note", "DELETE", path, as_user=False)

    def find(self, opportunity: str) -> Iterator[tuple[str, Found]]:
        """Our notes of the opportunity with their references."""
        for note in self._all(opportunity):
            first = next(iter(_comments(note)), {})
            value = first.get("value")
            match = _REFERENCE.search(value) if isinstance(value, str) else None
            if match and note.get("deletedAt") is None:
                document = {"opportunity_id": opportunity, "value": _REFERENCE.sub("", str(value))}
                judged = {"score": first.get("score"), "secret": bool(note.get("secret"))}
                yield match[1], Found(f"{opportunity}/{note['id']}", document | judged, content_version(note))

    def _all(self, opportunity: str) -> list[Document]:
        try:
            return self.wire.every("list notes", f"/opportunities/{opportunity}/notes")
        except Rejected as error:
            if not absent(error):
                raise
            return []


def _marked(operation: Operation) -> str:
    return f"{operation.document['value']}\n\nTrivet reference: {operation.reference}"


def _judged(document: Mapping[str, Any]) -> Document:
    given = {name: document[name] for name in ("score", "secret") if document.get(name) is not None}
    if given.get("score", 1) not in (1, 2, 3, 4):
        raise Rejected(
            "Lever's score is 1, 2, 3 or 4",
            connector=NAME,
            operation="send note",
            vendor_code="FIELD_RANGE",
            field="score",
        )
    return given


def _comments(note: Document) -> list[Document]:
    fields = note.get("fields")
    return [field for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
