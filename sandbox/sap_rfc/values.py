"""What the RFC library does to values on their way: types are checked, long texts are cut, small integers wrap, all in silence.

After the measurements that pyrfcx's readme gives of pyrfc 3.4. A description is one of `contracts/*.json`, or a field of it.
"""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from ..store import Json
from .errors import ExternalRuntimeError

CONTRACTS = Path(__file__).parent / "contracts"
_WRAPS = {"RFCTYPE_INT1": 256, "RFCTYPE_INT2": 1 << 16, "RFCTYPE_INT": 1 << 32}


@cache
def contracts() -> Mapping[str, Json]:
    """Every function that the system knows, by name."""
    return {
        file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(CONTRACTS.glob("*.json"))
    }


def kind_of(described: Json) -> str:
    """The type of a parameter or of a field."""
    return str(described.get("parameter_type") or described["field_type"])


def filled(contract: Json, params: Mapping[str, Any]) -> Json:
    """The parameters as they arrive in the system; a name or a type that does not fit raises as the library does."""
    known = {one["name"]: one for one in contract["parameters"]}
    sent = {}
    for name, value in params.items():
        if name not in known:
            raise ExternalRuntimeError(f"field '{name}' not found", 20, "RFC_INVALID_PARAMETER")
        sent[name] = _value(known[name], value)
    return sent


def _value(described: Json, value: Any) -> Any:
    kind, name = kind_of(described), described["name"]
    if kind == "RFCTYPE_TABLE":
        if not isinstance(value, list):
            raise TypeError(f"list required for table parameter, received {type(value).__name__} ({name})")
        return [_structure(described, row) for row in value]
    if kind == "RFCTYPE_STRUCTURE":
        return _structure(described, value)
    if kind in _WRAPS:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"an integer required, received {type(value).__name__} ({name})")
        return value % _WRAPS[kind]
    if kind == "RFCTYPE_BCD":
        try:
            return str(Decimal(str(value)))
        except InvalidOperation:
            raise TypeError(f"a decimal value required ({name})") from None
    if not isinstance(value, str):
        raise TypeError(f"an string is required, received {type(value).__name__} ({name})")
    return _text(kind, described, value)


def _structure(described: Json, value: Any) -> Json:
    if not isinstance(value, dict):
        raise TypeError(f"dictionary required for structure parameter, received {type(value).__name__}")
    fields = {one["name"]: one for one in described["type_description"]["fields"]}
    for name in value:
        if name not in fields:
            raise ExternalRuntimeError(f"field '{name}' not found", 20, "RFC_INVALID_PARAMETER")
    return {name: _value(fields[name], value[name]) for name in value}


def _text(kind: str, described: Json, value: str) -> str:
    length = described["nuc_length"]
    if kind == "RFCTYPE_DATE":
        if value.strip() and not (len(value) == 8 and value.isdecimal()):
            raise TypeError(f"date value required, received {described['name']}")
        return value.strip() or "00000000"
    if kind == "RFCTYPE_NUM":
        if not ((value.isascii() and value.isdecimal()) or not value) or len(value) > length:
            raise ExternalRuntimeError("Cannot convert to NUM", 22, "RFC_CONVERSION_FAILURE")
        return value.zfill(length)
    # a Unicode system counts UTF-16 units; what is too long is cut, and nobody is told
    return value.encode("utf-16-le", "surrogatepass")[: 2 * length].decode("utf-16-le", "replace").rstrip()


def initial(described: Json) -> Any:
    """The value of a field that nobody filled."""
    kind = kind_of(described)
    if kind == "RFCTYPE_TABLE":
        return []
    if kind == "RFCTYPE_STRUCTURE":
        return {one["name"]: initial(one) for one in described["type_description"]["fields"]}
    if kind in _WRAPS:
        return 0
    if kind == "RFCTYPE_BCD":
        return Decimal(0)
    if kind in ("RFCTYPE_NUM", "RFCTYPE_DATE"):
        return "0" * int(described["nuc_length"])
    return ""


def told(contract: Json, answer: Any) -> Json:
    """The answer as the library gives it: every output, every field, decimals as `Decimal`; ValueError where it is none."""
    if not isinstance(answer, dict):
        raise ValueError("no answer")
    outputs = [one for one in contract["parameters"] if one["direction"] != "RFC_IMPORT"]
    return {one["name"]: _told(one, answer.get(one["name"])) for one in outputs}


def _told(described: Json, value: Any) -> Any:
    if value is None:
        return initial(described)
    kind = kind_of(described)
    if kind == "RFCTYPE_TABLE":
        if not isinstance(value, list):
            raise ValueError("no table")
        return [_row(described, row) for row in value]
    if kind == "RFCTYPE_STRUCTURE":
        return _row(described, value)
    return Decimal(str(value)) if kind == "RFCTYPE_BCD" else value


def _row(described: Json, row: Any) -> Json:
    if not isinstance(row, dict):
        raise ValueError("no structure")
    return {one["name"]: _told(one, row.get(one["name"])) for one in described["type_description"]["fields"]}
