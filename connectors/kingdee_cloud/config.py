"""Settings of a Kingdee Cloud connection."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trivet.http import HttpSettings


class FormConfig(BaseModel):
    """How bills of one form are handled."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    audit: bool = True
    """Submit and audit after saving, so that the bill takes effect."""
    base_data: tuple[str, ...] = ("FStaffNumber",)
    """Fields that refer to base data: sent as {"FNumber": value}."""


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
        default_factory=lambda: {"PAEZ_TrainingPlan": FormConfig(), "PAEZ_KPIWeight": FormConfig()}
    )
    """Form ids that mappings may use; the standard product has no training or performance form, so these are the
    customer's own."""
    calls_per_second: float = Field(default=10.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor advises 2 to 10 client threads."""
