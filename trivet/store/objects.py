"""An object store that fsspec knows: S3 and what speaks like it, and others by their drivers.

A recording passes through a file of this machine, sealed: the vendor may be slow and break off, an upload may have to be
repeated, and a store gives no half objects if it never gets any. One version of an object is read with one request: two
workers may store the same recording at once, each sealed with a key of its own.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from fsspec import AbstractFileSystem

from trivet.drivers import open_driver
from trivet.errors import ConfigError, ConnectorError
from trivet.store import parts
from trivet.store.probe import probe
from trivet.store.words import away, gone, keeps, locked, missing, unusable

_PIECE = 8 * 1024 * 1024
OPENED: Mapping[str, Mapping[str, Any]] = {
    # its driver tries again by itself: what stands here is how long a store that is away holds up a run
    "s3": {"config_kwargs": {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}}},
}
PUT: Mapping[str, Mapping[str, Any]] = {
    "s3": {"chunksize": _PIECE, "max_concurrency": 4},
    "gs": {"chunksize": _PIECE},
    "abfs": {"overwrite": True},
}
GET: Mapping[str, Mapping[str, Any]] = {"s3": {"max_concurrency": 1}}
_LOCKED = (
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
    "ClientAuthenticationError", "DefaultCredentialsError", "RefreshError",
)  # fmt: skip
"""What drivers raise without a credential that is of use, by name: none of them has to be installed here."""


class ObjectStore:
    """See `trivet.store.Store`."""

    def __init__(self, url: str, options: Mapping[str, Any], passing: Path) -> None:
        self._url, self._options, self._passing = url.rstrip("/"), options, passing
        self._protocol = url.partition("://")[0]

    @property
    def place(self) -> str:
        """The URL."""
        return self._url

    @cached_property
    def _files(self) -> AbstractFileSystem:
        options = {**OPENED.get(self._protocol, {}), **self._options, "use_listings_cache": False}
        return open_driver(self._protocol, options, self._url)

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Store`."""
        part = parts.written(self._passing, pieces)
        given = PUT.get(self._protocol, {})
        try:
            absent = missing(self._url)
            self._asked("store", lambda: self._files.put_file(str(part), self._path(name), **given), absent)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """See `Store`."""
        handle, part = parts.begun(self._passing)
        os.close(handle)
        given = GET.get(self._protocol, {})
        try:
            absent = gone("read")
            self._asked("read", lambda: self._files.get_file(self._path(name), str(part), **given), absent)
            with part.open("rb") as file:
                yield file
        finally:
            part.unlink(missing_ok=True)

    def begins(self, name: str, length: int) -> bytes:
        """See `Store`."""
        begun: bytes = self._asked(
            "read", lambda: self._files.cat_file(self._path(name), start=0, end=length), gone("read")
        )
        return begun

    def has(self, name: str) -> bool:
        """See `Store`."""
        return self._asked("look", lambda: self._files.info(self._path(name)), None) is not None

    def delete(self, name: str) -> None:
        """See `Store`."""
        self._asked("delete", lambda: self._files.rm_file(self._path(name)), None)
        if self.has(name):
            raise keeps("delete")

    def sweep(self) -> None:
        """See `Store`; what a killed worker uploaded in part is the bucket's own rule to end."""
        parts.sweep(self._passing)

    def check(self) -> str:
        """See `Store`."""
        probe(self)
        bucket = self._url.partition("://")[2].split("/")[0]
        versioned = getattr(self._files, "is_bucket_versioned", None)
        if versioned and self._asked("check", lambda: versioned(bucket), None):
            return f"{self._url}; the bucket keeps older versions: let a rule of its own end them soon"
        return self._url

    def _path(self, name: str) -> str:
        return f"{self._url.partition('://')[2]}/{name}"

    def _asked(self, operation: str, ask: Callable[[], Any], absent: Exception | None) -> Any:
        """What the driver answers; no error of a driver's leaves, and none of their texts, which may hold keys."""
        try:
            return ask()
        except (ConfigError, ConnectorError):
            raise
        except FileNotFoundError:
            if absent is None:
                return None
            raise absent from None
        except PermissionError:
            raise locked(operation) from None
        except (TypeError, ValueError) as error:
            raise unusable(self._url, type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 - every driver has errors of its own
            if parts.full(error):
                raise parts.no_room(self._passing, 0) from None
            if type(error).__name__ in _LOCKED:
                raise locked(operation) from None
            raise away(operation, type(error).__name__) from None
