"""Judges one finished field against what its file demands: presence, type, length, encoding. Changes nothing."""

from collections.abc import Mapping
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
}


def broken(field: Mapping[str, Any], value: Any) -> tuple[str, str] | None:
    """Code and message of the first demand that the value breaks; None where it keeps them all."""
    if value is None or value == "":
        return ("MAP_REQUIRED", "is required and missing") if field.get("required") else None
    wanted = field.get("type", "string" if "max_length" in field or "max_bytes" in field else None)
    if wanted is not None and not _is(wanted, value):
        return "FIELD_TYPE", f"is not of type {wanted}"
    return _text(field, value) if isinstance(value, str) else None


def _is(wanted: str, value: Any) -> bool:
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def _text(field: Mapping[str, Any], value: str) -> tuple[str, str] | None:
    if "max_length" in field and len(value) > field["max_length"]:
        return "FIELD_LENGTH", f"has {len(value)} characters, the target takes {field['max_length']}"
    if "\0" in value:
        return "TEXT_NUL", "holds NUL"
    encoding = field.get("encoding", "utf-8")
    try:
        size = len(value.encode(encoding))
    except UnicodeEncodeError as error:
        point = f"U+{ord(value[error.start]):04X}"
        return "FIELD_ENCODING", f"character {error.start + 1} ({point}) does not exist in {encoding}"
    if "max_bytes" in field and size > field["max_bytes"]:
        return "FIELD_LENGTH", f"has {size} bytes in {encoding}, the target takes {field['max_bytes']}"
    return None
