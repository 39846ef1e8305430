"""LFASR v2 on the wire: everything in the query, signed by the second; HTTP 200 whatever happened, `code` says what.

000000                          good
26601, 26607, 26625, 26633      AuthFailed: application, language or paid time; a person must act
26603                           RateLimited
26605                           the order is still worked on
26600, 2664x, 2666x-2668x       Retryable: an answer without an order, so none was made
other numbers                   Rejected
no number, no content           UnknownOutcome of an upload, Retryable of a question
"""

import hashlib
import hmac
import mmap
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient, Reply, retry_after
from trivet.model import Document

from .config import IflytekSpeechConfig

NAME = "iflytek_speech"
MAX_UPLOAD = 500 * 1000 * 1000
GOOD = "000000"
WORKING = "26605"
TOO_MANY = "26603"
NEEDS_PERSON = {
    "26601": (
        "the application is not known, or the signature is wrong",
        "check APPID and SecretKey of 录音文件转写",
    ),
    "26607": (
        "the application may not use this language",
        "open the language for the application in the console",
    ),
    "26625": ("the paid time is used up", "buy time for 录音文件转写"),
    "26633": ("the paid time is used up", "buy time for 录音文件转写"),
}
TROUBLE = ("26600", "26640", "26641", "26642", "26660", "26670", "26680")
MEDIA = {
    "26606": "MEDIA_NO_SPEECH", "26621": "MEDIA_TOO_LARGE", "26622": "MEDIA_TOO_LONG", "26623": "MEDIA_FORMAT_NOT_ALLOWED",
    "26631": "MEDIA_TOO_LARGE", "26632": "MEDIA_TOO_LONG", "26643": "MEDIA_DECODE_FAILED", "26650": "MEDIA_DECODE_FAILED",
}  # fmt: skip


class Wire:
    """One application's client."""

    def __init__(self, config: IflytekSpeechConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME, config.base_url.rstrip("/"), services, network=config, refuses_before_work=True, too_many=_pause,
            max_request=MAX_UPLOAD,
        )  # fmt: skip

    def upload(self, file: mmap.mmap, asked: Mapping[str, str]) -> Document:
        """`content` of the answer to a new order."""

        def each() -> dict[str, Any]:
            file.seek(0)
            return {"params": self._signed(asked), "data": file}

        headers = {"Content-Type": "application/octet-stream"}
        reply = self.http.write("score", "POST", "/v2/api/upload", headers=headers, each=each)
        return self._content("score", self._object("score", reply, write=True), write=True)

    def result(self, operation: str, order: str) -> Document | None:
        """`content` of the answer on an order; None while nothing can be said of it."""

        def each() -> dict[str, Any]:
            return {"params": self._signed({"orderId": order, "resultType": "transfer"})}

        reply = self.http.read(operation, "GET", "/v2/api/getResult", each=each)
        said = self._object(operation, reply, write=False)
        return None if said.get("code") == WORKING else self._content(operation, said, write=False)

    def _signed(self, asked: Mapping[str, str]) -> dict[str, str]:
        at = str(int(time.time()))
        base = hashlib.md5((self.config.app_id + at).encode()).hexdigest()  # noqa: S324 - the vendor's choice
        key = self.config.secret_key.get_secret_value().encode()
        signature = b64encode(hmac.digest(key, base.encode(), "sha1")).decode()
        return {**asked, "appId": self.config.app_id, "ts": at, "signa": signature}

    def _object(self, operation: str, reply: Reply, *, write: bool) -> Document:
        if reply.status >= 400:
            self.http.reject(operation, f"HTTP {reply.status}", code=f"HTTP {reply.status}")
        said = self.http.decode(operation, reply, write=write)
        if not isinstance(said, dict) or not isinstance(said.get("code"), str):
            raise malformed(operation, "the answer has no code", write=write)
        return said

    def _content(self, operation: str, said: Document, *, write: bool) -> Document:
        code, content = said["code"], said.get("content")
        if code in NEEDS_PERSON:
            what, cure = NEEDS_PERSON[code]
            raise AuthFailed(what, vendor_code=code, cure=cure, **where(operation))
        if code in TROUBLE:
            raise Retryable("the service is in trouble", vendor_code=code, **where(operation))
        if code != GOOD:
            # the vendor's own words may repeat what was sent
            known = MEDIA.get(code, code if code.isdecimal() else "RESPONSE_MALFORMED")
            raise Rejected("the service refuses this", vendor_code=known, **where(operation))
        if not isinstance(content, dict):
            raise malformed(operation, "the answer has no content", write=write)
        return content


def _pause(reply: Reply) -> float | None:
    if reply.status == 429:
        return retry_after(reply)
    if reply.status != 200 or TOO_MANY.encode() not in reply.body[:200]:
        return None
    try:
        said = reply.json()
    except (ValueError, RecursionError):
        return None
    return retry_after(reply) if isinstance(said, dict) and str(said.get("code")) == TOO_MANY else None


def where(operation: str) -> dict[str, str]:
    """Of an error."""
    return {"connector": NAME, "operation": operation}


def malformed(operation: str, what: str, *, write: bool) -> ConnectorError:
    """An answer that is none: after an upload there may be an order all the same."""
    kind = UnknownOutcome if write else Retryable
    return kind(what, vendor_code="RESPONSE_MALFORMED", **where(operation))
