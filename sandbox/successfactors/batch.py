"""`$batch`: multipart requests with changesets of writes."""

import re
from email import message_from_bytes
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ..server import Answer, Request

if TYPE_CHECKING:
    from .routes import SuccessFactors

_LINE = re.compile(r"(?P<method>[A-Z]+) (?P<path>\S+)(?: HTTP/1\.1)?")
MAX = 180


def serve(vendor: "SuccessFactors", request: Request) -> Answer:
    """The multipart answer."""
    parts = _parts(request.headers.get("Content-Type") or "", request.body)
    if sum(len(_inside(part)) or 1 for part in parts) > MAX:
        said = f"The request count exceeds the maximum request count allowed : {MAX}"
        return Answer(
            {"error": {"code": "BadRequestException", "message": {"lang": "en-US", "value": said}}}, 400
        )
    made = [
        _changeset(vendor, request, part) if part.is_multipart() else _single(vendor, request, part)
        for part in parts
    ]
    body = "".join(f"--answer\r\n{part}" for part in made) + "--answer--\r\n"
    return Answer(body.encode(), 202, media_type="multipart/mixed; boundary=answer")


class _Undo(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def _changeset(vendor: "SuccessFactors", outer: Request, part: Message) -> str:
    try:
        with vendor.store.together():
            answers = []
            for entry in _inside(part):
                answer = _call(vendor, outer, entry)
                if answer.status >= 400:
                    raise _Undo(answer)
                answers.append(answer)
    except _Undo as undo:
        return _written(Answer(undo.answer.body, 400))
    body = "".join(f"--changes\r\n{_written(answer)}" for answer in answers) + "--changes--\r\n"
    return f"Content-Type: multipart/mixed; boundary=changes\r\n\r\n{body}"


def _single(vendor: "SuccessFactors", outer: Request, part: Message) -> str:
    return _written(_call(vendor, outer, part))


def _call(vendor: "SuccessFactors", outer: Request, part: Message) -> Answer:
    head, _, rest = _payload(part).partition(b"\r\n")
    match = _LINE.fullmatch(head.decode().strip())
    if match is None:
        return Answer(
            {
                "error": {
                    "code": "BadRequestException",
                    "message": {"lang": "en-US", "value": "malformed part"},
                }
            },
            400,
        )
    inner = message_from_bytes(rest)
    headers: dict[str, Any] = {"Authorization": outer.headers.get("Authorization")}
    headers |= {name.lower(): value for name, value in inner.items()}
    where, _, query = match["path"].partition("?")
    path = "/odata/v2/" + where.removeprefix("/odata/v2/").lstrip("/")
    request = Request(match["method"], path, dict(parse_qsl(query)), headers, _payload(inner).strip())
    return vendor.handle(request)


def _parts(content_type: str, body: bytes) -> list[Message]:
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return _inside(message)


def _inside(message: Message) -> list[Message]:
    found = message.get_payload()
    return [part for part in found if isinstance(part, Message)] if isinstance(found, list) else []


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _written(answer: Answer) -> str:
    payload = answer.payload().decode()
    head = f"HTTP/1.1 {answer.status} x\r\nContent-Type: application/json\r\n"
    inner = f"{head}Content-Length: {len(payload.encode())}\r\n\r\n{payload}\r\n"
    return f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{inner}"
