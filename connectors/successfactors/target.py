"""Bulk upsert with one outcome per record, search by our reference, delete by key."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, UnknownOutcome
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .config import EntityConfig, SuccessFactorsConfig
from .wire import NAME, Property, Wire, as_schema, from_vendor, judge, quoted, to_vendor

MAX_OPS = 400
"""Of 1,000 that the vendor takes (KBA 3145174): a lost answer makes all of them unknown."""
_SEARCHED = 40
"""References in one filter: the address stays below what gateways take."""


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

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        if operations[0].kind == "delete":
            return [self._deleted(operation) for operation in operations]
        outcomes: dict[str, Outcome] = {}
        items = []
        for operation in operations:
            try:
                items.append((operation, self._item(operation)))
            except Rejected as refused:
                outcomes[operation.key] = refused
        if items:
            answers = self.wire.upsert([item for _, item in items])
            by_index = {a.get("index", i): a for i, a in enumerate(answers) if isinstance(a, dict)}
            for index, (operation, _) in enumerate(items):
                outcomes[operation.key] = _named(judge(by_index.get(index)), operation)
        return [outcomes[operation.key] for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`."""
        known, properties = self._entity(entity)
        references = iter(dict.fromkeys(operation.reference for operation in operations))
        found: dict[str, list[Found]] = {}
        while chunk := list(islice(references, _SEARCHED)):
            said = " or ".join(f"{known.reference} eq {quoted(reference)}" for reference in chunk)
            token: str | None = None
            while True:
                query = {"$filter": said} | ({"$skiptoken": token} if token else {})
                data = self.wire.read(f"find {entity}", entity, query)
                for row in data["results"]:
                    document = from_vendor(properties, row)
                    reference = document.pop(known.reference, None)
                    found.setdefault(str(reference), []).append(
                        Found(
                            str(row[known.key]),
                            document,
                            str(row.get("lastModified") or row.get("lastModifiedDateTime")),
                        )
                    )
                if "$skiptoken=" not in data.get("__next", ""):
                    break
                token = data["__next"].rpartition("$skiptoken=")[2]
        return found

    def _item(self, operation: Operation) -> Document:
        known, properties = self._entity(operation.entity)
        for name, value in operation.document.items():
            self._check(operation, name, value, properties.get(name))
        uri = operation.entity
        if known.key == known.reference:
            uri += f"({quoted(operation.reference)})"
        elif operation.remote_id is not None:
            uri += f"({operation.remote_id}L)"
        return {
            "__metadata": {"uri": uri, "type": f"SFOData.{operation.entity}"},
            **to_vendor(properties, operation.document),
            known.reference: operation.reference,
        }

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

    def _deleted(self, operation: Operation) -> Outcome:
        known, _ = self._entity(operation.entity)
        if known.key == known.reference:
            key = quoted(operation.reference)
        elif operation.remote_id is not None:
            key = f"{operation.remote_id}L"
        else:
            found = self.find(operation.entity, [operation]).get(operation.reference, [])
            if not found:
                return Confirmed(None)
            key = f"{found[0].remote_id}L"
        try:
            self.wire.delete(f"{operation.entity}({key})")
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error
        return Confirmed(operation.remote_id)

    def _entity(self, name: str) -> tuple[EntityConfig, Mapping[str, Property]]:
        known = self.config.entities.get(name)
        properties = self.wire.metadata().get(name)
        if known is None or properties is None:
            raise Rejected(
                f"{name} is not configured" if known is None else f"{name} does not exist in this tenant",
                connector=NAME, operation="send", vendor_code="ENTITY", cure="mend `entities` of the connection",
            )  # fmt: skip
        return known, properties


@contextmanager
def open_target(config: SuccessFactorsConfig, services: Services) -> Iterator[SuccessFactorsTarget]:
    """The target, closed on leaving."""
    target = SuccessFactorsTarget(config, services)
    with target.wire.http:
        yield target


def _named(outcome: Outcome, operation: Operation) -> Outcome:
    if isinstance(outcome, UnknownOutcome | Rejected):
        outcome.operation = f"{operation.kind} {operation.entity}"
    return outcome
