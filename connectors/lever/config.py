"""Settings of a Lever connection."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from trivet.http import HttpSettings


class LeverConfig(HttpSettings):
    """One account, by an API key or as an OAuth client."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "client_id",
        "password": "api_key",
    }

    api_key: SecretStr | None = None
    """API key (Settings → Integrations and API → API Credentials) that may read postings, opportunities with files and
    interviews, contacts and archive reasons, and write notes and files."""
    client_id: str | None = None
    """Client of a partner integration (OAuth), in place of an API key."""
    client_secret: SecretStr | None = None
    """Its secret."""
    refresh_token: SecretStr | None = None
    """A refresh token from its authorisation (scope offline_access). It serves once: the one in use is kept in the state
    folder, which all machines that use this connection have to share; another one here begins anew."""
    base_url: str = "https://api.lever.co"
    """Address of the API, without /v1; https://api.eu.lever.co and https://api.sandbox.lever.co are others."""
    auth_url: str = "https://auth.lever.co"
    """Address that gives tokens to OAuth clients."""
    perform_as: str | None = None
    """Id of the Lever user in whose name notes and files are written; files need one."""
    page_size: int = Field(default=100, ge=1, le=100)
    """Objects in one page of a list."""
    calls_per_second: float = Field(default=8.0, gt=0)
    """Calls a second that all processes of this machine share; Lever fills an API key's bucket with 10 a second."""
    confidential: bool = False
    """Read confidential postings and opportunities too; the key must have been given access to them when it was made."""
    look_at: Literal["open", "changed"] = "open"
    """Opportunities at which new interviews and files are looked for, a call or two each: `open` ones and those that were
    archived since, or only those that `changed` (whether a new file counts as a change, Lever does not say)."""
    signature_tokens: tuple[SecretStr, ...] = ()
    """Signature tokens of the webhooks (Settings → Integrations and API → Webhooks); Lever gives each event its own.
    Without one no event is taken."""
    event_max_age_hours: float = Field(default=24.0, gt=0)
    """An event that was triggered longer ago is refused; Lever tries five times, ever later."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        oauth = (self.client_id, self.client_secret, self.refresh_token)
        if any(oauth) if self.api_key else not all(oauth):
            raise ValueError("give either api_key, or client_id, client_secret and refresh_token")
        return self
