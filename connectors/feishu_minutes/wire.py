"""Feishu's open platform on the wire: tenant token and envelope. `code` decides, whatever the status line says."""

from collections.abc import Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import FeishuMinutesConfig

NAME = "feishu_minutes"
LOGIN = "/open-apis/auth/v3/tenant_access_token/internal"
# gateway codes of open.feishu.cn: token missing, invalid, expired; too many calls
BAD_TOKENS = (99991661, 99991663, 99991664, 99991668, 99991677)
TOO_MANY = 99991400
NO_RIGHT = (99991672, 99991679, 121005, 2091005)
"""The app lacks a permission; of a meeting; of a minute."""


class Wire:
    """One tenant's client."""

    def __init__(self, config: FeishuMinutesConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            auth_failed=lambda reply: reply.status == 401 or _code(reply) in BAD_TOKENS,
            too_many=_pause,
        )

    def read(self, operation: str, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """`data` of a successful read; `Rejected` with the vendor's code."""
        reply = self.http.read(operation, "GET", f"/open-apis{path}", params=query)
        answer = self.http.decode(operation, reply, write=False)
        code = answer.get("code") if isinstance(answer, dict) else None
        if code == 0:
            data = answer.get("data")
            return data if isinstance(data, dict) else {}
        if code is None:
            raise malformed(operation, "the answer has no code")
        if code in NO_RIGHT:
            raise AuthFailed(
                "the app lacks a permission", connector=NAME, operation=operation, vendor_code=str(code),
                cure="grant the rights that the setting `app_id` names, and share the minutes with the app",
            )  # fmt: skip
        raise Rejected(
            "the vendor refuses this",
            connector=NAME,
            operation=operation,
            vendor_code=str(code),
        )

    def _login(self) -> Mapping[str, str]:
        body = {"app_id": self.config.app_id, "app_secret": self.config.app_secret.get_secret_value()}
        _, answer = self.http.ask_for_login("POST", LOGIN, json=body)
        token = answer.get("tenant_access_token") if isinstance(answer, dict) else None
        if not token:
            raise AuthFailed(
                "app id or app secret is wrong", connector=NAME, operation="login",
                vendor_code=str(answer.get("code")) if isinstance(answer, dict) else None,
                cure="take both from the app's page in the developer console",
            )  # fmt: skip
        return {"Authorization": f"Bearer {token}"}


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def _code(reply: Reply) -> Any:
    try:
        answer = reply.json()
    except (ValueError, RecursionError):
        return None
    return answer.get("code") if isinstance(answer, dict) else None


def _pause(reply: Reply) -> float | None:
    if reply.status != 429 and (reply.status >= 500 or _code(reply) != TOO_MANY):
        return None
    try:
        return float(reply.headers.get("x-ogw-ratelimit-reset") or 1.0)
    except ValueError:
        return 5.0
