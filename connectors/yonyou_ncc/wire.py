"""NCC on the wire: the request for a token, signed calls, and what the code of an answer means.

    1000000000, success true     done
    token words, 12, HTTP 401    one fresh token, then AuthFailed
    5, 6                         a lock was not to be had: nothing was done, Retryable
    1, 2, 7                      business, validation, version conflict: Rejected
    8, 13; no right to the API   AuthFailed; Rejected with the cure
    3, 4, 9, 10, anything else   UnknownOutcome after a write, Retryable after a read

The numbers are the last two digits of codes 10000000nn. A refusal of the filter before the application (no token, no right)
comes with the same code 10 as any unknown exception; it is told by its words.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Document
from trivet.quick_json import quick_json

from . import secrecy
from .config import NccConfig
from .secrecy import LEVELS, Level

NAME = "yonyou_ncc"
TOKEN = "/nccloud/opm/accesstoken"  # noqa: S105 - a path
EARLY = timedelta(minutes=5)
"""So long before its end a token is fetched anew."""
SESSION_LOST = "1000000012"
_BUSINESS = {"1000000001", "1000000002", "1000000007"}
_LOCKED = {"1000000005", "1000000006"}
_REFUSED = {"1000000008", "1000000013"}
REPEAT = "REPEAT"
_NO_RIGHT = "的权限"
_SMALL = 4000


class Wire:
    """One application's client."""

    def __init__(self, config: NccConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.level: Level = config.secret_level or "L0"
        self.key = ""
        self.until: datetime | None = None
        self.http = HttpClient(
            NAME, config.base_url.rstrip("/"), services, authenticate=self._login, network=config,
            # NCC says everything with 200: a 429 or 503 is a gateway's before it
            refuses_before_work=True,
            auth_failed=self._logged_out,
        )  # fmt: skip

    def write(self, operation: str, path: str, body: Document, once: str) -> Any:
        """`data` of the answer to a call that changes something; `once` is its idempotency key."""
        self._fresh()
        repeat = {"busi_id": once, "repeat_check": "Y"}
        reply = self.http.write(operation, "POST", path, each=lambda: self._call(body, repeat))
        answer = self._answer(operation, reply, UnknownOutcome)
        if answer.get("success") is True:
            return answer.get("data")
        error = self._refusal(operation, answer, UnknownOutcome)
        if any(words in error.message for words in self.config.repeat_texts):
            raise UnknownOutcome(error.message, connector=NAME, operation=operation, vendor_code=REPEAT)
        raise error

    def read(self, operation: str, path: str, asked: Document) -> list[Document]:
        """Rows of a query."""
        self._fresh()
        reply = self.http.read(operation, "POST", path, each=lambda: self._call(asked, {}))
        answer = self._answer(operation, reply, Retryable)
        if answer.get("success") is not True:
            raise self._refusal(operation, answer, Retryable)
        rows = answer.get("data")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.malformed(operation, "the answer is no list of rows")
        return rows

    def interface(self, **content: Any) -> Document:
        """The product's own envelope around documents and conditions."""
        config = self.config
        head: Document = {"sender": config.sender, "account": config.biz_center}
        if config.group_code:
            head["groupcode"] = config.group_code
        return {"ufinterface": {**head, **content}}

    def malformed(self, operation: str, what: str) -> Retryable:
        """An answer that is none."""
        return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")

    def not_configured(self, operation: str, what: str, setting: str) -> Rejected:
        """The connection does not say what is needed."""
        cure = f"mend `{setting}` of the connection"
        return Rejected(what, connector=NAME, operation=operation, vendor_code="ENTITY", cure=cure)

    def _call(self, body: Document, more: Mapping[str, str]) -> Mapping[str, Any]:
        """Head and body of one attempt: the key of the encryption changes with the token."""
        config = self.config
        written = quick_json(body)
        # half characters only the slow way can write, as escapes
        text = written.decode() if written is not None else json.dumps(body)
        signature = secrecy.sign(
            config.client_id + text + config.public_key, config.public_key, config.release
        )
        headers = {
            "Content-Type": "application/json;charset=utf-8", "signature": signature, "ucg_flag": "y", **more
        }  # fmt: skip
        return {"headers": headers, "data": secrecy.wrap(text, self.level, self.key).encode()}

    def _answer(self, operation: str, reply: Reply, doubt: type[ConnectorError]) -> Document:
        said = self._plain(reply)
        answer = self.http.decode(operation, said, write=doubt is UnknownOutcome)
        if not isinstance(answer, dict):
            raise doubt("the answer is no object", connector=NAME, operation=operation)
        return answer

    def _plain(self, reply: Reply) -> Reply:
        # the filter before the application refuses in plain text, whatever the level; base64 has no {
        if self.level == "L0" or reply.body.lstrip()[:1] in (b"{", b""):
            return reply
        try:
            text = secrecy.unwrap(reply.body.decode(), self.level, self.key)
        except ValueError:
            return reply
        return Reply(reply.status, reply.headers, text.encode())

    def _refusal(self, operation: str, answer: Document, doubt: type[ConnectorError]) -> ConnectorError:
        code, text = str(answer.get("code")), _words(answer)
        where = {"connector": NAME, "operation": operation, "vendor_code": code}
        if _NO_RIGHT in text:
            cure = "link this API to the application (OpenAPI 应用管理, 关联API)"
            return Rejected(text, **where, cure=cure)
        if code in _REFUSED:
            return AuthFailed(text, **where, cure="compare client_id, client_secret and public_key")
        if code in _LOCKED:
            return Retryable(text, **where)
        return (Rejected if code in _BUSINESS else doubt)(text, **where)

    def _logged_out(self, reply: Reply) -> bool:
        if reply.status == 401:
            return True
        # an answer that refuses is short; the rows of a list are not looked through twice
        if len(reply.body) > _SMALL:
            return False
        try:
            answer = self._plain(reply).json()
        except (ValueError, RecursionError):
            return False
        if not isinstance(answer, dict) or answer.get("success") is not False:
            return False
        said = str(answer.get("message"))
        return answer.get("code") == SESSION_LOST or any(words in said for words in self.config.token_texts)

    def _fresh(self) -> None:
        if self.until is not None and self.services.now() > self.until:
            self.http.log_in()

    def _login(self) -> Mapping[str, str]:
        config, secret = self.config, self.config.client_secret.get_secret_value()
        text = config.client_id + secret + config.public_key
        asked = {
            "grant_type": "client_credentials", "client_id": config.client_id, "biz_center": config.biz_center,
            "client_secret": secrecy.encrypt_secret(secret, config.public_key, config.release),
            "signature": secrecy.sign(text, config.public_key, config.release),
        }  # fmt: skip
        if config.user_code:
            asked["usercode"] = config.user_code
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        _, answer = self.http.ask_for_login("POST", TOKEN, params=asked, headers=head)
        data = answer.get("data") if isinstance(answer, dict) else None
        token = data.get("access_token") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not token or answer.get("success") is not True:
            said = answer if isinstance(answer, dict) else {}
            raise AuthFailed(
                "no token for this application", connector=NAME, operation="login", vendor_code=str(said.get("code")),
                cure="compare client_id, client_secret, public_key, biz_center and release with the application in NCC",
            )  # fmt: skip
        self._take(data)
        return {"access_token": str(token), "client_id": config.client_id}

    def _take(self, data: Document) -> None:
        """Level, key and end of a token."""
        level = self.config.secret_level or data.get("security_level") or "L0"
        if level not in LEVELS:
            raise AuthFailed(
                f"level {level} of the application is not known", connector=NAME, operation="login"
            )
        if self.config.release == "older" and level in ("L1", "L3", "L4"):
            # how they encrypted bodies is not in the vendor's public pages
            raise AuthFailed(
                f"level {level} is not known for releases before 2021.05", connector=NAME, operation="login",
                cure="set the application's level to L0 or L2, and use https",
            )  # fmt: skip
        self.level, self.key = level, str(data.get("security_key") or "")
        life = data.get("expires_in")
        self.until = self.services.now() + timedelta(seconds=life) - EARLY if isinstance(life, int) else None


def _words(answer: Document) -> str:
    """What an answer says, of the whole call or of its document."""
    return sent(answer.get("data"))[1] or str(answer.get("message") or "the answer gives no reason")[:300]


def sent(data: Any) -> tuple[Document, str]:
    """The entry of `sendresult` for the one document that was sent, and its words."""
    interface = data.get("ufinterface") if isinstance(data, dict) else None
    results = interface.get("sendresult") if isinstance(interface, dict) else None
    first = results[0] if isinstance(results, list) and results and isinstance(results[0], dict) else {}
    return first, str(first.get("resultdescription") or "")[:300]
