"""What the tenant refuses: unknown people and fields, read-only fields, wrong types, lengths, weights over 100."""

import re
from typing import Any

from ..store import Json, Store
from .model import Entity, Property

_DATE = re.compile(r"/Date\(-?\d+(?:[+-]\d{4})?\)/")


class Refused(Exception):
    """Understood and refused."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message if field is None else f"{message} (property {field})")
        self.code = code
        self.field = field


def checked(store: Store, entity: Entity, values: Json, before: Json, key: str | None) -> Json:
    """The row as it will be; `Refused` where the tenant says no."""
    if entity.read_only:
        raise Refused("COE_ENTITY_NOT_UPSERTABLE", f"{entity.name} is read only")
    for name, value in values.items():
        known = entity.property(name)
        if known is None:
            raise Refused("COE_PROPERTY_NOT_FOUND", f"invalid property name {name}", name)
        if not known.writable and not (name == entity.key and str(value) == str(key)):
            raise Refused("COE_PROPERTY_NOT_EDITABLE", "property is read only", name)
        _check_value(known, value)
    numbers = {p.name for p in entity.properties if p.type == "Edm.Double"}
    values = {n: float(v) if n in numbers and isinstance(v, str) else v for n, v in values.items()}
    body = {**before, **values}
    for known in entity.properties:
        if known.required and body.get(known.name) in (None, ""):
            raise Refused("COE0024", "required property is missing", known.name)
    person = body.get("userId") or body.get("cust_userId")
    if store.get("User", str(person)) is None:
        raise Refused("COE_INVALID_USER", "invalid user", "userId" if "userId" in body else "cust_userId")
    if entity.name.startswith("Goal_"):
        _check_weight(store, entity, body, key)
    return body


def _check_value(known: Property, value: Any) -> None:
    if value is None:
        return
    fits = {
        "Edm.String": lambda: isinstance(value, str),
        # V2 writes fractions as text, most callers as numbers
        "Edm.Double": lambda: (
            (isinstance(value, int | float) and not isinstance(value, bool)) or _decimal(value)
        ),
        "Edm.Int32": lambda: isinstance(value, int) and not isinstance(value, bool),
        "Edm.Int64": lambda: isinstance(value, int | str),
        "Edm.DateTime": lambda: isinstance(value, str) and bool(_DATE.fullmatch(value)),
    }[known.type]()
    if not fits:
        raise Refused("COE_PROPERTY_TYPE", f"value is not of type {known.type}", known.name)
    if known.max_length and isinstance(value, str) and len(value) > known.max_length:
        raise Refused(
            "COE_PROPERTY_LENGTH", f"value exceeds the maximum length {known.max_length}", known.name
        )


def _decimal(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value))


def _check_weight(store: Store, entity: Entity, body: Json, key: str | None) -> None:
    weight = body.get("weight") or 0.0
    if not 0 <= weight <= 100:
        raise Refused("COE_GENERAL_BAD_REQUEST", "weight must be between 0 and 100", "weight")
    theirs = store.owned(entity.name, "userId", body["userId"]) if body.get("userId") else []
    others = sum(row.get("weight") or 0.0 for row in theirs if str(row.get(entity.key)) != key)
    if others + weight > 100:
        raise Refused("COE_GENERAL_BAD_REQUEST", "sum of weights exceeds 100 in this plan", "weight")
