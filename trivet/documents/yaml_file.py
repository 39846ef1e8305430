"""Reads the YAML files that people edit: YAML 1.2, closed to surprises, every complaint with file, line and column.

Refused: tags, aliases (a bomb of them loads in no time and explodes later), duplicate keys, and values of another type than
the schema says (`NO` is text here, never false).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from trivet.documents.contracts import Contracts, Violation
from trivet.errors import ConfigError

_TAG = "tag:yaml.org,2002:"
MAX_BYTES = 1_000_000
MAX_DEPTH = 40
_CODES = {"SCHEMA_ADDITIONALPROPERTIES": "CONFIG_UNKNOWN_KEY", "SCHEMA_REQUIRED": "CONFIG_MISSING"}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a value stands, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's data with the position of every value by JSON pointer."""

    file: Path
    data: Any
    positions: dict[str, Position]
    text: str

    def position(self, pointer: str) -> Position:
        """The place of the value, or of the nearest one around it."""
        while pointer and pointer not in self.positions:
            pointer = pointer.rpartition("/")[0]
        return self.positions.get(pointer, Position(1, 1))

    def place(self, pointer: str) -> str:
        """`file:line:column`."""
        at = self.position(pointer)
        return f"{self.file}:{at.line}:{at.column}"


def read_yaml(file: Path) -> Loaded:
    """The file's plain data; `ConfigError` says file, line, column and cure."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", code="CONFIG_FILE", place=str(file)) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"larger than {MAX_BYTES} bytes", code="CONFIG_LIMIT", place=str(file))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"not UTF-8 at byte {error.start}",
            code="CONFIG_ENCODING",
            place=str(file),
            cure="save it as UTF-8",
        ) from None
    positions: dict[str, Position] = {}
    try:
        _refuse_aliases(file, text)
        node = YAML(typ="safe", pure=True).compose(StringIO(text))
        data = _value(file, node, "", positions, 0) if node is not None else None
    except RecursionError:
        raise ConfigError("nested too deeply", code="CONFIG_LIMIT", place=str(file)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
        raise ConfigError(str(error.problem or "not YAML"), code="CONFIG_YAML", place=at) from None
    except YAMLError as error:
        raise ConfigError(str(error).splitlines()[0], code="CONFIG_YAML", place=str(file)) from None
    return Loaded(file, data, positions, text)


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
        yield loaded.place(violation.pointer), Violation(violation.pointer, code, violation.message)


def _refuse_aliases(file: Path, text: str) -> None:
    for event in YAML(typ="safe", pure=True).parse(StringIO(text)):
        at = f"{file}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise ConfigError(
                "anchors and aliases are not allowed",
                code="CONFIG_ALIAS_FORBIDDEN",
                place=at,
                cure="write it out",
            )


def _value(file: Path, node: Node, pointer: str, positions: dict[str, Position], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ConfigError("nested too deeply", code="CONFIG_LIMIT", place=str(file))
    at = Position(node.start_mark.line + 1, node.start_mark.column + 1)
    positions[pointer] = at
    tag = str(node.tag)
    if not tag.startswith(_TAG):
        raise ConfigError(
            f"tag {tag} is not allowed", code="CONFIG_TAG_FORBIDDEN", place=f"{file}:{at.line}:{at.column}"
        )
    if isinstance(node, ScalarNode):
        return _scalar(file, node, tag.removeprefix(_TAG), at)
    if isinstance(node, SequenceNode):
        return [
            _value(file, entry, f"{pointer}/{i}", positions, depth + 1) for i, entry in enumerate(node.value)
        ]
    assert isinstance(node, MappingNode)
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in made:
            place = f"{file}:{key_node.start_mark.line + 1}:{key_node.start_mark.column + 1}"
            raise ConfigError(
                f"key {key!r} stands twice", code="CONFIG_DUPLICATE_KEY", place=place, cure="keep one of them"
            )
        escaped = key.replace("~", "~0").replace("/", "~1")
        made[key] = _value(file, value_node, f"{pointer}/{escaped}", positions, depth + 1)
    return made


def _scalar(file: Path, node: ScalarNode, kind: str, at: Position) -> Any:
    text = str(node.value)
    if kind in ("str", "timestamp") or node.style is not None:
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind not in ("int", "float"):
        place = f"{file}:{at.line}:{at.column}"
        raise ConfigError(f"a value of type {kind} is not allowed", code="CONFIG_TAG_FORBIDDEN", place=place)
    try:
        return int(text, 10) if kind == "int" else float(text)
    except ValueError:
        return text
