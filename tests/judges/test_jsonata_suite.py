"""The engine in use passes the official JSONata suite through our interface, but for the listed cases."""

from typing import Any

import pytest
from judges import jsonata_suite
from judges.verdicts import complaints, reasons

from trivet.mapping.engine import Compiler, compile_expression

CASES = 1665


@pytest.fixture(scope="module")
def cases(archives):
    """Every case of the suite."""
    return list(jsonata_suite.cases(archives["jsonata2py"]))


def verdicts(cases: Any, compiler: Compiler) -> Any:
    """What the suite says of that engine."""
    return [jsonata_suite.judged(case, compiler) for case in cases]


def wrong(change: Any) -> Compiler:
    """The engine in use with one thing wrong."""

    class Wrong:
        def __init__(self, source: str) -> None:
            self.program = compile_expression(source)

        def evaluate(self, *given: Any) -> Any:
            return changed(self.program.evaluate(*given))

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: changed(inner) for key, inner in value.items()}
        return [changed(inner) for inner in value] if isinstance(value, list) else change(value)

    return Wrong


def test_the_suite_is_whole(cases):
    """No group was lost on the way, and no two cases have one name."""
    assert len({case.name for case in cases}) == len(cases) == CASES


def test_the_engine_in_use_passes(cases):
    """Every case passes, with its error code, or is listed with a reason; nothing is listed in vain."""
    assert complaints(verdicts(cases, compile_expression), reasons("jsonata_suite")) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda v: None if v in (0, "", False) else v, id="drops falsy values"),
        pytest.param(lambda v: round(v, 6) if isinstance(v, float) else v, id="keeps six decimals"),
        pytest.param(lambda v: int(v) if isinstance(v, bool) else v, id="gives 1 for true"),
        pytest.param(lambda v: v.strip() if isinstance(v, str) else v, id="strips texts"),
        pytest.param(
            lambda v: v.encode("ascii", "replace").decode() if isinstance(v, str) else v, id="asks ?"
        ),
    ],
)
def test_a_wrong_engine_is_convicted(cases, change):
    """An engine that is wrong in one small way fails the suite."""
    assert complaints(verdicts(cases, wrong(change)), reasons("jsonata_suite"))


def test_rounding_up_is_convicted(cases):
    """An engine that rounds halves up, as people do and JSONata does not, fails cases of `$round`."""

    class Upward:
        def __init__(self, source: str) -> None:
            self.program = compile_expression(source.replace("$round(", "$half_up("))

        def evaluate(self, *given: Any) -> Any:
            return self.program.evaluate(*given)

    told = complaints(verdicts(cases, Upward), reasons("jsonata_suite"))
    assert {line.partition("/")[0] for line in told} == {"function-round"}


def test_an_engine_that_raises_something_else_is_convicted(cases):
    """Only `ExpressionFailed` may come out of the interface: anything else stops a night."""

    class Raising:
        def __init__(self, source: str) -> None:
            raise RecursionError

    told = complaints(verdicts(cases, Raising), reasons("jsonata_suite"))
    assert len(told) == CASES - sum(len(reason.cases) for reason in reasons("jsonata_suite"))


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        (1, True),
        (0, False),
        (None, jsonata_suite.UNDEFINED),
        ("1", 1),
        ([1, 2], [2, 1]),
        ({"a": 1}, {}),
        (1, 1.001),
    ],
)
def test_what_differs_is_not_equal(wanted, got):
    """The suite's comparison tells kinds, order and null from undefined."""
    assert not jsonata_suite.equal(wanted, got)
    assert not jsonata_suite.equal(got, wanted)
