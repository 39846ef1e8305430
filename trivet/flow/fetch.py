"""Recordings by reference to disk: streamed, named by content, never through Airflow."""

import errno
import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from trivet.contract import RecordingSource
from trivet.documents.canonical import fingerprint
from trivet.errors import TrivetError
from trivet.flow.hub import Hub
from trivet.ledger import recordings
from trivet.ledger.recordings import Recording
from trivet.model import Document

FOLDER_MODE = 0o700
_PART = ".part-"
_PART_SECONDS = 86_400
"""What is older was left behind by a worker that was killed."""


def fetch(hub: Hub, tenant: str, subject_ref: str, document: Document, source: RecordingSource) -> Recording:
    """The recording on disk, downloaded unless this very version lies there already; a typed error where it cannot be.

    `NotYet` where it is still being made; `TrivetError` DISK_FULL where there is no room for it, and nothing of it is left.
    """
    # a vendor may put a new file under an old id: the version is part of the name
    name = f"{document['id']}@{fingerprint(document)[:12]}"
    with hub.ledger.read() as tx:
        known = recordings.get_many(tx, tenant, [name]).get(name)
    if known is not None and known.path and (hub.settings.recordings / known.path).exists():
        return known
    with source.open(document["source_reference"]) as download:
        path, sha256, size = _store(hub.settings.recordings, download.chunks)
    fetched = Recording(
        id=name,
        state="fetched",
        subject_ref=subject_ref,
        sha256=sha256,
        path=path.name,
        media_type=download.media_type,
        bytes=size,
    )
    with hub.ledger.begin() as tx:
        recordings.put_many(tx, tenant, [fetched])
    return fetched


def sweep(folder: Path) -> None:
    """Takes away parts of recordings that nobody writes any more."""
    for part in folder.glob(f"{_PART}*"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _PART_SECONDS:
                part.unlink()


def _store(folder: Path, chunks: Any) -> tuple[Path, str, int]:
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=_PART)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        path = folder / digest.hexdigest()
        # atomic: another shard that fetched the same content loses nothing
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise TrivetError(
                f"no room for a recording ({size // 1024 // 1024} MB of it had come)", code="DISK_FULL",
                place=str(folder), cure="make room; the next run goes on with the interviews that are left",
            ) from None  # fmt: skip
        raise
    return path, digest.hexdigest(), size
