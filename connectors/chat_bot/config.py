"""Settings of one bot in one group."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from trivet.http import HttpSettings

Vendor = Literal["feishu", "dingtalk", "wecom", "slack"]


class ChatBotConfig(HttpSettings):
    """Where the bot listens, and how it is spoken to."""

    standard_fields: ClassVar[Mapping[str, str]] = {"password": "address"}

    vendor: Vendor
    """Whose bot it is; `feishu` also for Lark."""
    address: SecretStr
    """The bot's whole address, as the vendor shows it: https://open.feishu.cn/open-apis/bot/v2/hook/…,
    https://oapi.dingtalk.com/robot/send?access_token=…, https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…,
    https://hooks.slack.com/services/…"""
    secret: SecretStr | None = None
    """Signing secret of a Feishu or DingTalk bot (`SEC…`), where its security settings ask for a signature."""
    calls_per_second: float = Field(default=0.3, gt=0)
    """Messages a second that all processes of this machine share; DingTalk and WeCom take 20 a minute."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        parts = urlsplit(self.address.get_secret_value())
        near = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if (
            not parts.hostname
            or parts.username
            or not (parts.scheme == "https" or (parts.scheme == "http" and near))
        ):
            raise ValueError("address: the bot's whole address, beginning with https://")
        if self.secret is not None and self.vendor not in ("feishu", "dingtalk"):
            raise ValueError(f"secret: bots of {self.vendor} do not sign")
        return self

    def origin(self) -> str:
        """Scheme and host, which are no secret."""
        parts = urlsplit(self.address.get_secret_value())
        return f"{parts.scheme}://{parts.netloc}"

    def path(self) -> str:
        """The rest, which is one."""
        return self.address.get_secret_value().removeprefix(self.origin())
