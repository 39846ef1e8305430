"""A recording as samples, decoded in a child process with limits on memory, CPU, file size and time."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pydantic import Field

from trivet.contract import Config
from trivet.errors import Rejected, Retryable

from . import decode

BYTES_PER_SECOND = decode.RATE * 2
# killed by SIGKILL (memory or hard CPU limit), SIGXCPU or SIGXFSZ
_STOPPED = (-9, -24, -25, 137, 152, 153)


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
    try:
        size = file.stat().st_size
    except OSError as error:
        raise Retryable(f"cannot read the recording: {error.strerror}", **_where(connector)) from None
    if size == 0:
        raise _refused(connector, "MEDIA_EMPTY", "the file is empty")
    if size > limits.max_megabytes * 1024 * 1024:
        said = f"{size / 1024 / 1024:.1f} MB, {limits.max_megabytes} are allowed"
        raise _refused(connector, "MEDIA_TOO_LARGE", said)
    scratch.mkdir(parents=True, exist_ok=True)
    # a file without a name: a killed worker leaves nobody's voice behind
    with tempfile.TemporaryFile(dir=scratch) as pcm:
        decoded = _decode(file, pcm, limits, connector, 2 if stereo else 1)
        pcm.seek(0)
        yield Sound(pcm, float(decoded["decoded"]), int(decoded["channels"]))


def _decode(file: Path, pcm: IO[bytes], limits: Limits, connector: str, channels: int) -> dict[str, Any]:
    seconds = limits.max_minutes * 60
    given = {
        "seconds": seconds,
        "memory": limits.decode_memory_mb * 1024 * 1024,
        "cpu": limits.decode_seconds,
        "bytes": int((seconds + 60) * BYTES_PER_SECOND * channels),
        "channels": channels,
    }
    # isolated, without the environment: the decoder sees no secret of ours
    command = [sys.executable, "-I", decode.__file__, str(file.resolve()), json.dumps(given)]
    try:
        run = subprocess.run(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=pcm,
            stderr=subprocess.PIPE,
            timeout=limits.decode_seconds * 2,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise _refused(connector, "MEDIA_DECODE_LIMIT", "decoding takes too long") from None
    if run.returncode in _STOPPED:
        raise _refused(connector, "MEDIA_DECODE_LIMIT", "decoding needs more than it may have")
    said = _last_line(run.stderr)
    if run.returncode or said is None:
        raise _refused(connector, "MEDIA_DECODE_FAILED", f"the decoder died (exit {run.returncode})")
    if said.get("code") == "DISK_FULL":
        raise Retryable(said["message"], **_where(connector))
    if "code" in said:
        raise _refused(connector, said["code"], said["message"])
    return said


def _last_line(text: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(text.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return said if isinstance(said, dict) else None


def _where(connector: str) -> dict[str, str]:
    return {"connector": connector, "operation": "decode"}


def _refused(connector: str, code: str, message: str) -> Rejected:
    return Rejected(message, vendor_code=code, **_where(connector))
