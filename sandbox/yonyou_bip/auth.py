"""The application's token: asked for with a signature over key and time, sent in the address of every call."""

import base64
import hashlib
import hmac
import secrets
import time

from ..server import Answer, Request
from ..store import Json

APP_KEY, APP_SECRET = "41832a3d2df94989b500da6a22268747", "sandbox-yonyou-secret"
CLOCK_MS = 300_000
LIFE = 7200


class Tokens:
    """Those that are valid, until when."""

    def __init__(self) -> None:
        self.until: dict[str, float] = {}

    def give(self, request: Request) -> Answer:
        """A token, or why not."""
        key, at = request.query.get("appKey", ""), request.query.get("timestamp", "")
        mac = hmac.new(APP_SECRET.encode(), f"appKey{key}timestamp{at}".encode(), hashlib.sha256).digest()
        if key != APP_KEY:
            return _refused("50000", "非法的appKey")
        if not at.isdecimal() or abs(int(at) - time.time() * 1000) > CLOCK_MS:
            return _refused("50000", "时间戳已过期")
        if not hmac.compare_digest(request.query.get("signature", ""), base64.b64encode(mac).decode()):
            return _refused("50000", "签名验证失败")
        # long, and with characters that an address has to escape
        token = f"yht/{secrets.token_urlsafe(48)}+{secrets.token_hex(16)}=="
        self.until[token] = time.monotonic() + LIFE
        data: Json = {"access_token": token, "expire": LIFE}
        return Answer({"code": "00000", "message": "成功！", "data": data})

    def known(self, request: Request) -> bool:
        """Whether the call carries a token that is still valid."""
        return self.until.get(request.query.get("access_token", ""), 0.0) > time.monotonic()


def _refused(code: str, message: str) -> Answer:
    return Answer({"code": code, "message": message, "data": None})
