"""Webhooks: `signature` is the HMAC of `token` and `triggeredAt`, and all three stand in the body.

What happened (`event`, `data`) is not signed, so that whoever caught a call could put other words beside its signature: no
event says that something is gone, only what to ask for, and Lever's own lists tell the rest. A copy of an old call is known
by its token, which is remembered, and changes nothing; one that is too old is refused.
After hire.lever.co/developer/documentation#webhooks.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, Event, Heard

from .config import LeverConfig
from .wire import NAME, is_id

AHEAD_MS = 300_000
"""A clock may be so far ahead of ours."""
_LATEST = 10**14


class LeverInbound:
    """See `trivet.contract.Inbound`."""

    def __init__(self, config: LeverConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Heard:
        """See `Inbound`."""
        if not self.config.signature_tokens:
            raise _refused("the connection has no `signature_tokens`, so nobody can prove to be Lever")
        said = told_object(call.body, _unread)
        token, at = said.get("token"), said.get("triggeredAt")
        if (
            not (isinstance(token, str) and token.isascii() and token)
            or type(at) is not int
            or not 0 < at < _LATEST
        ):
            raise _refused("the call is not signed")
        if not self._proven(f"{token}{at}".encode(), said.get("signature")):
            raise _refused("the signature is not Lever's")
        age = call.at.timestamp() * 1000 - at
        if not -AHEAD_MS <= age <= self.config.event_max_age_hours * 3_600_000:
            raise _refused("the event is too old, or a clock is wrong", "WEBHOOK_STALE")
        kind, data = said.get("event"), said.get("data")
        if not isinstance(kind, str) or not isinstance(data, dict):
            raise Rejected(
                "the body has no event and data",
                connector=NAME,
                operation="hear",
                vendor_code="EVENT_MALFORMED",
            )
        return Heard((Event(token, kind, about=tuple(_about(data))),))

    def _proven(self, signed: bytes, signature: Any) -> bool:
        given = str(signature).encode(errors="replace")
        made = [
            hmac.digest(key.get_secret_value().encode(), signed, "sha256").hex().encode()
            for key in self.config.signature_tokens
            if key.get_secret_value()
        ]
        return any(hmac.compare_digest(one, given) for one in made)


def _about(data: Document) -> Iterator[tuple[str, str]]:
    # an opportunity brings its person with it
    for stream, field in (("opportunities", "opportunityId"), ("contacts", "contactId")):
        if is_id(data.get(field)):
            yield stream, str(data[field])
            return


@contextmanager
def open_inbound(config: LeverConfig, services: Services) -> Iterator[LeverInbound]:  # noqa: ARG001
    """The inbound side."""
    yield LeverInbound(config)


def _refused(why: str, code: str = "WEBHOOK_SIGNATURE") -> AuthFailed:
    return AuthFailed(
        why, connector=NAME, operation="hear", vendor_code=code,
        cure="put the signature token of each webhook (Settings → Integrations and API → Webhooks) into `signature_tokens`",
    )  # fmt: skip


def _unread(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code="EVENT_MALFORMED")
