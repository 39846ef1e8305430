"""Report files of one tenant: named by a hash, readable by this account alone, whole or not there."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from trivet.flow.definition import Reports
from trivet.reporting.render import Audience, Form

DRAFT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder."""

    folder: Path

    def path(self, name: str, audience: Audience, form: Form) -> Path:
        """Where the report of that assessment lies."""
        return self.folder / f"{_stem(name)}.{audience}.{form}"

    def put(self, name: str, audience: Audience, form: Form, content: bytes) -> Path:
        """Writes or replaces it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.path(name, audience, form)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        draft.replace(path)
        return path

    def holds(self, name: str, reports: Reports) -> bool:
        """Whether everything that the flow wants of it is there."""
        wanted: tuple[Audience, ...] = ("recruiter", "candidate") if reports.candidate else ("recruiter",)
        return all(
            self.path(name, audience, form).exists() for audience in wanted for form in reports.formats
        )

    def drop(self, name: str) -> None:
        """Takes it away."""
        for path in self.folder.glob(f"{_stem(name)}.*"):
            path.unlink(missing_ok=True)

    def sweep(self, names: Iterable[str]) -> None:
        """Takes away every report but those of these assessments."""
        stems = {_stem(name) for name in names}
        for path in self.folder.glob("*.*.*"):
            if path.name.split(".")[0] not in stems and not _in_the_making(path):
                path.unlink(missing_ok=True)


def _stem(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:24]


def _in_the_making(path: Path) -> bool:
    """A draft of another process at work; one whose process was killed is older."""
    with suppress(FileNotFoundError):
        return path.name.startswith(".") and time.time() - path.stat().st_mtime < DRAFT_SECONDS
    return False
