"""What is legal JSONata and yet not what was meant.

FALSY_ZERO      a test on a number's truth loses 0: `score ? score : 5`
SINGLETON       a path through a list gives one entry as itself, not as a list
NUMERIC_ID      an identifier read as a number loses leading zeros and, beyond 2^53, digits
INT_PRECISION   a whole number beyond 2^53 loses digits in JSONata
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trivet.mapping.check.around import Around, path_of, plain_path
from trivet.mapping.check.schemas import Place
from trivet.mapping.tokens import NotUnderstood, Token, conditions, tokens

Said = tuple[int, str, str]
"""Offset in the expression, code, message."""
_IDENTIFIER = re.compile(
    r"^(?:id|code)$|_(?:id|no|number|code)$|[a-z](?:Id|ID|No|Number|Code)$|编号$|工号$|代码$"
)
_NUMERIC = re.compile(r"\s*\(*\s*\$(?:sum|average|max|min|number|round|half_up|floor|ceil|abs)\s*\(")
_DECIDED = re.compile(r"[<>=!]|\b(?:and|or|in)\b")
_ASKED = frozenset({"$boolean", "$not"})
_TIES = frozenset("<>=+-*/%&^") | {"<=", ">=", "!=", "..", "??", "in"}
"""What binds its operand more than `and` and `or` do."""
_EXACT = 2**53


def lint(text: str, around: Around) -> Iterator[Said]:
    """Every doubt about one expression."""
    try:
        found = tokens(text)
        tested = list(conditions(found))
    except NotUnderstood:
        return
    for condition in tested:
        yield from _truth(text[condition.start : condition.mark], condition.start, around)
    for i in range(len(found)):
        for start, end in _asked(found, i):
            if start < end:
                yield from _truth(text[found[start].start : found[end - 1].end], found[start].start, around)
        yield from _numbers(found, i)


def truth(text: str, around: Around) -> Iterator[Said]:
    """The doubt about an expression that is used as a condition as a whole (`when`)."""
    yield from _truth(text, 0, around)


def lint_field(field: Mapping[str, Any], around: Around, target: Place | None) -> Iterator[tuple[str, Said]]:
    """The doubts about a field as a whole, with the part that says it."""
    for part in ("value", "default"):
        yield from ((part, (0, "INT_PRECISION", _precision(number))) for number in _too_long(field.get(part)))
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


def _truth(text: str, start: int, around: Around) -> Iterator[Said]:
    named = plain_path(text.strip().strip("()"))
    if named is None:
        numeric = _NUMERIC.match(text) is not None and not _DECIDED.search(text)
    else:
        known = around.at(named)
        of_let = around.let.get(named[0][1:], "") if len(named) == 1 and named[0][0] == "$" else ""
        numeric = (
            bool(known.types & {"number", "integer"}) and not known.lists
            if known is not None
            else _NUMERIC.match(of_let) is not None and not _DECIDED.search(of_let)
        )
    if numeric:
        said = "a 0 counts as false here: use `default:`, `??` or $exists(), or compare"
        yield start + len(text) - len(text.lstrip()), "FALSY_ZERO", said


def _asked(found: Sequence[Token], i: int) -> Iterator[tuple[int, int]]:
    """Where the operands stand, of which this token asks whether they are true."""
    token = found[i]
    if token.text == "?:":
        yield _before(found, i), i
    elif token.text in _ASKED and i + 2 < len(found):
        yield i + 2, i + 2 + len(_argument(found, i + 2))
    elif token.kind == "word" and token.text in ("and", "or"):
        start, end = _before(found, i), _behind(found, i + 1)
        if start == 0 or found[start - 1].text not in _TIES:
            yield start, i
        if end == len(found) or found[end].text not in _TIES | {"(", "[", "{"}:
            yield i + 1, end


def _numbers(found: Sequence[Token], i: int) -> Iterator[Said]:
    token = found[i]
    if token.kind == "number" and token.text.isdigit() and int(token.text) > _EXACT:
        yield token.start, "INT_PRECISION", _precision(token.text)
    elif token.text == "$number" and i + 2 < len(found):
        named = path_of(_argument(found, i + 2))
        if named and _IDENTIFIER.search(named[-1]):
            yield token.start, "NUMERIC_ID", _number(".".join(named))


def _before(found: Sequence[Token], end: int) -> int:
    """The index at which the path before the token begins."""
    i = end
    while i > 0 and (found[i - 1].kind == "name" or found[i - 1].text == "."):
        i -= 1
    return i


def _behind(found: Sequence[Token], start: int) -> int:
    """The index behind the path that begins there."""
    i = start
    while i < len(found) and (found[i].kind == "name" or found[i].text == "."):
        i += 1
    return i


def _argument(found: Sequence[Token], start: int) -> list[Token]:
    taken: list[Token] = []
    for token in found[start:]:
        if token.text in (")", ","):
            break
        taken.append(token)
    return taken


def _number(path: str) -> str:
    return f"{path} is an identifier: as a number it loses leading zeros, and digits beyond 2^53"


def _precision(number: Any) -> str:
    return f"{number} is beyond 2^53 and loses digits: write it as text"


def _too_long(value: Any) -> Iterator[int]:
    if isinstance(value, int) and abs(value) > _EXACT:
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for below in inner:
        yield from _too_long(below)


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
    return path_of(found[: opening - 1])
