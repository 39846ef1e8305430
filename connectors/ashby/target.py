"""Scores in custom fields of the application, all of them set by one `customField.setValues`.

To set the same values twice is to set them once; what is there is read by the application's id, and null takes a value
away. A note could be neither changed nor taken away again (there is no method for it), nor could a file: so neither carries
a result. `setValues` touches no field but those named, and is the vendor's advice against one call a field, which race and
use up the calls of a minute (a public user's: mousberg/le-commit#68). Fields whose names begin with the connection's prefix
are ours: a new result replaces all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, ConfigError, ConnectorError, RateLimited, Rejected
from trivet.model import Confirmed, Document, Found, Operation, Outcome

from .config import AshbyConfig, field_name
from .wire import NAME, Wire, is_id, malformed

ENTITY, KEY, OWNER = "scores", "application_id", "Application"
SET = "customField.setValues"
_TYPES: Mapping[str, Document] = {
    "String": {"type": "string"},
    "LongText": {"type": "string"},
    "Number": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "Date": {"type": "string", "format": "date"},
}


class AshbyTarget:
    """See `trivet.contract.Target`; the one entity is `scores` {application_id, trivet_…}."""

    def __init__(self, config: AshbyConfig, services: Services) -> None:
        self.config = config
        self.wire = Wire(config, services, page_size=config.page_size)
        self._known_fields: dict[str, Document] | None = None

    def check(self) -> None:
        """The custom field for our reference is there."""
        if self.config.reference_field not in self._definitions():
            raise ConfigError(
                f"applications have no custom field {self.config.reference_field}", code="REFERENCE_FIELD",
                cure="create it in Ashby (Admin → Custom Fields → Application), or mend `reference_field` of the connection",
            )  # fmt: skip

    def describe(self) -> Mapping[str, Document]:
        """See `Describing`."""
        self._known_fields = None
        ours = {name: row for name, row in self._definitions().items() if self.config.ours(name)}
        properties = {name: dict(_TYPES.get(str(row.get("fieldType")), {})) for name, row in ours.items()}
        return {
            ENTITY: {
                "type": "object",
                "properties": {KEY: {"type": "string"}, **properties},
                "required": [KEY],
            }
        }

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """See `Target`."""
        return [self._sent(operation) for operation in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """See `Target`; an application carries one result, and its reference with it."""
        _known(entity)
        wanted = {operation.reference for operation in operations}
        named = dict.fromkeys(str(o.document.get(KEY) or o.remote_id or "") for o in operations)
        found: dict[str, list[Found]] = {}
        for name in filter(is_id, named):
            row = self.wire.one("application.info", applicationId=name)
            values = self._values(row) if row is not None else {}
            reference = values.pop(self.config.reference_field, None)
            if reference in wanted:
                found.setdefault(str(reference), []).append(Found(name, {KEY: name, **values}))
        return found

    def _sent(self, operation: Operation) -> Outcome:
        try:
            return self._set(operation)
        except (AuthFailed, RateLimited):
            raise
        except ConnectorError as error:
            return error

    def _set(self, operation: Operation) -> Outcome:
        _known(operation.entity)
        gone = operation.kind == "delete"
        name = str((operation.remote_id if gone else operation.document.get(KEY)) or "")
        if not is_id(name):
            raise _refused("FIELD_TYPE", f"{name or 'nothing'} is no id of an application", KEY)
        wanted = {} if gone else self._wanted(operation)
        row = self.wire.one("application.info", applicationId=name)
        if row is None:
            if gone:
                return Confirmed(name)
            raise _refused("NOT_FOUND", "there is no such application (any more)", KEY)
        there = self._values(row)
        if there.get(self.config.reference_field) not in (None, operation.reference):
            if gone:
                return Confirmed(name)
            raise _refused(
                "REFERENCE_TAKEN", "the application carries another result", self.config.reference_field
            )
        values = dict.fromkeys(there) | wanted
        if values:
            self.wire.write(
                SET, {"objectId": name, "objectType": OWNER, "values": self._ordered(values, gone=gone)}
            )
        return Confirmed(name)

    def _ordered(self, values: Mapping[str, Any], *, gone: bool) -> list[Document]:
        """The reference first, and last when all is taken away: a call that breaks in the middle is found again."""
        known = self._definitions()
        names = sorted(values, key=lambda name: (name == self.config.reference_field) is gone)
        return [{"fieldId": known[name]["id"], "fieldValue": values[name]} for name in names]

    def _wanted(self, operation: Operation) -> Document:
        said = {name: value for name, value in operation.document.items() if name != KEY}
        known = self._definitions()
        for name in said:
            if not self.config.ours(name) or name == self.config.reference_field:
                raise _refused(
                    "MAPPING_UNKNOWN_FIELD", f"only custom fields that begin with {self.config.field_prefix} are ours", name
                )  # fmt: skip
        for name in (*said, self.config.reference_field):
            if name not in known:
                raise _refused("FIELD_UNKNOWN", "applications have no such custom field", name)
        return {**said, self.config.reference_field: operation.reference}

    def _values(self, row: Document) -> Document:
        """Ours, as they were sent; an application whose fields cannot be read must not be written."""
        fields, known = row.get("customFields"), self._definitions()
        if not isinstance(fields, list) or not all(isinstance(field, dict) for field in fields):
            raise malformed("application.info", "the application has no custom fields that can be read")
        by_id = {row["id"]: name for name, row in known.items() if self.config.ours(name)}
        there = {by_id[f["id"]]: f.get("value") for f in fields if f.get("id") in by_id}
        return {name: _sent_as(known[name], value) for name, value in there.items() if value is not None}

    def _definitions(self) -> dict[str, Document]:
        """The application's custom fields by name."""
        if self._known_fields is None:
            found: dict[str, Document] = {}
            for row in self.wire.every("customField.list"):
                name = field_name(row.get("title"))
                if row.get("objectType") != OWNER or row.get("isArchived"):
                    continue
                if name in found and self.config.ours(name):
                    raise Rejected(
                        f"applications have two custom fields {name}", connector=NAME, operation="customField.list",
                        vendor_code="FIELD_AMBIGUOUS", field=name, cure="rename or archive one of them in Ashby",
                    )  # fmt: skip
                found[name] = row
            self._known_fields = found
        return self._known_fields


@contextmanager
def open_target(config: AshbyConfig, services: Services) -> Iterator[AshbyTarget]:
    """The target, closed on leaving."""
    target = AshbyTarget(config, services)
    with target.wire.http:
        yield target


def _sent_as(definition: Document, value: Any) -> Any:
    # a date is set as 2026-11-19 and may come back as the moment at which it begins
    return value[:10] if definition.get("fieldType") == "Date" and isinstance(value, str) else value


def _known(entity: str) -> None:
    if entity != ENTITY:
        raise _refused("ENTITY", f"no entity {entity}")


def _refused(code: str, message: str, field: str | None = None) -> Rejected:
    return Rejected(message, connector=NAME, operation="send", vendor_code=code, field=field)
