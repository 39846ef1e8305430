"""The tenant's forms: fields, lengths in bytes of GB18030, which refer to an employee, and what is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..store import Json, Store

EMPLOYEE_FORM = "BD_Empinfo"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    name: str
    kind: str = "text"  # text | number | date | employee
    max_bytes: int = 80
    required: bool = False


FORMS: dict[str, tuple[Field, ...]] = {
    "PAEZ_TrainingPlan": (
        Field("FStaffNumber", "employee", required=True),
        Field("FCourseNumber", required=True, max_bytes=40),
        Field("FCourseName", max_bytes=100),
        Field("FReason", max_bytes=500),
        Field("FScore", "number"),
        Field("FDueDate", "date"),
    ),
    "PAEZ_KPIWeight": (
        Field("FStaffNumber", "employee", required=True),
        Field("FPeriod", required=True, max_bytes=6),
        Field("FIndicator", required=True, max_bytes=100),
        Field("FWeight", "number", required=True),
        Field("FReason", max_bytes=500),
    ),
}


class Refused(Exception):
    """A field is wrong; the vendor's message code 11 (validation) or 9 (missing)."""

    def __init__(self, field: str, message: str, code: int = 11) -> None:
        super().__init__(message)
        self.field = field
        self.code = code


def checked(store: Store, form: str, model: Json) -> Json:
    """The bill's values as stored; unknown keys are ignored by the vendor, and so here."""
    body: Json = {}
    for field in FORMS[form]:
        value = model.get(field.name)
        if value in (None, ""):
            if field.required:
                raise Refused(field.name, f"字段“{field.name}”是必填项", 9)
            continue
        body[field.name] = _value(store, field, value)
    return body


def _value(store: Store, field: Field, value: Any) -> Any:
    if field.kind == "employee":
        number = value.get("FNumber") or value.get("FStaffNumber") if isinstance(value, dict) else value
        if store.get(EMPLOYEE_FORM, str(number)) is None:
            raise Refused(field.name, "员工不存在或已禁用")
        return str(number)
    if field.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(field.name, "不是有效的数值")
        if field.name == "FWeight" and not 0 <= value <= 100:
            raise Refused(field.name, "权重必须在 0 到 100 之间")
        return float(value)
    if field.kind == "date":
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(?:[ T]00:00:00)?", str(value)):
            raise Refused(field.name, "不是有效的日期")
        return str(value)[:10]
    if len(str(value).encode("gb18030")) > field.max_bytes:
        raise Refused(field.name, f"长度超过 {field.max_bytes} 字节")
    return str(value)


_CONDITION = re.compile(
    r"\s*(\w+(?:\.\w+)?)\s*(=|<>|like|in)\s*('(?:[^']|'')*'|\((?:[^()']|'(?:[^']|'')*')*\)|-?\d+(?:\.\d+)?)\s*",
    re.I,
)


def parse_filter(text: str) -> Callable[[Json], bool]:
    """The test of a FilterString: comparisons joined by `and` or by `or`; ValueError otherwise."""
    if not text.strip():
        return lambda _: True
    parts: list[tuple[str, Callable[[Json], bool]]] = []
    at, joint = 0, "and"
    while at < len(text):
        match = _CONDITION.match(text, at)
        if match is None:
            raise ValueError("malformed FilterString")
        parts.append((joint, _comparison(*match.groups())))
        at = match.end()
        word = re.match(r"(and|or)\b", text[at:], re.I)
        if word:
            joint, at = word[1].lower(), at + word.end()
        elif at < len(text):
            raise ValueError("malformed FilterString")

    def test(row: Json) -> bool:
        held = False
        for i, (how, part) in enumerate(parts):
            held = part(row) if i == 0 else (held and part(row)) if how == "and" else (held or part(row))
        return held

    return test


def _comparison(name: str, operator: str, raw: str) -> Callable[[Json], bool]:
    key = name.split(".")[0]
    texts = [t.replace("''", "'") for t in re.findall(r"'((?:[^']|'')*)'", raw)] or [raw.strip("() ")]
    if operator.lower() == "like":
        needle = texts[0].strip("%")
        return lambda row: needle in str(row.get(key, ""))
    if operator == "<>":
        return lambda row: str(row.get(key)) not in texts
    return lambda row: str(row.get(key)) in texts
