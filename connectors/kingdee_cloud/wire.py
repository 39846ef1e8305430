"""Kingdee's WebAPI on the wire: logins, services, queries. HTTP stays 200 whatever happened."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply
from trivet.model import Document

from . import signature
from .codes import CALL_LIMIT, NAME, PAUSE, SESSION_LOST, refusal
from .config import KingdeeCloudConfig

FORM = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.{}.common.kdsvc"
LOGIN = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.LoginBySign.common.kdsvc"
MOST_ROWS = 2000
_TEXT = b"response_error:"
"""An old gateway begins its answer so, as plain text with status 200."""
_LOST = "会话信息已丢失".encode()


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
        """`ResponseStatus` of a service that changes something; raised where nothing of it was done."""
        operation, path = f"{service} {form}", FORM.format(service)
        body = {"formid": form, "data": data}
        reply = self.http.write(operation, "POST", path, each=lambda: self._signed(path), json=body)
        if reply.body.startswith(_TEXT):
            raise UnknownOutcome(
                "the gateway says that something went wrong", connector=NAME, operation=operation,
                vendor_code="response_error",
            )  # fmt: skip
        answer = self.http.decode(operation, reply, write=True)
        status = _status(answer)
        if status is None:
            raise UnknownOutcome("the answer has no ResponseStatus", connector=NAME, operation=operation)
        if not status["IsSuccess"] and not entries(status, "SuccessEntitys"):
            error = _refused(operation, status)
            if not isinstance(error, Rejected):
                raise error
        return status

    def query(
        self,
        form: str,
        keys: list[str],
        condition: str,
        order: str = "",
        start: int = 0,
        limit: int = MOST_ROWS,
    ) -> list[list[Any]]:
        """Rows of ExecuteBillQuery."""
        operation = f"query {form}"
        data = {
            "FormId": form, "FieldKeys": ",".join(keys), "FilterString": condition, "OrderString": order,
            "StartRow": start, "Limit": limit,
        }  # fmt: skip
        answer = self._read(operation, "ExecuteBillQuery", {"formid": form, "data": data})
        wrong = not isinstance(answer, list) or any(
            not isinstance(row, list) or len(row) != len(keys) for row in answer
        )
        if wrong:
            raise malformed(operation, "the answer is no list of rows")
        rows: list[list[Any]] = answer
        return rows

    def form(self, form: str) -> Document:
        """What QueryBusinessInfo says of a form."""
        operation = f"describe {form}"
        answer = self._read(operation, "QueryBusinessInfo", {"data": {"FormId": form}})
        told = answer["Result"].get("NeedReturnData") if _status(answer) else None
        if not isinstance(told, dict):
            raise malformed(operation, "the answer holds no form")
        return told

    def _read(self, operation: str, service: str, body: Document) -> Any:
        path = FORM.format(service)
        reply = self.http.read(operation, "POST", path, each=lambda: self._signed(path), json=body)
        if reply.body.startswith(_TEXT):
            raise Retryable(
                "the gateway says that something went wrong", connector=NAME, operation=operation,
                vendor_code="response_error", cure=f"is {service} published on this server?",
            )  # fmt: skip
        answer = self.http.decode(operation, reply, write=False)
        status = _status(answer)
        if status is not None and not status["IsSuccess"]:
            error = _refused(operation, status)
            if isinstance(error, UnknownOutcome):
                # nothing can be in doubt about a read
                raise Retryable(
                    error.message, connector=NAME, operation=operation, vendor_code=error.vendor_code
                )
            raise error
        return answer

    def _signed(self, path: str) -> Mapping[str, Any]:
        """The gateway's signature over this moment."""
        if self.config.auth == "session":
            return {}
        whole = urlsplit(self.http.base_url).path + path
        return {"headers": signature.gateway(self.config.app_id, whole, uuid4().hex, str(int(time.time())))}

    def _login(self) -> Mapping[str, str]:
        config, secret = self.config, self.config.app_secret.get_secret_value()
        if config.auth == "signature":
            said = f"{config.account},{config.user},{config.language},{config.org}"
            return signature.application(config.app_id, secret, said)
        at = str(int(time.time()))
        sign = signature.login_sign(config.account, config.user, config.app_id, secret, at)
        parameters = [config.account, config.user, config.app_id, at, sign, config.language]
        _, answer = self.http.ask_for_login("POST", LOGIN, json={"parameters": parameters})
        session = answer.get("KDSVCSessionId") if isinstance(answer, dict) else None
        if not session or answer.get("LoginResultType") != 1:
            raise AuthFailed(
                "app id, secret, account or user is wrong", connector=NAME, operation="login",
                cure="compare them with 第三方系统登录授权 of the account",
            )  # fmt: skip
        return {"kdservice-sessionid": session}


def entries(status: Document, name: str) -> list[Document]:
    """`Errors` or `SuccessEntitys` of a status; what is no entry is left out."""
    found = status.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def quoted(value: str) -> str:
    """A text literal of FilterString."""
    return "'" + value.replace("'", "''") + "'"


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is none."""
    return Retryable(what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED")


def not_configured(operation: str, what: str, setting: str) -> Rejected:
    """The connection does not say what is needed."""
    return Rejected(
        what,
        connector=NAME,
        operation=operation,
        vendor_code="ENTITY",
        cure=f"mend `{setting}` of the connection",
    )


def _refused(operation: str, status: Document) -> ConnectorError:
    first = next(iter(entries(status, "Errors")), {})
    return refusal(operation, status.get("MsgCode"), first)


def _status(answer: Any) -> Document | None:
    """The ResponseStatus of an answer; the error of a query comes as a row that holds a Result."""
    while isinstance(answer, list) and answer:
        answer = answer[0]
    result = answer.get("Result") if isinstance(answer, dict) else None
    status = result.get("ResponseStatus") if isinstance(result, dict) else None
    if not isinstance(status, dict) or "IsSuccess" not in status:
        return None
    # the text "false" is no success, and neither is anything else that only looks like one
    return {**status, "IsSuccess": status["IsSuccess"] is True}


def _code(reply: Reply) -> Any:
    if reply.body.startswith(_TEXT):
        return SESSION_LOST if _LOST in reply.body else None
    if len(reply.body) > 4000 or b"MsgCode" not in reply.body:
        return None
    try:
        return (_status(reply.json()) or {}).get("MsgCode")
    except (ValueError, RecursionError):
        return None


def _pause(reply: Reply) -> float | None:
    if reply.status == 429:
        return PAUSE
    return PAUSE if reply.status == 200 and _code(reply) == CALL_LIMIT else None
