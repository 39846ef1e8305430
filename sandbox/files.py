"""A file as object stores serve it: whole, or from a byte on (RFC 9110, 14), recognised by its ETag."""

import hashlib
import re

from .server import Answer, Request

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def served(request: Request, content: bytes, media_type: str) -> Answer:
    """200 with everything, 206 with what was asked for, 416 where there is no such part."""
    mark = f'"{hashlib.md5(content).hexdigest()}"'
    headers = {"ETag": mark, "Accept-Ranges": "bytes"}
    asked = _RANGE.fullmatch(request.headers.get("Range") or "")
    if asked is None or request.headers.get("If-Range", mark) != mark:
        return Answer(content, headers=headers, media_type=media_type)
    first = int(asked[1])
    if first >= len(content):
        return Answer(None, 416, {**headers, "Content-Range": f"bytes */{len(content)}"})
    last = min(int(asked[2] or len(content) - 1), len(content) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Answer(content[first : last + 1], 206, headers, media_type)
