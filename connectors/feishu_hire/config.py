"""Settings of a Feishu Hire connection."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, SecretStr

from trivet.http import HttpSettings


class FeishuHireConfig(HttpSettings):
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
    page_size: int = Field(default=100, ge=1, le=100)
    """Objects in one page of a list."""
    calls_per_second: float = Field(default=50.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor allows 50 for applications."""
    interview_lookback_days: int = Field(default=30, ge=1)
    """Interviews are listed by their begin; those that began up to so many days before the last run are read again."""
    encrypt_key: SecretStr | None = None
    """Encrypt Key of the app's events (事件与回调 → 加密策略); without it no event is taken."""
    verification_token: SecretStr | None = None
    """Verification Token of the same page, compared where it is given."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""
