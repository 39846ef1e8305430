"""Kingdee's signatures: of a login, of the application, and of the public cloud's gateway (SDK 8.2.0).

Every one of them is base64 over the hexadecimal text of an HMAC-SHA256, not over its bytes.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

_PAD = b"0054f397c6234378b09ca7d3e5debce7"
"""The client secret inside an app id is hidden under it (`encode_util` of the SDK)."""
_HIDDEN = 32


def login_sign(account: str, user: str, app_id: str, secret: str, at: str) -> str:
    """Of LoginBySign: SHA-256 over the sorted parts."""
    return hashlib.sha256("".join(sorted([account, user, app_id, secret, at])).encode()).hexdigest()


def application(app_id: str, secret: str, said: str) -> Mapping[str, str]:
    """Headers that prove app, account and user; `said` is `account,user,language,organisation`."""
    return {
        "X-Kd-Appkey": app_id,
        "X-Kd-Appdata": base64.b64encode(said.encode()).decode(),
        "X-Kd-Signature": mac(secret, app_id + said),
    }


def gateway(app_id: str, path: str, nonce: str, at: str) -> Mapping[str, str]:
    """Headers that the gateway checks before it lets a call through, over path, nonce and time in seconds."""
    client, secret = credentials(app_id)
    text = f"POST\n{quote(path, safe='')}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{at}\n"
    return {
        "X-Api-ClientID": client,
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": at,
        "x-api-nonce": nonce,
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": mac(secret, text),
    }


def credentials(app_id: str) -> tuple[str, str]:
    """Client id and client secret inside an app id; empty where it has none, as for a server in the house."""
    client, mark, hidden = app_id.partition("_")
    if not mark or "_" in hidden:
        return "", ""
    if len(hidden) != _HIDDEN:
        return client, ""
    try:
        bare = base64.b64decode(hidden, validate=True)
    except binascii.Error:
        return client, ""
    return client, base64.b64encode(bytes(a ^ b for a, b in zip(bare, _PAD, strict=False))).decode()


def mac(secret: str, text: str) -> str:
    """Base64 of the hexadecimal text."""
    said = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(said.encode()).decode()
