"""One thing to mend, and how it is shown: `file:line:column: code: message`, the line, and a caret below the character."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

WARNINGS = frozenset(
    {
        "ACCESS_SITE",
        "EDITOR_HEAD",
        "FALSY_ZERO",
        "FIELD_LENGTH",
        "INT_PRECISION",
        "NUMERIC_ID",
        "REQUIRED_NOT_DEMANDED",
        "SINGLETON",
    }
)
"""Legal, and most likely not meant; everything else would fail or harm."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend; lines and columns count from 1."""

    file: str
    line: int
    column: int
    code: str
    message: str

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return "warning" if self.code in WARNINGS else "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "severity": self.severity}


def shown(home: Path, findings: Iterable[Finding]) -> Iterator[str]:
    """Each finding with the line that it speaks of, and a caret below the character."""
    lines: dict[str, list[str]] = {}
    for finding in findings:
        yield f"{finding} ({finding.severity})" if finding.severity == "warning" else str(finding)
        if finding.file not in lines:
            lines[finding.file] = _lines(home / finding.file)
        if finding.line <= len(lines[finding.file]):
            line = lines[finding.file][finding.line - 1].rstrip()
            number = f"{finding.line:5d} | "
            yield number + line
            yield " " * (len(number) - 2) + "| " + _blank(line[: finding.column - 1]) + "^"


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    except OSError:
        return []


def _blank(text: str) -> str:
    """Blanks as wide as the text: a Chinese character takes two columns, a combining one none."""
    return "".join("\t" if character == "\t" else " " * _width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
