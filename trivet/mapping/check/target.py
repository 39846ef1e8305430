"""The fields of a mapping against what its target takes: the canonical schema, or the target's own description.

A description lies in mappings/targets/<connector>/<entity>.schema.json; `trivet describe CONNECTION --write` asks for it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.check.lints import Around, plain_path
from trivet.mapping.check.schemas import Place
from trivet.mapping.inputs import near

Said = tuple[str, str, str]
"""Which part of the field (`` for its key), code, message."""


def described(home: Path, connector: str, entity: str) -> Mapping[str, Any] | None:
    """The target's description of the entity; None where there is none."""
    file = home / "mappings" / "targets" / connector / f"{entity}.schema.json"
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return schema if isinstance(schema, dict) else None


def of_field(schema: Mapping[str, Any], name: str, contracts: Contracts) -> Place | None:
    """What the target says of one field."""
    known = schema.get("properties", {}).get(name)
    if not isinstance(known, dict):
        return None
    resolved = contracts.resolved(known)
    return Place(resolved, int(resolved.get("type") == "array"))


def check_field(
    name: str, field: Mapping[str, Any], schema: Mapping[str, Any], title: str, around: Around
) -> Iterator[Said]:
    """What the target would refuse of one field; for targets that describe themselves."""
    known = schema.get("properties", {}).get(name)
    if known is None:
        if schema.get("additionalProperties") is False:
            said = f"{title} has no field {name!r}{near(name, schema.get('properties', {}))}"
            yield "", "MAPPING_UNKNOWN_FIELD", said
        return
    if known.get("readOnly"):
        yield "", "MAPPING_READONLY_FIELD", f"{title}.{name} cannot be written"
    most = known.get("maxLength")
    if isinstance(most, int) and "string" in (known.get("type", "string"),):
        yield from _length(field, most, around)
    demanded = field.get("required") or "default" in field or "value" in field
    if name in schema.get("required", ()) and not demanded:
        said = f"{title} requires {name!r}: say `required: true` or a `default`, so that it is missed here and not there"
        yield "", "REQUIRED_NOT_DEMANDED", said


def _length(field: Mapping[str, Any], most: int, around: Around) -> Iterator[Said]:
    if isinstance(field.get("value"), str):
        if len(field["value"]) > most:
            yield "value", "FIELD_LENGTH", f"longer than the {most} characters that the target takes"
        return
    own = field.get("max_length")
    if own is not None and own > most:
        yield "max_length", "FIELD_LENGTH", f"the target takes {most} characters"
    if own is None and "max_bytes" not in field and "date" not in field and not _short(field, most, around):
        said = f"the target takes {most} characters: say `max_length: {most}`, so that a longer text is missed here"
        yield "", "FIELD_LENGTH", said


def _short(field: Mapping[str, Any], most: int, around: Around) -> bool:
    """Whether the input's schema already keeps the text short enough."""
    named = plain_path(field.get("from", "") or field.get("expr", ""))
    known = around.at(named) if named else None
    if known is None:
        return False
    schema = known.schema
    if "enum" in schema:
        return all(len(str(value)) <= most for value in schema["enum"])
    if schema.get("format") in ("date", "date-time"):
        return True
    bound = schema.get("maxLength")
    return isinstance(bound, int) and bound <= most
