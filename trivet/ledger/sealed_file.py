"""Files, sealed piece by piece: read as a stream, and no piece changed, moved, doubled or cut off goes unnoticed.

    trivet-sealed-1⏎ │ length of the next (2 bytes) │ the file's own key, sealed with the person's │ pieces of 64 KiB + 16

The file's key is bound to the file's name, each piece to its number and to whether it is the last.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trivet.ledger.keyring import tampered
from trivet.ledger.ledger import Transaction

MAGIC = b"trivet-sealed-1\n"
PIECE = 65_536
_TAG = 16
_LENGTH = struct.Struct(">H")
_NONCE = struct.Struct(">QI")


def head(tx: Transaction, name: str, subject_ref: str | None) -> tuple[bytes, AESGCM]:
    """What a file of that name about that person begins with, and what seals its pieces."""
    key = AESGCM.generate_key(256)
    sealed = tx.seal_bytes(key, _place(name), subject_ref)
    return MAGIC + _LENGTH.pack(len(sealed)) + sealed, AESGCM(key)


def pieces(cipher: AESGCM, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The sealed pieces of what the chunks hold together."""
    held, number = bytearray(), 0
    for chunk in chunks:
        held += chunk
        while len(held) > PIECE:  # not the last piece, which may be full
            yield cipher.encrypt(_nonce(number, last=False), bytes(held[:PIECE]), None)
            del held[:PIECE]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(held), None)


def unsealed(file: BinaryIO, name: str, unseal: Callable[[bytes, str], bytes]) -> Iterator[bytes]:
    """What the file holds, each piece proven before it is given; `LedgerError` CRYPTO_TAMPERED, SUBJECT_ERASED and so on.

    `unseal` opens the file's key (`Transaction.unseal_bytes`). A file that an earlier version left plain is given as it is.
    """
    if file.read(len(MAGIC)) != MAGIC:
        file.seek(0)
        yield from iter(lambda: file.read(PIECE), b"")
        return
    try:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    except struct.error:
        raise tampered(_place(name)) from None
    cipher = AESGCM(unseal(file.read(length), _place(name)))
    yield from _opened(file, cipher, name)


def _opened(file: BinaryIO, cipher: AESGCM, name: str) -> Iterator[bytes]:
    number, piece = 0, file.read(PIECE + _TAG)
    while True:
        following = file.read(PIECE + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, None)
        except (InvalidTag, ValueError):
            raise tampered(f"file {name}") from None
        if not following:
            return
        number, piece = number + 1, following


def _nonce(number: int, *, last: bool) -> bytes:
    return _NONCE.pack(number, last)


def _place(name: str) -> str:
    return f"file|key|{name}"
