"""Settings of Ashby connections."""

import re
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from trivet.http import HttpSettings


class AshbyKey(HttpSettings):
    """One organisation's API key."""

    standard_fields: ClassVar[Mapping[str, str]] = {"host": "base_url", "password": "api_key"}

    api_key: SecretStr
    """API key (Admin → Integrations → API Keys) that may read candidates, jobs, interviews and the hiring process's metadata,
    and write candidates; private fields only where the key is given access to them."""
    base_url: str = "https://api.ashbyhq.com"
    """Address of the API."""
    api_version: str | None = None
    """Version of the API that is asked for, e.g. 2026-01-01; without it the key's own version answers."""
    calls_per_second: float = Field(default=10.0, gt=0)
    """Calls a second that all processes of this machine share; about 1000 a minute are said to be allowed for a key."""


class AshbyConfig(AshbyKey):
    """One organisation that is read and written."""

    page_size: int = Field(default=100, ge=1, le=100)
    """Objects in one page of a list."""
    reference_field: str = "trivet_reference"
    """Name of the application's custom field (type Text) that keeps our reference. A field's name is its title in lower case,
    with one underscore for every run of other characters: the field titled `Trivet reference` is `trivet_reference`."""
    field_prefix: str = Field(default="trivet_", min_length=1)
    """Custom fields of the application whose names begin so are ours: a new result replaces all of them, and no other field."""
    webhook_secret: SecretStr | None = None
    """Secret token of the webhooks (Admin → Integrations → Webhooks); without it no event is taken."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""

    def ours(self, name: str) -> bool:
        """Whether we write the application's custom field of this name."""
        return name == self.reference_field or name.startswith(self.field_prefix)


class AshbyAssessmentsConfig(AshbyKey):
    """One organisation that orders assessments from us."""

    api_key: SecretStr
    """The organisation's API key (Admin → Integrations → API Keys) that may write candidates: results are told with it."""
    partner_key: SecretStr = Field(min_length=16)
    """The key that we gave Ashby for this organisation: Ashby presents it to us as the user of HTTP Basic."""
    language: Literal["zh", "en"] = "en"
    """Language in which recruiters read what can be ordered."""


def field_name(title: object) -> str:
    """A custom field's name, by its title: Ashby knows fields by an id of its own, and people by the title."""
    return re.sub(r"[^a-z0-9]+", "_", str(title).lower()).strip("_")
