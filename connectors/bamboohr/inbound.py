"""Web hooks: events about employees, none about applicants.

`X-BambooHR-Signature` is the HMAC-SHA256, in hexadecimal digits, of the raw body and `X-BambooHR-Timestamp` (seconds) right
behind it. After documentation.bamboohr.com/docs/webhooks and /docs/event-based-webhooks; the field-based form, which carries
values, is refused: choose the event-based one, as JSON. An event has no id: the signature is one, so that a copy of an old call
changes nothing.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, Event, Gone, Heard

from .config import BambooHrConfig
from .wire import NAME

FRESH = timedelta(minutes=5)
STREAM = "employees"


class BambooHrInbound:
    """See `trivet.contract.Inbound`."""

    def __init__(self, config: BambooHrConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Heard:
        """See `Inbound`."""
        key = self.config.webhook_key.get_secret_value() if self.config.webhook_key else ""
        if not key:
            raise _refused("the connection has no `webhook_key`, so nobody can prove to be BambooHR")
        stamp = call.headers.get("x-bamboohr-timestamp", "")
        signed = hmac.digest(key.encode(), call.body + stamp.encode(), "sha256").hex()
        if not hmac.compare_digest(signed.encode(), call.headers.get("x-bamboohr-signature", "").encode()):
            raise _refused("the signature is not BambooHR's")
        if not stamp.isdecimal() or abs(int(stamp) - call.at.timestamp()) > FRESH.total_seconds():
            raise _refused("the call is too old, or from the future", "WEBHOOK_STALE")
        said = told_object(call.body, _unread)
        kind, data = said.get("type"), said.get("data")
        if not isinstance(kind, str) or not isinstance(data, dict):
            raise _unread("the body has no type and data: choose event-based web hooks")
        return Heard((_event(signed, kind, data),))


def _event(name: str, kind: str, data: Document) -> Event:
    employee = data.get("employeeId")
    if not kind.startswith("employee.") or not isinstance(employee, str) or not employee.isdecimal():
        return Event(name, kind)
    if kind == "employee.deleted":
        return Event(name, kind, ((STREAM, Gone(employee, "deleted")),))
    return Event(name, kind, about=((STREAM, employee),))


@contextmanager
def open_inbound(config: BambooHrConfig, services: Services) -> Iterator[BambooHrInbound]:  # noqa: ARG001
    """The inbound side."""
    yield BambooHrInbound(config)


def _refused(why: str, code: str = "WEBHOOK_SIGNATURE") -> AuthFailed:
    return AuthFailed(
        why, connector=NAME, operation="hear", vendor_code=code,
        cure="`webhook_key` is the private key that BambooHR showed when the web hook was created; it cannot be shown again",
    )  # fmt: skip


def _unread(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code="EVENT_MALFORMED")
