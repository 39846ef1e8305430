"""The target: documents in NC's own envelope, one a call, each under our reference.

The reference is the document's id in the sending system (`bill.id`, which NC keeps apart from other documents of that
sender) and stands in a field of its head, by which it is found.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected, UnknownOutcome
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .config import DocumentConfig, NccConfig
from .wire import NAME, REPEAT, Wire, sent

_SEARCHED = 100
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2}) 00:00:00")


class NccTarget:
    """See `trivet.contract.Target`. Documents carry the fields of the document's head, dates as `YYYY-MM-DD`."""

    def __init__(self, config: NccConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Gets a token and asks for every configured document under a reference that nothing has."""
        for name, made in self.config.documents.items():
            list(self._rows(f"find {name}", made, ["TRIVET-CHECK"]))

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        (operation,) = operations
        said = f"{operation.kind} {operation.entity}"
        made = self._configured(said, operation.entity)
        if operation.kind == "delete":
            return [self._deleted(said, made, operation)]
        if operation.kind == "update" and not self._there(operation):
            # it would make a second document
            return [Rejected("the document is gone", connector=NAME, operation=said, vendor_code="GONE")]
        return [self._saved(said, made, operation)]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`."""
        made = self._configured(f"find {entity}", entity)
        found: dict[str, list[Found]] = {}
        for start in range(0, len(operations), _SEARCHED):
            asked = {one.reference: one for one in operations[start : start + _SEARCHED]}
            for row in self._rows(f"find {entity}", made, list(asked)):
                operation = asked.get(str(row.get(made.reference)))
                if operation is not None:
                    found.setdefault(operation.reference, []).append(_found(operation, row, made.key))
        return found

    def _configured(self, operation: str, entity: str) -> DocumentConfig:
        made = self.config.documents.get(entity)
        if made is None:
            raise self.wire.not_configured(operation, f"document {entity} is not configured", "documents")
        return made

    def _rows(self, operation: str, made: DocumentConfig, references: list[str]) -> Iterator[Document]:
        size, page, met = self.config.page_size, 0, set[str]()
        while True:
            asked = self.wire.interface(
                data={made.reference: references}, pageInfo={"pageIndex": str(page), "pageSize": str(size)}
            )
            rows = self.wire.read(operation, made.query, asked)
            fresh = [row for row in rows if str(row.get(made.key)) not in met]
            yield from fresh
            if len(rows) < size or not fresh:
                return
            met |= {str(row.get(made.key)) for row in fresh}
            page += 1

    def _saved(self, said: str, made: DocumentConfig, operation: Operation) -> Outcome:
        head = {made.reference: operation.reference, **operation.document}
        body = self.wire.interface(
            billtype=made.bill_type, isexchange="Y", roottag="bill",
            replace="Y" if operation.kind == "update" else "N",
            bill={"id": operation.reference, "billhead": head},
        )  # fmt: skip
        try:
            data = self.wire.write(said, made.save, body, operation.key)
        except Rejected as error:
            return _refused(operation, said, error.message, error.vendor_code, error.cure)
        except UnknownOutcome as error:
            there = self._there(operation) if error.vendor_code == REPEAT else ()
            if not there:
                raise
            # it came before, and this is what became of it
            return Confirmed(there[0].remote_id)
        entry, words = sent(data)
        match data["ufinterface"].get("successful") if entry else None:
            case "Y":
                return Confirmed(str(entry.get("content") or operation.reference))
            case "N":
                return _refused(operation, said, words or "refused", str(entry.get("resultcode")), None)
        return UnknownOutcome("the answer does not name this document", connector=NAME, operation=said)

    def _deleted(self, said: str, made: DocumentConfig, operation: Operation) -> Outcome:
        keys = [one.remote_id for one in self._there(operation)]
        if keys:
            self.wire.write(said, made.delete, {made.key: keys}, operation.key)
        return Confirmed(operation.remote_id)

    def _there(self, operation: Operation) -> Sequence[Found]:
        bare = replace(operation, document={})
        return self.find(operation.entity, [bare]).get(operation.reference, ())


@contextmanager
def open_target(config: NccConfig, services: Services) -> Iterator[NccTarget]:
    """The target, closed on leaving."""
    target = NccTarget(config, services)
    with target.wire.http:
        yield target


def _refused(operation: Operation, said: str, words: str, code: str | None, cure: str | None) -> Rejected:
    """With the field that the words name."""
    field = next((name for name in operation.document if name in words), None)
    return Rejected(words, connector=NAME, operation=said, vendor_code=code, field=field, cure=cure)


def _found(operation: Operation, row: Document, key: str) -> Found:
    document = {
        name: _as_sent(value, row[name])
        for name, value in operation.document.items()
        if row.get(name) is not None
    }
    version = row.get("ts")
    return Found(str(row.get(key)), document, str(version) if version else None)


def _as_sent(ours: Any, theirs: Any) -> Any:
    """A value of theirs in the kind that we sent: numbers come back as text with eight decimals, dates with a time."""
    if isinstance(ours, int | float) and not isinstance(ours, bool) and isinstance(theirs, str):
        try:
            return float(theirs)
        except ValueError:
            return theirs
    match = _MIDNIGHT.fullmatch(theirs) if isinstance(theirs, str) else None
    return match[1] if match else theirs
