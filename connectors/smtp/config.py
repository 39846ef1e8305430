"""Settings of a connection to a mail server."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, model_validator

from trivet.contract import Config

ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$"


class SmtpConfig(Config):
    """Where letters are handed in, and in whose name."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "host",
        "port": "port",
        "login": "user",
        "password": "password",
    }

    host: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.:-]+$")
    """Name of the mail server, as its certificate has it."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Default: 587 with `starttls`, 465 with `tls`."""
    security: Literal["starttls", "tls"] = "starttls"
    """`starttls` begins in the clear and turns to TLS before anything is said; `tls` is encrypted from the first byte."""
    user: str | None = None
    """Who signs in; empty where the server takes letters from this machine without."""
    password: SecretStr | None = None
    """Password or app password."""
    sender: str = Field(pattern=ADDRESS, max_length=254)
    """Address in From."""
    sender_name: str = Field(default="Trivet", max_length=100, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$")
    """Name beside it."""
    reply_to: str | None = Field(default=None, pattern=ADDRESS, max_length=254)
    """Where answers go, when not to `sender`."""
    ca_file: str | None = None
    """PEM file of the authorities that are trusted instead of the system's."""
    timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds to wait for each answer."""

    @model_validator(mode="after")
    def _whole(self) -> "SmtpConfig":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        return self
