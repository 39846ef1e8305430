"""Events of schema 2.0, encrypted and signed as the open platform describes it."""

import base64
import hashlib
import json
import secrets
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from ..store import Json

TENANT = "7f3a1c"


def event(app_id: str, token: str, kind: str, body: Json) -> Json:
    """The event's own form."""
    header = {
        "event_id": secrets.token_hex(16), "event_type": kind, "create_time": str(int(time.time() * 1000)),
        "token": token, "app_id": app_id, "tenant_key": TENANT,
    }  # fmt: skip
    return {"schema": "2.0", "header": header, "event": body}


def encrypted(said: Json, key: str) -> bytes:
    """The body as it is sent: AES-256-CBC by the key's SHA-256, the vector in front."""
    vector = secrets.token_bytes(16)
    padding = PKCS7(128).padder()
    padded = padding.update(json.dumps(said).encode()) + padding.finalize()
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(vector)).encryptor()
    sealed = vector + cipher.update(padded) + cipher.finalize()
    return json.dumps({"encrypt": base64.b64encode(sealed).decode()}).encode()


def headers(body: bytes, key: str, at: float | None = None) -> dict[str, str]:
    """The signature over time, nonce, key and body."""
    stamp, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(8)
    signature = hashlib.sha256(f"{stamp}{nonce}{key}".encode() + body).hexdigest()
    return {"X-Lark-Request-Timestamp": stamp, "X-Lark-Request-Nonce": nonce, "X-Lark-Signature": signature}
