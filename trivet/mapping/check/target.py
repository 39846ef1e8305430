"""The fields of a mapping against what its target takes: the canonical schema, or the target's own description.

A description lies in mappings/targets/<connector>/<entity>.schema.json; `trivet describe CONNECTION --write` asks for it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.check.around import Around, plain_path
from trivet.mapping.check.schemas import Place, Schema
from trivet.mapping.inputs import near

Said = tuple[str, str, str]
"""Which part of the field (`` for its key), code, message."""
Field = Mapping[str, Any]


def described(home: Path, connector: str, entity: str) -> Schema | None:
    """The target's description of the entity; None where there is none."""
    file = home / "mappings" / "targets" / connector / f"{entity}.schema.json"
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return schema if isinstance(schema, dict) else None


def of_field(schema: Schema, name: str, contracts: Contracts) -> Place | None:
    """What the target says of one field."""
    known = schema.get("properties", {}).get(name)
    if not isinstance(known, dict):
        return None
    resolved = contracts.resolved(known)
    return Place(resolved, int(resolved.get("type") == "array"))


def missing(fields: Mapping[str, Field], schema: Schema, title: str) -> Iterator[str]:
    """What the target requires and no field makes."""
    for name in schema.get("required", ()):
        if name not in fields and not schema.get("properties", {}).get(name, {}).get("readOnly"):
            yield f"{title} requires {name!r}, no field makes it"


def unknown_field(name: str, schema: Schema, title: str) -> Iterator[Said]:
    """The target has no such field, and takes none that it does not know."""
    if name not in schema.get("properties", {}) and schema.get("additionalProperties") is False:
        yield "", "MAPPING_UNKNOWN_FIELD", f"{title} has no field {name!r}{near(name, schema['properties'])}"


def refused_there(name: str, field: Field, schema: Schema, title: str, around: Around) -> Iterator[Said]:
    """What the target would refuse of one field though the mapping lets it through."""
    known = schema.get("properties", {}).get(name)
    if not isinstance(known, dict):
        return
    if known.get("readOnly"):
        yield "", "MAPPING_READONLY_FIELD", f"{title}.{name} cannot be written"
    most, types = known.get("maxLength"), known.get("type", "string")
    if isinstance(most, int) and "string" in ([types] if isinstance(types, str) else types):
        yield from _length(field, most, around)
    if name in schema.get("required", ()) and not _demanded(field, around):
        said = f"{title} requires {name!r}: say `required: true` or a `default`, so that it is missed here and not there"
        yield "", "REQUIRED_NOT_DEMANDED", said


def _demanded(field: Field, around: Around) -> bool:
    if field.get("required"):
        return True
    if "when" in field:
        return False
    known = _source(field, around)
    return (
        "default" in field or "value" in field or (known is not None and known.sure and "lookup" not in field)
    )


def _length(field: Field, most: int, around: Around) -> Iterator[Said]:
    constant = next((part for part in ("value", "default") if isinstance(field.get(part), str)), "")
    if constant and len(field[constant]) > most:
        yield constant, "FIELD_LENGTH", f"longer than the {most} characters that the target takes"
    if constant == "value":
        return
    if "lookup" in field:
        yield from _row_length(field, most, around)
        return
    # no text has more characters than bytes
    own = next((part for part in ("max_length", "max_bytes") if field.get(part, most + 1) <= most), None)
    said = next((part for part in ("max_length", "max_bytes") if part in field), "")
    if own is None and said:
        yield said, "FIELD_LENGTH", f"the target takes {most} characters"
    elif own is None and "date" not in field and not _short(_source(field, around), most):
        said = f"the target takes {most} characters: say `max_length: {most}`, so that a longer text is missed here"
        yield "", "FIELD_LENGTH", said


def _row_length(field: Field, most: int, around: Around) -> Iterator[Said]:
    column = field.get("column", "value")
    rows = around.tables.get(field["lookup"], {})
    long = next((key for key, row in rows.items() if len(row.get(column, "")) > most), None)
    if long is not None:
        said = f"{column} of row {long!r} is longer than the {most} characters that the target takes"
        yield "lookup", "FIELD_LENGTH", said


def _source(field: Field, around: Around) -> Place | None:
    named = plain_path(str(field.get("from", field.get("expr", ""))))
    return around.at(named) if named else None


def _short(source: Place | None, most: int) -> bool:
    """Whether the input's schema already keeps the text short enough."""
    if source is None:
        return False
    schema = source.schema
    if "enum" in schema:
        return all(len(str(value)) <= most for value in schema["enum"])
    if (
        schema.get("format") in ("date", "date-time")
        or source.types <= {"number", "integer", "boolean"} != set()
    ):
        return True
    bound = schema.get("maxLength")
    return isinstance(bound, int) and bound <= most
