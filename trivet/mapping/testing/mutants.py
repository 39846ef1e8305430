"""Small wrong versions of a mapping or rules file: each changes one thing that some case should care about.

>=  becomes  >, <, =        and so on for every comparison
9   becomes  10, 8          beside a comparison also 9.1 and 8.9; a number with decimals moves by a tenth
and becomes  or             and the other way round
a ? b : c                   its condition is turned round; a `when` always or never holds
required, max_length, max_bytes, type, encoding, default, when    are taken away; a limit moves by one
value                       is another constant
a row of a table            is taken away, or trades a value with another row
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from trivet.documents.yaml_file import read_yaml
from trivet.mapping.expressions import expressions_of, fields_of
from trivet.mapping.layers import escaped
from trivet.mapping.testing.parts import GONE, Tried, changed
from trivet.mapping.tokens import COMPARING, NotUnderstood, Token, comparing, conditions, tokens

_FLIPPED = {
    ">=": (">", "<", "="), ">": (">=", "<"), "<=": ("<", ">", "="), "<": ("<=", ">"), "=": ("!=",), "!=": ("=",),
}  # fmt: skip
_DEMANDS = ("required", "max_length", "max_bytes", "type", "encoding", "default", "when")
_LIMITS = ("max_length", "max_bytes")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `text` names it in `equivalent` of the test file, whatever line it is on."""

    where: str
    """`file:line`"""
    text: str
    pointer: str = ""
    """What is changed in the file; empty where a table is."""
    value: Any = None
    table: str = ""
    rows: Any = None
    """The table's rows with the change."""

    def applied(self, tried: Tried) -> dict[str, Any]:
        """What of the file is another."""
        if self.table:
            return {"tables": {**tried.version.tables, self.table: self.rows}}
        return {"data": changed(tried.data, self.pointer, self.value)}


def mutants_of(tried: Tried, keys: set[str] | None) -> list[Mutant]:
    """Every mutant of the file, each with a text of its own; of tables only rows with these keys (None: all)."""
    seen: dict[str, int] = {}
    made = []
    for mutant in (*_expressions(tried), *_fields(tried), *_tables(tried, keys)):
        seen[mutant.text] = count = seen.get(mutant.text, 0) + 1
        made.append(mutant if count == 1 else replace(mutant, text=f"{mutant.text} ({count})"))
    return made


def _expressions(tried: Tried) -> Iterator[Mutant]:
    for pointer, source in expressions_of(tried.data):
        if not tried.own(pointer):
            continue
        if pointer.endswith("/when"):
            yield from _whens(tried, pointer, source)
        try:
            found = tokens(source)
            changes = [*_operators(found), *_numbers(found), *_branches(source, found)]
        except NotUnderstood:
            continue
        for start, end, words in sorted(changes):
            # blanks keep a word from growing together with its neighbour
            value = f"{source[:start]}{words}{source[end:]}"
            before, after = _around(source, found, start, end, words)
            where, called = tried.where(pointer, start), tried.called(pointer)
            yield Mutant(where, f"{called}: `{before}` becomes `{after}`", pointer, value)


def _whens(tried: Tried, pointer: str, source: str) -> Iterator[Mutant]:
    for held, word in (("true", "always"), ("false", "never")):
        if source.strip() != held:
            yield Mutant(tried.where(pointer), f"{tried.called(pointer)}: {word} holds", pointer, held)


Change = tuple[int, int, str]


def _operators(found: list[Token]) -> Iterator[Change]:
    for token in comparing(found):
        yield from ((token.start, token.end, other) for other in _FLIPPED[token.text])
    for token in found:
        if token.kind == "word" and token.text in ("and", "or"):
            yield token.start, token.end, "or" if token.text == "and" else "and"


def _numbers(found: list[Token]) -> Iterator[Change]:
    for i, token in enumerate(found):
        if token.kind != "number":
            continue
        beside = any(near.text in COMPARING for near in found[max(0, i - 1) : i + 2])
        yield from ((token.start, token.end, text) for text in _other_numbers(token.text, beside))


def _other_numbers(text: str, boundary: bool) -> list[str]:
    value = float(text)
    whole = value.is_integer() and "." not in text
    steps = ([1.0, -1.0] if whole else []) + ([0.1, -0.1] if boundary or not whole else [])
    return [_number(value + step) for step in steps if value + step >= 0]


def _number(value: float) -> str:
    return f"{round(value, 6):g}" if not value.is_integer() else str(int(value))


def _branches(source: str, found: list[Token]) -> Iterator[Change]:
    for condition in conditions(found):
        text = source[condition.start : condition.mark].rstrip()
        yield condition.start, condition.start + len(text), f"$not({text})"


def _around(source: str, found: list[Token], start: int, end: int, words: str) -> tuple[str, str]:
    """The changed words with their neighbours, before and after."""
    if words.startswith("$not("):
        return _short(source[start:end]), _short(words)
    inside = [i for i, token in enumerate(found) if token.start >= start and token.end <= end]
    first, last = found[max(0, inside[0] - 2)].start, found[min(len(found) - 1, inside[-1] + 1)].end
    return _short(source[first:last]), _short(source[first:start] + words + source[end:last])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _fields(tried: Tried) -> Iterator[Mutant]:
    for pointer, spec in fields_of(tried.data):
        if not tried.own(pointer):
            continue
        where, called = tried.where(pointer), tried.called(pointer)
        for name in _DEMANDS:
            if spec.get(name) not in (None, False):
                at = f"{pointer}/{name}"
                yield Mutant(tried.where(at), f"{called}: without `{name}`", at, GONE)
        for name in _LIMITS:
            for limit in (spec[name] + 1, spec[name] - 1) if name in spec else ():
                if limit > 0:
                    at = f"{pointer}/{name}"
                    yield Mutant(tried.where(at), f"{called}: `{name}` {limit}", at, limit)
        if "value" in spec:
            for other in _other_values(spec["value"]):
                yield Mutant(where, f"{called}: `value` {other!r}", f"{pointer}/value", other)


def _other_values(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1]
    return [f"{value} x"] if isinstance(value, str) else []


def _tables(tried: Tried, keys: set[str] | None) -> Iterator[Mutant]:
    for name, rows in tried.version.tables.items():
        if not tried.own(f"/tables/{escaped(name)}"):
            continue
        path = tried.data["tables"][name]
        lines = _lines(tried, path)
        for key, row in rows.items():
            if keys is not None and key not in keys:
                continue
            where = f"mappings/{path}:{lines.get(key, 1)}"
            less = {k: r for k, r in rows.items() if k != key}
            yield Mutant(where, f"{path}: without the row `{key}`", table=name, rows=less)
            for column, value in row.items():
                other = _other_row(rows, column, value)
                if other is not None:
                    said = f"{path}: `{column}` of `{key}` and `{other}` swapped"
                    traded = {
                        key: {**row, column: rows[other][column]},
                        other: {**rows[other], column: value},
                    }
                    yield Mutant(where, said, table=name, rows={**rows, **traded})


def _other_row(rows: Any, column: str, value: str) -> str | None:
    found: Iterable[str] = (key for key, row in rows.items() if column in row and row[column] != value)
    return next(iter(found), None)


def _lines(tried: Tried, path: str) -> dict[str, int]:
    file = tried.home / "mappings" / path
    if file.suffix == ".yaml":
        loaded = read_yaml(file)
        return {key: loaded.position(f"/rows/{escaped(key)}").line for key in loaded.data["rows"]}
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text)
        return {cells[0]: reader.line_num for cells in reader if cells}
