"""Reads the YAML files that people edit: YAML 1.2, closed to surprises, every complaint with file, line and column.

Refused: tags, anchors and aliases (a bomb of them loads in no time and explodes later), duplicate keys, directives, and
values of another type than the schema says. `NO` is text here, never false; so are 010, 0x1f, 1_000 and 2026-01-01.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.documents.contracts import Contracts, Violation
from trivet.documents.yaml_parts import Parts, Position, compose
from trivet.errors import ConfigError

MAX_BYTES = 1_000_000
_CODES = {"SCHEMA_ADDITIONALPROPERTIES": "CONFIG_UNKNOWN_KEY", "SCHEMA_REQUIRED": "CONFIG_MISSING"}

__all__ = ["Loaded", "Position", "complaints", "load_yaml", "read_yaml"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's data with the position of every value and key by JSON pointer."""

    file: Path
    data: Any
    positions: dict[str, Position]
    text: str
    keys: dict[str, Position]

    def position(self, pointer: str) -> Position:
        """The place of the value, or of the nearest one around it."""
        while pointer and pointer not in self.positions:
            pointer = pointer.rpartition("/")[0]
        return self.positions.get(pointer, Position(1, 1))

    def key_position(self, pointer: str) -> Position:
        """The place of the key under which the value stands."""
        return self.keys.get(pointer) or self.position(pointer)

    def locate(self, pointer: str, offset: int) -> Position:
        """The place of one character of a text; its start where the text is folded or wrapped over lines."""
        start = self.position(pointer)
        lines = self.text.splitlines()
        if pointer not in self.positions or start.line > len(lines):
            return start
        style = lines[start.line - 1][start.column - 1 : start.column]
        if style == "|":
            return _in_block(lines, start, self._text_at(pointer), offset)
        if style == ">" or "\n" in self._text_at(pointer):
            return start
        if style == "'":
            # two quotes in the file are one in the text
            quotes = self._text_at(pointer)[:offset].count("'")
            return Position(start.line, start.column + 1 + offset + quotes)
        return Position(start.line, start.column + offset + (style == '"'))

    def place(self, pointer: str) -> str:
        """`file:line:column`."""
        at = self.position(pointer)
        return f"{self.file}:{at.line}:{at.column}"

    def _text_at(self, pointer: str) -> str:
        value = self.data
        for part in pointer.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        return str(value)


def read_yaml(file: Path) -> Loaded:
    """The file's plain data; `ConfigError` says file, line, column and cure."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", code="CONFIG_FILE", place=str(file)) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"larger than {MAX_BYTES} bytes", code="CONFIG_LIMIT", place=str(file))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"not UTF-8 at byte {error.start}",
            code="CONFIG_ENCODING",
            place=str(file),
            cure="save it as UTF-8",
        ) from None
    parts: Parts = compose(str(file), text)
    return Loaded(file, parts.data, parts.positions, text, parts.keys)


def load_yaml(file: Path, kind: str, contracts: Contracts | None = None) -> Loaded:
    """The file, judged by the schema of its kind; `ConfigError` tells the first complaint and how many more there are."""
    loaded = read_yaml(file)
    found = list(complaints(loaded, kind, contracts or Contracts.packaged()))
    if found:
        place, violation = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ConfigError(
            f"{violation.pointer or 'the file'} {violation.message}{more}",
            code=violation.code,
            place=place,
            cure="`trivet check` lists every finding",
        )
    return loaded


def complaints(loaded: Loaded, kind: str, contracts: Contracts) -> Iterator[tuple[str, Violation]]:
    """Every broken rule of the file's schema, with its place."""
    for violation in contracts.check(kind, loaded.data):
        code = _CODES.get(violation.code, violation.code.replace("SCHEMA_", "CONFIG_"))
        at = violation_position(loaded, code, violation.pointer)
        place = f"{loaded.file}:{at.line}:{at.column}"
        yield place, Violation(violation.pointer, code, violation.message)


def violation_position(loaded: Loaded, code: str, pointer: str) -> Position:
    """Where a person has to look: at the key that is unknown, else at the value."""
    return loaded.key_position(pointer) if code == "CONFIG_UNKNOWN_KEY" else loaded.position(pointer)


def _in_block(lines: list[str], start: Position, text: str, offset: int) -> Position:
    below = lines[start.line :]
    indent = next((len(line) - len(line.lstrip(" ")) for line in below if line.strip()), 0)
    before = text[:offset]
    return Position(start.line + 1 + before.count("\n"), indent + len(before) - (before.rfind("\n") + 1) + 1)
