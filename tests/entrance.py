"""The command line through its real entrance, in a process of its own that does not pay for the imports."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORLD = ROOT / "tests" / "world"
SECONDS = 120


def trivet(
    *words: str, environment: Mapping[str, str], given: bytes = b"", cpu: int = 0, memory: int = 0
) -> "subprocess.CompletedProcess[bytes]":
    """What the command said, with this environment and no other.

    It is killed by the system where it takes longer than two minutes, or more `cpu` seconds and bytes of `memory` than it may
    (0: whatever it likes).
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("in", "out", "err")]
        for stream in streams:
            stream.write_bytes(given if stream.name == "in" else b"")
        asked = {
            "words": words, "environment": dict(environment), "folder": str(Path.cwd()), "seconds": SECONDS,
            "streams": [str(stream) for stream in streams], "cpu": cpu, "memory": memory,
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
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(WORLD)])},
    )  # fmt: skip
    atexit.register(_end, began)
    return began


def _end(stem: "subprocess.Popen[str]") -> None:
    stem.kill()
    stem.communicate()
