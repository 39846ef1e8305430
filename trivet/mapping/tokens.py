"""A JSONata expression cut into tokens, as far as finding its conditions, operators and numbers needs it.

The engine gives no tree, so a ternary's condition is found by what may stand before it: everything back to a comma, a
semicolon, a colon, `:=`, `..`, another ternary's `?` or the bracket around it binds less than the condition does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>`[^`]*`|\$\$|\$?[^\W\d]\w*|\$)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
      | (?P<sign>:=|!=|<=|>=|\.\.|\*\*|~>|\?\?|\?:|[-+*/%&|=<>!?:;,.(){}\[\]^@#~])""",
    re.VERBOSE | re.DOTALL,
)
_FLAGS = re.compile("[im]*")
_CLOSING = frozenset(")]}")
_OPENING = frozenset("([{")
_WORDS = frozenset({"and", "or", "in"})
_BEFORE = frozenset({",", ";", ":", ":=", "..", "?"})
COMPARING = frozenset({"<", "<=", ">", ">=", "=", "!="})


class NotUnderstood(ValueError):
    """The expression holds something that this tokenizer does not know."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `operand` where a value ends with it, so that an operator may follow."""

    kind: str
    """`text`, `name`, `number`, `regex`, `sign`, or `word` for and, or, in."""
    text: str
    start: int
    end: int

    @property
    def operand(self) -> bool:
        """Whether a value ends here."""
        return self.kind in ("text", "name", "number", "regex") or self.text in _CLOSING


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of one ternary: where it begins, and its question mark."""

    start: int
    mark: int


def tokens(source: str) -> list[Token]:
    """The tokens without blanks and comments; `NotUnderstood` where one is unknown."""
    found: list[Token] = []
    at = 0
    while at < len(source):
        token = _next(source, at, found)
        at = token.end
        if token.kind != "space":
            found.append(token)
        if token.text == ")" and source[at : at + 1] == "<" and _of_function(found):
            # a signature such as <n-n?:n> is no comparison
            at = _after_signature(source, at)
    return found


def _next(source: str, at: int, before: list[Token]) -> Token:
    last = before[-1] if before else None
    if source[at] == "/" and not source.startswith("/*", at) and not (last and last.operand):
        end = _after_regex(source, at)
        return Token("regex", source[at:end], at, end)
    match = _TOKEN.match(source, at)
    if match is None or match.lastgroup is None:
        raise NotUnderstood(source[at])
    kind = match.lastgroup
    if match[0] in _WORDS and last is not None and last.operand:
        kind = "word"
    return Token(kind, match[0], at, match.end())


def _after_regex(source: str, at: int) -> int:
    """A slash within brackets ends no regular expression; the engine counts brackets just so."""
    depth, i = 0, at + 1
    while i < len(source):
        if source[i] == "/" and depth == 0:
            flags = _FLAGS.match(source, i + 1)
            return flags.end() if flags else i + 1
        depth += (source[i] in _OPENING) - (source[i] in _CLOSING)
        i += 2 if source[i] == "\\" else 1
    raise NotUnderstood("/")


def _of_function(found: list[Token]) -> bool:
    depth = 0
    for i in range(len(found) - 1, 0, -1):
        depth += (found[i].text in _CLOSING) - (found[i].text in _OPENING)
        if depth == 0:
            return found[i - 1].text in ("function", "λ")
    return False


def _after_signature(source: str, at: int) -> int:
    depth = 0
    for i in range(at, len(source)):
        depth += (source[i] == "<") - (source[i] == ">")
        if depth == 0:
            return i + 1
    raise NotUnderstood("<")


def conditions(found: list[Token]) -> Iterator[Condition]:
    """Every ternary's condition."""
    starts: list[int] = [0]
    """For each open bracket, the index of the first token of the operand that is being read."""
    for i, token in enumerate(found):
        if token.kind != "sign":
            continue
        if token.text in _OPENING:
            starts.append(i + 1)
        elif token.text in _CLOSING:
            if len(starts) == 1:
                raise NotUnderstood(token.text)
            starts.pop()
        elif token.text in _BEFORE:
            # `$f(?, 1)` leaves an argument open
            if token.text == "?" and starts[-1] < i:
                yield Condition(found[starts[-1]].start, token.start)
            starts[-1] = i + 1
    if len(starts) != 1:
        raise NotUnderstood("a bracket that is not closed")


def comparing(found: list[Token]) -> Iterator[Token]:
    """The comparisons; `^(<name)` sorts and compares nothing."""
    for before, token in pairwise(found):
        if token.kind == "sign" and token.text in COMPARING and before.operand:
            yield token
