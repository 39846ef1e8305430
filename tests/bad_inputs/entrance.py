"""The command line as a stranger would start it, in a process that may take 4 seconds of CPU and little memory."""

import os
import resource
import subprocess
import sys
from pathlib import Path

CPU_SECONDS, MEMORY = 6, 1 << 30
"""Start-up included: about a second, and half a gigabyte of address space of which little is touched."""


def trivet(home: Path, *words: str, given: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    """What the command said; killed by the system where it takes more than it may."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    return subprocess.run(
        [sys.executable, "-m", "trivet.cli", *words],
        input=given,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TRIVET_HOME": str(home), "COLUMNS": "300"},
        preexec_fn=limited,
        timeout=120,
    )


def write(home: Path, name: str, text: str) -> None:
    """A file below mappings/."""
    file = home / "mappings" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
