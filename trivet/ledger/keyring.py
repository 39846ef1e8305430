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
from trivet.ledger.key_service import COMMAND, SERVICE, KeyService, failed, find_service
from trivet.settings import secret

VARIABLE = "TRIVET_KEYS"
KEY_FILE = "ledger.keys"
_VERSION = b"v1|"
_NONCE = 12
KEY_BYTES = 32
_WRAPPED = "kms:"


class Keyring:
    """Keys by id, newest first."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.ids = tuple(keys)
        self.newest = self.ids[0]
        self._head = self.head(self.newest)
        self._cipher = self._ciphers[self.newest]

    @staticmethod
    def head(key_id: str) -> bytes:
        """What every value begins with that this key sealed."""
        return _VERSION + key_id.encode() + b"|"

    def seal(self, plain: bytes, place: str) -> bytes:
        """The sealed form of `plain`; it opens at `place` (`table|column|row`) only."""
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """What was sealed there; `LedgerError` CRYPTO_KEY_MISSING or CRYPTO_TAMPERED."""
        sealed = bytes(sealed)
        key_id, separator, rest = sealed.removeprefix(_VERSION).partition(b"|")
        if not separator or not sealed.startswith(_VERSION):
            raise tampered(place)
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
            raise tampered(place) from None


def load_keyring(state: Path, environ: Mapping[str, str], *, create: bool) -> Keyring:
    """Keys of `TRIVET_KEYS` or of the file in `TRIVET_KEYS_FILE`, else of the key file.

    `create` writes a first key file (0600) where there is none.
    """
    service = find_service(environ)
    text, place = secret(environ, VARIABLE), f"variable {VARIABLE}"
    file = state / KEY_FILE
    if not text:
        if create and not file.exists():
            write_key_file(file, [new_entry(service)], replace=False)
        if not file.exists():
            raise LedgerError(
                "the ledger holds sealed data, and there is no key",
                code="CRYPTO_KEY_MISSING",
                place=str(file),
                cure=f"restore the key file, or set {VARIABLE}",
            )
        text, place = file.read_text(encoding="ascii"), str(file)
    ring = Keyring(_parse(entries_of(text), place, service))
    # self-test: a broken crypto library must stop the start, not a night
    if ring.unseal(ring.seal(b"trivet", "self|test|0"), "self|test|0") != b"trivet":
        raise tampered("self|test|0")
    return ring


def entries_of(text: str) -> list[str]:
    """`id:base64`, or `id:kms:base64` of a wrapped key, newest first."""
    return [entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip()]


def new_entry(service: KeyService | None) -> str:
    """A new key as it stands in a key file, wrapped where there is a service."""
    key, name = secrets.token_bytes(KEY_BYTES), secrets.token_hex(4)
    if service is None:
        return f"{name}:{base64.b64encode(key).decode()}"
    wrapped = service.wrap(key)
    if service.unwrap(wrapped) != key:
        raise failed("unwrap", "what it wrapped does not open to the same key")
    return f"{name}:{_WRAPPED}{base64.b64encode(wrapped).decode()}"


def _parse(entries: list[str], place: str, service: KeyService | None) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for entry in entries:
        key_id, _, encoded = entry.partition(":")
        wrapped = encoded.startswith(_WRAPPED)
        try:
            key = base64.b64decode(encoded.removeprefix(_WRAPPED), validate=True)
        except BadBase64:
            key = b""
        if wrapped and key:
            if service is None:
                raise LedgerError(
                    f"key {key_id!r} is wrapped by a key service, and none is named", code="KMS_UNKNOWN", place=place,
                    cure=f"set {COMMAND} or {SERVICE}",
                )  # fmt: skip
            key = service.unwrap(key)
        if len(key) != KEY_BYTES or not key_id or "|" in key_id or key_id in keys:
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


def write_key_file(file: Path, entries: list[str], *, replace: bool) -> None:
    """The key file holds these entries, newest first, or what it held before; without `replace` a file that is there stays."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write("".join(f"{entry}\n" for entry in entries))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        if replace:
            draft.replace(file)
        else:
            # link, not rename: of two processes that start at once the first wins and both read its key
            os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def tampered(place: str) -> LedgerError:
    """What is said of a sealed value that does not open."""
    return LedgerError(
        "sealed data does not open: changed, moved, or sealed with another key of the same id",
        code="CRYPTO_TAMPERED",
        place=place,
        cure="restore the row from a backup; look into the audit chain",
    )
