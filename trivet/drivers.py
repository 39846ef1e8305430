"""Drivers of shares and object stores, by fsspec's protocols: what each calls its login, and one of them opened."""

from collections.abc import Mapping
from typing import Any

import fsspec
from fsspec import AbstractFileSystem

from trivet.errors import ConfigError

LOGIN_OPTIONS: Mapping[str, tuple[str, str]] = {
    "s3": ("key", "secret"),
    "oss": ("key", "secret"),
    "abfs": ("account_name", "account_key"),
    "sftp": ("username", "password"),
    "smb": ("username", "password"),
    "webhdfs": ("user", "password"),
}
"""What a protocol calls login and password; `key` and `secret` elsewhere."""


def login_options(protocol: str, login: str | None, password: str | None) -> dict[str, str]:
    """Login and password as the protocol's driver calls them; what is None is left out."""
    names = LOGIN_OPTIONS.get(protocol, ("key", "secret"))
    return {name: value for name, value in zip(names, (login, password), strict=True) if value is not None}


def open_driver(protocol: str, options: Mapping[str, Any], place: str) -> AbstractFileSystem:
    """The driver; `ConfigError` CONFIG_DRIVER where it is not installed, or does not know an option."""
    try:
        return fsspec.filesystem(protocol, **options)
    except (ImportError, ValueError, TypeError) as error:
        raise ConfigError(
            f"fsspec has no driver for {protocol}:// here ({type(error).__name__})", code="CONFIG_DRIVER", place=place,
            cure="install the driver's package (s3fs, ossfs, adlfs, gcsfs, …), or mend url and options",
        ) from None  # fmt: skip
