"""The tenant's data model as `$metadata` tells it, and values in the forms of OData V2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

from trivet.errors import Retryable
from trivet.guarded_xml import Hostile, tree
from trivet.model import Document

NAME = "successfactors"
_EDM = re.compile(r"\{http://schemas\.microsoft\.com/ado/(2006/04|2007/05|2008/09)/edm\}")
_SAP = re.compile(r"\{http://www\.(?:successfactors\.com/edm/sap|sap\.com/Protocols/SAPData)\}")
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


@dataclass(frozen=True, slots=True)
class Property:
    """What `$metadata` says of a property."""

    type: str
    max_length: int | None
    writable: bool
    filterable: bool
    required: bool


Metadata = Mapping[str, Mapping[str, Property]]
_JSON_TYPES = {
    "Edm.Boolean": "boolean",
    "Edm.Byte": "integer",
    "Edm.Int16": "integer",
    "Edm.Int32": "integer",
    "Edm.Decimal": "number",
    "Edm.Double": "number",
    "Edm.Single": "number",
}
"""OData V2 primitive types that a mapping gives as something else than text; Int64 travels as text."""


def parse_metadata(body: bytes) -> Metadata:
    """The tenant's entities; Retryable where it is not EDMX."""
    try:
        root = tree(body)
    except Hostile as error:
        raise _unreadable(f"$metadata cannot be read: {error}", error.code) from None
    return {
        str(entity.get("Name")): {
            str(child.get("Name")): _property(child)
            for child in entity
            if _EDM.sub("", child.tag) == "Property"
        }
        for entity in root.iter()
        if _EDM.sub("", entity.tag) == "EntityType"
    }


def _property(element: ElementTree.Element) -> Property:
    said = {_SAP.sub("sap:", name): value for name, value in element.attrib.items()}
    length = said.get("MaxLength", "")
    return Property(
        said.get("Type", ""),
        int(length) if length.isdecimal() and int(length) else None,  # it may say Max
        said.get("sap:upsertable") != "false",
        said.get("sap:filterable") != "false",
        said.get("sap:required") == "true" or said.get("Nullable") == "false",
    )


def _unreadable(what: str, code: str) -> Retryable:
    return Retryable(what, connector=NAME, operation="read $metadata", vendor_code=code)


def as_schema(name: str, properties: Mapping[str, Property], reference: str) -> Document:
    """An entity as JSON Schema, the way mappings see it: dates are ISO text, the reference is the engine's own."""
    described: Document = {}
    for prop, known in properties.items():
        if prop == reference:
            continue
        described[prop] = {"type": _JSON_TYPES.get(known.type, "string")}
        if known.max_length is not None:
            described[prop]["maxLength"] = known.max_length
        if not known.writable:
            described[prop]["readOnly"] = True
    return {
        "title": name,
        "type": "object",
        "properties": described,
        "required": [prop for prop in described if properties[prop].required],
        "additionalProperties": False,
    }


def to_vendor(properties: Mapping[str, Property], document: Document) -> Document:
    """ISO dates become `/Date(ms)/` where the property is a date."""
    return {
        name: _to_date(value) if properties[name].type == "Edm.DateTime" and isinstance(value, str) else value
        for name, value in document.items()
    }


def from_vendor(properties: Mapping[str, Property], row: Document) -> Document:
    """A row in the form in which it was sent: dates as ISO, numbers as numbers, nothing that the tenant leaves empty."""
    return {
        name: _from_date(value)
        if properties[name].type == "Edm.DateTime"
        else _number(properties[name], value)
        for name, value in row.items()
        if name in properties and value is not None
    }


def plain(properties: Mapping[str, Property], row: Document) -> Document:
    """A row for reading: times as ISO in UTC, without OData's own entries and links to other entities."""
    return {
        name: instant(value) or _number(properties.get(name), value)
        for name, value in row.items()
        if name != "__metadata" and not (isinstance(value, dict) and "__deferred" in value)
    }


def instant(value: Any) -> str | None:
    """`/Date(ms)/` as `2026-11-20T16:00:00.000Z`; None for anything else."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    at = datetime.fromtimestamp(int(match[1]) / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def quoted(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def key_of(properties: Mapping[str, Property], name: str, value: str) -> str:
    """The literal of a key in an address."""
    known = properties.get(name)
    return f"{value}L" if known is not None and known.type == "Edm.Int64" else quoted(value)


def time_literal(properties: Mapping[str, Property], name: str, at: str) -> str:
    """The literal of an ISO time in UTC, in the type of the property that it is compared with."""
    known = properties.get(name)
    if known is not None and known.type == "Edm.DateTimeOffset":
        return f"datetimeoffset'{at}'"
    return f"datetime'{at.removesuffix('Z')}'"


def _number(known: Property | None, value: Any) -> Any:
    # OData V2 may write fractions as text; SAP's own servers differ
    if known is None or not isinstance(value, str) or _JSON_TYPES.get(known.type) != "number":
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _to_date(value: str) -> str:
    day = date.fromisoformat(value)
    return f"/Date({int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)})/"


def _from_date(value: Any) -> Any:
    at = instant(value)
    return value if at is None else at[:10]
