"""The application: its key pair, its token, the check of signatures, bodies at its level."""

import base64
import functools
import gzip
import hashlib
import secrets
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ..server import Answer, Request
from ..store import Json, Store

CLIENT_ID, CLIENT_SECRET, BIZ_CENTER = "trivet", "sandbox-ncc-secret", "develop"
LIFE = 3600
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


@functools.cache
def _pair() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def public_key() -> str:
    """公钥 of the application."""
    der = (
        _pair()
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(der).decode()


class Application:
    """One registered application."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys: dict[str, tuple[str, float]] = {}
        """By token: the key of its bodies, and when it ends."""

    @property
    def level(self) -> str:
        """加密级别."""
        return str((self.store.get("_application", "level") or {}).get("level", "L0"))

    @property
    def older(self) -> bool:
        """Whether it signs and encrypts as before 2021.05."""
        return bool((self.store.get("_application", "release") or {}).get("older"))

    def give(self, request: Request) -> Answer:
        """A token, or why not, in the order in which the product checks."""
        asked, kind = request.query, request.headers.get("Content-Type", "")
        if "application/x-www-form-urlencoded" not in kind:
            return refused(
                "1000000010",
                "invalid_request, Bad request content type. Expecting: application/x-www-form-urlencoded",
            )
        if asked.get("biz_center") != BIZ_CENTER:
            return refused("1000000010", "无效的账套编码,请检查")
        if asked.get("client_id") != CLIENT_ID:
            return refused("1000000010", "Third-party applications are not registered")
        try:
            secret = self._decrypt(asked.get("client_secret", ""))
        except ValueError:
            return refused("1000000010", "解密失败Decryption error")
        if secret != CLIENT_SECRET:
            return refused("1000000010", "Third-party applications are not authorized")
        if asked.get("signature") != self.signed(CLIENT_ID + CLIENT_SECRET + public_key()):
            return refused("1000000010", "Failed to verify signature for get token")
        token, key = secrets.token_hex(16), base64.b64encode(secrets.token_bytes(32)).decode()
        self.keys[token] = (key, time.monotonic() + LIFE)
        data: Json = {
            "access_token": token, "security_key": key, "security_level": self.level, "expires_in": LIFE,
            "refresh_token": secrets.token_hex(16),
        }  # fmt: skip
        return Answer({"success": True, "data": data, "code": "1000000000", "message": None})

    def signed(self, text: str) -> str:
        """The right signature of a text."""
        salt = ""
        if not self.older:
            seed = hashlib.sha1(public_key().encode()).digest()
            salt = base64.b64encode(hashlib.sha1(seed).digest()[:16]).decode()
        return hashlib.sha256((text + salt).encode()).hexdigest()

    def key(self, request: Request) -> str | None:
        """The key of the call's token; None where that is not valid."""
        key, until = self.keys.get(request.headers.get("access_token", ""), ("", 0.0))
        return key if until > time.monotonic() else None

    def opened(self, body: bytes, key: str) -> str:
        """A body in plain text."""
        text = body.decode()
        for step in {"L0": "", "L1": "a", "L2": "g", "L3": "ag", "L4": "ga"}[self.level]:
            raw = base64.b64decode(text)
            text = (self._aes(raw, key) if step == "a" else gzip.decompress(raw)).decode()
        return text

    def closed(self, text: str, key: str) -> bytes:
        """An answer at the application's level."""
        for step in {"L0": "", "L1": "a", "L2": "g", "L3": "ga", "L4": "ag"}[self.level]:
            raw = text.encode()
            text = base64.b64encode(self._aes(raw, key) if step == "a" else gzip.compress(raw)).decode()
        return text.encode()

    def _aes(self, content: bytes, key: str) -> bytes:
        # in counter mode one way is the other
        encryptor = Cipher(algorithms.AES(base64.b64decode(key)), modes.CTR(key[:16].encode())).encryptor()
        return encryptor.update(content) + encryptor.finalize()

    def _decrypt(self, text: str) -> str:
        how = padding.PKCS1v15() if self.older else _OAEP
        return _pair().decrypt(base64.b64decode(text, validate=True), how).decode()


def refused(code: str, message: str) -> Answer:
    """A refusal in the product's shape."""
    return Answer({"success": False, "data": None, "code": code, "message": message, "errorStack": None})
