"""Webhooks: `Ashby-Signature: sha256=<hex>` is the HMAC of the raw body {"webhookActionId", "action", "data"}.

There is no time stamp: a copy of an old call is known by its id, which the vendor keeps through its tries, and changes
nothing. One action may set off several webhooks (a hire is also a change of stage and of the application), so that the id
counts together with the action. After the guides on webhooks (developers.ashbyhq.com/docs) and the payloads of the
reference; of a merge, `deletedCandidate` and `mergedCandidate` are as two public receivers read them.

Ashby tells of no candidate who was changed or anonymised or got a file, nor of an application that was deleted: a recording
that comes after the last word on its interview's schedule is found by the next night.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, Event, Gone, Heard

from .config import AshbyConfig
from .wire import NAME


class AshbyInbound:
    """See `trivet.contract.Inbound`."""

    def __init__(self, config: AshbyConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Heard:
        """See `Inbound`."""
        secret = self.config.webhook_secret.get_secret_value() if self.config.webhook_secret else ""
        if not secret:
            raise _refused("the connection has no `webhook_secret`, so nobody can prove to be Ashby")
        signed = "sha256=" + hmac.digest(secret.encode(), call.body, "sha256").hex()
        if not hmac.compare_digest(signed.encode(), call.headers.get("ashby-signature", "").encode()):
            raise _refused("the signature is not Ashby's")
        said = told_object(call.body, _unread)
        action, data = said.get("action"), said.get("data")
        # sent when a webhook is made or edited, to see whether somebody is there
        if action == "ping":
            return Heard()
        if not isinstance(action, str) or not isinstance(data, dict):
            raise _unread("the body has no action and data")
        delivery = said.get("webhookActionId")
        name = (
            f"{delivery}:{action}"
            if isinstance(delivery, str) and delivery
            else hashlib.sha256(call.body).hexdigest()
        )
        return Heard((Event(name, action, tuple(_gone(action, data)), tuple(dict.fromkeys(_about(data)))),))


def _gone(action: str, data: Document) -> Iterator[tuple[str, Gone]]:
    if action == "candidateDelete" and (name := _id(data, "candidate")):
        yield "candidates", Gone(name, "deleted")
    if action == "candidateMerge" and (name := _id(data, "deletedCandidate")):
        yield "candidates", Gone(name, "merged", _id(data, "mergedCandidate"))


def _about(data: Document) -> Iterator[tuple[str, str]]:
    """What the data names, whatever happened to it; a schedule or an offer is found by its application."""
    for stream, part, name in (
        ("jobs", "job", "id"),
        ("candidates", "mergedCandidate", "id"),
        ("applications", "application", "id"),
        ("applications", "interviewSchedule", "applicationId"),
        ("applications", "offer", "applicationId"),
    ):
        if found := _id(data, part, name):
            yield stream, found


def _id(data: Document, part: str, name: str = "id") -> str | None:
    there = data.get(part)
    found: Any = there.get(name) if isinstance(there, dict) else None
    return found if isinstance(found, str) and found else None


@contextmanager
def open_inbound(config: AshbyConfig, services: Services) -> Iterator[AshbyInbound]:  # noqa: ARG001
    """The inbound side."""
    yield AshbyInbound(config)


def _refused(why: str) -> AuthFailed:
    return AuthFailed(
        why, connector=NAME, operation="hear", vendor_code="WEBHOOK_SIGNATURE",
        cure="`webhook_secret` is the secret token of the webhook (Admin → Integrations → Webhooks)",
    )  # fmt: skip


def _unread(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code="EVENT_MALFORMED")
