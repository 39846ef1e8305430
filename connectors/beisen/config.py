"""Settings of a Beisen connection."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from pydantic import Field, SecretStr

from trivet.http import HttpSettings


class BeisenConfig(HttpSettings):
    """One tenant's app."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "app_id",
        "password": "app_secret",
    }

    app_id: str
    """AppId of the open platform's app."""
    app_secret: SecretStr
    """AppSecret of the same app."""
    tenant_id: str
    """Tenant id; our server's address has to be on the tenant's list of trusted ones."""
    base_url: str = "https://openapi.italent.cn"
    """Address of the API."""
    begins_on: date = date(2015, 1, 1)
    """The first day that is asked for when a list is read from its beginning."""
    window_days: int = Field(default=90, ge=1, le=90)
    """Days that are asked for at once; the vendor recommends 90 at most."""
    page_size: int = Field(default=100, ge=1, le=100)
    """Applications or applicants in one call for their contents."""
    apply_fields: tuple[str, ...] = ()
    """Custom fields of the application that are read along, such as the employee number's."""
    recording_fields: tuple[str, ...] = ()
    """File fields of the applicant's profile that hold recordings; without, none is looked for."""
    interview_lookback_days: int = Field(default=30, ge=1)
    """Interviews are listed by their date; those of so many days before the last run, and after it, are read again."""
    calls_per_second: float = Field(default=15.0, gt=0)
    """Calls a second that all processes of this machine share; the vendor allows 20, 1,000 a minute, and so many a day."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""
