"""`$batch` as bytes: changesets that are done wholly or not at all, side by side in one multipart request.

$batch ─┬─ changeset ── change, change      one transaction; a refusal takes back the whole and answers once
        └─ changeset ── change              another one, independent of the first (KBA 3709239)
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from uuid import uuid4

from trivet import headers as allowed
from trivet.errors import Rejected
from trivet.model import Document

MAX_CHANGES = 180
"""In one request, each of every changeset counted (KBA 2614934)."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write of a changeset; the path is relative to the service."""

    method: str
    path: str
    body: Document | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one write, or to a changeset that was refused."""

    status: int
    body: bytes

    def json(self) -> object:
        """The body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def written(changesets: Sequence[Sequence[Change]]) -> tuple[str, bytes]:
    """Content type and body of the request."""
    outer = f"batch_{uuid4().hex}"
    lines: list[bytes] = []
    for changes in changesets:
        inner = f"changeset_{uuid4().hex}"
        lines += _lines(f"--{outer}", f"Content-Type: multipart/mixed; boundary={inner}", "")
        for number, change in enumerate(changes, 1):
            lines += _lines(
                f"--{inner}", "Content-Type: application/http", "Content-Transfer-Encoding: binary",
                f"Content-ID: {number}", "", *_head(change),
            )  # fmt: skip
            lines.append(_body(change))
        lines += _lines(f"--{inner}--")
    lines += _lines(f"--{outer}--", "")
    return f"multipart/mixed; boundary={outer}", b"\r\n".join(lines)


def parts(content_type: str, body: bytes) -> list[list[Part]]:
    """The parts of each changeset's answer, one where it was refused; ValueError where it is no such answer."""
    return [
        [_part(inner) for inner in _inside(one)] if one.is_multipart() else [_part(one)]
        for one in _inside(message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body))
    ]


def _head(change: Change) -> Iterator[str]:
    # this is a request written by hand: what breaks a line here would be a request of its own
    name = allowed.unfit(change.headers) or ("path" if not change.path.isprintable() else None)
    if name is not None:
        raise Rejected(
            f"header {name} {allowed.SAID}", connector="successfactors", operation="write", vendor_code=allowed.INVALID,
        )  # fmt: skip
    yield f"{change.method} {change.path} HTTP/1.1"
    yield "Accept: application/json"
    yield from (f"{name}: {value}" for name, value in change.headers.items())
    if change.body is not None:
        yield "Content-Type: application/json"
        yield f"Content-Length: {len(_body(change))}"
    yield ""


def _body(change: Change) -> bytes:
    return b"" if change.body is None else json.dumps(change.body, ensure_ascii=False).encode()


def _lines(*texts: str) -> list[bytes]:
    return [text.encode() for text in texts]


def _inside(message: Message) -> list[Message]:
    found = message.get_payload()
    if not isinstance(found, list) or not found:
        raise ValueError("not a multipart answer")
    return [part for part in found if isinstance(part, Message)]


def _part(message: Message) -> Part:
    payload = message.get_payload(decode=True)
    head, _, rest = (payload if isinstance(payload, bytes) else b"").partition(b"\r\n")
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("a part holds no HTTP answer")
    return Part(int(words[1]), rest.partition(b"\r\n\r\n")[2].strip())
