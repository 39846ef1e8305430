"""The command line as a stranger would start it, in a process that may take a few seconds of CPU and little memory."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


def trivet(
    home: Path, *words: str, given: bytes = b"", environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """What the command said; killed by the system where it takes more than it may (`bad_inputs.stem`)."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("in", "out", "err")]
        for stream in streams:
            stream.write_bytes(given if stream.name == "in" else b"")
        asked = {
            "words": words, "streams": [str(stream) for stream in streams],
            "environment": {"TRIVET_HOME": str(home), "COLUMNS": "300", **(environment or {})},
        }  # fmt: skip
        stem = _stem()
        assert stem.stdin is not None
        assert stem.stdout is not None
        stem.stdin.write(json.dumps(asked) + "\n")
        stem.stdin.flush()
        code = int(stem.stdout.readline())
        return subprocess.CompletedProcess(words, code, streams[1].read_bytes(), streams[2].read_bytes())


@cache
def _stem() -> "subprocess.Popen[str]":
    began = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("stem.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "world")])},
    )  # fmt: skip
    atexit.register(began.kill)
    return began


def write(home: Path, name: str, text: str) -> None:
    """A file below mappings/."""
    file = home / "mappings" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
