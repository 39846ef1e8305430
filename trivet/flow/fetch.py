"""Recordings by reference to the store: streamed, sealed with the person's key on the way, never through Airflow."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple, NoReturn

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trivet.contract import RecordingSource
from trivet.documents.canonical import fingerprint
from trivet.errors import Rejected
from trivet.flow.hub import Hub
from trivet.ledger import recordings, sealed_file
from trivet.ledger.ledger import Transaction
from trivet.ledger.recordings import Recording
from trivet.media import Wanted, judged
from trivet.model import Document
from trivet.store import parts

log = logging.getLogger(__name__)


class Shelf:
    """The recordings of a few interviews, looked up together: in the store already, or fetched when one is wanted."""

    def __init__(
        self,
        hub: Hub,
        tenant: str,
        recorded: Iterable[tuple[str, Document]],
        note: Callable[[Recording], None],
    ) -> None:
        """`recorded` are people and recordings; `note` is told what was fetched, to be stored with `recordings.put_many`."""
        self.hub, self.tenant, self.note = hub, tenant, note
        whose = {_name(document): subject_ref for subject_ref, document in recorded}
        with hub.ledger.read() as tx:
            known = recordings.get_many(tx, tenant, whose)
        self.lying = {name: entry for name, entry in known.items() if entry.path}
        absent = {name: ref for name, ref in whose.items() if name not in self.lying}
        self._heads: dict[str, _Head] = {}
        if absent:
            with hub.ledger.begin() as tx:
                tx.prepare(absent.values())
                self._heads = {name: _head(tx, tenant, ref, name) for name, ref in absent.items()}

    def head(self, subject_ref: str, name: str) -> "_Head":
        """What a file of that recording begins with."""
        found = self._heads.pop(name, None)
        if found is None:
            with self.hub.ledger.begin() as tx:
                found = _head(tx, self.tenant, subject_ref, name)
        return found


class _Head(NamedTuple):
    path: str
    sealed: bytes
    cipher: AESGCM


def _head(tx: Transaction, tenant: str, subject_ref: str, name: str) -> _Head:
    # a file a recording, even of equal content: each is sealed with its own person's key
    path = tx.blind("recording", tenant, subject_ref, name)[:40]
    return _Head(path, *sealed_file.head(tx, path, subject_ref))


def _name(document: Document) -> str:
    # a vendor may put a new file under an old id: the version is part of the name
    return f"{document['id']}@{fingerprint(document)[:12]}"


def fetch(
    shelf: Shelf, subject_ref: str, document: Document, source: RecordingSource, wanted: Wanted
) -> Recording:
    """The recording in the store, downloaded unless this very version lies there already; a typed error where it cannot be.

    `Rejected` MEDIA_TYPE_MISMATCH where it is a paper and a recording is wanted, or the other way round; `NotYet` where it is
    still being made; `TrivetError` DISK_FULL where there is no room for it, and nothing of it is left.
    """
    name = _name(document)
    known = shelf.lying.get(name)
    if known is not None:
        if shelf.hub.store.has(known.path or ""):
            return known
        log.warning("a recording vanished from the store, fetched again: %s", known.path)
    head = shelf.head(subject_ref, name)
    with source.open(document["source_reference"]) as download:
        counted = _Counted(judged(download.chunks, _refuse, wanted))
        shelf.hub.store.put(head.path, chain((head.sealed,), sealed_file.pieces(head.cipher, counted)))
    fetched = Recording(
        id=name,
        state="fetched",
        subject_ref=subject_ref,
        sha256=counted.digest.hexdigest(),
        path=head.path,
        media_type=download.media_type,
        bytes=counted.size,
    )
    shelf.lying[name] = fetched
    shelf.note(fetched)
    return fetched


def _refuse(code: str, message: str) -> NoReturn:
    raise Rejected(message, connector="recordings", operation="download", vendor_code=code)


@contextmanager
def listening(hub: Hub, path: str) -> Iterator[Path]:
    """The recording in the clear, as a file of this account alone for as long as the context lasts."""
    folder = hub.settings.listening
    handle, plain = parts.begun(folder)
    try:
        size = 0
        try:
            with os.fdopen(handle, "wb") as file, hub.store.open(path) as sealed, hub.ledger.read() as tx:
                for piece in sealed_file.unsealed(sealed, path, tx.unseal_bytes):
                    size += file.write(piece)
        except OSError as error:
            if parts.full(error):
                raise parts.no_room(folder, size) from None
            raise
        yield plain
    finally:
        plain.unlink(missing_ok=True)


def seal_plain(hub: Hub, progress: Callable[[str, int], None]) -> Iterator[int]:
    """Seals what an earlier version left plain; 1 for each recording. One that is not there any more is passed over."""
    with hub.ledger.read() as tx:
        known = [(tenant, entry, entry.path) for tenant, entry in recordings.every(tx) if entry.path]
    for tenant, entry, plain in known:
        if not hub.store.has(plain) or hub.store.begins(plain, len(sealed_file.MAGIC)) == sealed_file.MAGIC:
            continue
        with hub.ledger.begin() as tx:
            path, head, cipher = _head(tx, tenant, entry.subject_ref or "", entry.id)
        with hub.store.open(plain) as file:
            chunks = iter(lambda: file.read(sealed_file.PIECE), b"")
            hub.store.put(path, chain((head,), sealed_file.pieces(cipher, chunks)))
        with hub.ledger.begin() as tx:
            recordings.put_many(tx, tenant, [replace(entry, path=path)])
            shared = recordings.at_path(tx, plain)
        if not shared:
            hub.store.delete(plain)
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
