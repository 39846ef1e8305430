"""Settings of Greenhouse connections."""

from collections.abc import Mapping
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from trivet.http import HttpSettings


class GreenhouseConfig(HttpSettings):
    """One organisation's custom integration."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "client_id",
        "password": "client_secret",
    }

    client_id: str
    """Client ID of a Harvest V3 (OAuth) credential (Configure → Dev Center → API Credentials); lists need a Site Admin."""
    client_secret: SecretStr
    """Client secret of the same credential."""
    base_url: str = "https://harvest.greenhouse.io"
    """Address of the API, without /v3."""
    auth_url: str = "https://auth.greenhouse.io"
    """Address that gives tokens."""
    user_id: str | None = None
    """Greenhouse user in whose name scores are written."""
    page_size: int = Field(default=500, ge=1, le=500)
    """Objects in one page of a list."""
    date_filter: Literal["pipe", "brackets"] = "pipe"
    """Form of a time window: `updated_at=gte|…|lte|…` as the vendor's request builder writes it, or `updated_at[gte]=…`."""
    calls_per_second: float = Field(default=5.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor counts in windows of 30 seconds."""
    reference_field: str = "trivet_reference"
    """`name_key` of the application's custom field (short text) that keeps our reference."""
    field_prefix: str = Field(default="trivet_", min_length=1)
    """Custom fields of the application that begin so are ours: a new result replaces all of them, and no other field."""
    webhook_secret: SecretStr | None = None
    """Secret key of the web hooks (Configure → Dev Center → Web Hooks); without it no event is taken."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""

    def ours(self, name_key: str) -> bool:
        """Whether we write this custom field of an application."""
        return name_key == self.reference_field or name_key.startswith(self.field_prefix)


class GreenhouseAssessmentsConfig(HttpSettings):
    """One organisation that orders assessments from us."""

    standard_fields: ClassVar[Mapping[str, str]] = {"password": "api_key"}

    api_key: SecretStr = Field(min_length=16, max_length=170)
    """The key that the organisation gives Greenhouse for us (the vendor takes fewer than 171 characters); both sides present
    it."""
    callback_origins: tuple[str, ...] = Field(default=("https://app.greenhouse.io",), min_length=1)
    """Scheme, host and port of Greenhouse: no other address that comes with an order is called."""
    language: Literal["zh", "en"] = "en"
    """Language in which recruiters read what can be ordered."""

    def callback(self, url: str) -> tuple[str, str] | None:
        """Origin and path of an address that may be called; None of any other."""
        if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            return None
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.callback_origins or not parts.path.startswith("/"):
            return None
        return origin, parts.path + (f"?{parts.query}" if parts.query else "")
