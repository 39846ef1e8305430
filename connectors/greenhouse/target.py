"""Scores in custom fields of the application: read, merged, written.

`PATCH` replaces an application's custom fields as a whole, so that all of them are read first and sent back with ours among
them; what a person changes in the second between is overwritten, which the vendor gives no means to prevent. Fields that
begin with the connection's prefix are ours: a new result replaces all of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, ConnectorError, RateLimited, Rejected
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from . import reports
from .config import GreenhouseConfig
from .reports import Reports
from .wire import NAME, Wire, malformed

ENTITY, KEY, OWNER = "scores", "application_id", "application"
_TYPES: Mapping[str, Document] = {
    "short_text": {"type": "string", "maxLength": 255},
    "long_text": {"type": "string"},
    "number": {"type": "number"},
    "yes_no": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}


class GreenhouseTarget:
    """See `trivet.contract.Target`; entities are `scores` {application_id, trivet_…} and `report`, see `reports`."""

    def __init__(self, config: GreenhouseConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services)
        self.reports = Reports(self.wire)

    def check(self) -> None:
        """The custom field for our reference is there."""
        if self.config.reference_field not in self._definitions():
            raise ConfigError(
                f"applications have no custom field {self.config.reference_field}", code="REFERENCE_FIELD",
                cure="create it in Greenhouse (Configure → Custom Options → Applications, short text), or mend "
                "`reference_field` of the connection",
            )  # fmt: skip

    def describe(self) -> Mapping[str, Document]:
        """See `Describing`."""
        ours = {key: kind for key, kind in self._definitions().items() if self.config.ours(key)}
        properties = {key: dict(_TYPES.get(kind, {})) for key, kind in ours.items()}
        return {
            ENTITY: {
                "type": "object",
                "properties": {KEY: {"type": "string"}, **properties},
                "required": [KEY],
            },
            reports.ENTITY: reports.SHAPE,
        }

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; an application carries one result, and its reference with it."""
        if entity == reports.ENTITY:
            return self.reports.find(operations)
        self._known(entity)
        wanted = {operation.reference for operation in operations}
        found: dict[str, list[Found]] = {}
        for row in self._applications([o.document.get(KEY) or o.remote_id for o in operations]):
            reference = self._values(row).get(self.config.reference_field)
            if reference in wanted:
                found.setdefault(str(reference), []).append(self._found(row))
        return found

    def _sent(self, operation: Operation) -> Outcome:
        try:
            if operation.entity == reports.ENTITY:
                return self.reports.send(operation)
            return self._merged(operation)
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error

    def _merged(self, operation: Operation) -> Outcome:
        self._known(operation.entity)
        gone = operation.kind == "delete"
        name = str(operation.remote_id if gone else operation.document.get(KEY, ""))
        if not name.isdecimal():
            raise _refused("FIELD_TYPE", f"{name or 'nothing'} is no id of an application", KEY)
        rows = self._applications([name])
        if not rows:
            if gone:
                return Confirmed(name)
            raise _refused("NOT_FOUND", "there is no such application (any more)", KEY)
        kept = {key: value for key, value in self._values(rows[0]).items() if not self.config.ours(key)}
        standing = self._values(rows[0]).get(self.config.reference_field)
        if standing not in (None, operation.reference):
            if gone:
                return Confirmed(name)
            raise _refused(
                "REFERENCE_TAKEN", "the application carries another result", self.config.reference_field
            )
        values = kept if gone else {**kept, **self._fields(operation)}
        body = {"custom_fields": [{"name_key": key, "value": value} for key, value in values.items()]}
        self.wire.write(f"{operation.kind} scores", "PATCH", f"/applications/{name}", body)
        return Confirmed(name)

    def _fields(self, operation: Operation) -> Document:
        said = {name: value for name, value in operation.document.items() if name != KEY}
        for name in said:
            if not self.config.ours(name) or name == self.config.reference_field:
                raise _refused(
                    "MAPPING_UNKNOWN_FIELD", f"only custom fields that begin with {self.config.field_prefix} are ours", name
                )  # fmt: skip
        return {**said, self.config.reference_field: operation.reference}

    def _found(self, row: Document) -> Found:
        ours = {key: value for key, value in self._values(row).items() if self.config.ours(key)}
        ours.pop(self.config.reference_field, None)
        return Found(str(row["id"]), {KEY: str(row["id"]), **ours})

    def _applications(self, names: Iterable[Any]) -> list[Document]:
        return self.wire.every("applications", "ids", names)

    def _values(self, row: Document) -> dict[str, Any]:
        """The values of all custom fields; a row whose fields cannot be read must not be written."""
        fields = row.get("custom_fields")
        if not isinstance(fields, dict) or not all(isinstance(field, dict) for field in fields.values()):
            raise malformed("list applications", "an application has no custom fields that can be read")
        return {key: field["value"] for key, field in fields.items() if field.get("value") is not None}

    def _definitions(self) -> dict[str, str]:
        rows, cursor = self.wire.page("custom_fields", {"field_type": OWNER, "per_page": 500})
        while cursor:
            more, cursor = self.wire.page("custom_fields", {"cursor": cursor})
            rows += more
        return {
            str(row.get("name_key")): str(row.get("value_type")) for row in rows if row.get("active", True)
        }

    def _known(self, entity: str) -> None:
        if entity != ENTITY:
            raise _refused("ENTITY", f"no entity {entity}")


@contextmanager
def open_target(config: GreenhouseConfig, services: Services) -> Iterator[GreenhouseTarget]:
    """The target, closed on leaving."""
    target = GreenhouseTarget(config, services)
    with target.wire.http:
        yield target


def _refused(code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation="send", vendor_code=code, field=field)
