"""Records made, changed, taken away and found by the calls that the connection describes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.described.places import copied, drop, filled, get, put, text_at
from trivet.errors import AuthFailed, Rejected, Retryable, UnknownOutcome
from trivet.model import Document, Found, Operation, Outcome

from .calls import Entity, Write
from .config import HttpJsonConfig
from .paging import sheets
from .reads import Find
from .verdicts import Verdicts
from .wire import NAME, Wire, malformed, refused

NOBODY = "TRIVETCHECK22222"
"""A reference that no record has."""


class HttpJsonTarget:
    """See `trivet.contract.Target`."""

    def __init__(self, config: HttpJsonConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Asks every configured entity for a reference that nobody has: it must be able to say no."""
        if not self.config.entities:
            raise refused(
                "check",
                "no entity is configured",
                code="ENTITY",
                cure="add one to `entities` of the connection",
            )
        for name, entity in self.config.entities.items():
            list(self._rows(f"check {name}", entity.find, [NOBODY]))

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`; operations that take several calls stop at the first one that does not come through."""
        first = operations[0]
        call: Write | None = getattr(self._entity("send", first.entity), first.kind)
        if call is None:
            raise refused(
                f"{first.kind} {first.entity}", f"no call is configured for {first.kind}", code="CALL_MISSING",
                cure=f"add `{first.kind}` to the entity, or let a person do it in the system",
            )  # fmt: skip
        size = call.bulk.max_items if call.bulk else 1
        outcomes: list[Outcome] = []
        for start in range(0, len(operations), size):
            part = operations[start : start + size]
            try:
                outcomes += self._call(call, part)
            except Rejected as error:
                outcomes += [error] * len(part)
            except (AuthFailed, Retryable) as error:
                if not outcomes:
                    raise
                return [*outcomes, *[error] * (len(operations) - start)]
            except UnknownOutcome as error:
                rest = Retryable(
                    "not sent: the call before it was lost",
                    connector=NAME,
                    operation=f"{first.kind} {first.entity}",
                )
                return [*outcomes, *[error] * len(part), *[rest] * (len(operations) - start - len(part))]
        return outcomes

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`."""
        call = self._entity("find", entity).find
        names: dict[str, set[str]] = {}
        for operation in operations:
            names.setdefault(operation.reference, set()).update(operation.document)
        found: dict[str, list[Found]] = {}
        for reference, row in self._rows(f"find {entity}", call, list(names)):
            if call.live is None or call.live.holds(row):
                row_found = _found(f"find {entity}", call, row, set(call.fields) or names[reference])
                found.setdefault(reference, []).append(row_found)
        return found

    def _entity(self, operation: str, name: str) -> Entity:
        known = self.config.entities.get(name)
        if known is None:
            raise refused(
                operation, f"entity {name} is not configured", code="ENTITY",
                cure="add it to `entities` of the connection",
            )  # fmt: skip
        return known

    def _rows(self, operation: str, call: Find, wanted: Sequence[str]) -> Iterator[tuple[str, Document]]:
        for start in range(0, len(wanted), call.at_once):
            part = wanted[start : start + call.at_once]
            body = {} if call.references is None else {call.references: list(part)}
            values = {"reference": part[0], "references": ",".join(part)}
            for sheet in sheets(self.wire, operation, call, values, body):
                for row in sheet.rows:
                    reference = text_at(row, call.reference)
                    if reference is None or reference not in part:
                        raise refused(
                            operation, "the system answers with records that were not asked for", code="FIND_UNFILTERED",
                            cure="mend the search in `find`: a parameter that the system overlooks is no search",
                        )  # fmt: skip
                    yield reference, row

    def _call(self, call: Write, operations: Sequence[Operation]) -> list[Outcome]:
        first = operations[0]
        name = f"{first.kind} {first.entity}"
        values = {"reference": first.reference, "remote_id": first.remote_id or "", "key": first.key}
        by_id = call.remote_id is not None or "{remote_id}" in call.path
        # a step of dots would be taken out of the path, and the call would mean the whole collection
        if by_id and any(operation.remote_id in (None, "", ".", "..") for operation in operations):
            raise Rejected(
                "the system's id of the record is not known",
                connector=NAME,
                operation=name,
                vendor_code="REMOTE_ID",
            )
        body: Any = copied(call.fixed)
        if call.bulk is None:
            _fill(body, call, first)
        else:
            items: list[Document] = [{} for _ in operations]
            for item, operation in zip(items, operations, strict=True):
                _fill(item, call, operation)
            if call.bulk.into:
                put(body, call.bulk.into, items)
            else:
                body = items
        headers = {call.key_header: first.key} if call.key_header else {}
        reply = self.wire.write(name, call.method, filled(call.path, values), body, headers)
        return Verdicts(self.config.errors, call).all(operations, reply)


@contextmanager
def open_target(config: HttpJsonConfig, services: Services) -> Iterator[HttpJsonTarget]:
    """The target, closed on leaving."""
    target = HttpJsonTarget(config, services)
    with target.wire.http:
        yield target


def _fill(item: Document, call: Write, operation: Operation) -> None:
    if operation.kind != "delete":
        put(item, call.document, copied(operation.document))
    for place, value in (
        (call.reference, operation.reference), (call.remote_id, operation.remote_id), (call.key, operation.key),
    ):  # fmt: skip
        if place is not None:
            put(item, place, value)


def _found(operation: str, call: Find, row: Document, names: set[str]) -> Found:
    remote_id, version = text_at(row, call.id) or "", text_at(row, call.version)
    row = copied(row)
    for place in (call.reference, call.id, call.version):
        drop(row, place)
    document = get(row, call.document)
    if not isinstance(document, dict):
        raise malformed(operation, "a row holds no object where `document` points to")
    kept = {
        name: value for name, value in document.items() if value is not None and (not names or name in names)
    }
    return Found(remote_id, kept, version)
