"""BIP on the wire: the signed request for a token, calls with that token, and what the code of an answer means.

The code comes as text or as a number, "200" or 200, whatever the page of the call says.

    200                          done; a batch says the rest record by record
    a token code, HTTP 401       one fresh token, then AuthFailed
    a pause code, HTTP 429       RateLimited
    999, 1001, 1002, d-ddd-d…    Rejected: a business error
    anything else                UnknownOutcome after a write (500 and 10000 are internal errors), Retryable after a read
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply, retry_after
from trivet.model import Document

from .config import BipLogin

NAME = "yonyou_bip"
PAUSE = 60.0
"""Seconds; the vendor does not say for how long."""
EARLY = timedelta(minutes=5)
"""So long before its end a token is fetched anew."""
_BUSINESS = re.compile(r"999|1001|1002|\d{3}-\d{3}-\d+")
_SMALL = 4000


class Wire:
    """One application's client."""

    def __init__(self, name: str, config: BipLogin, services: Services) -> None:
        self.name, self.config, self.services = name, config, services
        self.token: dict[str, str] = {}
        self.until: datetime | None = None
        self.http = HttpClient(
            name,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            refuses_before_work=True,  # the gateway counts before it hands on
            auth_failed=lambda reply: reply.status == 401 or _code(reply) in config.token_codes,
            too_many=self._pause,
        )

    def write(self, operation: str, path: str, body: Document) -> Document:
        """The answer to a call that changes something; raised where it is refused as a whole, or in doubt."""
        self._fresh()
        reply = self.http.write(operation, "POST", path, params=self.token, json=body)
        answer = self.http.decode(operation, reply, write=True)
        code = code_of(answer)
        if code == "200":
            return dict(answer)
        text, where = self._said(operation, answer, code)
        if code is not None and _BUSINESS.fullmatch(code):
            raise Rejected(text, **where)
        raise UnknownOutcome(text, **where)

    def read(self, operation: str, path: str, body: Document) -> Any:
        """`data` of the answer to a call that changes nothing."""
        self._fresh()
        reply = self.http.read(operation, "POST", path, params=self.token, json=body)
        answer = self.http.decode(operation, reply, write=False)
        code = code_of(answer)
        if code == "200":
            return answer.get("data")
        if code is None:
            raise self.malformed(operation, "the answer has no code")
        text, where = self._said(operation, answer, code)
        raise (Rejected if _BUSINESS.fullmatch(code) else Retryable)(text, **where)

    def page(self, operation: str, path: str, body: Document) -> tuple[list[Document], int | None]:
        """`recordList` of a list, and how many rows it has in all where it says so."""
        data = self.read(operation, path, body)
        found = data.get("recordList") if isinstance(data, dict) else None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise self.malformed(operation, "the answer is no page of a list")
        count = data.get("recordCount")
        return found, count if isinstance(count, int) else None

    def malformed(self, operation: str, what: str) -> Retryable:
        """An answer that is none."""
        return Retryable(what, connector=self.name, operation=operation, vendor_code="PAGE_MALFORMED")

    def not_configured(self, operation: str, what: str, setting: str) -> Rejected:
        """The connection does not say what is needed."""
        cure = f"mend `{setting}` of the connection"
        return Rejected(what, connector=self.name, operation=operation, vendor_code="ENTITY", cure=cure)

    def _said(self, operation: str, answer: Any, code: str | None) -> tuple[str, Mapping[str, Any]]:
        said = answer if isinstance(answer, dict) else {}
        display = said.get("displayCode")
        told = f"{code}, {display}" if display else code
        text = str(said.get("message") or "the answer has no code")[:300]
        return text, {"connector": self.name, "operation": operation, "vendor_code": told}

    def _fresh(self) -> None:
        """A token that ends soon is replaced before the call, whatever the code of its end would be."""
        if self.until is not None and self.services.now() > self.until:
            self.http.log_in()

    def _login(self) -> Mapping[str, str]:
        config, secret = self.config, self.config.app_secret.get_secret_value()
        at = str(round(self.services.now().timestamp() * 1000))
        asked = {"appKey": config.app_key, "timestamp": at, "signature": sign(config.app_key, at, secret)}
        _, answer = self.http.ask_for_login(
            "GET", config.token_path, base_url=config.token_url.rstrip("/"), params=asked
        )
        data = answer.get("data") if isinstance(answer, dict) else None
        token = data.get("access_token") if isinstance(data, dict) else None
        if not token or code_of(answer) not in ("00000", "200"):
            raise AuthFailed(
                "no token for this application", connector=self.name, operation="login",
                vendor_code=code_of(answer), cure="compare AppKey and AppSecret, and this machine's clock: 5 minutes are borne",
            )  # fmt: skip
        life = data.get("expire") if isinstance(data, dict) else None
        if isinstance(life, int):
            self.until = self.services.now() + timedelta(seconds=life) - EARLY
        # in place: a call that is repeated after a fresh login holds this very mapping
        self.token["access_token"] = str(token)
        return {}

    def _pause(self, reply: Reply) -> float | None:
        if reply.status == 429:
            return retry_after(reply)
        return PAUSE if _code(reply) in self.config.pause_codes else None


def sign(app_key: str, at: str, secret: str) -> str:
    """Signature of the request for a token; it is encoded for the address by whoever sends it, once."""
    text = f"appKey{app_key}timestamp{at}"
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def code_of(answer: Any) -> str | None:
    """The code of an answer as text, None where it has none."""
    code = answer.get("code") if isinstance(answer, dict) else None
    return str(code) if isinstance(code, str | int) and not isinstance(code, bool) else None


def _code(reply: Reply) -> str | None:
    # an answer that refuses is short; the rows of a list are not looked through twice
    if len(reply.body) > _SMALL:
        return None
    try:
        return code_of(reply.json())
    except (ValueError, RecursionError):
        return None
