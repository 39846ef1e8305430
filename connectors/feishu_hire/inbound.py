"""Events of the open platform: signed over the raw body, encrypted on demand; the address is proven by a challenge.

    signature   sha256(timestamp + nonce + encrypt key + body), in `X-Lark-Signature`
    encrypted   {"encrypt": base64(iv | AES-256-CBC)}, key = sha256(encrypt key), PKCS #7
    challenge   {"type": "url_verification", "challenge", "token"}, not signed, answered with the challenge

The platform's SDK does not look at the time stamp's age; a copy of an old call would pass there, and does not here.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from trivet.contract import Services, told_object
from trivet.errors import AuthFailed, Rejected
from trivet.model import Call, Document, Event, Gone, Heard, PlaceOrder

from .config import FeishuHireConfig
from .wire import NAME

FRESH_SECONDS = 300
_BLOCK = 16
_TALENT_DELETED, _APPLICATION_DELETED = _GONE = ("hire.talent.deleted_v1", "hire.application.deleted_v1")


class FeishuHireInbound:
    """See `trivet.contract.Inbound`."""

    def __init__(self, config: FeishuHireConfig) -> None:
        self.config = config

    def hear(self, call: Call) -> Heard:
        """See `Inbound`."""
        key = self.config.encrypt_key.get_secret_value() if self.config.encrypt_key else ""
        if not key:
            raise _refused("the connection has no `encrypt_key`, so nobody can prove to be Feishu")
        said = self._opened(call.body, key)
        if said.get("type") == "url_verification":
            self._same_token(said.get("token"))
            return Heard(answer={"challenge": str(said.get("challenge", ""))})
        self._proven(call, key)
        header, body = said.get("header"), said.get("event")
        if not isinstance(header, dict) or not isinstance(body, dict) or not header.get("event_id"):
            raise _unread("the body is no event of schema 2.0")
        self._same_token(header.get("token"))
        if header.get("app_id") != self.config.app_id:
            raise _refused("the event is another app's")
        kind = str(header.get("event_type", ""))
        told = Event(str(header["event_id"]), kind, tuple(_gone(kind, body)), tuple(_about(kind, body)))
        return Heard((told,), tuple(_ordered(kind, body)))

    def _proven(self, call: Call, key: str) -> None:
        at, nonce = (call.headers.get(f"x-lark-request-{name}", "") for name in ("timestamp", "nonce"))
        signed = hashlib.sha256((at + nonce + key).encode() + call.body).hexdigest()
        if not hmac.compare_digest(signed.encode(), call.headers.get("x-lark-signature", "").encode()):
            raise _refused("the signature is not Feishu's")
        if not at.isdecimal() or abs(call.at.timestamp() - int(at)) > FRESH_SECONDS:
            raise _refused("the call is older than five minutes, or a clock is wrong", "WEBHOOK_STALE")

    def _same_token(self, token: Any) -> None:
        wanted = self.config.verification_token
        if wanted and not hmac.compare_digest(str(token).encode(), wanted.get_secret_value().encode()):
            raise _refused("the verification token is another")

    def _opened(self, body: bytes, key: str) -> Document:
        said = told_object(body, _unread)
        sealed = said.get("encrypt")
        return said if sealed is None else told_object(_decrypted(sealed, key), _unread)


def _decrypted(sealed: Any, key: str) -> bytes:
    try:
        raw = base64.b64decode(sealed, validate=True)
        cipher = Cipher(
            algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(raw[:_BLOCK])
        ).decryptor()
        padded = cipher.update(raw[_BLOCK:]) + cipher.finalize()
        padding = PKCS7(_BLOCK * 8).unpadder()
        return padding.update(padded) + padding.finalize()
    except (binascii.Error, TypeError, ValueError):
        raise _refused("the body does not open with our key") from None


def _gone(kind: str, body: Document) -> Iterator[tuple[str, Gone]]:
    if kind == _TALENT_DELETED and body.get("talent_id"):
        yield "talents", Gone(str(body["talent_id"]), "deleted")
    if kind == _APPLICATION_DELETED and isinstance(body.get("application_ids"), list):
        yield from (("applications", Gone(str(name), "deleted")) for name in body["application_ids"])


def _about(kind: str, body: Document) -> Iterator[tuple[str, str]]:
    if kind not in _GONE:
        yield from (
            (f"{name}s", str(body[f"{name}_id"]))
            for name in ("talent", "application")
            if body.get(f"{name}_id")
        )


def _ordered(kind: str, body: Document) -> Iterator[PlaceOrder]:
    """The exam that a recruiter arranged with us (创建笔试)."""
    exam, paper = body.get("exam_id"), body.get("paper_id")
    if kind != "hire.eco_exam.created_v1" or not exam or not paper:
        return
    who = _part(body, "candidate_info")
    mobile = _part(who, "mobile")
    phone = "".join(str(mobile.get(part) or "") for part in ("code", "number"))
    candidate = {"name": who.get("name"), "email": who.get("email"), "phone": phone}
    references = {"applications": body.get("application_id"), "talents": body.get("talent_id")}
    document = {
        "remote_id": str(exam),
        "package_id": str(paper),
        "candidate": {name: str(value) for name, value in candidate.items() if value},
        "references": {stream: str(name) for stream, name in references.items() if name},
    }
    yield PlaceOrder(str(exam), document)


def _part(said: Document, name: str) -> Document:
    part = said.get(name)
    return part if isinstance(part, dict) else {}


@contextmanager
def open_inbound(config: FeishuHireConfig, services: Services) -> Iterator[FeishuHireInbound]:  # noqa: ARG001
    """The inbound side."""
    yield FeishuHireInbound(config)


def _refused(why: str, code: str = "WEBHOOK_SIGNATURE") -> AuthFailed:
    return AuthFailed(
        why, connector=NAME, operation="hear", vendor_code=code,
        cure="take encrypt key and verification token from the app's page (事件与回调 → 加密策略)",
    )  # fmt: skip


def _unread(why: str) -> Rejected:
    return Rejected(why, connector=NAME, operation="hear", vendor_code="EVENT_MALFORMED")
