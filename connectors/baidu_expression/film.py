"""The pictures of a recording, taken in a child process with limits on memory and time; they are kept nowhere."""

import subprocess
from pathlib import Path

from trivet.audio import Limits
from trivet.confined.running import Bounds, Work

from . import frames

_MOST_BYTES = 64 * 1024 * 1024


def taken(file: Path, wanted: int, limits: Limits, connector: str) -> list[tuple[float, bytes]]:
    """Seconds and JPEG of each; `Rejected` with a MEDIA_ code where there are none."""
    work = Work(frames.__file__, connector, "decode", "MEDIA_DECODE_LIMIT", "MEDIA_DECODE_FAILED")
    size = work.size(file, "recording")
    if size == 0:
        raise work.refused("MEDIA_EMPTY", "the file is empty")
    if size > limits.max_megabytes * 1024 * 1024:
        raise work.refused("MEDIA_TOO_LARGE", f"more than {limits.max_megabytes} MB")
    bounds = Bounds(limits.decode_memory_mb * 1024 * 1024, limits.decode_seconds, _MOST_BYTES)
    said, jpegs = work.done(
        file, subprocess.PIPE, bounds, pictures=wanted, seconds=limits.max_minutes * 60
    )  # fmt: skip
    if not said["times"]:
        raise work.refused("MEDIA_NO_PICTURE", "no picture can be taken from the film")
    found, begin = [], 0
    for at, length in zip(said["times"], said["lengths"], strict=True):
        found.append((float(at), jpegs[begin : begin + length]))
        begin += length
    return found
