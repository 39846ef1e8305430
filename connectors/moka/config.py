"""Settings of a Moka connection."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from trivet.http import HttpSettings


class MokaConfig(HttpSettings):
    """One organisation's API key."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "org_id",
        "password": "api_key",
    }

    org_id: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    """The organisation's id (orgId), as the customer success manager gives it."""
    api_key: SecretStr
    """API key of the recruiting product (ATS), not of Moka People."""
    base_url: str = "https://api.mokahr.com"
    """Address of the API; https://hire-r1-api.mokahr.com for the international edition."""
    modes: tuple[Literal["social", "campus"], ...] = Field(default=("social", "campus"), min_length=1)
    """Kinds of recruiting (社招, 校招) whose positions are read."""
    stage_ids: tuple[int, ...] = ()
    """Stages whose applications are read; without, all of them."""
    page_size: int = Field(default=20, ge=1, le=20)
    """Objects in one page of a list."""
    calls_per_second: float = Field(default=5.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor publishes no limit for reading."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""
