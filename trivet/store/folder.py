"""A folder: of this machine, or of a share that every worker has mounted."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trivet.store import parts
from trivet.store.probe import probe
from trivet.store.words import away, gone, locked

_LOCKED = (errno.EACCES, errno.EPERM, errno.EROFS)
_AWAY = (errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTDIR, errno.EEXIST)


class FolderStore:
    """See `trivet.store.Store`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Store`."""
        with _told("write"):
            # atomic: another shard that fetched the same recording loses nothing
            parts.written(self._folder, pieces).replace(self._folder / name)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """See `Store`."""
        try:
            with _told("read"):
                file = (self._folder / name).open("rb")
        except FileNotFoundError:
            raise gone("read") from None
        with file:
            yield file

    def begins(self, name: str, length: int) -> bytes:
        """See `Store`."""
        with self.open(name) as file:
            return file.read(length)

    def has(self, name: str) -> bool:
        """See `Store`."""
        return (self._folder / name).exists()

    def delete(self, name: str) -> None:
        """See `Store`."""
        with _told("delete"):
            (self._folder / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """See `Store`."""
        parts.sweep(self._folder)

    def check(self) -> str:
        """See `Store`."""
        probe(self)
        return self.place


@contextmanager
def _told(operation: str) -> Iterator[None]:
    """A share that is not mounted, mounted without the right to write, or fails, is told as any store's trouble is."""
    try:
        yield
    except OSError as error:
        # by number: where a recording comes from may break off with an OSError, too
        if error.errno in _LOCKED:
            raise locked(operation) from None
        if error.errno in _AWAY:
            raise away(operation, os.strerror(error.errno)) from None
        raise
