"""The system's own calls to us, as the connection describes them: proven by a signature of the raw body or by a secret.

There is no time in the proof: a copy of an old call is known by its id, which is remembered, and changes nothing.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.described.logins import Signature
from trivet.described.places import get, text_at
from trivet.described.proof import signed
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, Event, Gone, Heard

from .config import HttpJsonConfig
from .webhooks import Told, Webhook
from .wire import NAME, one_line


class HttpJsonInbound:
    """See `trivet.contract.Inbound`."""

    def __init__(self, config: HttpJsonConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Heard:
        """See `Inbound`."""
        hook = self.config.webhook
        secret = self.config.webhook_secret.get_secret_value() if self.config.webhook_secret else ""
        if hook is None or not secret:
            raise _refused(
                "the connection has no `webhook` with its `webhook_secret`, so nobody can prove anything"
            )
        _prove(hook, secret, call)
        events = get(_read(call.body), hook.events)
        if isinstance(events, dict):
            events = [events]
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            raise _unread("the body holds no event where `events` points to")
        many = len(events) > 1
        return Heard(
            tuple(_event(hook, call, event, f"#{i}" if many else "") for i, event in enumerate(events))
        )


def _prove(hook: Webhook, secret: str, call: Call) -> None:
    proof = hook.proof
    right = proof.prefix + secret
    if isinstance(proof, Signature):
        right = signed(proof, "", secret, call.body)[proof.header]
    said = call.headers.get(proof.header.lower(), "")
    if not hmac.compare_digest(right.encode(), said.encode(errors="surrogateescape")):
        raise _refused("the call does not carry the right proof")


def _event(hook: Webhook, call: Call, event: Document, number: str) -> Event:
    name = text_at(event, hook.id)
    if name is None and hook.id_header is not None and (told := call.headers.get(hook.id_header.lower())):
        name = told + number
    if name is None:
        content = json.dumps(event, sort_keys=True).encode()
        name = hashlib.sha256(content).hexdigest()
    told_of = [one for one in hook.about if one.when is None or one.when.holds(event)]
    return Event(
        name[:200],
        one_line(text_at(event, hook.kind) or "")[:100],
        tuple((one.stream, gone) for one in told_of for gone in _gone(one, event)),
        tuple(dict.fromkeys((one.stream, name) for one in told_of for name in _names(event, one.id))),
    )


def _gone(told: Told, event: Document) -> Iterator[Gone]:
    if told.gone is not None:
        for name in _names(event, told.id):
            yield Gone(name, told.gone, text_at(event, told.into))


def _names(event: Document, place: str) -> Iterator[str]:
    found = get(event, place)
    for value in found if isinstance(found, list) else [found]:
        if (name := text_at(value, "")) is not None:
            yield name


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _unread("the body is not JSON") from None


@contextmanager
def open_inbound(config: HttpJsonConfig, services: Services) -> Iterator[HttpJsonInbound]:  # noqa: ARG001
    """The inbound side."""
    yield HttpJsonInbound(config)


def _refused(why: str) -> AuthFailed:
    return AuthFailed(
        why, connector=NAME, operation="hear", vendor_code="WEBHOOK_SIGNATURE",
        cure="compare `webhook` and `webhook_secret` of the connection with what the system sends",
    )  # fmt: skip


def _unread(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code="EVENT_MALFORMED")
