"""Recordings by reference to the store: streamed, sealed with the person's key on the way, never through Airflow."""

import hashlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trivet.contract import RecordingSource
from trivet.documents.canonical import fingerprint
from trivet.errors import AuthFailed, Rejected
from trivet.flow.ahead import MOST
from trivet.flow.hub import Hub
from trivet.ledger import recordings, sealed_file
from trivet.ledger.ledger import Transaction
from trivet.ledger.recordings import Recording
from trivet.media import Wanted, judged
from trivet.model import Document
from trivet.store import parts

log = logging.getLogger(__name__)


class Wish(NamedTuple):
    """A recording that scorers may want."""

    subject_ref: str
    document: Document
    """The recording."""
    ahead: Wanted | None = None
    """As what it is fetched ahead; None where it is fetched when it is asked for."""


class Fetcher:
    """The recordings of a few interviews, looked up together: in the store already, or fetched.

    A context manager. While one is heard the next are fetched that may be, one after the other, in the order of the wishes; what
    went wrong with one is told when it is asked for.
    """

    def __init__(
        self, hub: Hub, tenant: str, wishes: Sequence[Wish], note: Callable[[Recording], None]
    ) -> None:
        """`note` is told what was fetched when it was asked for, to be stored with `recordings.put_many`."""
        self.hub, self.tenant, self.note = hub, tenant, note
        self._coming = deque((_name(wish.document), wish) for wish in wishes)
        whose = {name: wish.subject_ref for name, wish in self._coming}
        with hub.ledger.read() as tx:
            known = recordings.get_many(tx, tenant, whose)
        self._lying = {name: entry for name, entry in known.items() if entry.path}
        absent = {name: ref for name, ref in whose.items() if name not in self._lying}
        self._heads: dict[str, _Head] = {}
        if absent:
            with hub.ledger.begin() as tx:
                tx.prepare(absent.values())
                self._heads = {name: _head(tx, tenant, ref, name) for name, ref in absent.items()}
        self._pool = ThreadPoolExecutor(1, "fetch")
        self._under_way: dict[str, Future[Recording | None]] = {}
        self._asked: set[str] = set()
        self._locked_out = False

    def fetch(
        self, subject_ref: str, document: Document, source: RecordingSource, wanted: Wanted
    ) -> Recording:
        """The recording in the store, downloaded unless this very version lies there already; a typed error where it cannot be.

        `Rejected` MEDIA_TYPE_MISMATCH where it is a paper and a recording is wanted, or the other way round; `NotYet` where
        it is still being made; `TrivetError` DISK_FULL where there is no room for it, and nothing of it is left.
        """
        name = _name(document)
        known = self._lying.get(name)
        if known is not None:
            if self.hub.store.has(known.path or ""):
                return known
            log.warning("a recording vanished from the store, fetched again: %s", known.path)
        self._asked.add(name)
        begun = self._under_way.pop(name, None)
        fetched = begun.result() if begun else None
        if fetched is None:
            put = partial(self._put, name, subject_ref, document, source, wanted)
            # behind what is under way: no source has to bear two downloads at once
            fetched = self._pool.submit(put).result() if self._under_way else put()
            self.note(fetched)
        self._lying[name] = fetched
        # not before one has come: a wrong login or a full disk is met once
        self._go_ahead(source)
        return fetched

    def _go_ahead(self, source: RecordingSource) -> None:
        while self._coming and len(self._under_way) < MOST:
            name, wish = self._coming.popleft()
            met = name in self._asked or name in self._under_way or name in self._lying
            if wish.ahead is not None and not met:
                self._under_way[name] = self._pool.submit(self._put_ahead, name, wish, source, wish.ahead)

    def _put_ahead(self, name: str, wish: Wish, source: RecordingSource, wanted: Wanted) -> Recording | None:
        """None where the login was lost before: a vendor locks an account that tries again and again."""
        if self._locked_out:
            return None
        try:
            fetched = self._put(name, wish.subject_ref, wish.document, source, wanted)
        except AuthFailed:
            self._locked_out = True
            raise
        # at once: minutes may pass before it is asked for, and an erasure meanwhile has to find it
        with self.hub.ledger.begin() as tx:
            recordings.put_many(tx, self.tenant, [fetched])
        return fetched

    def _put(
        self, name: str, subject_ref: str, document: Document, source: RecordingSource, wanted: Wanted
    ) -> Recording:
        head = self._head(subject_ref, name)
        with source.open(document["source_reference"]) as download:
            counted = _Counted(judged(download.chunks, _refuse, wanted))
            self.hub.store.put(head.path, chain((head.sealed,), sealed_file.pieces(head.cipher, counted)))
        return Recording(
            id=name,
            state="fetched",
            subject_ref=subject_ref,
            sha256=counted.digest.hexdigest(),
            path=head.path,
            media_type=download.media_type,
            bytes=counted.size,
        )

    def _head(self, subject_ref: str, name: str) -> "_Head":
        found = self._heads.pop(name, None)
        if found is None:
            with self.hub.ledger.begin() as tx:
                found = _head(tx, self.tenant, subject_ref, name)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


class _Head(NamedTuple):
    """What a file begins with."""

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
