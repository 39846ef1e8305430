"""Changes single values of a YAML text and leaves every other character as it is: comments, order, quoting, blank lines.

Dumping the whole file again would not: a dumper has its own mind about widths, indents and quotes.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from trivet.documents.yaml_parts import compose
from trivet.mapping.testing.compare import same_exactly

Collection = MappingNode | SequenceNode
_WIDTH = 100
# anything that some reader of YAML may take for another type, or for syntax, is quoted
_PLAIN = re.compile(r"[^\W\d_][\w./|（）—–-]*( [\w(][\w./|()（）—–-]*)*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(slots=True)
class Splice:
    """The text with the changes asked for so far, which `text()` makes all at once."""

    source: str
    _edits: list[tuple[int, int, str]] = field(default_factory=list)
    _root: Any = None
    _values: dict[Node, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._root = YAML(pure=True).compose(self.source)
        # the files' own reader says what a plain word is: a number, a date, a text
        self._note(self._root, compose("", self.source).data)

    def _note(self, node: Node, value: Any) -> None:
        self._values[node] = value
        if isinstance(node, MappingNode):
            for key, inner in node.value:
                self._note(inner, value[key.value])
        elif isinstance(node, SequenceNode):
            for item, inner in zip(node.value, value, strict=True):
                self._note(item, inner)

    def put(self, path: list[str | int], value: Any) -> None:
        """What stands there from now on: a value that is there changes, a last key that is not is added."""
        node = self._root
        for name in path[:-1]:
            node = _child(node, name)
        old = _child(node, path[-1])
        if old is not None:
            self._change(old, value, node)
        else:
            self._add(node, str(path[-1]), value)

    def text(self) -> str:
        """The changed text."""
        made = self.source
        for start, end, words in sorted(self._edits, reverse=True):
            made = made[:start] + words + made[end:]
        return made

    def _change(self, node: Node, new: Any, around: Collection) -> None:
        if same_exactly(self._values[node], new):
            return
        if isinstance(node, MappingNode) and isinstance(new, dict) and new and self._mapping(node, new):
            return
        if isinstance(node, SequenceNode) and isinstance(new, list) and new and self._sequence(node, new):
            return
        self._replace(node, new, around)

    def _mapping(self, node: MappingNode, new: dict[str, Any]) -> bool:
        """Whether the entries could be changed one by one."""
        entries = {key.value: (key, value) for key, value in node.value}
        gone = [name for name in entries if name not in new]
        more = [name for name in new if name not in entries]
        if node.flow_style and (gone or more):
            self._edits.append((node.start_mark.index, node.end_mark.index, self._flow(node, new)))
            return True
        if len(gone) == len(entries) or not all(self._alone(entries[name][0]) for name in gone):
            return False
        for name in new.keys() & entries.keys():
            self._change(entries[name][1], new[name], node)
        for name in gone:
            self._drop(entries[name][0].start_mark.index, self._end(entries[name][1]))
        for name in more:
            self._add(node, name, new[name])
        return True

    def _sequence(self, node: SequenceNode, new: list[Any]) -> bool:
        """Whether the items could be changed one by one."""
        if len(node.value) != len(new):
            if node.flow_style:
                self._edits.append((node.start_mark.index, node.end_mark.index, self._flow(node, new)))
                return True
            return False
        for item, value in zip(node.value, new, strict=True):
            self._change(item, value, node)
        return True

    def _replace(self, node: Node, new: Any, around: Collection) -> None:
        start, end = node.start_mark.index, self._end(node)
        quoted = isinstance(node, ScalarNode) and node.style in ("'", '"')
        if around.flow_style:
            words = _json(new) if quoted and isinstance(new, str) else flow(new)
        elif not isinstance(node, MappingNode | SequenceNode) or node.flow_style:
            column = around.start_mark.column + 2
            words = _json(new) if quoted and isinstance(new, str) else _beside(new, column)
            if words.startswith("\n"):
                start = len(self.source[:start].rstrip(" "))
        else:
            words = _block(new, node.start_mark.column)
        self._edits.append((start, end, words))

    def _add(self, node: MappingNode, name: str, value: Any) -> None:
        if node.flow_style:
            at = node.end_mark.index - 1
            self._edits.append((at, at, f"{', ' if node.value else ''}{_scalar(name)}: {flow(value)}"))
            return
        column = node.start_mark.column
        at = self._line_end(self._end(node))
        words = _beside(value, column + 2)
        between = "" if words.startswith("\n") else " "
        self._edits.append((at, at, f"\n{' ' * column}{_scalar(name)}:{between}{words}"))

    def _flow(self, node: Node, new: Any) -> str:
        """The collection on one line, with the words of what stays."""
        if same_exactly(self._values[node], new):
            return self.source[node.start_mark.index : node.end_mark.index]
        if isinstance(node, MappingNode) and isinstance(new, dict):
            old = {key.value: (key, value) for key, value in node.value}
            parts = []
            for name in [*(n for n in old if n in new), *(n for n in new if n not in old)]:
                said = self.source[slice(*_marks(old[name][0]))] if name in old else _scalar(name)
                parts.append(
                    f"{said}: {self._flow(old[name][1], new[name]) if name in old else flow(new[name])}"
                )
            return "{" + ", ".join(parts) + "}"
        if isinstance(node, SequenceNode) and isinstance(new, list):
            kept = [self._flow(*pair) for pair in zip(node.value, new, strict=False)]
            return "[" + ", ".join([*kept, *map(flow, new[len(kept) :])]) + "]"
        return flow(new)

    def _alone(self, key: Node) -> bool:
        line = self.source.rfind("\n", 0, key.start_mark.index) + 1
        return not self.source[line : key.start_mark.index].strip()

    def _drop(self, start: int, end: int) -> None:
        self._edits.append((self.source.rfind("\n", 0, start) + 1, self._line_end(end) + 1, ""))

    def _end(self, node: Node) -> int:
        """Where what the node says ends, without the blank lines and comments after it."""
        if isinstance(node, ScalarNode):
            start, end = _marks(node)
            return start + len(self.source[start:end].rstrip()) if node.style in ("|", ">") else end
        assert isinstance(node, MappingNode | SequenceNode)
        if node.flow_style or not node.value:
            return int(node.end_mark.index)
        last = node.value[-1]
        return self._end(last[1] if isinstance(node, MappingNode) else last)

    def _line_end(self, at: int) -> int:
        found = self.source.find("\n", at)
        return len(self.source) if found < 0 else found


def _marks(node: Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


def _child(node: Any, name: str | int) -> Any:
    if isinstance(node, SequenceNode):
        return node.value[int(name)]
    return next((value for key, value in node.value if key.value == name), None)


def flow(value: Any) -> str:
    """The value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(name)}: {flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def _beside(value: Any, column: int) -> str:
    """The value after its key: on the same line where it is short, else below, indented to the column."""
    if isinstance(value, str) and "\n" in value and _literal(value):
        indented = "\n".join(
            f"{' ' * column}{line}" if line else "" for line in value.rstrip("\n").split("\n")
        )
        return f"|{'' if value.endswith(chr(10)) else '-'}\n{indented}"
    line = flow(value)
    if len(line) + column <= _WIDTH or not isinstance(value, dict | list) or not value:
        return line
    return f"\n{' ' * column}{_block(value, column)}"


def _block(value: Any, column: int) -> str:
    """The value over lines; the first one is not indented."""
    if not isinstance(value, dict | list) or not value:
        return flow(value)
    lines = []
    if isinstance(value, list):
        lines = [f"- {item}" for item in (_item(entry, column + 2) for entry in value)]
    else:
        for name, inner in value.items():
            words = _beside(inner, column + 2)
            lines.append(f"{_scalar(name)}:{'' if words.startswith(chr(10)) else ' '}{words}")
    return f"\n{' ' * column}".join(lines)


def _item(value: Any, column: int) -> str:
    line = flow(value)
    return line if len(line) + column <= _WIDTH else _block(value, column)


def _literal(text: str) -> bool:
    lines = text.split("\n")
    fits = all(line.isprintable() and line == line.rstrip() for line in lines)
    return fits and not text.startswith((" ", "\n")) and not text.endswith("\n\n")


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else _json(value)


def _json(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08X}" for char in quoted)
