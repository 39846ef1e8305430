"""A recording as samples, decoded in a child process with limits on memory, CPU, file size and time."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from trivet.errors import Rejected, Retryable

from . import decode
from .config import WhisperLocalConfig

NAME = "whisper_local"
_BYTES_PER_SECOND = decode.RATE * 2
# killed by SIGKILL (memory or hard CPU limit), SIGXCPU or SIGXFSZ
_STOPPED = (-9, -24, -25, 137, 152, 153)


def samples(file: Path, config: WhisperLocalConfig, folder: Path) -> Any:
    """The recording as a float32 array, 16 kHz mono; `Rejected` with a MEDIA_ code where it cannot be scored."""
    import numpy as np

    try:
        size = file.stat().st_size
    except OSError as error:
        raise Retryable(f"cannot read the recording: {error.strerror}", **_WHERE) from None
    if size == 0:
        raise _refused("MEDIA_EMPTY", "the file is empty")
    if size > config.max_megabytes * 1024 * 1024:
        raise _refused("MEDIA_TOO_LARGE", f"{size / 1024 / 1024:.1f} MB, {config.max_megabytes} are allowed")
    folder.mkdir(parents=True, exist_ok=True)
    # a file without a name: a killed worker leaves nobody's voice behind
    with tempfile.TemporaryFile(dir=folder) as pcm:
        _decode(file, pcm, config)
        pcm.seek(0)
        return np.fromfile(pcm, dtype=np.int16).astype(np.float32) / 32768.0


def _decode(file: Path, pcm: IO[bytes], config: WhisperLocalConfig) -> None:
    seconds = config.max_minutes * 60
    limits = {
        "seconds": seconds,
        "memory": config.decode_memory_mb * 1024 * 1024,
        "cpu": config.decode_seconds,
        "bytes": int((seconds + 60) * _BYTES_PER_SECOND),
    }
    # isolated, without the environment: the decoder sees no secret of ours
    command = [sys.executable, "-I", decode.__file__, str(file.resolve()), json.dumps(limits)]
    try:
        run = subprocess.run(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=pcm,
            stderr=subprocess.PIPE,
            timeout=config.decode_seconds * 2,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise _refused("MEDIA_DECODE_LIMIT", "decoding takes too long") from None
    if run.returncode in _STOPPED:
        raise _refused("MEDIA_DECODE_LIMIT", "decoding needs more than it may have")
    said = _last_line(run.stderr)
    if run.returncode or said is None:
        raise _refused("MEDIA_DECODE_FAILED", f"the decoder died (exit {run.returncode})")
    if said.get("code") == "DISK_FULL":
        raise Retryable(said["message"], **_WHERE)
    if "code" in said:
        raise _refused(said["code"], said["message"])


def _last_line(text: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(text.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return said if isinstance(said, dict) else None


_WHERE = {"connector": NAME, "operation": "decode"}


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, vendor_code=code, connector=NAME, operation="decode")
