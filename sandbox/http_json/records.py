"""What the ERP keeps of each kind of record, and what it refuses."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..store import Json, Store


@dataclass(frozen=True, slots=True)
class Field:
    """One column."""

    name: str
    kind: str = "text"  # text | number | percent | date | quarter | employee | course
    max_length: int = 200
    required: bool = False


FIELDS: dict[str, tuple[Field, ...]] = {
    "training_plan": (
        Field("employee_no", "employee", required=True),
        Field("course_code", "course", required=True),
        Field("course_title"),
        Field("reason", max_length=500),
        Field("score", "number"),
        Field("due_on", "date"),
    ),
    "development_goal": (
        Field("employee_no", "employee", required=True),
        Field("title", required=True, max_length=120),
        Field("measure", max_length=500),
        Field("starts_on", "date", required=True),
        Field("ends_on", "date", required=True),
    ),
    "kpi": (
        Field("emp", "employee", required=True),
        Field("quarter", "quarter", required=True),
        Field("kpi", required=True, max_length=60),
        Field("weight", "percent", required=True),
        Field("memo", max_length=250),
    ),
}


class Refused(Exception):
    """A column is wrong; `what` is missing, unknown, type, range or length."""

    def __init__(self, field: str, what: str, message: str) -> None:
        super().__init__(message)
        self.field, self.what = field, what


def checked(store: Store, kind: str, values: Any) -> Json:
    """The columns as stored; `Refused` for the first one that is wrong, unknown ones included."""
    if not isinstance(values, dict):
        raise Refused("", "type", "an object is expected")
    fields = {field.name: field for field in FIELDS[kind]}
    for name in values:
        if name not in fields:
            raise Refused(name, "unknown", f"there is no column {name}")
    body: Json = {}
    for name, field in fields.items():
        value = values.get(name)
        if value is None or value == "":
            if field.required:
                raise Refused(name, "missing", f"{name} is required")
            continue
        _check(store, field, value)
        body[name] = value
    return body


def _check(store: Store, field: Field, value: Any) -> None:
    if field.kind in ("number", "percent"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(field.name, "type", f"{field.name} is a number")
        if field.kind == "percent" and not 0 <= value <= 100:
            raise Refused(field.name, "range", f"{field.name} lies between 0 and 100")
    elif not isinstance(value, str):
        raise Refused(field.name, "type", f"{field.name} is a text")
    elif len(value) > field.max_length:
        raise Refused(field.name, "length", f"{field.name} takes {field.max_length} characters")
    else:
        _check_text(store, field, value)


def _check_text(store: Store, field: Field, value: str) -> None:
    if field.kind == "date":
        try:
            date.fromisoformat(value)
        except ValueError:
            raise Refused(field.name, "type", f"{field.name} is no date") from None
    if field.kind == "quarter" and not re.fullmatch(r"\d{4}Q[1-4]", value):
        raise Refused(field.name, "type", f"{field.name} is no quarter")
    # it quotes the value, as real systems do, and so its messages name people
    if field.kind == "employee" and not store.owned("employee", "employee_no", value):
        raise Refused(field.name, "unknown", f"employee {value} is not known")
    if field.kind == "course" and store.get("course", value) is None:
        raise Refused(field.name, "unknown", f"course {value} is not in the catalogue")
