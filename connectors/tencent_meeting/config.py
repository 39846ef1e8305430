"""Settings of a Tencent Meeting connection."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from trivet.awaiting import AwaitingSettings
from trivet.http import HttpSettings


class TencentMeetingConfig(HttpSettings, AwaitingSettings):
    """One company's own app (企业自建应用)."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "secret_id",
        "password": "secret_key",
    }

    app_id: str
    """AppId of the company (企业管理 → 高级 → restAPI)."""
    sdk_id: str | None = None
    """SdkId of the app; left out where none was given, for then it must not be sent."""
    secret_id: str
    """SecretId of the app."""
    secret_key: SecretStr
    """SecretKey of the app."""
    operator_id: str
    """userid in whose name recordings are listed: an administrator, or one with the right to manage all recordings."""
    base_url: str = "https://api.meeting.qq.com"
    """Address of the API, without /v1."""
    prefer: Literal["audio", "video"] = "audio"
    """Which file is taken where a recording has both; the sound is enough for every scorer."""
    calls_per_second: float = Field(default=5.0, gt=0)
    """Calls a second that all processes of this machine share."""
