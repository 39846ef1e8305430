"""Text of strangers, made fit to be shown: what a person can read stays, what only steers a screen goes."""

import re
from typing import Any

_STEERING = re.compile(
    # controls, the marks and overrides that turn the direction of writing, characters without width, tags
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_LONE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n\x0b\x0c\x85\u2028\u2029]+")


def plain(value: Any, limit: int = 2000) -> str:
    """One line of at most `limit` characters, without anything that is not read but obeyed."""
    text = _STEERING.sub("", _SPACE.sub(" ", str(value)))
    text = _LONE.sub("\ufffd", text).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clock(seconds: float) -> str:
    """Minutes and seconds from the recording's start: `03:07`, `75:10`."""
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"
