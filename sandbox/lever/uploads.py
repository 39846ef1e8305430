"""Reads the one file of a multipart form."""

from email.parser import BytesParser
from email.policy import HTTP

from ..server import Request
from .listing import bad

MOST_BYTES = 30 * 1024 * 1024


def uploaded(request: Request) -> tuple[str, bytes]:
    """Name and bytes of the form's field `file`."""
    kind = request.headers.get("Content-Type") or ""
    if not kind.startswith("multipart/form-data"):
        raise bad("only multipart/form-data is supported")
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    for part in whole.iter_parts():
        content = part.get_payload(decode=True)
        if part.get_param("name", header="content-disposition") == "file" and isinstance(content, bytes):
            return part.get_filename() or "file", content
    raise bad("file is required")
