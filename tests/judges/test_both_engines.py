"""The engines give the same documents, problems and warnings on generated documents; `make judges` feeds 1,000 a file."""

from datetime import UTC, datetime
from typing import Any

import pytest
from judges.both_engines import HOME, NAMES, compared, generated
from judges.departures import CALMED, EVENED, same
from judges.verdicts import listed

from trivet.documents import Contracts
from trivet.mapping import Library
from trivet.mapping.engine import ExpressionFailed, compile_expression
from trivet.mapping.reference import compile_reference

DOCUMENTS = 60
DEPARTURES = listed()["departures"]


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_agree(name):
    """Whatever is fed in, but for the reference engine's known departures."""
    assert compared(name, DOCUMENTS).faults == []


def test_documents_are_the_same_each_time():
    """A fault can be looked at again by its file and number."""
    assert list(generated(NAMES[0], 20)) == list(generated(NAMES[0], 20))


def test_each_departure_is_in_words():
    """What is evened out or left out is listed, and nothing else is."""
    assert set(DEPARTURES) == {*EVENED, *CALMED}


@pytest.mark.parametrize("name", DEPARTURES)
def test_the_reference_engine_still_departs(name):
    """A departure that is gone is taken off the list."""
    said = []
    for compiler in (compile_expression, compile_reference):
        try:
            said.append(
                compiler(DEPARTURES[name]["probe"]).evaluate({}, {}, datetime(2026, 1, 1, tzinfo=UTC))
            )
        except ExpressionFailed as failed:
            said.append(failed.code)
    assert not same(*said)


class DropsFalsy:
    """Loses 0, false and the empty text, as `value or None` does."""

    def __init__(self, source: str) -> None:
        self.program = compile_expression(source)

    def evaluate(self, *given: Any) -> Any:
        """See `Program`."""
        value = self.program.evaluate(*given)
        return {k: v for k, v in value.items() if v or v in ([], {})} if isinstance(value, dict) else value


class Truncates:
    """Cuts decimals where it should round."""

    def __init__(self, source: str) -> None:
        self.program = compile_expression(source.replace("$half_up(", "$floor("))

    def evaluate(self, *given: Any) -> Any:
        """See `Program`."""
        return self.program.evaluate(*given)


@pytest.mark.parametrize("engine", [DropsFalsy, Truncates])
def test_a_wrong_engine_is_convicted(engine):
    """An engine that is wrong in one small way differs somewhere, and no known departure explains it."""
    contracts = Contracts.packaged()
    both = (Library(HOME, contracts, engine), Library(HOME, contracts, compile_reference))
    assert any(compared(name, DOCUMENTS, both).faults for name in NAMES)
