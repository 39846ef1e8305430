"""Webhooks: `Signature: sha256 <hex>` is the HMAC of the raw body, `Greenhouse-Event-ID` names the delivery.

There is no time stamp: a copy of an old call is known by its id, which is remembered, and changes nothing.
After the vendor's page (developers.greenhouse.io/webhooks.html, sources at grnhse/greenhouse-api-docs).
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, Event, Gone, Heard

from .config import GreenhouseConfig
from .wire import NAME

NAMELESS = "full_name"
"""The field whose anonymisation leaves nobody to whom a result could belong."""


class GreenhouseInbound:
    """See `trivet.contract.Inbound`."""

    def __init__(self, config: GreenhouseConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Heard:
        """See `Inbound`."""
        secret = self.config.webhook_secret.get_secret_value() if self.config.webhook_secret else ""
        if not secret:
            raise _refused("the connection has no `webhook_secret`, so nobody can prove to be Greenhouse")
        signed = "sha256 " + hmac.digest(secret.encode(), call.body, "sha256").hex()
        if not hmac.compare_digest(signed.encode(), call.headers.get("signature", "").encode()):
            raise _refused("the signature is not Greenhouse's")
        said = told_object(call.body, _unread)
        action, payload = said.get("action"), said.get("payload")
        # a web hook that is set up is tried with a ping, whose settings tell nothing; refused, it would be disabled
        if action in (None, "ping"):
            return Heard()
        if not isinstance(action, str) or not isinstance(payload, dict):
            raise _unread("the body has no action and payload")
        name = call.headers.get("greenhouse-event-id") or hashlib.sha256(call.body).hexdigest()
        return Heard((Event(name, action, tuple(_gone(action, payload)), tuple(_about(payload))),))


def _gone(action: str, payload: Document) -> Iterator[tuple[str, Gone]]:
    person, application, interview = (
        part if isinstance(part := payload.get(name), dict) else {}
        for name in ("person", "application", "interview")
    )
    match action:
        case "delete_candidate":
            yield from _named("candidates", person.get("id"), "deleted")
            deleted = person.get("deleted_application_ids")
            for name in deleted if isinstance(deleted, list) else ():
                yield from _named("applications", name, "deleted")
        case "merge_candidate":
            yield from _named("candidates", person.get("id"), "merged", person.get("new_candidate_id"))
        case "candidate_anonymized":
            fields = payload.get("anonymized_fields")
            if isinstance(fields, list) and NAMELESS in fields:
                yield from _named("candidates", payload.get("candidate_id"), "anonymised")
        case "delete_application":
            yield from _named("applications", application.get("id"), "deleted")
        case "interview_deleted":
            yield from _named("interviews", interview.get("id"), "deleted")


def _about(payload: Document) -> Iterator[tuple[str, str]]:
    for name in ("candidate", "application", "interview"):
        part = payload.get(name)
        if isinstance(part, dict) and isinstance(part.get("id"), int):
            yield f"{name}s", str(part["id"])


def _named(stream: str, name: Any, why: Any, into: Any = None) -> Iterator[tuple[str, Gone]]:
    if isinstance(name, int):
        yield stream, Gone(str(name), why, str(into) if isinstance(into, int) else None)


@contextmanager
def open_inbound(config: GreenhouseConfig, services: Services) -> Iterator[GreenhouseInbound]:  # noqa: ARG001
    """The inbound side."""
    yield GreenhouseInbound(config)


def _refused(why: str) -> AuthFailed:
    return AuthFailed(
        why, connector=NAME, operation="hear", vendor_code="WEBHOOK_SIGNATURE",
        cure="`webhook_secret` is the secret key of the web hook (Configure → Dev Center → Web Hooks)",
    )  # fmt: skip


def _unread(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code="EVENT_MALFORMED")
