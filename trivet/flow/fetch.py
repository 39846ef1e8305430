"""Recordings by reference to disk: streamed, sealed with the person's key on the way, never through Airflow."""

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from trivet.contract import RecordingSource
from trivet.documents.canonical import fingerprint
from trivet.errors import Rejected, TrivetError
from trivet.flow.hub import Hub
from trivet.ledger import recordings, sealed_file
from trivet.ledger.recordings import Recording
from trivet.media import Wanted, judged
from trivet.model import Document

FOLDER_MODE = 0o700
_PART = ".part-"
_PART_SECONDS = 86_400
"""What is older was left behind by a worker that was killed."""


def fetch(
    hub: Hub, tenant: str, subject_ref: str, document: Document, source: RecordingSource, wanted: Wanted
) -> Recording:
    """The recording on disk, downloaded unless this very version lies there already; a typed error where it cannot be.

    `Rejected` MEDIA_TYPE_MISMATCH where it is a paper and a recording is wanted, or the other way round; `NotYet` where it is
    still being made; `TrivetError` DISK_FULL where there is no room for it, and nothing of it is left.
    """
    # a vendor may put a new file under an old id: the version is part of the name
    name = f"{document['id']}@{fingerprint(document)[:12]}"
    with hub.ledger.read() as tx:
        known = recordings.get_many(tx, tenant, [name]).get(name)
    if known is not None and known.path and (hub.settings.recordings / known.path).exists():
        return known
    with hub.ledger.begin() as tx:
        # a file a recording, even of equal content: each is sealed with its own person's key
        path = hub.settings.recordings / tx.blind("recording", tenant, subject_ref, name)[:40]
        head, cipher = sealed_file.head(tx, path.name, subject_ref)
    with source.open(document["source_reference"]) as download:
        counted = _Counted(judged(download.chunks, _refuse, wanted))
        _store(path, head, sealed_file.pieces(cipher, counted), counted)
    fetched = Recording(
        id=name,
        state="fetched",
        subject_ref=subject_ref,
        sha256=counted.digest.hexdigest(),
        path=path.name,
        media_type=download.media_type,
        bytes=counted.size,
    )
    with hub.ledger.begin() as tx:
        recordings.put_many(tx, tenant, [fetched])
    return fetched


def _refuse(code: str, message: str) -> NoReturn:
    raise Rejected(message, connector="recordings", operation="download", vendor_code=code)


def sweep(folder: Path) -> None:
    """Takes away parts of recordings that nobody writes any more."""
    for part in folder.glob(f"{_PART}*"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _PART_SECONDS:
                part.unlink()


@contextmanager
def listening(hub: Hub, path: Path) -> Iterator[Path]:
    """The recording in the clear, as a file of this account alone for as long as the context lasts."""
    folder = hub.settings.listening
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    handle, plain = tempfile.mkstemp(dir=folder, prefix=_PART)
    try:
        size = 0
        try:
            with hub.ledger.read() as tx, os.fdopen(handle, "wb") as file:
                for piece in sealed_file.unsealed(path, tx.unseal_bytes):
                    size += file.write(piece)
        except OSError as error:
            if _full(error):
                raise _no_room(folder, size) from None
            raise
        yield Path(plain)
    finally:
        Path(plain).unlink(missing_ok=True)


def seal_plain(hub: Hub, progress: Callable[[str, int], None]) -> Iterator[int]:
    """Seals what an earlier version left plain; 1 for each recording. One that is not there any more is passed over."""
    with hub.ledger.read() as tx:
        known = [entry for entry in recordings.every(tx) if entry[1].path]
    for tenant, entry in known:
        plain = hub.settings.recordings / (entry.path or "")
        if not plain.exists() or sealed_file.is_sealed(plain):
            continue
        with hub.ledger.begin() as tx:
            path = plain.with_name(tx.blind("recording", tenant, entry.subject_ref or "", entry.id)[:40])
            head, cipher = sealed_file.head(tx, path.name, entry.subject_ref)
        with plain.open("rb") as file:
            counted = _Counted(iter(lambda: file.read(sealed_file.PIECE), b""))
            _store(path, head, sealed_file.pieces(cipher, counted), counted)
        with hub.ledger.begin() as tx:
            recordings.put_many(tx, tenant, [replace(entry, path=path.name)])
            shared = recordings.at_path(tx, entry.path or "")
        if not shared:
            plain.unlink(missing_ok=True)
        progress("recording files", 1)
        yield 1


class _Counted:
    """What comes by, with its hash and size."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.digest.update(chunk)
            self.size += len(chunk)
            yield chunk


def _store(path: Path, head: bytes, pieces: Iterable[bytes], counted: _Counted) -> None:
    folder = path.parent
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=_PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(head)
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        # atomic: another shard that fetched the same recording loses nothing
        Path(temporary).replace(path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if _full(error):
            raise _no_room(folder, counted.size) from None
        raise


def _full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _no_room(folder: Path, size: int) -> TrivetError:
    return TrivetError(
        f"no room for a recording ({size // 1024 // 1024} MB of it had come)", code="DISK_FULL", place=str(folder),
        cure="make room; the next run goes on with the interviews that are left",
    )  # fmt: skip
