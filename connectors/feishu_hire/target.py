"""Notes on a candidate: scores, report and term counts as text, our reference as the last line.

The vendor knows no key for notes and no search across people: a note is looked for among its talent's notes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .config import FeishuHireConfig
from .wire import NAME, Wire

NOTE = "note"
MAX_OPS = 1
"""The vendor takes one note a call."""
_REFERENCE = re.compile(r"\n\nTrivet reference: ([A-Z2-7]{16})$")
_FIELDS = ("talent_id", "application_id", "content")
_GONE = re.compile("not exist")


class FeishuHireTarget:
    """See `trivet.contract.Target`; the one entity is `note` {talent_id, application_id, content}."""

    def __init__(self, config: FeishuHireConfig, services: Services) -> None:
        self.wire = Wire(config, services, page_size=config.page_size)

    def check(self) -> None:
        """Reads one job."""
        self.wire.read("check", "/jobs", {"page_size": 1})

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; asks once per talent."""
        if entity != NOTE:
            raise Rejected(f"no entity {entity}", connector=NAME, operation="find", vendor_code="ENTITY")
        wanted = {operation.reference for operation in operations}
        talents = dict.fromkeys(o.document["talent_id"] for o in operations if o.document.get("talent_id"))
        found: dict[str, list[Found]] = {}
        for talent in talents:
            for items in self.wire.pages("list notes", "/notes", {"talent_id": talent}):
                for note in items:
                    match = _REFERENCE.search(note.get("content") or "")
                    if match and match[1] in wanted:
                        found.setdefault(match[1], []).append(_found(note))
        return found

    def _sent(self, operation: Operation) -> Outcome:
        if operation.entity != NOTE:
            return Rejected(
                f"no entity {operation.entity}", connector=NAME, operation="send", vendor_code="ENTITY"
            )
        try:
            if operation.kind == "create":
                return self._create(operation)
            if operation.kind == "update":
                return self._update(operation)
            return self._delete(operation)
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error

    def _create(self, operation: Operation) -> Outcome:
        body = {name: operation.document[name] for name in _FIELDS} | {"content": _marked(operation)}
        note = self.wire.write("create note", "POST", "/notes", body).get("note") or {}
        return Confirmed(note.get("id"))

    def _update(self, operation: Operation) -> Outcome:
        self.wire.write(
            "patch note", "PATCH", f"/notes/{operation.remote_id}", {"content": _marked(operation)}
        )
        return Confirmed(operation.remote_id)

    def _delete(self, operation: Operation) -> Outcome:
        try:
            self.wire.write("delete note", "DELETE", f"/notes/{operation.remote_id}")
        except Rejected as error:
            if not _GONE.search(error.message):
                raise
        return Confirmed(operation.remote_id)


@contextmanager
def open_target(config: FeishuHireConfig, services: Services) -> Iterator[FeishuHireTarget]:
    """The target, closed on leaving."""
    target = FeishuHireTarget(config, services)
    with target.wire.http:
        yield target


def _marked(operation: Operation) -> str:
    return f"{operation.document['content']}\n\nTrivet reference: {operation.reference}"


def _found(note: Document) -> Found:
    document = {name: note.get(name) for name in _FIELDS}
    document["content"] = _REFERENCE.sub("", note["content"])
    return Found(str(note["id"]), document, str(note.get("modify_time")))
