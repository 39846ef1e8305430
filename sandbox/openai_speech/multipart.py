"""A form with files as it travels (RFC 7578)."""

import re

_NAME = re.compile(rb'name="([^"]*)"')


def fields(media_type: str, body: bytes) -> dict[str, bytes]:
    """The form's fields by name, the last of a name; ValueError where it is no form."""
    boundary = re.search(r'boundary="?([^";]+)"?', media_type)
    if not media_type.startswith("multipart/form-data") or boundary is None:
        raise ValueError("not multipart/form-data")
    found = {}
    for part in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        # `filename="…"` holds `name="…"` too and comes after it
        name = _NAME.search(head)
        if name is not None:
            found[name[1].decode()] = content.removesuffix(b"\r\n")
    return found
