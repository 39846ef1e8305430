"""The lists of Lever's that a stream is read from, one after the other.

A stream that is read whole carries no time: an opportunity that was not touched since Lever began to note update times has
none, and no window holds it. No order is promised, and what changes while we page may pass us by: so the whole list is
followed by what changed meanwhile, and a window begins where the last reading began. Windows overlap by a minute, for clocks
that differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

OVERLAP_MS = 60_000
MONTH_MS = 29 * 86_400_000
"""Lever tells of deletions in windows of up to 30 days."""
BRANCHES = ("interviews", "files")
"""Streams that Lever lists for one opportunity at a time."""
_EXPANDED = {"opportunities": ["applications", "stage"], "contacts": ["contact"]}


@dataclass(frozen=True, slots=True)
class Part:
    """One list."""

    name: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    gone: bool = False
    """Its rows are no more."""


def parts(stream: str, begin: int | None, end: int, look_at: str, confidential: bool) -> list[Part]:
    """What to read for everything (without a begin), or for what happened between two times in milliseconds."""
    path = "/postings" if stream == "postings" else "/opportunities"
    plain: dict[str, Any] = {"expand": _EXPANDED[stream]} if stream in _EXPANDED else {}
    if confidential:
        plain["confidentiality"] = "all"
    if begin is None:
        return [Part("all", path, plain), Part("late", path, plain | {"updated_at_start": end - OVERLAP_MS})]
    window = {"updated_at_start": begin - OVERLAP_MS, "updated_at_end": end}
    if stream not in BRANCHES:
        return [Part("changed", path, plain | window), *_deleted(path, begin, end)]
    if look_at == "changed":
        return [Part("changed", path, plain | window)]
    closed = {"archived": "true", **window}
    return [Part("open", path, plain | {"archived": "false"}), Part("closed", path, plain | closed)]


def expanded(stream: str) -> dict[str, Any]:
    """What is asked to stand in full in the stream's rows."""
    return {"expand": _EXPANDED[stream]}


def _deleted(path: str, begin: int, end: int) -> Iterator[Part]:
    low = begin - OVERLAP_MS
    while low < end:
        high = min(low + MONTH_MS, end)
        window = {"deleted_at_start": low, "deleted_at_end": high}
        yield Part(f"deleted since {low}", f"{path}/deleted", window, gone=True)
        low = high
