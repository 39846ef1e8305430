"""The command line as a stranger would start it, in a process that may take a few seconds of CPU and little memory."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import entrance

CPU_SECONDS, MEMORY = 5, 1 << 29
"""What one command may take, in address space beyond what its imports have."""


def trivet(
    home: Path, *words: str, given: bytes = b"", environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """What the command said; killed by the system where it takes more than it may."""
    there = {**os.environ, "TRIVET_HOME": str(home), "COLUMNS": "300", **(environment or {})}
    return entrance.trivet(*words, environment=there, given=given, cpu=CPU_SECONDS, memory=MEMORY)


def write(home: Path, name: str, text: str) -> None:
    """A file below mappings/."""
    file = home / "mappings" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
