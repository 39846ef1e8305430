"""Judges one finished field against what its file demands: presence, type, length, encoding. Changes nothing."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
}
_OVER_ASCII = frozenset({"utf-8", "gb18030", "gbk"})
"""Encodings in which a character of ASCII is one byte."""
_WIDEST = {"utf-8": 4, "gb18030": 4}
"""Bytes of a character at most, in encodings that know every character."""
_ANYTHING = frozenset({list, dict, int, float, bool})
_DEMANDING = {"required", "type", "max_length", "max_bytes", "encoding"}


@dataclass(frozen=True, slots=True)
class Demand:
    """What one field's file asks of its value."""

    name: str
    required: bool
    type: str | None
    max_length: int | None
    max_bytes: int | None
    encoding: str
    plain: int
    """ASCII text up to so many characters breaks nothing, unless it holds NUL."""
    wide: int
    """Text of whole characters, up to so many, breaks nothing, unless it holds NUL."""
    classes: frozenset[Any]
    """Values of these classes, but for text, break nothing."""


def demands(fields: Mapping[str, Mapping[str, Any]]) -> list[Demand]:
    """The demands of the fields that have any; a limit on length is one for text."""
    return [_demand(name, field) for name, field in fields.items() if _DEMANDING & field.keys()]


def _demand(name: str, field: Mapping[str, Any]) -> Demand:
    limits = [field[limit] for limit in ("max_length", "max_bytes") if limit in field]
    kind = field.get("type", "string" if limits else None)
    encoding = field.get("encoding", "utf-8")
    simple = kind in (None, "string") and encoding in _OVER_ASCII
    characters = field.get("max_length", sys.maxsize)
    spacious = simple and encoding in _WIDEST
    return Demand(
        name,
        field.get("required", False),
        kind,
        field.get("max_length"),
        field.get("max_bytes"),
        encoding,
        min(limits, default=sys.maxsize) if simple else 0,
        min(characters, field.get("max_bytes", sys.maxsize) // _WIDEST[encoding]) if spacious else 0,
        frozenset(_TYPES[kind]) - {str} if kind else _ANYTHING,
    )


def broken(wanted: list[Demand], document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Field, code and message of the first demand that each value breaks."""
    for demand in wanted:
        value: Any = document.get(demand.name)
        kind = value.__class__
        if kind in demand.classes or (kind is str and _fits(demand, value)):
            continue
        if value is None or value == "":
            if demand.required:
                yield demand.name, "MAP_REQUIRED", "is required and missing"
        elif demand.type is not None and not _is(demand.type, value):
            yield demand.name, "FIELD_TYPE", f"is not of type {demand.type}"
        elif isinstance(value, str):
            found = _text(demand, value)
            if found is not None:
                yield demand.name, *found


def _fits(demand: Demand, value: str) -> bool:
    """Whether it is clear at a glance; most values are so."""
    size = len(value)
    if not 0 < size <= demand.plain or "\0" in value:
        return False
    if value.isascii():
        return True
    if size > demand.wide:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is(wanted: str, value: Any) -> bool:
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def _text(demand: Demand, value: str) -> tuple[str, str] | None:
    if demand.max_length is not None and len(value) > demand.max_length:
        return "FIELD_LENGTH", f"has {len(value)} characters, the target takes {demand.max_length}"
    if "\0" in value:
        return "TEXT_NUL", "holds NUL"
    if value.isascii() and demand.encoding in _OVER_ASCII:
        size = len(value)
    else:
        try:
            size = len(value.encode(demand.encoding))
        except UnicodeEncodeError as error:
            point = f"U+{ord(value[error.start]):04X}"
            said = f"character {error.start + 1} ({point}) does not exist in {demand.encoding}"
            return "FIELD_ENCODING", said
    if demand.max_bytes is not None and size > demand.max_bytes:
        return "FIELD_LENGTH", f"has {size} bytes in {demand.encoding}, the target takes {demand.max_bytes}"
    return None
