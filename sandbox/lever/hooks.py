"""Webhooks: token, time and signature stand in the body; what is signed is token and time, and nothing else."""

import hashlib
import hmac
import json
import secrets
import time
import uuid

from ..store import Json


def body(event: str, data: Json, key: str, at: int | None = None) -> bytes:
    """As it is sent; `at` in milliseconds, now where it is not given."""
    triggered = int(time.time() * 1000) if at is None else at
    token = secrets.token_hex(24)
    signed = hmac.new(key.encode(), f"{token}{triggered}".encode(), hashlib.sha256).hexdigest()
    said = {
        "id": str(uuid.uuid4()),
        "event": event,
        "triggeredAt": triggered,
        "token": token,
        "signature": signed,
    }
    return json.dumps({**said, "data": data}).encode()
