"""The pictures of a recording, taken in a child process with limits on memory and time; they are kept nowhere."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from trivet.audio import Limits
from trivet.errors import Rejected, Retryable

from . import frames

_OPERATION = "decode"


def taken(file: Path, wanted: int, limits: Limits, connector: str) -> list[tuple[float, bytes]]:
    """Seconds and JPEG of each; `Rejected` with a MEDIA_ code where there are none."""
    try:
        size = file.stat().st_size
    except OSError as error:
        raise Retryable(
            f"cannot read the recording: {error.strerror}", connector=connector, operation=_OPERATION
        ) from None
    if size == 0:
        raise _refused(connector, "MEDIA_EMPTY", "the file is empty")
    if size > limits.max_megabytes * 1024 * 1024:
        raise _refused(connector, "MEDIA_TOO_LARGE", f"more than {limits.max_megabytes} MB")
    given = {
        "pictures": wanted, "seconds": limits.max_minutes * 60, "memory": limits.decode_memory_mb * 1024 * 1024,
        "cpu": limits.decode_seconds,
    }  # fmt: skip
    command = [sys.executable, "-I", frames.__file__, str(file.resolve()), json.dumps(given)]
    try:
        # isolated, without the environment: the decoder sees no secret of ours
        run = subprocess.run(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.decode_seconds * 2,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise _refused(connector, "MEDIA_DECODE_LIMIT", "decoding takes too long") from None
    said = _last_line(run.stderr)
    if run.returncode or not said:
        raise _refused(connector, "MEDIA_DECODE_FAILED", f"the decoder died (exit {run.returncode})")
    if "code" in said:
        raise _refused(connector, said["code"], said["message"])
    if not said["times"]:
        raise _refused(connector, "MEDIA_NO_PICTURE", "no picture can be taken from the film")
    found, begin = [], 0
    for at, length in zip(said["times"], said["lengths"], strict=True):
        found.append((float(at), run.stdout[begin : begin + length]))
        begin += length
    return found


def _last_line(text: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(text.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return said if isinstance(said, dict) else None


def _refused(connector: str, code: str, message: str) -> Rejected:
    return Rejected(message, connector=connector, operation=_OPERATION, vendor_code=code)
