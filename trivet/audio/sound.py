"""A recording as samples, decoded in a child process with limits on memory, CPU, file size and time."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import Field

from trivet.confined.running import Bounds, Work
from trivet.contract import Config

from . import decode

BYTES_PER_SECOND = decode.RATE * 2


class Limits(Config):
    """Settings that every scorer of recordings has: what it refuses to decode."""

    max_minutes: float = Field(default=120, gt=0)
    """A longer recording is refused."""
    max_megabytes: int = Field(default=2048, ge=1)
    """A larger file is refused."""
    decode_memory_mb: int = Field(default=2048, ge=128)
    """Address space of the decoder's own process."""
    decode_seconds: int = Field(default=300, ge=1)
    """CPU time, and half of the wall time, that the decoder gets."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One decoded recording."""

    pcm: IO[bytes]
    """16 kHz 16-bit samples, at their beginning; a file without a name."""
    seconds: float
    channels: int = 1


@contextmanager
def sound(
    file: Path, limits: Limits, scratch: Path, connector: str, *, stereo: bool = False
) -> Iterator[Sound]:
    """The recording, decoded, in mono or as it was recorded (`stereo`); `Rejected` with a MEDIA_ code where it cannot be
    scored."""
    decoder = Work(decode.__file__, connector, "decode", "MEDIA_DECODE_LIMIT", "MEDIA_DECODE_FAILED")
    size = decoder.size(file, "recording")
    if size == 0:
        raise decoder.refused("MEDIA_EMPTY", "the file is empty")
    if size > limits.max_megabytes * 1024 * 1024:
        said = f"{size / 1024 / 1024:.1f} MB, {limits.max_megabytes} are allowed"
        raise decoder.refused("MEDIA_TOO_LARGE", said)
    scratch.mkdir(parents=True, exist_ok=True)
    seconds, channels = limits.max_minutes * 60, 2 if stereo else 1
    written = int((seconds + 60) * BYTES_PER_SECOND * channels)
    # a file without a name: a killed worker leaves nobody's voice behind
    with tempfile.TemporaryFile(dir=scratch) as pcm:
        bounds = Bounds(limits.decode_memory_mb * 1024 * 1024, limits.decode_seconds, written)
        decoded, _ = decoder.done(file, pcm, bounds, seconds=seconds, channels=channels)
        pcm.seek(0)
        yield Sound(pcm, float(decoded["decoded"]), int(decoded["channels"]))
