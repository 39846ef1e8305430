"""Where recordings lie, sealed: a folder, or an object store that many workers share. What comes here is sealed already.

A name is whole or not there: whoever puts is seen once everything has arrived, and the last of two who put the same name at
once wins. Troubles are those of a vendor's call: `Retryable` (STORE_AWAY, RECORDING_GONE, STORE_KEEPS), `AuthFailed`
(STORE_LOCKED); `ConfigError` where there is no such store, `TrivetError` DISK_FULL where this machine has no room.
"""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from trivet.connections import Connections
from trivet.drivers import login_options
from trivet.errors import ConfigError
from trivet.settings import Settings
from trivet.store.folder import FolderStore
from trivet.store.objects import ObjectStore
from trivet.store.words import NAME

__all__ = ["NAME", "Store", "open_store"]
_VARIABLE = "TRIVET_RECORDINGS"
_FILES = ("file://", "local://")


class Store(Protocol):
    """What a place for recordings can do."""

    @property
    def place(self) -> str:
        """Where it is, for people; no secrets."""

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Keeps what the pieces hold together under that name, instead of what was there."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """What was kept, as one version of it; `Retryable` RECORDING_GONE where it is not there any more."""

    def begins(self, name: str, length: int) -> bytes:
        """Its first bytes."""

    def has(self, name: str) -> bool:
        """Whether it is there."""

    def delete(self, name: str) -> None:
        """Takes it away, and has seen that it is gone; nothing happens where it was not there."""

    def sweep(self) -> None:
        """Takes away what workers left half done that were killed."""

    def check(self) -> str:
        """What a person should know of it, once something was written, read back and deleted; raises where it was not."""


def open_store(settings: Settings, connections: Connections) -> Store:
    """The deployment's own; nothing is asked yet. `ConfigError` CONFIG_STORE where the setting cannot be one."""
    said = settings.recordings
    for scheme in _FILES:
        said = said.removeprefix(scheme)
    if "://" not in said:
        return FolderStore(Path(said).absolute())
    protocol, _, rest = said.partition("://")
    # the text is not repeated: somebody may have written a secret into it
    if "@" in rest or "?" in rest or "::" in said or not protocol.isalnum() or not rest.strip("/"):
        raise ConfigError(
            "not of the form protocol://bucket/prefix", code="CONFIG_STORE", place=_VARIABLE,
            cure=f"write e.g. s3://bucket/prefix; login and options go into {_VARIABLE}_OPTIONS_FILE or a connection",
        )  # fmt: skip
    return ObjectStore(said, _options(settings, connections, protocol), settings.state / "passing")


def _options(settings: Settings, connections: Connections, protocol: str) -> dict[str, Any]:
    if settings.store_connection:
        known = connections(settings.store_connection)
        login, password = known.standard.get("login"), known.standard.get("password")
        return {**known.extra.get("options", {}), **login_options(protocol, login or None, password or None)}
    try:
        options = json.loads(settings.store_options or "{}")
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise ConfigError(
            "not a JSON object", code="CONFIG_STORE", place=f"{_VARIABLE}_OPTIONS",
            cure='write e.g. {"key": "…", "secret": "…", "endpoint_url": "https://…"}',
        )  # fmt: skip
    return options
