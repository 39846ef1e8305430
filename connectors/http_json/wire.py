"""The configured system on the wire: how a call proves who makes it, and what the words of a refusal mean."""

import email.utils
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from trivet.contract import Services
from trivet.described.places import text_at
from trivet.described.proof import Proof
from trivet.errors import ConnectorError, RateLimited, Rejected, Retryable
from trivet.http import HttpClient, Reply, clamp
from trivet.model import Document

from .config import HttpJsonConfig
from .reads import Read, RecordingCall

NAME = "http_json"
PAUSE_SECONDS = 30.0
_LONG_AGO = 1_000_000_000
"""A number of seconds from here on is a time since 1970, of 2001."""
_SHORT = 4000
"""A refusal is looked for in answers up to this many bytes: every answer is asked whether it is one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call that changes nothing brought: JSON and headers."""

    body: Any
    headers: Mapping[str, str]


class Wire:
    """One connection's client."""

    def __init__(self, config: HttpJsonConfig, services: Services) -> None:
        self.config, self.services = config, services
        self.proof = Proof(NAME, config.auth, config.login, config.secret.get_secret_value())
        self.http = HttpClient(
            NAME,
            config.base_url,
            services,
            authenticate=lambda: self.proof.headers(self.http),
            network=config,
            refuses_before_work=config.errors.refuses_before_work,
            auth_failed=lambda reply: bool(self._words(reply) & config.errors.login_lost),
            too_many=self._pause,
            spent=self._spent,
        )

    def rows(self, operation: str, call: Read, path: str, body: Document) -> Answer | None:
        """The whole answer to a call that changes nothing; None where it says that nothing is there."""
        reply = self.http.read(operation, call.method, *self._addressed(path), **self._how(body))
        if reply.status != 200:
            answer = readable(reply)
            if self.words(reply.status, answer) & self.config.errors.gone:
                return None
            raise self._unread(operation, reply.status, answer)
        answer = self.http.decode(operation, reply, write=False)
        if answer is None:
            raise malformed(operation, "the answer is null")
        if call.success is not None and not call.success.holds(answer):
            raise self._unread(operation, reply.status, answer)
        return Answer(answer, reply.headers)

    def open(self, operation: str, call: RecordingCall, path: str) -> Answer:
        """The answer to the call that opens a recording, where it is a link; a redirect has no body."""
        reply = self.http.read(operation, call.method, *self._addressed(path), **self._how(call.fixed))
        if call.link_header is not None and reply.status < 400:
            return Answer(None, reply.headers)
        answer = readable(reply) if reply.status != 200 else self.http.decode(operation, reply, write=False)
        if self.words(reply.status, answer) & self.config.errors.gone:
            raise refused(operation, "the recording is not there any more", code="GONE")
        if reply.status != 200 or (call.success is not None and not call.success.holds(answer)):
            raise self._unread(operation, reply.status, answer)
        return Answer(answer, reply.headers)

    def file(
        self, operation: str, path: str, size: int
    ) -> AbstractContextManager[tuple[Mapping[str, str], Iterator[bytes]]]:
        """Headers and bytes of a file that the system itself gives."""
        return self.http.own(operation, *self._addressed(path), size, headers=self._how(None)["headers"])

    def write(self, operation: str, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Reply:
        """The answer to a call that changes something, whatever it says."""
        how = self._how(body)
        how["headers"] |= headers
        return self.http.write(operation, method, *self._addressed(path), **how)

    def words(self, status: int, answer: Any) -> set[str]:
        """The words of an answer by which `errors` knows what it means."""
        return {str(status), text_at(answer, self.config.errors.code) or ""}

    def _unread(self, operation: str, status: int, answer: Any) -> ConnectorError:
        # without the system's own words: those of a read may name anybody
        code = text_at(answer, self.config.errors.code) or f"HTTP {status}"
        later = self.words(status, answer) & self.config.errors.later
        kind = Retryable if later else Rejected
        return kind("the call is refused", connector=NAME, operation=operation, vendor_code=one_line(code))

    def _words(self, reply: Reply) -> set[str]:
        coded = self.config.errors.code is not None and len(reply.body) <= _SHORT
        return self.words(reply.status, readable(reply) if coded else None)

    def _pause(self, reply: Reply) -> float | None:
        if not self._words(reply) & self.config.errors.too_many:
            return None
        text = reply.headers.get("Retry-After", "")
        try:
            return clamp(float(text))
        except ValueError:
            pass
        try:
            return clamp(email.utils.parsedate_to_datetime(text).timestamp() - time.time())
        except ValueError:
            return PAUSE_SECONDS

    def _spent(self, reply: Reply) -> float | None:
        limit = self.config.limit
        if limit is None or reply.headers.get(limit.left, "").strip() != "0":
            return None
        text = reply.headers.get(limit.reset, "").strip()
        if not text.isascii() or not text.isdecimal():
            return None
        return float(text) if int(text) < _LONG_AGO else int(text) - self.services.now().timestamp()

    def _how(self, body: Any) -> dict[str, Any]:
        headers: dict[str, str] = {}
        data = b""
        if body:
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        return {"data": data or None, "headers": headers | self.proof.of_body(data)}

    def _addressed(self, path: str) -> tuple[str]:
        return (self.proof.addressed(path),)


def readable(reply: Reply) -> Any:
    """The body as JSON; None where it is none."""
    try:
        return reply.json()
    except (ValueError, RecursionError):
        return None


def one_line(text: str) -> str:
    """A system's own words, fit for a message."""
    return " ".join(text.split())[:300]


def refused(operation: str, message: str, *, code: str, cure: str | None = None) -> Rejected:
    """A refusal of our own."""
    return Rejected(message, connector=NAME, operation=operation, vendor_code=code, cure=cure)


def malformed(operation: str, what: str) -> Retryable:
    """An answer that is no page."""
    return Retryable(
        what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED",
        cure="compare this call of the connection with what the system answers",
    )  # fmt: skip


def paused(operation: str, code: str) -> RateLimited:
    """A pause that one item of a call asks for."""
    return RateLimited(
        "too many calls", retry_after=PAUSE_SECONDS, connector=NAME, operation=operation, vendor_code=code
    )
