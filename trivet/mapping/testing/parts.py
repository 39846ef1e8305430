"""The parts of a mapping or rules file that can be tried: its fields and its expressions, by JSON pointer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.files import FileVersion, Library
from trivet.mapping.layers import Layered, load_layered
from trivet.mapping.tables import load_tables

Spec = Mapping[str, Any]
GONE = object()
"""Stands for what a change takes away."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One file with its places; what a file below it in `extends` says is tried by that file's own cases."""

    home: Path
    version: FileVersion
    layered: Layered

    @property
    def name(self) -> str:
        """As a library names it."""
        return self.version.name

    @property
    def data(self) -> Any:
        """The effective file."""
        return self.version.data

    def own(self, pointer: str) -> bool:
        """Whether the file itself says what stands there, none of those that it extends."""
        return self.layered.origin(pointer)[0] is self.layered.layers[0]

    def where(self, pointer: str, offset: int | None = None) -> str:
        """`file:line` below home, of the part or of one character of its text."""
        loaded, there = self.layered.origin(pointer)
        at = loaded.position(there) if offset is None else loaded.locate(there, offset)
        return f"{loaded.file.relative_to(self.home).as_posix()}:{at.line}"

    def called(self, pointer: str) -> str:
        """The pointer for people: rules by name, no leading slash."""
        parts = pointer.split("/")[1:]
        if parts[0] == "rules":
            parts[1] = self.data["rules"][int(parts[1])]["name"]
        return "/".join(parts).replace("~1", "/").replace("~0", "~")

    def library(self, contracts: Contracts, compiler: Any, **changed: Any) -> Library:
        """A library that holds this file alone, with other data or tables in it."""
        version = replace(self.version, **changed)
        return Library(self.home, contracts, compiler, {self.name: version})


def tried_file(home: Path, name: str, contracts: Contracts) -> Tried:
    """The file of that name; `ConfigError` where it is broken."""
    library = Library(home, contracts)
    kind = "rules" if name.startswith("rules/") else "mapping"
    layered = load_layered(name, kind, library.file, contracts)
    tables = load_tables(home, layered.data.get("tables", {}), layered.place, contracts)
    return Tried(home, FileVersion(name, name, kind, layered.data, tables), layered)


def changed(data: Any, pointer: str, value: Any) -> Any:
    """The data with something else at the pointer; only what lies on the way is copied."""
    head, _, rest = pointer[1:].partition("/")
    name: Any = int(head) if isinstance(data, list) else head.replace("~1", "/").replace("~0", "~")
    made = list(data) if isinstance(data, list) else dict(data)
    if rest:
        made[name] = changed(made[name], f"/{rest}", value)
    elif value is GONE:
        del made[name]
    else:
        made[name] = value
    return made
