"""Puts plain data together from YAML events, and remembers where every key and value stood.

Our own composer and not the library's: that one recurses, resolves 010 and 1_000 to numbers, and takes `!!python/object`
for an ordinary mapping.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from trivet.documents.yaml_events import NotQuick, quick_events, worded_events
from trivet.errors import ConfigError

MAX_DEPTH = 40
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NULLS = ("", "~", "null", "Null", "NULL")
_STARTS = ("MappingStartEvent", "SequenceStartEvent")
_ENDS = ("MappingEndEvent", "SequenceEndEvent")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Position(NamedTuple):
    """Where a value stands, counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class _Open:
    """A collection that is being read, and in a mapping the key whose value comes next."""

    pointer: str
    made: Any
    key: str | None = None


@dataclass(slots=True)
class Parts:
    """What composing a file gives: its data and its places by JSON pointer."""

    file: str
    data: Any = None
    positions: dict[str, Position] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _documents: int = 0

    def take(self, event: Any) -> None:
        """Takes the next event in; both readers name their events alike."""
        kind = type(event).__name__
        if kind in _ENDS:
            self._open.pop()
            return
        mark = event.start_mark
        at = Position(mark.line + 1, mark.column + 1)
        self._refuse_surprises(event, kind, at)
        if kind == "ScalarEvent":
            self._scalar(event, at)
        elif kind in _STARTS:
            made: Any = {} if kind == "MappingStartEvent" else []
            pointer = self._place(made, at)
            self._open.append(_Open(pointer, made))
            if len(self._open) > MAX_DEPTH:
                self._refuse("CONFIG_LIMIT", f"nested deeper than {MAX_DEPTH} levels", at)

    def _scalar(self, event: Any, at: Position) -> None:
        around = self._open[-1] if self._open else None
        if around is not None and isinstance(around.made, dict) and around.key is None:
            self._key(around, str(event.value), at)
            return
        text = str(event.value)
        self._place(text if event.style else self._plain(text, at), at)

    def _key(self, around: _Open, key: str, at: Position) -> None:
        if key in around.made:
            self._refuse("CONFIG_DUPLICATE_KEY", f"key {key!r} stands twice", at, "keep one of them")
        around.key = key
        self.keys[f"{around.pointer}/{_escaped(key)}"] = at

    def _place(self, value: Any, at: Position) -> str:
        """Puts the value where it belongs; its pointer."""
        pointer = ""
        if not self._open:
            self.data = value
        else:
            around = self._open[-1]
            if isinstance(around.made, list):
                pointer = f"{around.pointer}/{len(around.made)}"
                around.made.append(value)
            elif around.key is None:
                self._refuse("CONFIG_KEY", "a key has to be plain text", at)
            else:
                pointer = f"{around.pointer}/{_escaped(around.key)}"
                around.made[around.key] = value
                around.key = None
        self.positions[pointer] = at
        return pointer

    def _plain(self, text: str, at: Position) -> Any:
        if text in _NULLS:
            return None
        if text in _BOOLS:
            return _BOOLS[text]
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text) and not text.lstrip("+-").isdigit():
            value = float(text)
            if not math.isfinite(value):
                self._refuse("CONFIG_TYPE", "the number is too large", at)
            return value
        return text

    def _refuse_surprises(self, event: Any, kind: str, at: Position) -> None:
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            self._refuse("CONFIG_ALIAS_FORBIDDEN", "anchors and aliases are not allowed", at, "write it out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._refuse("CONFIG_TAG_FORBIDDEN", f"tag {tag} is not allowed", at, "take it away")
        if kind == "DocumentStartEvent":
            if event.version or event.tags:
                self._refuse("CONFIG_YAML", "directives (%YAML, %TAG) are not allowed", at, "take them away")
            self._documents += 1
            if self._documents > 1:
                at = Position(at.line, 1)
                self._refuse("CONFIG_YAML", "holds a second document", at, "one file, one document")

    def _refuse(self, code: str, message: str, at: Position, cure: str | None = None) -> NoReturn:
        raise ConfigError(message, code=code, place=f"{self.file}:{at.line}:{at.column}", cure=cure)


def compose(file: str, text: str) -> Parts:
    """The file's parts; `ConfigError` says line, column and cure."""
    try:
        return _taken(file, quick_events(text))
    except (NotQuick, ConfigError):
        # the words and the place of a refusal are one reader's, whichever noticed it
        pass
    try:
        return _taken(file, worded_events(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise ConfigError(str(error.problem or "not YAML"), code="CONFIG_YAML", place=at) from None
    except YAMLError as error:
        raise ConfigError(str(error).splitlines()[0], code="CONFIG_YAML", place=file) from None


def _taken(file: str, events: Iterable[Any]) -> Parts:
    parts = Parts(file)
    for event in events:
        parts.take(event)
    return parts


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
