"""What is legal JSONata and yet not what was meant.

FALSY_ZERO      a test on a number's truth loses 0: `score ? score : 5`
SINGLETON       a path through a list gives one entry as itself, not as a list
NUMERIC_ID      an identifier read as a number loses leading zeros and, beyond 2^53, digits
INT_PRECISION   a whole number beyond 2^53 loses digits in JSONata
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.check.schemas import Place, Schema, place
from trivet.mapping.tokens import NotUnderstood, Token, conditions, tokens

Said = tuple[int, str, str]
"""Offset in the expression, code, message."""
_IDENTIFIER = re.compile(
    r"^(?:id|code)$|_(?:id|no|number|code)$|[a-z](?:Id|ID|No|Number|Code)$|编号$|工号$|代码$"
)
_NUMERIC = re.compile(r"\s*\(*\s*\$(?:sum|average|max|min|number|round|count|half_up|floor|ceil|abs)\s*\(")
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Around:
    """What an expression stands in: the schema of its input, and the file's intermediate values."""

    schema: Schema
    let: Mapping[str, str]
    contracts: Contracts

    def at(self, path: Sequence[str]) -> Place | None:
        """What the input's schema says of a path; one that begins with a variable is followed into `let`."""
        if path and path[0].startswith("$"):
            named = plain_path(self.let.get(path[0][1:], ""))
            return self.at([*named, *path[1:]]) if named and named[0] != path[0] else None
        return place(self.schema, path, self.contracts)


def plain_path(text: str) -> list[str] | None:
    """The names of an expression that is a path and nothing else; None for any other."""
    try:
        found = tokens(text)
    except NotUnderstood:
        return None
    return _names(found)


def _names(found: Sequence[Token]) -> list[str] | None:
    names = [token for token in found[::2] if token.kind == "name"]
    dots = [token for token in found[1::2] if token.text == "."]
    if not found or len(names) + len(dots) != len(found) or len(names) != len(dots) + 1:
        return None
    return [token.text.strip("`") for token in names]


def lint(text: str, around: Around) -> Iterator[Said]:
    """Every doubt about one expression."""
    try:
        found = tokens(text)
        tested = list(conditions(found))
    except NotUnderstood:
        return
    for condition in tested:
        yield from _truth(text[condition.start : condition.mark], condition.start, around)
    for i, token in enumerate(found):
        if token.text == "?:":
            start = _operand(found, i)
            yield from _truth(text[found[start].start : token.start], found[start].start, around)
        elif token.kind == "number" and token.text.isdigit() and int(token.text) > _EXACT:
            yield (
                token.start,
                "INT_PRECISION",
                f"{token.text} is beyond 2^53 and loses digits: write it as text",
            )
        elif token.text == "$number" and i + 2 < len(found):
            named = _names(_argument(found, i + 2))
            if named and _IDENTIFIER.search(named[-1]):
                yield token.start, "NUMERIC_ID", _number(".".join(named))


def truth(text: str, around: Around) -> Iterator[Said]:
    """The doubt about an expression that is used as a condition as a whole (`when`)."""
    yield from _truth(text, 0, around)


def _truth(text: str, start: int, around: Around) -> Iterator[Said]:
    named = plain_path(text.strip().strip("()"))
    if named is None:
        numeric = _NUMERIC.match(text) is not None and not re.search(r"[<>=!]|\b(?:and|or|in)\b", text)
    else:
        known = around.at(named)
        of_let = around.let.get(named[0][1:], "") if len(named) == 1 and named[0][0] == "$" else ""
        numeric = (
            bool(known.types & {"number", "integer"}) and not known.lists
            if known is not None
            else _NUMERIC.match(of_let) is not None
        )
    if numeric:
        said = "a 0 counts as false here: use `default:`, `??` or $exists(), or compare"
        yield start + len(text) - len(text.lstrip()), "FALSY_ZERO", said


def _operand(found: Sequence[Token], mark: int) -> int:
    """The index at which the path before the token begins."""
    i = mark - 1
    while i > 0 and (found[i].kind == "name" or found[i].text == "."):
        i -= 1
    return i if found[i].kind == "name" else i + 1


def _argument(found: Sequence[Token], start: int) -> list[Token]:
    taken: list[Token] = []
    for token in found[start:]:
        if token.text in (")", ","):
            break
        taken.append(token)
    return taken


def lint_field(field: Mapping[str, Any], around: Around, target: Place | None) -> Iterator[tuple[str, Said]]:
    """The doubts about a field as a whole, with the part that says it."""
    part = "from" if "from" in field else "expr"
    text = field.get(part)
    if not isinstance(text, str):
        return
    named = plain_path(text)
    if named and field.get("type") in ("number", "integer") and _IDENTIFIER.search(named[-1]):
        known = around.at(named)
        if known is None or "string" in known.types:
            yield part, (0, "NUMERIC_ID", _number(".".join(named)))
    if field.get("type") != "array" and "lookup" not in field and _collapses(text, named, around):
        wants_list = target is None or not target.types or "array" in target.types
        if wants_list:
            said = "one entry gives the entry itself, not a list: say `type: array`, or pick one with [0]"
            yield part, (0, "SINGLETON", said)


def _number(path: str) -> str:
    return f"{path} is an identifier: as a number it loses leading zeros, and digits beyond 2^53"


def _collapses(text: str, named: list[str] | None, around: Around) -> bool:
    if named is None:
        named = _mapped_over(text)
    known = around.at(named) if named else None
    return known is not None and known.lists > 0


def _mapped_over(text: str) -> list[str] | None:
    """The path before `.{…}`, where that is all of the expression."""
    try:
        found = tokens(text)
    except NotUnderstood:
        return None
    opening = next((i for i, token in enumerate(found) if token.text == "{"), 0)
    if opening < 2 or found[opening - 1].text != "." or found[-1].text != "}":
        return None
    return _names(found[: opening - 1])
