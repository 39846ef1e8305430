"""One paper as paragraphs, read in a process with limits on memory, CPU, time and what it writes."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from trivet.confined.running import Bounds, Work
from trivet.contract import Config

from . import work

_MOST_TEXT = 32 * 1024 * 1024
"""Bytes of text that one paper may come to."""


class PaperLimits(Config):
    """Settings that every reader of papers has: what it refuses to read."""

    max_megabytes: int = Field(default=20, ge=1, le=200)
    """A larger file is refused."""
    max_pages: int = Field(default=300, ge=1, le=10_000)
    """A PDF of more pages is refused."""
    read_memory_mb: int = Field(default=1024, ge=256)
    """Address space of the reader's own process."""
    read_seconds: int = Field(default=30, ge=1)
    """CPU time, and half of the wall time, that the reader gets."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, or one row of a table."""

    text: str
    page: int | None
    """From 1, where the file has pages."""


def read(file: Path, limits: PaperLimits, scratch: Path, connector: str) -> list[Paragraph]:
    """The paragraphs of a PDF, a Word file, a text, or of all of these in a zip file, in order; `Rejected` with an ARCHIVE_,
    DOC_ or XML_ code where they cannot be had."""
    reader = Work(work.__file__, connector, "read", "DOC_LIMIT", "DOC_DAMAGED")
    size = reader.size(file, "paper")
    if size > limits.max_megabytes * 1024 * 1024:
        raise reader.refused("DOC_LIMIT", f"{size / 1024 / 1024:.1f} MB, {limits.max_megabytes} are allowed")
    scratch.mkdir(parents=True, exist_ok=True)
    bounds = Bounds(limits.read_memory_mb * 1024 * 1024, limits.read_seconds, _MOST_TEXT)
    # a file without a name: a killed worker leaves nobody's words behind
    with tempfile.TemporaryFile(dir=scratch) as out:
        reader.done(file, out, bounds, most_pages=limits.max_pages)
        out.seek(0)
        return [Paragraph(one["text"], one.get("page")) for one in json.loads(out.read())]
