"""Settings of an iFlytek application."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from trivet.audio import Limits
from trivet.http import HttpSettings


class IflytekSpeechConfig(Limits, HttpSettings):
    """One application with the service 录音文件转写."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "app_id",
        "password": "secret_key",
    }

    app_id: str
    """APPID of the application (console.xfyun.cn)."""
    secret_key: SecretStr
    """SecretKey of the service 录音文件转写 in that application; APIKey and APISecret are other services'."""
    base_url: str = "https://raasr.xfyun.cn"
    """Address of the service."""
    language: Literal["zh", "en"] | None = None
    """Language of this connection's recordings, as the service detects none; None takes the position's, and Chinese where
    that is neither. Chinese takes English words among it, English takes no Chinese."""
    separate_speakers: bool = False
    """Whether sentences are told apart by their speaker."""
    speakers: int = Field(default=0, ge=0, le=10)
    """How many speak; 0 lets the service count."""
    hints: bool = True
    """Whether the position's keywords are told to the service as hot words, the same for every candidate of a position;
    raises the recall of terms, and is recorded with the transcript."""
    price_per_minute: float = Field(default=0.0, ge=0)
    """What the service bills for a minute of sound, in the currency of the flow's budget."""
    poll_seconds: float = Field(default=180.0, gt=0)
    """Shortest pause between two questions for one order; with less than 180 the hundred that are allowed may be used up
    before the five hours are over that the vendor takes at most."""
    read_seconds: float = Field(default=300.0, gt=0, le=900)
    """Longest silence of the server before an answer counts as lost; a whole answer may take twice as long."""
