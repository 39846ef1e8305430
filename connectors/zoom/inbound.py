"""Events: `x-zm-signature: v0=<hex>` is the HMAC of `v0:<time stamp>:<raw body>`, five minutes long.

The address is proven by a challenge that is answered with its HMAC by the same secret. Whoever may choose what is signed
there could sign events: only a token that cannot begin one is answered.

`recording.completed` carries a link and a token to download it; neither is kept, since our own token opens the recording.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, Event, Heard

from .config import ZoomConfig
from .wire import NAME

FRESH_SECONDS = 300
READY = "recording.completed"
STREAM = "recordings"
_CHALLENGE = "endpoint.url_validation"
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,128}")


class ZoomInbound:
    """See `trivet.contract.Inbound`."""

    def __init__(self, config: ZoomConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Heard:
        """See `Inbound`."""
        secret = self.config.webhook_secret.get_secret_value() if self.config.webhook_secret else ""
        if not secret:
            raise _refused("the connection has no `webhook_secret`, so nobody can prove to be Zoom")
        signature = call.headers.get("x-zm-signature")
        # a challenge may come without a signature; a wrong one is wrong all the same
        if signature is not None:
            self._proven(call, secret, signature)
        said = told_object(call.body, _unread)
        kind, payload = said.get("event"), said.get("payload")
        if not isinstance(kind, str) or not isinstance(payload, dict):
            raise _unread("the body has no event and payload")
        if kind == _CHALLENGE:
            return Heard(answer=_answer(payload, secret))
        if signature is None:
            raise _refused("the signature is missing")
        # deliveries have no id; one that comes again has the same body
        return Heard((Event(hashlib.sha256(call.body).hexdigest(), kind, about=_about(kind, payload)),))

    def _proven(self, call: Call, secret: str, signature: str) -> None:
        at = call.headers.get("x-zm-request-timestamp", "")
        signed = "v0=" + hmac.digest(secret.encode(), f"v0:{at}:".encode() + call.body, "sha256").hex()
        if not hmac.compare_digest(signed.encode(), signature.encode()):
            raise _refused("the signature is not Zoom's")
        if not at.isdecimal() or abs(call.at.timestamp() - int(at)) > FRESH_SECONDS:
            raise _refused("the call is older than five minutes, or a clock is wrong", "WEBHOOK_STALE")


def _answer(payload: Document, secret: str) -> Document:
    token = payload.get("plainToken")
    if not isinstance(token, str) or not _PLAIN.fullmatch(token):
        raise _refused("the challenge is none of Zoom's")
    return {
        "plainToken": token,
        "encryptedToken": hmac.digest(secret.encode(), token.encode(), "sha256").hex(),
    }


def _about(kind: str, payload: Document) -> tuple[tuple[str, str], ...]:
    meeting = payload.get("object")
    number = meeting.get("id") if kind == READY and isinstance(meeting, dict) else None
    return ((STREAM, str(number)),) if isinstance(number, int | str) and str(number).isdecimal() else ()


@contextmanager
def open_inbound(config: ZoomConfig, services: Services) -> Iterator[ZoomInbound]:  # noqa: ARG001
    """The inbound side."""
    yield ZoomInbound(config)


def _refused(why: str, code: str = "WEBHOOK_SIGNATURE") -> AuthFailed:
    return AuthFailed(
        why, connector=NAME, operation="hear", vendor_code=code,
        cure="`webhook_secret` is the app's secret token (Features → Access)",
    )  # fmt: skip


def _unread(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code="EVENT_MALFORMED")
