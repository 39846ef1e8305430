"""Who may call: the SDK's header signature, or a session from LoginBySign / LoginByAppSecret."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import quote

ACCOUNT, USER, ORG = "5f0a1b2c3d4e5f", "trivet", "100"
# a real app id is "<client id>_<client secret, hidden by a fixed pad>": the part behind the underscore is checked too
CLIENT_ID = "288012"
CLIENT_SECRET_HIDDEN = "QaXyZ0kLmNoPqRsTuVwX1a2b3c4d5e6f"
PAD = "0054f397c6234378b09ca7d3e5debce7"
APP_ID = f"{CLIENT_ID}_{CLIENT_SECRET_HIDDEN}"
APP_SECRET = "sandbox-kingdee-secret"


def signed(headers: Any, path: str) -> bool:
    """Whether both signatures are right: the gateway's over the path, and that of app id, account and user."""
    app_id, data = headers.get("X-Kd-Appkey"), headers.get("X-Kd-Appdata")
    given, passed = headers.get("X-Kd-Signature"), headers.get("X-Api-Signature")
    if not (app_id and data and given and passed) or app_id != APP_ID:
        return False
    nonce, at = headers.get("x-api-nonce"), headers.get("x-api-timestamp")
    if headers.get("X-Api-ClientID") != CLIENT_ID or not nonce or not str(at).isdecimal():
        return False
    if not hmac.compare_digest(passed, api_signature(path, nonce, at, client_secret())):
        return False
    said = base64.b64decode(data).decode()
    if said.split(",")[:2] != [ACCOUNT, USER]:
        return False
    return hmac.compare_digest(given, _mac(APP_SECRET, app_id + said))


def client_secret() -> str:
    """The secret behind the underscore of the app id, freed from the pad that hides it."""
    hidden = base64.b64decode(CLIENT_SECRET_HIDDEN)
    return base64.b64encode(bytes(a ^ ord(b) for a, b in zip(hidden, PAD, strict=False))).decode()


def api_signature(path: str, nonce: str, timestamp: str, client_secret: str) -> str:
    """The gateway's own signature over path, nonce and time."""
    text = f"POST\n{quote(path, safe='')}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n"
    return _mac(client_secret, text)


def login_sign(app_id: str, account: str, user: str, timestamp: str) -> str:
    """What LoginBySign expects: SHA-256 over the sorted parts."""
    return hashlib.sha256(
        "".join(sorted([account, user, app_id, APP_SECRET, timestamp])).encode()
    ).hexdigest()


def _mac(secret: str, text: str) -> str:
    # base64 of the hex text, not of the bytes
    return base64.b64encode(
        hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest().encode()
    ).decode()
