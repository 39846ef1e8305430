"""Expressions that tell which way they went: each condition runs through a function that notes what it came to.

The text itself is changed, so that conditions in filters and in functions are seen as well, on any engine. Whoever uses it
compares what the changed file makes with what the file makes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trivet.mapping.compile import field_source
from trivet.mapping.engine import Compiler, ExpressionFailed, JlensProgram, Program
from trivet.mapping.tokens import NotUnderstood, Token, conditions, tokens

_BRANCH = "trivet_branch"
_KEY = "trivet_key"


@dataclass(slots=True)
class Probes:
    """What the changed expressions said so far."""

    went: dict[int, set[bool]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    """Every key that something was looked up by."""

    def new(self) -> int:
        """A number for one more condition."""
        self.went[len(self.went)] = set()
        return len(self.went) - 1

    def branch(self, number: int, condition: str) -> str:
        """The condition, noting what it came to."""
        return f"${_BRANCH}({number}, $boolean({condition}))"

    def noted(self, number: Any, value: Any) -> Any:
        """Called by the expressions."""
        self.went[int(number)].add(bool(value))
        return value

    def looked_up(self, key: Any) -> Any:
        """Called by the expressions."""
        self.keys.add(str(key))
        return key

    def compiler(self) -> Compiler:
        """Compiles expressions that may tell."""
        return lambda source: _Telling(JlensProgram(source), {_BRANCH: self.noted, _KEY: self.looked_up})


@dataclass(frozen=True, slots=True)
class _Telling:
    program: Program
    functions: Mapping[str, Any]

    def evaluate(self, document: Any, variables: Mapping[str, Any], now: datetime) -> Any:
        """See `Program`."""
        return self.program.evaluate(document, {**variables, **self.functions}, now)


def with_branches(source: str, probes: Probes) -> tuple[str, list[tuple[int, int, str]]]:
    """The expression with every ternary's condition told; for each its number, offset and text.

    `NotUnderstood` where the expression cannot be taken apart.
    """
    found = sorted(conditions(tokens(source)), key=lambda condition: condition.start)
    told, edits = [], []
    for condition in found:
        number = probes.new()
        told.append((number, condition.start, source[condition.start : condition.mark].strip()))
        edits += [(condition.start, f"${_BRANCH}({number}, $boolean("), (condition.mark, "))")]
    for at, words in sorted(edits, reverse=True):
        source = source[:at] + words + source[at:]
    if found and not compiles(source):
        raise NotUnderstood(source)
    return source, told


def with_keys(source: str) -> str:
    """The expression with the key of every `$lookup` told."""
    found = tokens(source)
    edits: list[tuple[int, str]] = []
    for i, token in enumerate(found[:-1]):
        if token.text == "$lookup" and found[i + 1].text == "(":
            edits += _second_argument(found, i + 1)
    for at, words in sorted(edits, reverse=True):
        source = source[:at] + words + source[at:]
    if not compiles(source):
        raise NotUnderstood(source)
    return source


def _second_argument(found: list[Token], opened: int) -> list[tuple[int, str]]:
    depth, began = 0, None
    for token in found[opened:]:
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if token.kind == "sign" and token.text == "," and depth == 1:
            began = token.end
        if depth == 0:
            return [] if began is None else [(began, f" ${_KEY}("), (token.start, ")")]
    return []


def compiles(source: str) -> bool:
    """Whether the engine takes the text."""
    try:
        JlensProgram(source)
    except ExpressionFailed:
        return False
    return True


def telling_field(spec: Mapping[str, Any], hit: int | None, there: int | None) -> dict[str, Any]:
    """The field with its look-up (whether the row is there) and its default (whether a value is) spelt out and told."""
    made = {
        k: v for k, v in spec.items() if k not in ("from", "expr", "value", "lookup", "column", "default")
    }
    base = {k: spec[k] for k in ("from", "expr", "value") if k in spec}
    source = field_source(base)
    if hit is not None:
        key = f"$exists($k) and $k != null ? ${_KEY}($string($k))"
        row = f"$exists($lookup($tables.`{spec['lookup']}`, {key}))"
        whole = field_source({**base, "lookup": spec["lookup"], "column": spec.get("column", "value")})
        source = f"($k := {source}; $exists($k) and $k != null ? ${_BRANCH}({hit}, {row}); {whole})"
    if there is not None:
        otherwise = field_source({"value": spec["default"]})
        told = f"${_BRANCH}({there}, $exists($d) and $d != null)"
        source = f"($d := {source}; {told} ? $d : {otherwise})"
    return {**made, "expr": source}
