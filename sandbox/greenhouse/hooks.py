"""Web hooks: a JSON body of action and payload, signed with the hook's secret."""

import hashlib
import hmac
import json
import secrets

from ..store import Json


def body(action: str, payload: Json) -> bytes:
    """As it is sent: characters beyond ASCII escaped."""
    return json.dumps({"action": action, "payload": payload}).encode()


def headers(sent: bytes, secret: str) -> dict[str, str]:
    """Signature and the delivery's id."""
    signature = hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest()
    return {"Signature": f"sha256 {signature}", "Greenhouse-Event-ID": str(secrets.randbelow(10**9))}
