"""The tokens of an OAuth client, shared by all processes of this machine.

A refresh token serves once and brings the next: whoever refreshes holds the file, and the new pair is on the disk before it
is used. A pair that is lost between the answer and the disk has to be authorised anew by a person.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Pair = tuple[str, str]
"""Access token and refresh token."""


class Tokens:
    """Those of one connection."""

    def __init__(self, file: Path, given: str) -> None:
        self.file, self.given = file, given

    def access(self, refused: str | None, renew: Callable[[str], Pair]) -> str:
        """An access token that is not the refused one; `renew` turns a refresh token into a pair."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            known = self._read(handle)
            if known["access"] and known["access"] != refused:
                return str(known["access"])
            access, refresh = renew(known["refresh"])
            self._write(handle, {"given": known["given"], "access": access, "refresh": refresh})
            return access
        finally:
            os.close(handle)

    def _read(self, handle: int) -> dict[str, Any]:
        mark = hashlib.sha256(self.given.encode()).hexdigest()
        try:
            known: dict[str, Any] = json.loads(os.pread(handle, os.fstat(handle).st_size, 0))
            if known["given"] == mark and known["refresh"]:
                return known
        except (ValueError, KeyError, TypeError):
            pass
        # the connection was given another refresh token, or nothing was kept yet
        return {"given": mark, "access": None, "refresh": self.given}

    def _write(self, handle: int, known: dict[str, Any]) -> None:
        text = json.dumps(known).encode()
        os.pwrite(handle, text, 0)
        os.ftruncate(handle, len(text))
        os.fsync(handle)
