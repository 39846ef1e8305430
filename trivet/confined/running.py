"""Runs one piece of work on a stranger's file in a process with limits on memory, CPU, time and what it writes."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from trivet.confined import program
from trivet.errors import Rejected, Retryable
from trivet.model import Document

# killed by SIGKILL (memory or hard CPU limit), SIGXCPU or SIGXFSZ
_STOPPED = (-9, -24, -25, 137, 152, 153)
_LONGEST = 1024 * 1024
"""Bytes of what a work says of its file."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process may take."""

    memory: int
    """Bytes of address space."""
    cpu: int
    """Seconds of CPU time, and half of the wall time."""
    written: int
    """Bytes of what it writes."""


@dataclass(frozen=True, slots=True)
class Work:
    """A program's part, and whose errors its troubles are."""

    file: str
    """A module's `__file__` with a function `work(file, out, **given)` that answers a JSON object or raises `Refused`."""
    connector: str
    operation: str
    too_much: str
    """Code of a file that needs more than the bounds."""
    failed: str
    """Code of a file over which the process dies."""

    def size(self, file: Path, what: str) -> int:
        """Bytes of the file; `Retryable` where it cannot be read."""
        try:
            return file.stat().st_size
        except OSError as error:
            said = f"cannot read the {what}: {error.strerror}"
            raise Retryable(said, connector=self.connector, operation=self.operation) from None

    def done(self, file: Path, out: IO[bytes] | int, bounds: Bounds, **given: Any) -> tuple[Document, bytes]:
        """What the work says of the file, and what it wrote where `out` is a pipe; `Rejected` with a code otherwise."""
        told = {"memory": bounds.memory, "cpu": bounds.cpu, "bytes": bounds.written, "given": given}
        # isolated, without the environment: the process sees no secret of ours
        command = [sys.executable, "-I", program.__file__, self.file, str(file.resolve()), json.dumps(told)]
        # the limit on what it writes holds for files: a pipe would be read into our memory to its end
        with tempfile.TemporaryFile() as told_back:
            try:
                run = subprocess.run(  # noqa: S603 - our own program
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=told_back,
                    timeout=bounds.cpu * 2,
                    check=False,
                    env={},
                )
            except subprocess.TimeoutExpired:
                raise self.refused(self.too_much, f"to {self.operation} it takes too long") from None
            if run.returncode in _STOPPED:
                raise self.refused(self.too_much, f"to {self.operation} it needs more than it may take")
            said = _last_line(told_back)
        if run.returncode or said is None:
            raise self.refused(
                self.failed, f"the process that had to {self.operation} it died (exit {run.returncode})"
            )
        if "code" in said:
            self._raise(str(said["code"]), str(said["message"]))
        return said, run.stdout or b""

    def _raise(self, code: str, message: str) -> None:
        if code == program.NO_ROOM:
            said = f"what it holds cannot be written: {message}"
            raise Retryable(said, connector=self.connector, operation=self.operation)
        if code == program.TOO_MUCH:
            raise self.refused(self.too_much, f"to {self.operation} it needs more than it may take")
        if code == program.FAILED:
            raise self.refused(self.failed, f"it cannot be read: {message}")
        raise self.refused(code, message)

    def refused(self, code: str, message: str) -> Rejected:
        """The file is set aside."""
        return Rejected(message, connector=self.connector, operation=self.operation, vendor_code=code)


def _last_line(told: IO[bytes]) -> dict[str, Any] | None:
    told.seek(max(0, told.seek(0, os.SEEK_END) - _LONGEST))
    try:
        said = json.loads(told.read().splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return said if isinstance(said, dict) else None
