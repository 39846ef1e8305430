"""Seals personal data with AES-256-GCM, bound to the place where it lies.

A sealed value is `v1|<key id>|<nonce><ciphertext and tag>`. Its associated data is `table|column|row`, so that a
ciphertext moved to another row does not open. Keys come newest first: the first seals, any opens.
"""

import base64
import os
import secrets
from binascii import Error as BadBase64
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trivet.errors import LedgerError
from trivet.settings import secret

VARIABLE = "TRIVET_KEYS"
KEY_FILE = "ledger.keys"
_VERSION = b"v1|"
_NONCE = 12


class Keyring:
    """Keys by id, newest first."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.newest = next(iter(self._ciphers))
        self._head = _VERSION + self.newest.encode() + b"|"
        self._cipher = self._ciphers[self.newest]

    def seal(self, plain: bytes, place: str) -> bytes:
        """The sealed form of `plain`; it opens at `place` (`table|column|row`) only."""
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """What was sealed there; `LedgerError` CRYPTO_KEY_MISSING or CRYPTO_TAMPERED."""
        sealed = bytes(sealed)
        key_id, separator, rest = sealed.removeprefix(_VERSION).partition(b"|")
        if not separator or not sealed.startswith(_VERSION):
            raise _tampered(place)
        cipher = self._ciphers.get(key_id.decode("ascii", "replace"))
        if cipher is None:
            raise LedgerError(
                f"sealed with key {key_id.decode('ascii', 'replace')!r}, which is not in the key ring",
                code="CRYPTO_KEY_MISSING",
                place=place,
                cure=f"add that key to {VARIABLE} or to the file {KEY_FILE} in the state folder",
            )
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            raise _tampered(place) from None


def load_keyring(state: Path, environ: Mapping[str, str], *, create: bool) -> Keyring:
    """Keys of `TRIVET_KEYS` or of the file in `TRIVET_KEYS_FILE`, else of the key file.

    `create` writes a first key file (0600) where there is none.
    """
    text, place = secret(environ, VARIABLE), f"variable {VARIABLE}"
    file = state / KEY_FILE
    if not text:
        if create and not file.exists():
            _first_key_file(file)
        if not file.exists():
            raise LedgerError(
                "the ledger holds sealed data, and there is no key",
                code="CRYPTO_KEY_MISSING",
                place=str(file),
                cure=f"restore the key file, or set {VARIABLE}",
            )
        text, place = file.read_text(encoding="ascii"), str(file)
    ring = Keyring(_parse(text, place))
    # self-test: a broken crypto library must stop the start, not a night
    if ring.unseal(ring.seal(b"trivet", "self|test|0"), "self|test|0") != b"trivet":
        raise _tampered("self|test|0")
    return ring


def _parse(text: str, place: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for entry in text.replace("\n", ",").split(","):
        if not entry.strip():
            continue
        key_id, _, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except BadBase64:
            key = b""
        if len(key) != 32 or not key_id or "|" in key_id or key_id in keys:
            raise LedgerError(
                f"key number {len(keys) + 1} is not `id:base64 of 32 bytes` with an id of its own",
                code="CRYPTO_KEY_FORMAT",
                place=place,
                cure="newest first, comma between: 2026b:…,2026a:…",
            )
        keys[key_id] = key
    if not keys:
        raise LedgerError("no key in it", code="CRYPTO_KEY_FORMAT", place=place)
    return keys


def _first_key_file(file: Path) -> None:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(f"{secrets.token_hex(4)}:{key}\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        # link, not rename: of two processes that start at once the first wins and both read its key
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _tampered(place: str) -> LedgerError:
    return LedgerError(
        "sealed data does not open: changed, moved, or sealed with another key of the same id",
        code="CRYPTO_TAMPERED",
        place=place,
        cure="restore the row from a backup; look into the audit chain",
    )
