"""The JSONata engine in use, behind the smallest interface that the rest needs.

`jlens` runs with every limit on, with the run's clock, and without `$eval`. `trivet.mapping.reference` is the second
engine behind the same interface; a differential test keeps both equal. No message holds a value of the record.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import jlens

from trivet.errors import DocumentRefused
from trivet.mapping.complaints import LIMIT_CODES, NO_FUNCTION_CODES, saying
from trivet.mapping.functions import FUNCTIONS

LIMITS: dict[str, Any] = {
    "timeout": 0.1,
    "max_depth": 200,
    "max_steps": 100_000,
    "max_result_size": 1 << 20,
    "max_string_length": 1 << 16,
    "max_array_length": 5_000,
}
"""A heavy real document takes 7 ms and under 20,000 steps. Nested ranges eat a gigabyte a second: time is
the limit of memory too. A mapping tries once more where only its time ran out."""
MAX_SOURCE = 200_000
"""Characters of one expression; a document's fused one holds all its fields."""
# JSONata knows neither; whoever writes them expects another language
_FOREIGN = re.compile(r"(?P<template>\{\{[^{}:]*\}\})|(?P<dunder>__\w+__)")
_HALF = re.compile("[\ud800-\udfff]")


class ExpressionFailed(Exception):
    """An expression is wrong (`start` is the offset in it) or could not be evaluated within its limits."""

    def __init__(self, message: str, code: str, start: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.start = start


@dataclass(frozen=True, slots=True)
class Reason:
    """One step that an expression's value hung on."""

    said: str
    """The comparison or look-up as it is written."""
    values: tuple[Any, ...]
    """What was compared, or the row that was found."""
    outcome: Any


class Program(Protocol):
    """A compiled expression."""

    def evaluate(self, document: Any, variables: Mapping[str, Any], now: datetime) -> Any:
        """The value, None where it is undefined; `ExpressionFailed` otherwise."""


Compiler = Callable[[str], Program]


class JlensProgram:
    """A compiled expression of the engine in use; may be shared between threads."""

    def __init__(self, source: str) -> None:
        refuse_foreign(source)
        try:
            self._expression = jlens.Expression(source)
            # known before our functions are registered: the analysis names what no one bound
            self._reads = self._expression.reads()
            for name, (function, signature) in FUNCTIONS.items():
                self._expression.register_function(name, function, signature)
            self._expression.register_function("eval", no_eval)
            # handing over clock and seed costs a quarter of a small document: only where the text names them
            self._clock = any(word in source for word in ("$now", "$millis"))
            self._chance = any(word in source for word in ("$random", "$shuffle"))
        except jlens.JlensError as error:
            code = "EXPR_LIMIT" if error.code in LIMIT_CODES else "EXPR_SYNTAX"
            # the text is the engineer's own, not a record's
            raise ExpressionFailed(str(error).splitlines()[0][:200], code, error.start) from None

    def evaluate(self, document: Any, variables: Mapping[str, Any], now: datetime) -> Any:
        """See `Program`."""
        try:
            return self._expression.evaluate(
                document,
                dict(variables) if variables else None,
                now=now if self._clock else None,
                seed=1 if self._chance else None,
                **LIMITS,
            )
        except jlens.JlensError as error:
            said = saying(error.code, error.token)
            raise ExpressionFailed(said, failure(error.code), error.start) from None
        except ExpressionFailed:
            raise
        except Exception as error:  # noqa: BLE001 - a helper refused its argument; the record is set aside
            raise refusal(error) from None

    def reasons(self, document: Any, variables: Mapping[str, Any], now: datetime) -> list[Reason]:
        """The comparisons and look-ups on the way to the value, with what they saw; holds values of the record."""
        try:
            told = self._expression.evaluate_with_audit(
                document, dict(variables) or None, now=now, seed=1, level="full", **LIMITS
            )
        except jlens.JlensError:
            return []
        return list(dict.fromkeys(_reasons((told.get("audit") or {}).get("root") or {})))

    def reads(self) -> Any:
        """What the expression reads of its input, as the engine tells it."""
        return self._expression.reads()

    def uses_eval(self) -> bool:
        """Whether the expression names `$eval`."""
        return bool(self._reads.get("everyBinding")) and "$eval" in self._expression.source


def _reasons(node: Mapping[str, Any]) -> Iterator[Reason]:
    if node.get("kind") == "binary" and "operands" in node:
        yield Reason(node["source"], tuple(map(_held, node["operands"])), _held(node.get("output")))
    elif node.get("kind") == "function" and node.get("op") == "$lookup":
        yield Reason(node["source"], (_held(node.get("output")),), _held(node.get("output")))
    for below in node.get("children", ()):
        yield from _reasons(below)


def _held(value: Any) -> Any:
    # hashable, so that what a loop says again and again is told once
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


@lru_cache(maxsize=4096)
def compile_expression(source: str) -> JlensProgram:
    """The program, made once per text; `ExpressionFailed` with the offset where the text is not JSONata."""
    return JlensProgram(source)


def refuse_foreign(source: str) -> None:
    """Refuses what is no JSONata though it may parse: templates, dunder names, texts without end."""
    if len(source) > MAX_SOURCE:
        raise ExpressionFailed(f"is longer than {MAX_SOURCE} characters", "EXPR_LIMIT")
    half = _HALF.search(source)
    if half is not None:
        # the engine itself would end in a UnicodeEncodeError
        raise ExpressionFailed("holds half a character (lone surrogate)", "EXPR_SYNTAX", half.start())
    found = _FOREIGN.search(source)
    if found is None:
        return
    if found["template"]:
        said = "templates ({{ … }}) are not evaluated here: write JSONata"
        raise ExpressionFailed(said, "TEMPLATE_FORBIDDEN", found.start())
    raise ExpressionFailed("names like __class__ are not allowed", "EXPR_FORBIDDEN", found.start())


def failure(code: str) -> str:
    """Our code for the engine's."""
    if code in LIMIT_CODES:
        return "EXPR_LIMIT"
    return "EXPR_FORBIDDEN" if code in NO_FUNCTION_CODES else "EXPR_FAILED"


def refusal(error: Exception) -> ExpressionFailed:
    """What a helper's exception comes to; only our own have a text that holds no value."""
    if isinstance(error, DocumentRefused):
        return ExpressionFailed(error.message, error.code)
    return ExpressionFailed(f"a function failed ({type(error).__name__})", "EXPR_FAILED")


def no_eval(*_: Any) -> Any:
    """Stands where `$eval` stood."""
    raise ExpressionFailed("$eval is switched off", "EXPR_FORBIDDEN")
