"""What may stand in a header of a request: a line break in a value would be a header of somebody else's."""

import re
from collections.abc import Mapping

INVALID = "HEADER_INVALID"
SAID = "holds a character that no header has; nothing was sent"
CURE = "store login and password of the connection anew, without line breaks"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")


def unfit(headers: Mapping[str, str]) -> str | None:
    """The name of the first header that cannot be sent as it is, None where all can; a name that is none is not repeated."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            return "(name)"
        if not _VALUE.fullmatch(value) or value[:1] in (" ", "\t"):
            return name
    return None
