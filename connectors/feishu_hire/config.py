"""Settings of Feishu Hire connections."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, SecretStr

from trivet.http import HttpSettings


class FeishuApp(HttpSettings):
    """One tenant's app."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "app_id",
        "password": "app_secret",
    }

    app_id: str
    """App ID of the tenant's own app (开发者后台 → 凭证与基础信息)."""
    app_secret: SecretStr
    """App secret of the same app."""
    base_url: str = "https://open.feishu.cn"
    """Address of the open platform; https://open.larksuite.com outside China."""
    calls_per_second: float = Field(default=50.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor allows 50 for applications and exams."""


class FeishuHireConfig(FeishuApp):
    """One tenant's app that reads and writes candidates."""

    page_size: int = Field(default=100, ge=1, le=100)
    """Objects in one page of a list."""
    interview_lookback_days: int = Field(default=30, ge=1)
    """Interviews are listed by their begin; those that began up to so many days before the last run are read again."""
    encrypt_key: SecretStr | None = None
    """Encrypt Key of the app's events (事件与回调 → 加密策略); without it no event is taken."""
    verification_token: SecretStr | None = None
    """Verification Token of the same page, compared where it is given."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""


class FeishuExamsConfig(FeishuApp):
    """One tenant's app as its provider of written tests (笔试服务商)."""

    account_id: str = Field(min_length=1)
    """The tenant's account with us, as event hire.eco_account.created_v1 told it (账号绑定)."""
