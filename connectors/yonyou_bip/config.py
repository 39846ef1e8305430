"""Settings of a Yonyou BIP connection."""

from collections.abc import Mapping
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from trivet.http import HttpSettings

_CLOSED = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone; use a name such as Asia/Shanghai") from None
    return name


def _path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//") or "?" in text:
        raise ValueError("a path begins with one / and has no ?, such as /yonbip/hrcloud/staff/listmdd")
    return text


Path = Annotated[str, AfterValidator(_path)]


class ArchiveConfig(BaseModel):
    """Where one archive is written, listed and deleted."""

    model_config = _CLOSED

    save: Path
    """Path of its 批量保存 (batchSave) in the integration style, which answers by `sourceUnique`."""
    list: Path
    """Path of its list, which takes `simpleVOs`."""
    delete: Path
    """Path of its batch delete, which takes ids and works at once."""
    reference: str = "sourceUnique"
    """Field that keeps our reference: the unique key of the source system."""


class ListConfig(BaseModel):
    """One list that is read."""

    model_config = _CLOSED

    path: Path
    """Its path."""
    key: str = "code"
    """Field with the number of a row."""
    changed: str | None = None
    """Field with the time of the last change, `pubts`; without, the list is read whole every time."""


class BipLogin(HttpSettings):
    """An application's access to one tenant."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "app_key",
        "password": "app_secret",
    }

    base_url: str
    """`gatewayUrl` of the tenant's data centre, such as https://c2.yonyoucloud.com/iuap-api-gateway (getGatewayAddress)."""
    token_url: str
    """`tokenUrl` of the same, such as https://c2.yonyoucloud.com/iuap-api-auth."""
    app_key: str
    """AppKey of the application (自建应用)."""
    app_secret: SecretStr
    """AppSecret of the same."""
    token_path: Path = "/open-auth/selfAppAuth/base/v1/getAccessToken"  # noqa: S105 - a path
    """Path below `token_url`; data centres from before July 2023 have it without `/base/v1`."""
    token_codes: tuple[str, ...] = ("310036",)
    """Codes of an answer that say that the token is not valid (any more); not in the vendor's public pages."""
    pause_codes: tuple[str, ...] = ("310046",)
    """Codes of an answer that say that there were too many calls; not in the vendor's public pages."""


_LISTS: Mapping[str, ListConfig] = {
    "employees": ListConfig(path="/yonbip/hrcloud/staff/listmdd", changed="pubts"),
    "courses": ListConfig(path="/yonbip/hrcustom/course/list"),
    "completions": ListConfig(path="/yonbip/hrcustom/trainingResult/list", changed="pubts"),
}


class BipConfig(BipLogin):
    """One tenant's archives and lists."""

    archives: dict[str, ArchiveConfig] = Field(
        default_factory=lambda: {
            name: ArchiveConfig(
                save=f"/yonbip/hrcustom/{name}/batchSave",
                list=f"/yonbip/hrcustom/{name}/list",
                delete=f"/yonbip/hrcustom/{name}/batchDelete",
            )
            for name in ("trainingPlan", "kpiWeight")
        }
    )
    """Archives that mappings may use, by entity; the standard product documents none for training, so these are the
    customer's own."""
    lists: dict[str, ListConfig] = Field(default_factory=lambda: dict(_LISTS))
    """Lists that are read, by stream: employees; courses; completions. A list that is named here is replaced, the others
    stay; but for employees they are the customer's own."""
    periods: tuple[str, ...] = ()
    """Codes of the performance periods whose results are read (`periodcode`)."""
    page_size: int = Field(default=100, ge=1, le=500)
    """Rows in one page of a list."""
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """Time zone of the tenant, in whose time it notes changes."""

    @model_validator(mode="before")
    @classmethod
    def _lists_are_added(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("lists"), dict):
            return {**given, "lists": {**_LISTS, **given["lists"]}}
        return given


class BipTalentConfig(BipLogin):
    """The same access, for competency archive and indicator scores."""
