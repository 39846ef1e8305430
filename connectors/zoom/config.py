"""Settings of a Zoom connection."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from trivet.awaiting import AwaitingSettings
from trivet.http import HttpSettings


class ZoomConfig(HttpSettings, AwaitingSettings):
    """One account's server-to-server OAuth app."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "client_id",
        "password": "client_secret",
    }

    account_id: str
    """Account ID of the app (App Marketplace → Manage → the app → App Credentials)."""
    client_id: str
    """Client ID of the same app; its scopes: cloud_recording:read:list_recording_files:admin and, for rooms that are used
    again, meeting:read:list_past_instances:admin."""
    client_secret: SecretStr
    """Client secret of the same app."""
    base_url: str = "https://api.zoom.us"
    """Address of the API, without /v2."""
    auth_url: str = "https://zoom.us"
    """Address that gives tokens."""
    download_hosts: tuple[str, ...] = ("zoom.us", "*.zoom.us")
    """Zoom's own hosts: only these are shown our token when a recording is downloaded, and no host that they lead on to."""
    prefer: Literal["audio", "video"] = "audio"
    """Which file is taken where a meeting has both; the sound is enough for every scorer, and a tenth of the size."""
    calls_per_second: float = Field(default=10.0, gt=0)
    """Calls a second that all processes of this machine share."""
    webhook_secret: SecretStr | None = None
    """Secret token of the app's event subscription (Features → Access); without it no event is taken."""
