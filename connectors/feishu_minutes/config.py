"""Settings of a Feishu Minutes connection."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, SecretStr

from trivet.awaiting import AwaitingSettings
from trivet.http import HttpSettings


class FeishuMinutesConfig(HttpSettings, AwaitingSettings):
    """One tenant's app."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "app_id",
        "password": "app_secret",
    }

    app_id: str
    """App ID of the tenant's own app; its rights: vc:meeting:readonly, vc:record:readonly, minutes:minutes.media:export."""
    app_secret: SecretStr
    """App secret of the same app."""
    base_url: str = "https://open.feishu.cn"
    """Address of the open platform; https://open.larksuite.com outside China."""
    calls_per_second: float = Field(default=5.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor allows 5 for media."""
