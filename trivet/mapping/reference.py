"""The second JSONata engine, pure Python, behind the same interface: `jsonata-python`.

Some thirty times slower, and without limits on text and list sizes: it judges the engine in use, and takes its place where no
wheel of that one exists. `Library(home, contracts, compile_reference)` runs every file on it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from trivet.mapping.complaints import saying
from trivet.mapping.engine import LIMITS, ExpressionFailed, failure, no_eval, refusal, refuse_foreign
from trivet.mapping.functions import FUNCTIONS

_MILLISECONDS = 1000


class ReferenceProgram:
    """A compiled expression of the reference engine; not to be shared between threads."""

    def __init__(self, source: str, patience: float = 1) -> None:
        refuse_foreign(source)
        self._seconds = LIMITS["timeout"] * patience
        try:
            self._expression = Jsonata(source)
        except JException as error:
            raise ExpressionFailed(str(error), "EXPR_SYNTAX", error.location) from None
        except RecursionError:
            raise ExpressionFailed("nested too deeply", "EXPR_LIMIT") from None
        for name, (function, _) in FUNCTIONS.items():
            self._expression.register_lambda(name, _plain_arguments(function))
        self._expression.register_lambda("eval", no_eval)

    def evaluate(self, document: Any, variables: Mapping[str, Any], now: datetime) -> Any:
        """See `Program`."""
        frame = self._expression.create_frame()
        frame.set_runtime_bounds(int(self._seconds * _MILLISECONDS), LIMITS["max_depth"] * 3)
        for name, value in variables.items():
            frame.bind(name, value)
        self._fix_clock(now)
        try:
            return _plain(self._expression.evaluate(document, frame))
        except JException as error:
            raise ExpressionFailed(saying(error.error), failure(error.error), error.location) from None
        except RecursionError:
            raise ExpressionFailed("nested too deeply", "EXPR_LIMIT") from None
        except ExpressionFailed:
            raise
        except Exception as error:  # noqa: BLE001 - a helper refused its argument; the record is set aside
            raise refusal(error) from None

    def _fix_clock(self, now: datetime) -> None:
        # its own $now is the wall clock's, and belongs to whichever expression the thread ran first
        millis = int(now.timestamp() * _MILLISECONDS)
        text = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._expression.register_lambda("now", lambda: text)
        self._expression.register_lambda("millis", lambda: millis)


def compile_reference(source: str, patience: float = 1) -> ReferenceProgram:
    """The program, which may take `patience` times the limit of time; `ExpressionFailed` with the offset where the text is not
    JSONata."""
    return ReferenceProgram(source, patience)


def _plain_arguments(function: Any) -> Any:
    def called(*arguments: Any) -> Any:
        return function(*(_plain(argument) for argument in arguments))

    return called


def _plain(value: Any) -> Any:
    """The value without the engine's own list and null types."""
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
