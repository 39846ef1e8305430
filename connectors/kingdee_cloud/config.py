"""Settings of a Kingdee Cloud connection."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from trivet.http import HttpSettings

_CLOSED = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FormConfig(BaseModel):
    """How bills of one form are handled."""

    model_config = _CLOSED

    audit: bool = True
    """Submit and audit after saving, so that the bill takes effect."""
    base_data: tuple[str, ...] = ("FStaffNumber",)
    """Fields that refer to base data: sent as {"FNumber": value} and read as that number."""
    weight: str | None = None
    """Field that holds a weight in percent, where the bills of a plan make 100 together."""
    plan: tuple[str, ...] = ()
    """Fields whose values name the plan that a weight belongs to, such as person and period; needed with `weight`."""

    @model_validator(mode="after")
    def _weight_has_its_plan(self) -> Self:
        if self.weight and not self.plan:
            raise ValueError("`weight` needs `plan`: the fields that name the plan")
        return self


class ListConfig(BaseModel):
    """One list that is read with ExecuteBillQuery."""

    model_config = _CLOSED

    form: str
    """Form id."""
    key: str
    """Field with the number of a row."""
    fields: tuple[str, ...] = Field(min_length=1)
    """Fields to ask for besides; `FStaffNumber.FNumber` becomes FStaffNumber_FNumber in the row."""
    changed: str | None = None
    """Field with the time of the last change; without, the list is read whole every time."""
    filter: str = ""
    """Condition that every row has to meet, in the words of FilterString."""


_LISTS: Mapping[str, ListConfig] = {
    "employees": ListConfig(
        form="BD_Empinfo", key="FNumber", changed="FModifyDate",
        fields=("FName", "FMobile", "FEmail", "FDocumentStatus", "FForbidStatus"),
    ),
    "courses": ListConfig(form="PAEZ_Course", key="FNumber", fields=("FName", "FForbidStatus")),
    "organisations": ListConfig(form="BD_Department", key="FNumber", fields=("FName", "FForbidStatus")),
    "completions": ListConfig(
        form="PAEZ_TrainingResult", key="FBillNo", changed="FModifyDate", filter="FDocumentStatus = 'C'",
        fields=(
            "FStaffNumber.FNumber", "FCourseNumber", "FCourseName", "FCompletedDate", "FPassed", "FPassRate", "FPlanNo",
        ),
    ),
    "performance_results": ListConfig(
        form="PAEZ_KPIResult", key="FBillNo", changed="FModifyDate", filter="FDocumentStatus = 'C'",
        fields=("FStaffNumber.FNumber", "FPeriod", "FIndicator", "FWeight", "FScore", "FRating", "FReviewDate"),
    ),
}  # fmt: skip


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone; use a name such as Asia/Shanghai") from None
    return name


class KingdeeCloudConfig(HttpSettings):
    """One account's third-party login."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "app_id",
        "password": "app_secret",
    }

    base_url: str
    """Address of the server, without /k3cloud."""
    app_id: str
    """App id of the third-party system login (第三方系统登录授权)."""
    app_secret: SecretStr
    """App secret of the same."""
    account: str
    """Account (data centre) id."""
    user: str
    """Integration user."""
    language: int = 2052
    """Language of messages; 2052 is simplified Chinese, 1033 English."""
    auth: Literal["signature", "session"] = "session"
    """`session` logs in with LoginBySign; `signature` signs every call, for the public cloud gateway."""
    org: str = ""
    """Organisation number, with `signature` only."""
    forms: dict[str, FormConfig] = Field(
        default_factory=lambda: {
            "PAEZ_TrainingPlan": FormConfig(),
            "PAEZ_KPIWeight": FormConfig(weight="FWeight", plan=("FStaffNumber", "FPeriod")),
        }
    )
    """Form ids that mappings may use; the standard product has no training or performance form, so these are the
    customer's own."""
    lists: dict[str, ListConfig] = Field(default_factory=lambda: dict(_LISTS))
    """Lists that are read, by stream: employees; courses, organisations; completions, performance_results. A list that is
    named here is replaced, the others stay; but for employees and organisations the forms are the customer's own."""
    page_size: int = Field(default=1000, ge=1, le=1999)
    """New rows in one page of a list, of the 2,000 that the vendor gives: pages overlap by one."""
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """Time zone of the server, in whose time it notes changes."""
    reject_repeats: bool = False
    """Lets the server refuse a save whose JSON it has seen before (ValidateRepeatJson). A value that is set back to what
    it once was is such a repetition too, and then needs a person."""
    calls_per_second: float = Field(default=10.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor advises 2 to 10 client threads."""

    @model_validator(mode="before")
    @classmethod
    def _lists_are_added(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("lists"), dict):
            return {**given, "lists": {**_LISTS, **given["lists"]}}
        return given
