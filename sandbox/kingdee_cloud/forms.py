"""The tenant's forms: fields, lengths in bytes of GB18030, which refer to an employee, and what is refused."""

import re
from dataclasses import dataclass
from typing import Any

from ..store import Json, Store

EMPLOYEE_FORM, DEPARTMENT_FORM, COURSE_FORM = "BD_Empinfo", "BD_Department", "PAEZ_Course"
TRAINING_RESULT, KPI_RESULT = "PAEZ_TrainingResult", "PAEZ_KPIResult"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    name: str
    kind: str = "text"  # text | number | date | employee
    max_bytes: int = 80
    required: bool = False


_STAFF = Field("FStaffNumber", "employee", required=True)
FORMS: dict[str, tuple[Field, ...]] = {
    "PAEZ_TrainingPlan": (
        _STAFF,
        Field("FCourseNumber", required=True, max_bytes=40),
        Field("FCourseName", max_bytes=100),
        Field("FReason", max_bytes=500),
        Field("FScore", "number"),
        Field("FDueDate", "date"),
    ),
    "PAEZ_KPIWeight": (
        _STAFF,
        Field("FPeriod", required=True, max_bytes=6),
        Field("FIndicator", required=True, max_bytes=100),
        Field("FWeight", "number", required=True),
        Field("FReason", max_bytes=500),
    ),
}
"""Bills that callers write."""
READ: dict[str, tuple[Field, ...]] = {
    EMPLOYEE_FORM: (Field("FName"), Field("FMobile"), Field("FEmail")),
    DEPARTMENT_FORM: (Field("FName"),),
    COURSE_FORM: (Field("FName"),),
    TRAINING_RESULT: (
        _STAFF,
        Field("FCourseNumber"),
        Field("FCourseName"),
        Field("FCompletedDate", "date"),
        Field("FPassed"),
        Field("FPassRate", "number"),
        Field("FPlanNo"),
    ),
    KPI_RESULT: (
        _STAFF,
        Field("FPeriod"),
        Field("FIndicator"),
        Field("FWeight", "number"),
        Field("FScore", "number"),
        Field("FRating"),
        Field("FReviewDate", "date"),
    ),
}
"""What people in the house keep; callers read it."""


def fields(form: str) -> tuple[Field, ...]:
    """The form's own fields."""
    return FORMS.get(form) or READ.get(form, ())


# column types of the database: nvarchar, decimal, datetime, and int for what refers to base data
_COLUMNS = {"text": 231, "number": 106, "date": 61, "employee": 56}


def described(form: str) -> Json:
    """What QueryBusinessInfo says of a form; the names inside are assumed."""
    head = [Field("FBillNo", max_bytes=30), Field("FDocumentStatus", max_bytes=1)]
    return {
        "Id": form,
        "Name": [{"Key": 2052, "Value": form}],
        "PkFieldName": "FID",
        "Entrys": [
            {
                "Key": "FBillHead",
                "Fields": [
                    {
                        "Key": field.name,
                        "Name": [{"Key": 2052, "Value": field.name}],
                        "FieldName": field.name.upper(),
                        "FieldType": _COLUMNS[field.kind],
                        "MustInput": int(field.required),
                        **({"Length": field.max_bytes} if field.kind == "text" else {}),
                    }
                    for field in [*head, *fields(form)]
                ],
            },
            {"Key": "FEntity", "Fields": [{"Key": "FEntryNote", "FieldType": 231, "Length": 50}]},
        ],
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
