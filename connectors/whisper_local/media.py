"""A recording as samples, decoded in a child process with limits on memory, CPU, file size and time."""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trivet.errors import Rejected

from . import decode
from .config import WhisperLocalConfig

NAME = "whisper_local"
_BYTES_PER_SECOND = decode.RATE * 2


@contextmanager
def samples(file: Path, config: WhisperLocalConfig, folder: Path) -> Iterator[Any]:
    """The recording as a float32 array, 16 kHz mono; `Rejected` with a MEDIA_ code where it cannot be scored."""
    import numpy as np

    size = file.stat().st_size if file.exists() else 0
    if size > config.max_megabytes * 1024 * 1024:
        raise _refused("MEDIA_TOO_LARGE", f"{size // 1024 // 1024} MB, {config.max_megabytes} are allowed")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".pcm") as out:
        _decode(file, Path(out.name), config)
        # the temporary file is gone on leaving, whatever happens to the scoring
        yield np.fromfile(out.name, dtype=np.int16).astype(np.float32) / 32768.0


def _decode(file: Path, out: Path, config: WhisperLocalConfig) -> None:
    seconds = config.max_minutes * 60
    limits = (
        (resource.RLIMIT_AS, config.decode_memory_mb * 1024 * 1024),
        (resource.RLIMIT_CPU, config.decode_seconds),
        (resource.RLIMIT_FSIZE, int((seconds + 10) * _BYTES_PER_SECOND)),
    )

    def limit() -> None:
        for kind, value in limits:
            resource.setrlimit(kind, (value, value))

    # isolated, without the environment: the decoder sees no secret of ours
    command = [sys.executable, "-I", decode.__file__, str(file), str(out), str(seconds)]
    try:
        run = subprocess.run(  # noqa: S603 - our own program
            command,
            capture_output=True,
            timeout=config.decode_seconds * 2,
            check=False,
            env={},
            preexec_fn=limit,
        )
    except subprocess.TimeoutExpired:
        raise _refused("MEDIA_DECODE_LIMIT", "decoding takes too long") from None
    if run.returncode in (-9, -24, -25, 137, 152):
        raise _refused("MEDIA_DECODE_LIMIT", "decoding needs more than it may have")
    try:
        said = json.loads(run.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        said = {"code": "MEDIA_DECODE_FAILED", "message": f"the decoder died (exit {run.returncode})"}
    if "code" in said:
        raise _refused(said["code"], said["message"])


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="decode", vendor_code=code)
