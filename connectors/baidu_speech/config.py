"""Settings of a Baidu speech application."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from trivet.audio import Limits
from trivet.http import HttpSettings


class BaiduSpeechConfig(Limits, HttpSettings):
    """One application with the service 短语音识别."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "api_key",
        "password": "secret_key",
    }

    api_key: str
    """API Key of the application (console.bce.baidu.com, 语音技术)."""
    secret_key: SecretStr
    """Secret Key of the same application."""
    base_url: str = "https://vop.baidu.com"
    """Address of the recognition."""
    auth_url: str = "https://aip.baidubce.com"
    """Address that gives tokens."""
    language: Literal["zh", "en"] | None = None
    """Language of this connection's recordings, as the service detects none; None takes the position's, and Chinese where
    that is neither. Chinese takes English words among it, English takes no Chinese."""
    window_seconds: float = Field(default=45.0, ge=10, le=48)
    """Longest piece; the service takes 2 MB of a call, which are 48 seconds. Shorter pieces give closer times and cost more
    calls."""
    price_per_call: float = Field(default=0.0, ge=0)
    """What the service bills for a piece, in the currency of the flow's budget."""
    calls_per_second: float = Field(default=2.0, gt=0)
    """Calls a second that all processes of this machine share; a free account has two."""
