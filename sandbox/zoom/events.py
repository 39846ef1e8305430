"""Events as Zoom sends them: signed over the time stamp and the raw body."""

import hashlib
import hmac
import json
import secrets
import time

from ..store import Json


def body(kind: str, payload: Json) -> bytes:
    """As it is sent."""
    said = {"event": kind, "event_ts": int(time.time() * 1000), "payload": payload}
    if kind == "recording.completed":
        said["download_token"] = secrets.token_urlsafe(40)
    return json.dumps(said, separators=(",", ":")).encode()


def headers(sent: bytes, secret: str, at: float | None = None) -> dict[str, str]:
    """Time stamp and signature."""
    stamp = str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + sent, hashlib.sha256).hexdigest()
    return {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={signature}"}
