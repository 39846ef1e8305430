"""Tencent Meeting on the wire: every call is signed; a refusal is an `error_info`, with status 400 or 500.

    X-TC-Signature = base64(hex(HMAC-SHA256(SecretKey, method \\n headers \\n path and query \\n body)))
    headers        = X-TC-Key=…&X-TC-Nonce=…&X-TC-Timestamp=…

The hexadecimal digits are what is encoded (document 42413); public code that encodes the digest itself is refused.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from trivet.contract import Services
from trivet.errors import Rejected, Retryable
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import TencentMeetingConfig

NAME = "tencent_meeting"
BAD_LOGIN = (200003, 190303)
"""Signature failed; AppId or X-TC-Key is wrong."""


class Wire:
    """One app's client."""

    def __init__(self, config: TencentMeetingConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            network=config,
            auth_failed=lambda reply: reply.status == 401 or _code(reply) in BAD_LOGIN,
            # a refusal of theirs may come with 500
            speaks=lambda reply: _code(reply) is not None,
        )

    def read(self, operation: str, path: str, query: Mapping[str, Any]) -> Document:
        """The answer to a read."""
        operator = {"operator_id": self.config.operator_id, "operator_id_type": 1}
        target = f"/v1{path}?{urlencode({**query, **operator})}"
        reply = self.http.read(operation, "GET", target, each=lambda: {"headers": self._signed(target)})
        said = self.http.decode(operation, reply, write=False)
        if not isinstance(said, dict):
            raise malformed(operation, "the answer is no object")
        if (code := _code(reply)) is not None or reply.status >= 300:
            raise Rejected(
                "the vendor refuses this", connector=NAME, operation=operation,
                vendor_code=str(code or f"HTTP {reply.status}"),
            )  # fmt: skip
        return said

    def _signed(self, target: str) -> Mapping[str, str]:
        config = self.config
        proof = {
            "X-TC-Key": config.secret_id,
            "X-TC-Nonce": str(secrets.randbelow(10**9)),
            "X-TC-Timestamp": str(int(self.services.now().timestamp())),
        }
        signature = signed(config.secret_key.get_secret_value(), "GET", proof, target)
        app = {"AppId": config.app_id} | ({"SdkId": config.sdk_id} if config.sdk_id else {})
        return {**proof, **app, "X-TC-Signature": signature, "X-TC-Registered": "1"}


def signed(key: str, method: str, proof: Mapping[str, str], target: str, body: str = "") -> str:
    """The signature over these headers, in the order of their names."""
    headers = "&".join(f"{name}={proof[name]}" for name in sorted(proof))
    text = f"{method}\n{headers}\n{target}\n{body}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256").hex().encode()).decode()


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def _code(reply: Reply) -> Any:
    try:
        said = reply.json()
    except (ValueError, RecursionError):
        return None
    info = said.get("error_info") if isinstance(said, dict) else None
    return info.get("error_code") if isinstance(info, dict) else None
