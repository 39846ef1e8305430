"""The JSONata engine in use, behind the smallest interface that the rest needs.

`jlens` runs with every limit on, with the run's clock, and without `$eval`. `trivet.mapping.reference` is the second
engine behind the same interface; a differential test keeps both equal.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import jlens

from trivet.mapping.functions import FUNCTIONS

LIMITS: dict[str, Any] = {
    "timeout": 1.0,
    "max_depth": 200,
    "max_steps": 200_000,
    "max_result_size": 1 << 20,
    "max_string_length": 1 << 16,
    "max_array_length": 10_000,
}
_LIMIT_CODES = {"U1001", "U1002", "U1006", "D1011", "D1012", "D2014", "D2015", "D2016", "D3138"}


class ExpressionFailed(Exception):
    """An expression is wrong (`start` is the offset in it) or could not be evaluated within its limits."""

    def __init__(self, message: str, code: str, start: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.start = start


class Program(Protocol):
    """A compiled expression."""

    def evaluate(self, document: Any, variables: Mapping[str, Any], now: datetime) -> Any:
        """The value, None where it is undefined; `ExpressionFailed` otherwise."""


Compiler = Callable[[str], Program]


class JlensProgram:
    """A compiled expression of the engine in use; may be shared between threads."""

    def __init__(self, source: str) -> None:
        try:
            self._expression = jlens.Expression(source)
            for name, (function, signature) in FUNCTIONS.items():
                self._expression.register_function(name, function, signature)
            self._expression.register_function("eval", _no_eval)
        except jlens.JlensError as error:
            raise ExpressionFailed(_plain(error), "EXPR_SYNTAX", error.start) from None

    def evaluate(self, document: Any, variables: Mapping[str, Any], now: datetime) -> Any:
        """See `Program`."""
        try:
            return self._expression.evaluate(document, dict(variables), now=now, seed=1, **LIMITS)
        except jlens.JlensError as error:
            code = "EXPR_LIMIT" if error.code in _LIMIT_CODES else "EXPR_FAILED"
            raise ExpressionFailed(_plain(error), code, error.start) from None
        except ExpressionFailed:
            raise
        except Exception as error:  # noqa: BLE001 - a helper refused its argument; the record is set aside
            raise ExpressionFailed(str(error), getattr(error, "code", "EXPR_FAILED")) from None

    def reads(self) -> Any:
        """What the expression reads of its input, as the engine tells it."""
        return self._expression.reads()


def compile_expression(source: str) -> JlensProgram:
    """The program; `ExpressionFailed` with the offset where the text is not JSONata."""
    return JlensProgram(source)


def _no_eval(*_: Any) -> Any:
    raise ExpressionFailed("$eval is switched off", "EXPR_FORBIDDEN")


def _plain(error: jlens.JlensError) -> str:
    # the engine's text may quote values of the record; the part before them is what helps
    return str(error).splitlines()[0][:200]
