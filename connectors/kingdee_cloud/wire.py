"""Kingdee's WebAPI on the wire: signed login, services, and what a ResponseStatus means. HTTP stays 200 whatever happened."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import KingdeeCloudConfig

NAME = "kingdee_cloud"
FORM = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.{}.common.kdsvc"
LOGIN = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.LoginBySign.common.kdsvc"
# MsgCode, from the SDK's ResponseStatus: 1 session lost, 2 no right, 6 database, 7 licence, 13 network control,
# 14 call limit, 15 administrator's login
SESSION_LOST, NO_RIGHT, DATABASE, LICENCE, CONFLICT, CALL_LIMIT, ADMIN = 1, 2, 6, 7, 13, 14, 15


class Wire:
    """One account's client."""

    def __init__(self, config: KingdeeCloudConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            auth_failed=lambda reply: reply.status == 401 or _code(reply) == SESSION_LOST,
            too_many=_pause,
        )

    def call(self, service: str, form: str, data: Document) -> Document:
        """`ResponseStatus` of a service that changes something."""
        path = FORM.format(service)
        reply = self.http.write(f"{service} {form}", "POST", path, json={"formid": form, "data": data})
        return self._status(service, form, reply)

    def query(self, form: str, keys: list[str], condition: str) -> list[list[Any]]:
        """Rows of ExecuteBillQuery."""
        operation = f"query {form}"
        data = {"FormId": form, "FieldKeys": ",".join(keys), "FilterString": condition, "Limit": 10000}
        path = FORM.format("ExecuteBillQuery")
        reply = self.http.read(operation, "POST", path, json={"formid": form, "data": data})
        answer = self.http.decode(operation, reply, write=False)
        if not isinstance(answer, list):
            raise Retryable("the answer is no list", connector=NAME, operation=operation)
        # an error comes as a row that holds a Result
        if answer and isinstance(answer[0], list) and answer[0] and isinstance(answer[0][0], dict):
            raise self._refusal(operation, answer[0][0]["Result"]["ResponseStatus"])
        return answer

    def _status(self, service: str, form: str, reply: Reply) -> Document:
        operation = f"{service} {form}"
        answer = self.http.decode(operation, reply, write=True)
        status = ((answer.get("Result") or {}) if isinstance(answer, dict) else {}).get("ResponseStatus")
        if not isinstance(status, dict) or "IsSuccess" not in status:
            raise UnknownOutcome("the answer has no ResponseStatus", connector=NAME, operation=operation)
        if not status["IsSuccess"] and not status.get("SuccessEntitys"):
            refusal = self._refusal(operation, status)
            if not isinstance(refusal, Rejected):
                raise refusal
        return status

    def _refusal(self, operation: str, status: Document) -> ConnectorError:
        first = (status.get("Errors") or [{}])[0]
        return refusal(operation, status.get("MsgCode"), first)

    def _login(self, _: bool) -> Mapping[str, str]:
        if self.config.auth == "signature":
            return self._signature()
        client = HttpClient(
            NAME, self.http.base_url, self.http.services, network=self.config, session=self.http.session
        )
        at = str(int(time.time()))
        parts = [
            self.config.account,
            self.config.user,
            self.config.app_id,
            self.config.app_secret.get_secret_value(),
            at,
        ]
        sign = hashlib.sha256("".join(sorted(parts)).encode()).hexdigest()
        parameters = [*parts[:3], at, sign, self.config.language]
        # a login changes nothing: it may be repeated
        reply = client.read("login", "POST", LOGIN, json={"parameters": parameters})
        answer = client.decode("login", reply, write=False)
        session = answer.get("KDSVCSessionId") if isinstance(answer, dict) else None
        if not session or answer.get("LoginResultType") != 1:
            raise AuthFailed(
                "app id, secret, account or user is wrong", connector=NAME, operation="login",
                cure="compare them with 第三方系统登录授权 of the account",
            )  # fmt: skip
        return {"kdservice-sessionid": session}

    def _signature(self) -> Mapping[str, str]:
        secret = self.config.app_secret.get_secret_value()
        said = f"{self.config.account},{self.config.user},{self.config.language},{self.config.org}"
        return {
            "X-Kd-Appkey": self.config.app_id,
            "X-Kd-Appdata": base64.b64encode(said.encode()).decode(),
            "X-Kd-Signature": _mac(secret, self.config.app_id + said),
        }


def refusal(operation: str, code: Any, error: Document) -> ConnectorError:
    """What a failed status means for the caller, by MsgCode."""
    text = str(error.get("Message") or "refused")[:300]
    where: dict[str, Any] = {"connector": NAME, "operation": operation, "vendor_code": f"MsgCode {code}"}
    if code in (NO_RIGHT, LICENCE, ADMIN, SESSION_LOST):
        return AuthFailed(
            text, cure="give the integration user the form's permissions and a licence", **where
        )
    if code == CALL_LIMIT:
        return RateLimited(text, retry_after=60.0, **where)
    if code == CONFLICT:
        return Retryable(text, **where)
    if code == DATABASE:
        return UnknownOutcome(text, **where)
    return Rejected(text, field=error.get("FieldName") or None, **where)


def quoted(value: str) -> str:
    """A text literal of FilterString."""
    return "'" + value.replace("'", "''") + "'"


def _mac(secret: str, text: str) -> str:
    # base64 of the hex text, not of the bytes (SDK 8.2.0)
    return base64.b64encode(
        hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest().encode()
    ).decode()


def _code(reply: Reply) -> Any:
    if len(reply.body) > 4000 or b"MsgCode" not in reply.body:
        return None
    try:
        answer = reply.json()
        while isinstance(answer, list):
            answer = answer[0]
        return answer["Result"]["ResponseStatus"].get("MsgCode")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def _pause(reply: Reply) -> float | None:
    if reply.status == 429:
        return 60.0
    return 30.0 if reply.status == 200 and _code(reply) == CALL_LIMIT else None
