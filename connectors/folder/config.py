"""Settings of a folder connection."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, SecretStr, field_validator

from trivet.awaiting import AwaitingSettings
from trivet.drivers import login_options

NAME = "folder"


class FolderConfig(AwaitingSettings):
    """One folder."""

    standard_fields: ClassVar[Mapping[str, str]] = {"host": "url", "login": "login", "password": "password"}

    url: str
    """Where the recordings lie: file:///srv/interviews, s3://bucket/interviews, oss://bucket/interviews, smb://host/share."""
    login: str | None = None
    """User, or access key id of the object store."""
    password: SecretStr | None = None
    """Password, or secret access key."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """What else the driver wants, e.g. {"endpoint": "https://oss-cn-shanghai.aliyuncs.com"}; no secrets."""
    settle_seconds: float = Field(default=60.0, ge=0)
    """A file that was changed less than so long ago may still be written, and is taken in the next run."""

    @field_validator("url")
    @classmethod
    def _is_plain(cls, given: str) -> str:
        scheme, separator, rest = given.partition("://")
        if not separator or not scheme.isalnum() or not rest.strip("/") or "::" in given:
            raise ValueError("not of the form protocol://place")
        return given

    @property
    def protocol(self) -> str:
        """The part of the URL that names the driver."""
        return self.url.partition("://")[0]

    def driver_options(self) -> dict[str, Any]:
        """What the driver is given."""
        password = self.password.get_secret_value() if self.password is not None else None
        return {**self.options, **login_options(self.protocol, self.login, password)}
