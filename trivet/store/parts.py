"""Files that are being written: of this account alone, safe on disk when they are done, swept up after a killed worker."""

import errno
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from trivet.errors import TrivetError

_MODE = 0o700
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_PREFIX = ".part-"
_SECONDS = 86_400
"""What is older was left behind by a worker that was killed."""


def begun(folder: Path) -> tuple[int, Path]:
    """An empty file of the folder, open for writing."""
    path = folder / f"{_PREFIX}{secrets.token_hex(8)}"
    try:
        return os.open(path, _NEW, 0o600), path
    except FileNotFoundError:
        folder.mkdir(mode=_MODE, parents=True, exist_ok=True)
        return os.open(path, _NEW, 0o600), path


def written(folder: Path, pieces: Iterable[bytes]) -> Path:
    """A file of the folder with these pieces, safe on disk; where they break off, or there is no room, nothing of it is left."""
    handle, part = begun(folder)
    size = 0
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        part.unlink(missing_ok=True)
        if full(error):
            raise no_room(folder, size) from None
        raise
    return part


def sweep(folder: Path) -> None:
    """Takes away what nobody writes any more."""
    for part in folder.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _SECONDS:
                part.unlink()


def full(error: BaseException) -> bool:
    """Whether the disk, or this account's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_room(folder: Path, size: int) -> TrivetError:
    """What is said then."""
    return TrivetError(
        f"no room for a recording ({size // 1024 // 1024} MB of it had come)", code="DISK_FULL", place=str(folder),
        cure="make room; the next run goes on with the interviews that are left",
    )  # fmt: skip
