"""A rate budget that all processes of a machine share: one small file per connection, locked while it is read and written.

A pause that a vendor asks for (429) holds the whole connection, not only the call that was told.
"""

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

LONGEST_LOCK = 2.0
"""Seconds; whoever holds the lock needs microseconds, unless it was frozen in the middle."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `per_second` calls on average, `burst` at once."""

    file: Path
    per_second: float
    burst: int = 10

    def wait(self, longest: float) -> float:
        """Takes one call from the budget and waits for its turn; the seconds to wait instead, if more than `longest`."""
        seconds = self._reserve(longest)
        if seconds > longest:
            return seconds
        if seconds > 0:
            time.sleep(seconds)
        return 0.0

    def pause(self, seconds: float) -> None:
        """Nobody calls for this long."""
        with _Locked(self.file) as state:
            state["paused_until"] = max(state.get("paused_until", 0.0), time.time() + seconds)

    def _reserve(self, longest: float) -> float:
        # wall clock, since processes have no monotonic clock in common
        now = time.time()
        with _Locked(self.file) as state:
            # a token a call: `next` is when the bucket will have one; it may lie `burst` calls in the past
            earliest = max(state.get("next", 0.0), now - self.burst / self.per_second)
            turn = max(earliest, state.get("paused_until", 0.0), now)
            if turn - now > longest:
                return turn - now
            state["next"] = max(earliest, state.get("paused_until", 0.0)) + 1 / self.per_second
            return max(0.0, turn - now)


class _Locked:
    """The file's JSON, exclusively, written back on leaving."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> dict[str, float]:
        try:
            self.handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        _lock(self.handle)
        try:
            self.state: dict[str, float] = json.loads(os.read(self.handle, 4096) or b"{}")
        except ValueError:
            self.state = {}  # a torn write of a killed process: a budget may be forgotten
        return self.state

    def __exit__(self, *_: object) -> None:
        text = json.dumps(self.state).encode()
        os.lseek(self.handle, 0, os.SEEK_SET)
        os.write(self.handle, text)
        os.ftruncate(self.handle, len(text))
        os.close(self.handle)


def _lock(handle: int) -> None:
    """The file's lock; after `LONGEST_LOCK` on without it, since a process that is stopped never gives it back."""
    patience = time.monotonic() + LONGEST_LOCK
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > patience:
                return
            time.sleep(0.001)
        else:
            return
