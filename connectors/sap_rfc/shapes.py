"""What a function takes, as its description tells, and the check of values before the library touches them.

The library cuts a text that is too long and lets a small integer wrap, both in silence (measured on PyRFC 3.4), so nothing
leaves here that does not fit. A system is asked once a run for each function's description.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from trivet.errors import Rejected
from trivet.model import Document

from .library import NAME

_RANGES = {
    "RFCTYPE_INT1": (0, 255),
    "RFCTYPE_INT2": (-(1 << 15), (1 << 15) - 1),
    "RFCTYPE_INT": (-(1 << 31), (1 << 31) - 1),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One parameter, or one field of its rows."""

    name: str
    type: str
    length: int
    """Characters, counted as a Unicode system counts (UTF-16); bytes of a packed number."""
    decimals: int
    fields: Mapping[str, "Shape"]

    def wrong(self, value: Any) -> str | None:
        """Why the value does not fit; None where it does."""
        if self.type in _RANGES:
            low, high = _RANGES[self.type]
            fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
            return None if fits else f"is no integer from {low} to {high}"
        if self.type == "RFCTYPE_BCD":
            return self._packed(value)
        if self.type not in ("RFCTYPE_CHAR", "RFCTYPE_NUM", "RFCTYPE_DATE"):
            return None
        if not isinstance(value, str):
            return "is no text"
        if self.type == "RFCTYPE_DATE":
            return None if not value or _day(value) else "is no date YYYYMMDD"
        if self.type == "RFCTYPE_NUM" and value and not (value.isascii() and value.isdecimal()):
            return "holds more than digits"
        units = len(value.encode("utf-16-le", "surrogatepass")) // 2
        return f"is longer than {self.length}, and would be cut" if units > self.length else None

    def _packed(self, value: Any) -> str | None:
        try:
            number = Decimal(str(value))
            fits = number.is_finite() and abs(number) < 10 ** (2 * self.length - 1 - self.decimals)
            whole = number == round(number, self.decimals)
        except (InvalidOperation, ValueError):
            return "is no number"
        return None if fits and whole else "does not fit into a packed number of this size"


@dataclass(frozen=True, slots=True)
class Function:
    """One function's parameters."""

    name: str
    parameters: Mapping[str, Shape]
    required: frozenset[str]
    """Imports without which a call dumps."""

    def check(self, params: Mapping[str, Any]) -> None:
        """`Rejected` names the first value that does not fit, or is missing."""
        for name in sorted(self.required - params.keys()):
            raise _unfit(self.name, name, "is missing", "FIELD_REQUIRED")
        for name, value in params.items():
            shape = self.parameters.get(name)
            if shape is None:
                raise _unfit(self.name, name, "is not known to this system's release", "PARAMETER")
            rows = (
                value if isinstance(value, list) else [value] if shape.type == "RFCTYPE_STRUCTURE" else None
            )
            if rows is None:
                self._one(shape, value)
            for row in rows or []:
                for field, content in row.items():
                    if field not in shape.fields:
                        raise _unfit(self.name, field, f"is no field of {name}", "PARAMETER")
                    self._one(shape.fields[field], content)

    def _one(self, shape: Shape, value: Any) -> None:
        why = shape.wrong(value)
        if why:
            raise _unfit(self.name, shape.name, why, "FIELD_LENGTH" if "longer" in why else "FIELD_TYPE")


class Shapes:
    """The functions of one system, each asked for once."""

    def __init__(self) -> None:
        self._known: dict[str, Function] = {}

    def of(self, name: str, describe: Callable[[str], Any]) -> Function:
        """The function, described by the connection where it is not known yet."""
        if name not in self._known:
            told = describe(name).parameters
            shapes = (_shape(one, one["parameter_type"]) for one in told)
            imports = (p["name"] for p in told if p["direction"] == "RFC_IMPORT" and not p["optional"])
            self._known[name] = Function(name, {one.name: one for one in shapes}, frozenset(imports))
        return self._known[name]


def _shape(told: Mapping[str, Any], kind: str) -> Shape:
    inner = told.get("type_description")
    fields = (_shape(one, one["field_type"]) for one in inner.fields) if inner else ()
    return Shape(
        told["name"], kind, int(told["nuc_length"]), int(told["decimals"]),
        {one.name: one for one in fields},
    )  # fmt: skip


def record(folder: Path, described: Iterable[Any]) -> list[Path]:
    """Writes descriptions as the library gives them, one JSON file a function, a parameter a line."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for one in described:
        lines = ",\n".join(f"    {json.dumps(_plain(p), ensure_ascii=False)}" for p in one.parameters)
        body = f"\n{lines}\n  " if lines else ""
        files.append(folder / f"{one.name}.json")
        text = f'{{\n  "name": "{one.name}",\n  "parameters": [{body}]\n}}\n'
        files[-1].write_text(text, encoding="utf-8")
    return files


def _plain(told: Mapping[str, Any]) -> Document:
    inner = told.get("type_description")
    if inner is None:
        return dict(told)
    sizes = {"name": inner.name, "nuc_length": inner.nuc_length, "uc_length": inner.uc_length}
    return {**told, "type_description": {**sizes, "fields": [_plain(one) for one in inner.fields]}}


def _day(text: str) -> bool:
    if len(text) != 8 or not (text.isascii() and text.isdecimal()):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _unfit(function: str, field: str, why: str, code: str) -> Rejected:
    cure = (
        "compare with `trivet sap record-contract`, and set `fields` or `entities` of the connection"
        if code == "PARAMETER"
        else "correct it in the mapping; nothing was sent"
    )
    return Rejected(
        f"{field} {why}", connector=NAME, operation=function, vendor_code=code, field=field, cure=cure
    )
