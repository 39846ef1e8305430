"""The form of one file that people edit: whether it can be read, what editors know of it, what its schema says."""

from pathlib import Path

from trivet.documents import Contracts
from trivet.documents.yaml_file import Loaded, complaints, read_yaml, violation_position
from trivet.errors import ConfigError
from trivet.mapping.check.editor import head
from trivet.mapping.check.finding import Finding
from trivet.mapping.check.spots import refused


def form(home: Path, file: Path, kind: str, contracts: Contracts) -> tuple[Loaded | None, list[Finding]]:
    """The file with the findings about its form; None in its place where nothing further can be asked of it."""
    try:
        loaded = read_yaml(file)
    except ConfigError as error:
        return None, [refused(home, file, error)]
    broken = [
        placed(home, loaded, v.pointer, v.code, f"{v.pointer} {v.message}")
        for _, v in complaints(loaded, kind, contracts)
    ]
    return None if broken else loaded, [*head(home, loaded, kind), *broken]


def placed(home: Path, loaded: Loaded, pointer: str, code: str, message: str) -> Finding:
    """A finding at the place where a person has to look."""
    at = violation_position(loaded, code, pointer)
    return Finding(str(loaded.file.relative_to(home)), at.line, at.column, code, message)
