"""Settings of an OpenAI-compatible speech service."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, SecretStr

from trivet.audio import Limits
from trivet.http import HttpSettings


class OpenAiSpeechConfig(Limits, HttpSettings):
    """Address, model and price."""

    standard_fields: ClassVar[Mapping[str, str]] = {"host": "base_url", "password": "api_key"}

    base_url: str = "https://api.openai.com/v1"
    """Address of the API up to and with /v1; a server of the company's own keeps the recording inside."""
    api_key: SecretStr | None = None
    """Key of the API; a server inside may want none."""
    model: str = "whisper-1"
    """Model that answers `verbose_json` with segments; OpenAI's gpt-4o models do not."""
    language: str | None = Field(default=None, min_length=2, max_length=3)
    """Language that every recording of this connection is in, e.g. zh; None lets the service detect it."""
    hints: bool = True
    """Whether the position's keywords are told to the service as its prompt, the same for every candidate of a position;
    raises the recall of terms, and is recorded with the transcript."""
    max_upload_mb: float = Field(default=25, gt=0.1, le=30)
    """Largest file that the service takes, in millions of bytes; a longer recording goes in pieces."""
    price_per_minute: float = Field(default=0.0, ge=0)
    """What the service bills for a minute of sound, in the currency of the flow's budget."""
    read_seconds: float = Field(default=300.0, gt=0, le=900)
    """Longest wait for the answer on one piece before it counts as lost; a whole answer may take twice as long."""
    calls_per_second: float = Field(default=5.0, gt=0)
    """Calls a second that all processes of this machine share."""
