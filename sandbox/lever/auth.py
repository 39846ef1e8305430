"""Two ways in, and a bucket of tokens: an API key with an empty password, or an OAuth client whose refresh token serves once."""

import base64
import secrets
import threading
import time
from urllib.parse import parse_qs

from ..server import Answer, Request

API_KEY = "lever-sandbox-key"  # pragma: allowlist secret
CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "lever-client", "lever-client-secret", "lever-refresh-token"
TOKEN_SECONDS = 3600


class Entrance:
    """Who may come in."""

    def __init__(self) -> None:
        self.access: dict[str, float] = {}
        self.refresh = REFRESH_TOKEN
        self.lock = threading.Lock()

    def token(self, request: Request) -> Answer:
        """A new pair for the refresh token, which is worth nothing afterwards."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Answer({"error": "access_denied", "error_description": "Unauthorized"}, 401)
        if form.get("grant_type") != "refresh_token":
            return Answer({"error": "unsupported_grant_type"}, 400)
        with self.lock:
            if form.get("refresh_token") != self.refresh:
                said = "Unknown or invalid refresh token."
                return Answer({"error": "invalid_grant", "error_description": said}, 403)
            self.refresh, access = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
            self.access[access] = time.monotonic() + TOKEN_SECONDS
            return Answer({
                "access_token": access, "refresh_token": self.refresh, "token_type": "Bearer",
                "scope": "offline_access opportunities:read:admin", "expires_in": TOKEN_SECONDS,
            })  # fmt: skip

    def admits(self, request: Request) -> bool:
        """Whether the call proves who it is from."""
        kind, _, said = (request.headers.get("Authorization") or "").partition(" ")
        if kind == "Basic":
            return said == base64.b64encode(f"{API_KEY}:".encode()).decode()
        return kind == "Bearer" and self.access.get(said, 0) > time.monotonic()


class Bucket:
    """Tokens that come at a steady rate, up to `burst`; a call takes one."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.at = float(burst), time.monotonic()
        self.lock = threading.Lock()

    def take(self) -> bool:
        """Whether there was one left."""
        with self.lock:
            now = time.monotonic()
            self.tokens = min(float(self.burst), self.tokens + (now - self.at) * self.rate)
            self.at = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True
