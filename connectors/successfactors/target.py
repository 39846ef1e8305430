"""Bulk upsert with one outcome per record, search by our reference, deletes side by side in `$batch`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.model import Confirmed, Document, Found, Operation, Outcome, WeighedPlan

from . import weights
from .batch import MAX_CHANGES, Change, Part
from .config import EntityConfig, SuccessFactorsConfig
from .edm import Property, as_schema, from_vendor, key_of, to_vendor
from .verdicts import judge, refusal
from .wire import NAME, Wire, malformed, not_configured, rows

MAX_OPS = 400
"""Of 1,000 that the vendor takes (KBA 3145174): a lost answer makes all of them unknown."""
MAX_BYTES = 4 * 1024 * 1024
"""Of one upsert; SAP names no limit, the gateways on the way have theirs."""
_SEARCHED = 40
"""References in one filter: the address stays below what gateways take."""
T = TypeVar("T")


class SuccessFactorsTarget:
    """See `trivet.contract.Target`. Documents carry the entity's own property names, dates as `YYYY-MM-DD`."""

    def __init__(self, config: SuccessFactorsConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Every configured entity exists in the tenant and can be searched by the reference."""
        metadata = self.wire.metadata()
        for name, entity in self.config.entities.items():
            known = metadata.get(name, {}).get(entity.reference)
            if known is None or not known.filterable:
                what = (
                    "does not exist"
                    if name not in metadata
                    else f"has no filterable property {entity.reference}"
                )
                raise Rejected(
                    f"{name} {what} in this tenant", connector=NAME, operation="check", vendor_code="METADATA",
                    cure=f"add the field to {name}, or mend `entities` of the connection",
                )  # fmt: skip

    def describe(self) -> Mapping[str, Document]:
        """See `trivet.contract.Describing`; from `$metadata`."""
        metadata = self.wire.metadata()
        return {
            name: as_schema(name, metadata.get(name, {}), entity.reference)
            for name, entity in self.config.entities.items()
        }

    def plans(self, operations: Sequence[Operation]) -> Mapping[str, WeighedPlan]:
        """See `trivet.contract.Weighing`."""
        return weights.plans(self.wire, self.config.entities, operations)

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        if operations[0].kind == "delete":
            return self._delete(operations)
        outcomes: dict[str, Outcome] = {}
        ready = []
        for operation in operations:
            try:
                ready.append((operation, self._item(operation)))
            except Rejected as refused:
                outcomes[operation.key] = refused
        carried = self._upserted(ready) if ready else ()
        outcomes |= {operation.key: said for (operation, _), said in zip(ready, carried, strict=True)}
        return [outcomes[operation.key] for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; a record that was adopted is found by its id."""
        known, _ = self._entity(entity)
        ours = {operation.reference: operation.reference for operation in operations if not operation.adopted}
        theirs = {
            str(operation.remote_id): operation.reference for operation in operations if operation.adopted
        }
        return {**self._found(entity, known.reference, ours), **self._found(entity, known.key, theirs)}

    def _found(self, entity: str, by: str, names: Mapping[str, str]) -> dict[str, list[Found]]:
        """The records whose property `by` has one of the values, under the reference that goes with it."""
        known, properties = self._entity(entity)
        found: dict[str, list[Found]] = {}
        for chunk in _chunks(list(names), _SEARCHED):
            said = " or ".join(f"{by} eq {key_of(properties, by, value)}" for value in chunk)
            for row in rows(self.wire, f"find {entity}", entity, {"$filter": said}):
                if row.get(known.key) is None:
                    raise malformed(f"find {entity}", "a row has no key")
                document = from_vendor(properties, row)
                document.pop(known.reference, None)
                changed = str(row.get("lastModified") or row.get("lastModifiedDateTime"))
                if row.get(by) is not None and str(row[by]) in names:
                    entry = Found(str(row[known.key]), document, changed)
                    found.setdefault(names[str(row[by])], []).append(entry)
        return found

    def _item(self, operation: Operation) -> Document:
        known, properties = self._entity(operation.entity)
        for name, value in operation.document.items():
            self._check(operation, name, value, properties.get(name))
        address = self._address(operation)
        return {
            "__metadata": {"uri": address or operation.entity, "type": f"SFOData.{operation.entity}"},
            **to_vendor(properties, operation.document),
            **({} if operation.adopted else {known.reference: operation.reference}),
        }

    def _address(self, operation: Operation) -> str | None:
        """Where the record is or will be; None where the tenant has yet to give its id."""
        known, properties = self._entity(operation.entity)
        mine = known.key == known.reference and not operation.adopted
        key = operation.reference if mine else operation.remote_id
        return key and f"{operation.entity}({key_of(properties, known.key, key)})"

    def _check(self, operation: Operation, name: str, value: object, known: Property | None) -> None:
        # the tenant's own model, before a byte is sent: a refusal here names the field and touches nothing
        problem = None
        if known is None:
            problem = ("MAPPING_UNKNOWN_FIELD", f"{operation.entity} has no property {name}")
        elif not known.writable:
            problem = ("MAPPING_READONLY_FIELD", "the property is read only")
        elif known.max_length and isinstance(value, str) and len(value) > known.max_length:
            problem = ("FIELD_LENGTH", f"longer than {known.max_length} characters")
        if problem:
            raise Rejected(
                problem[1], connector=NAME, operation=operation.kind, vendor_code=problem[0], field=name
            )

    def _upserted(self, part: Sequence[tuple[Operation, Document]]) -> Sequence[Outcome]:
        answers = self.wire.upsert([item for _, item in part])
        by_index = {a.get("index", i): a for i, a in enumerate(answers) if isinstance(a, dict)}
        return [_named(judge(by_index.get(index)), operation) for index, (operation, _) in enumerate(part)]

    def _delete(self, operations: Sequence[Operation]) -> list[Outcome]:
        """One changeset each, so that one that is refused takes no other with it."""
        addresses = {operation.key: self._address(operation) for operation in operations}
        unknown = [operation for operation in operations if addresses[operation.key] is None]
        found = self.find(operations[0].entity, unknown) if unknown else {}
        known, properties = self._entity(operations[0].entity)
        for operation in unknown:
            for row in found.get(operation.reference, [])[:1]:
                key = key_of(properties, known.key, row.remote_id)
                addresses[operation.key] = f"{operation.entity}({key})"
        there = [(o, address) for o in operations if (address := addresses[o.key]) is not None]
        carried = _in_turn(_chunks(there, MAX_CHANGES), self._deleted)
        outcomes = {operation.key: said for (operation, _), said in zip(there, carried, strict=True)}
        return [outcomes.get(operation.key, Confirmed(None)) for operation in operations]

    def _deleted(self, part: Sequence[tuple[Operation, str]]) -> Sequence[Outcome]:
        said = f"delete {part[0][0].entity}"
        answers = self.wire.batch(said, [[Change("DELETE", address)] for _, address in part])
        return [
            self._taken_away(said, operation, address, *answer)
            for (operation, address), answer in zip(part, answers, strict=True)
        ]

    def _taken_away(
        self, said: str, operation: Operation, address: str, answer: Part | None = None
    ) -> Outcome:
        if answer is None:
            return UnknownOutcome("the server stopped before it", connector=NAME, operation=said)
        if 200 <= answer.status < 300 or answer.status == 404:
            return Confirmed(operation.remote_id)
        if answer.status in (429, 503):
            return Retryable(f"HTTP {answer.status}", connector=NAME, operation=said)
        if answer.status >= 500:
            return UnknownOutcome(
                f"HTTP {answer.status}, it may have been done", connector=NAME, operation=said
            )
        try:
            # a changeset that is refused says 400, whatever the reason (KBA 3709239)
            return (
                Confirmed(operation.remote_id)
                if self.wire.gone(said, address)
                else refusal(said, answer.json())
            )
        except ConnectorError:
            return refusal(said, answer.json())

    def _entity(self, name: str) -> tuple[EntityConfig, Mapping[str, Property]]:
        known = self.config.entities.get(name)
        properties = self.wire.metadata().get(name)
        if known is None or properties is None:
            said = f"{name} is not configured" if known is None else f"{name} does not exist in this tenant"
            raise not_configured("send", said, "entities")
        return known, properties


@contextmanager
def open_target(config: SuccessFactorsConfig, services: Services) -> Iterator[SuccessFactorsTarget]:
    """The target, closed on leaving."""
    target = SuccessFactorsTarget(config, services)
    with target.wire.http:
        yield target


def _in_turn(
    requests: Sequence[Sequence[T]], carry: Callable[[Sequence[T]], Sequence[Outcome]]
) -> list[Outcome]:
    """The outcomes of several requests, one after the other. An error is raised where nothing was done before it; later
    it speaks for its own request, and what stands behind it is not sent."""
    outcomes: list[Outcome] = []
    stopped: ConnectorError | None = None
    for request in requests:
        try:
            outcomes += [_unsent(stopped)] * len(request) if stopped else carry(request)
        except ConnectorError as error:
            if not outcomes and (len(requests) == 1 or isinstance(error, AuthFailed | Retryable)):
                raise
            outcomes += [error] * len(request)
            stopped = None if isinstance(error, Rejected) else error
    return outcomes


def _unsent(why: ConnectorError) -> Retryable:
    return Retryable("not sent, the request before it went wrong", connector=NAME, operation=why.operation)


def _chunks(entries: Sequence[T], size: int) -> list[Sequence[T]]:
    return [entries[i : i + size] for i in range(0, len(entries), size)]


def _named(outcome: Outcome, operation: Operation) -> Outcome:
    if isinstance(outcome, UnknownOutcome | Rejected):
        outcome.operation = f"{operation.kind} {operation.entity}"
    return outcome
