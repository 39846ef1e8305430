"""Findings at the places of one file and of what it extends, by JSON pointer."""

from dataclasses import dataclass
from pathlib import Path

from trivet.documents.yaml_file import Loaded, Position
from trivet.errors import ConfigError
from trivet.mapping.check.finding import Finding
from trivet.mapping.layers import Layered


@dataclass(frozen=True, slots=True)
class Spots:
    """Makes findings; each names the layer that says what is wrong."""

    home: Path
    layered: Layered

    def at(self, pointer: str, code: str, message: str) -> Finding:
        """At the value, or the nearest thing around it."""
        return finding_at(self.home, self.layered.place(pointer), code, message)

    def key(self, pointer: str, code: str, message: str) -> Finding:
        """At the key under which the value stands."""
        loaded, there = self.layered.origin(pointer)
        return self._found(loaded, loaded.key_position(there), code, message)

    def within(self, pointer: str, offset: int, code: str, message: str) -> Finding:
        """At one character of a text."""
        loaded, there = self.layered.origin(pointer)
        return self._found(loaded, loaded.locate(there, offset), code, message)

    def own(self, pointer: str) -> str:
        """The pointer, or that of the same field in `common`."""
        return pointer if self.layered.has(pointer) else f"/common/{pointer.rpartition('/')[2]}"

    def _found(self, loaded: Loaded, at: Position, code: str, message: str) -> Finding:
        return Finding(str(loaded.file.relative_to(self.home)), at.line, at.column, code, message)


def refused(home: Path, file: Path, error: ConfigError) -> Finding:
    """A file that cannot be read at all, as a finding at the place that the error names."""
    place = error.place if error.place and error.place.startswith(str(home)) else str(file)
    cure = f": {error.cure}" if error.cure else ""
    return finding_at(home, place, error.code, error.message + cure)


def finding_at(home: Path, place: str, code: str, message: str) -> Finding:
    """`file:line:column`, or the file alone, as a finding."""
    file, line, column = (*place.removeprefix(f"{home}/").split(":"), "1", "1")[:3]
    return Finding(file, int(line), int(column), code, message)
