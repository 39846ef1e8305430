"""Settings of a BambooHR connection."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, SecretStr

from trivet.http import HttpSettings


class BambooHrConfig(HttpSettings):
    """One company."""

    standard_fields: ClassVar[Mapping[str, str]] = {"host": "base_url", "password": "api_key"}

    api_key: SecretStr
    """API key (your picture → API Keys) of a user who may see the applicant tracking settings."""
    base_url: str
    """Address of the company, e.g. https://acme.bamboohr.com."""
    calls_per_second: float = Field(default=5.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor publishes no limit and asks for pauses."""
    page_size: int = Field(default=25, ge=1, le=200)
    """Applications or employees that are read in detail before they are stored: each is a call. Lists have the vendor's own
    page size."""
    webhook_key: SecretStr | None = None
    """Private key of the web hook (shown once, when it is created); without it no event is taken."""
    max_recording_mb: int = Field(default=200, ge=1)
    """A larger recording is refused."""
