"""Feishu's open platform on the wire: tenant token, envelope, pages. `code` decides, whatever the status line says."""

from collections.abc import Iterator, Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import FeishuApp

NAME = "feishu_hire"
HIRE = "/open-apis/hire/v1"
CONNECTIONS = 4
"""Calls at once: the vendor counts calls, fifty a second as a rule, and says nothing against several under way."""
LOGIN = "/open-apis/auth/v3/tenant_access_token/internal"
# gateway codes of open.feishu.cn: token missing, invalid, expired; too many calls
BAD_TOKENS = (99991661, 99991663, 99991664, 99991668, 99991677)
TOO_MANY = 99991400
NO_RIGHT = (99991672, 99991679)


class Wire:
    """One tenant's client."""

    def __init__(
        self, config: FeishuApp, services: Services, *, name: str = NAME, page_size: int = 100
    ) -> None:
        self.config, self.name, self.page_size = config, name, page_size
        self.http = HttpClient(
            name,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            refuses_before_work=True,  # the gateway counts calls before it hands them to the application
            auth_failed=lambda reply: reply.status == 401 or _code(reply) in BAD_TOKENS,
            too_many=_pause,
        )

    def read(self, operation: str, path: str, query: Mapping[str, Any] | None = None) -> Document:
        """`data` of a successful read."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        reply = self.http.read(operation, "GET", HIRE + path, params=given)
        return self._data(operation, reply, write=False)

    def write(self, operation: str, method: str, path: str, body: Document | None = None) -> Document:
        """`data` of a successful write."""
        reply = self.http.write(operation, method, HIRE + path, json=body)
        return self._data(operation, reply, write=True)

    def pages(self, operation: str, path: str, query: Mapping[str, Any]) -> Iterator[list[Any]]:
        """The items of each page, lazily."""
        token: str | None = None
        while True:
            data = self.read(operation, path, {**query, "page_size": self.page_size, "page_token": token})
            items = data.get("items")
            if not isinstance(items, list):
                raise _no_page(operation, "the page has no list of items")
            following = data.get("page_token")
            if data.get("has_more") and (not following or following == token):
                # to end here would leave out the rest, to go on would never end
                raise _no_page(operation, "the page says that there is more, and not where")
            yield items
            if not data.get("has_more"):
                return
            token = following

    def _data(self, operation: str, reply: Reply, *, write: bool) -> Document:
        answer = self.http.decode(operation, reply, write=write)
        code = answer.get("code") if isinstance(answer, dict) else None
        if code == 0:
            data = answer.get("data")
            return data if isinstance(data, dict) else {}
        if code is None:
            doubt = UnknownOutcome if write else Retryable
            raise doubt(
                "the answer has no code",
                connector=self.name,
                operation=operation,
                vendor_code="PAGE_MALFORMED",
            )
        if code in NO_RIGHT:
            raise AuthFailed(
                "the app lacks a permission", connector=self.name, operation=operation, vendor_code=str(code),
                cure="grant the hire scopes to the app in the developer console",
            )  # fmt: skip
        # of a write `msg` speaks of parameters that we sent; of a read it may quote whom it found
        message = " ".join(str(answer.get("msg", "")).split())[:200] if write else "the vendor refuses this"
        raise Rejected(
            message, connector=self.name, operation=operation, vendor_code=str(code),
            cure="the developer console's log of calls shows the code with its reason",
        )  # fmt: skip

    def _login(self) -> Mapping[str, str]:
        body = {"app_id": self.config.app_id, "app_secret": self.config.app_secret.get_secret_value()}
        _, answer = self.http.ask_for_login("POST", LOGIN, json=body)
        token = answer.get("tenant_access_token") if isinstance(answer, dict) else None
        if not token:
            raise AuthFailed(
                "app id or app secret is wrong", connector=self.name, operation="login",
                vendor_code=str(answer.get("code")) if isinstance(answer, dict) else None,
                cure="take both from the app's page in the developer console",
            )  # fmt: skip
        return {"Authorization": f"Bearer {token}"}


def _no_page(operation: str, message: str) -> Retryable:
    return Retryable(message, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def _code(reply: Reply) -> Any:
    # only a refusal is short; a page of candidates is not parsed twice
    if len(reply.body) > 2000:
        return None
    try:
        answer = reply.json()
    except ValueError:
        return None
    return answer.get("code") if isinstance(answer, dict) else None


def _pause(reply: Reply) -> float | None:
    if reply.status != 429 and (reply.status >= 500 or _code(reply) != TOO_MANY):
        return None
    try:
        return float(reply.headers.get("x-ogw-ratelimit-reset") or 1.0)
    except ValueError:
        return 5.0
