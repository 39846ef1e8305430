"""Who may call: password, token, key, client credentials or a signature of the body; whatever is shown has to be right."""

import base64
import hashlib
import hmac
import secrets
import time
from urllib.parse import parse_qs

from ..server import Answer, Request

USER, PASSWORD = "trivet", "sandbox-erp-password"
TOKEN = "sandbox-erp-token"
KEY = "sandbox-erp-key"
CLIENT, CLIENT_SECRET, SCOPE = "trivet client", "sandbox-erp:client secret", "talent.write"
SIGNER, SIGNING_SECRET = "trivet-01", "sandbox-erp-signing-secret"
LIFE_SECONDS = 1800


class Logins:
    """The tokens that were given out."""

    def __init__(self) -> None:
        self.tokens: dict[str, float] = {}

    def token(self, request: Request) -> Answer:
        """RFC 6749, section 4.4; the client may be named by Basic or in the form."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        shown = (form.get("client_id", ""), form.get("client_secret", ""))
        basic = _basic(request.headers.get("Authorization") or "")
        if basic:
            # form-encoded parts (section 2.3.1)
            named = parse_qs(f"i={basic[0]}&s={basic[1]}")
            shown = (named["i"][0], named["s"][0])
        if shown != (CLIENT, CLIENT_SECRET):
            return Answer({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "client_credentials":
            return Answer({"error": "unsupported_grant_type"}, 400)
        if form.get("scope") != SCOPE:
            return Answer({"error": "invalid_scope"}, 400)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = time.monotonic() + LIFE_SECONDS
        return Answer({"access_token": token, "token_type": "Bearer", "expires_in": LIFE_SECONDS})

    def known(self, request: Request) -> bool:
        """Whether the caller is let in."""
        headers = request.headers
        signature = headers.get("X-Signature")
        if signature is not None:
            right = hmac.new(SIGNING_SECRET.encode(), request.body, hashlib.sha256).hexdigest()
            return headers.get("X-Key-Id") == SIGNER and hmac.compare_digest(signature, f"sha256={right}")
        key = headers.get("X-Api-Key") or request.query.get("api_key")
        if key is not None:
            return hmac.compare_digest(key, KEY)
        shown = headers.get("Authorization") or ""
        if shown.startswith("Bearer "):
            token = shown.removeprefix("Bearer ")
            return token == TOKEN or self.tokens.get(token, 0) > time.monotonic()
        return _basic(shown) == (USER, PASSWORD)


def _basic(header: str) -> tuple[str, str] | None:
    if not header.startswith("Basic "):
        return None
    name, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return name, password
