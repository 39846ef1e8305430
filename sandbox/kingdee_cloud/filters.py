"""FilterString: comparisons joined by `and` and `or`, brackets, lists; as SQL would read it."""

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from ..store import Json

Test = Callable[[Json], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<mark><>|>=|<=|[=<>(),]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "<>": ne, ">=": ge, ">": gt, "<=": le, "<": lt}


def parse(text: str) -> Test:
    """The test; ValueError where it is malformed."""
    if not text.strip():
        return lambda _: True
    reader = _Reader(text)
    test = reader.either()
    if reader.tokens:
        raise ValueError("malformed FilterString")
    return test


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError("malformed FilterString")
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind)))
            at = match.end()

    def either(self) -> Test:
        parts = [self.both()]
        while self.word("or"):
            parts.append(self.both())
        return lambda row: any(test(row) for test in parts)

    def both(self) -> Test:
        parts = [self.one()]
        while self.word("and"):
            parts.append(self.one())
        return lambda row: all(test(row) for test in parts)

    def one(self) -> Test:
        if self.mark("("):
            test = self.either()
            self.expect(")")
            return test
        kind, name = self.take()
        if kind != "word":
            raise ValueError("malformed FilterString")
        if self.word("in"):
            self.expect("(")
            values = [self.value()]
            while self.mark(","):
                values.append(self.value())
            self.expect(")")
            return lambda row: shown(row, name) in values
        if self.word("like"):
            needle = self.value().strip("%")
            return lambda row: needle in shown(row, name)
        kind, operator = self.take()
        if operator not in _COMPARE:
            raise ValueError("malformed FilterString")
        value, compare = self.value(), _COMPARE[operator]
        return lambda row: compare(shown(row, name), value)

    def value(self) -> str:
        kind, raw = self.take()
        if kind not in ("text", "number"):
            raise ValueError("malformed FilterString")
        return raw[1:-1].replace("''", "'") if kind == "text" else raw

    def take(self) -> tuple[str, str]:
        if not self.tokens:
            raise ValueError("malformed FilterString")
        return self.tokens.pop(0)

    def word(self, word: str) -> bool:
        return self._next(lambda kind, text: kind == "word" and text.lower() == word)

    def mark(self, mark: str) -> bool:
        return self._next(lambda kind, text: kind == "mark" and text == mark)

    def expect(self, mark: str) -> None:
        if not self.mark(mark):
            raise ValueError("malformed FilterString")

    def _next(self, wanted: Callable[[str, str], bool]) -> bool:
        if self.tokens and wanted(*self.tokens[0]):
            self.tokens.pop(0)
            return True
        return False


def shown(row: Json, name: str) -> str:
    """A field's value as text; behind the dot is a field of what it refers to."""
    return str(row.get(name.split(".")[0], ""))
