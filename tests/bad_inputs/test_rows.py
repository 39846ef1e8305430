"""Every row of bad-inputs.yaml has its tests, and every code that a row names is asked for by one of them."""

import importlib
from collections import defaultdict
from pathlib import Path

import pytest
from bad_inputs.law import ROWS, row

HERE = Path(__file__).parent
MODULES = sorted(file.stem for file in HERE.glob("test_*.py") if file.stem != "test_rows")


def known() -> dict[int, set[str]]:
    """The codes that tests ask for, by row."""
    found: dict[int, set[str]] = defaultdict(set)
    for module in MODULES:
        for name, code in getattr(importlib.import_module(f"bad_inputs.{module}"), "CASES", {}).items():
            found[row(name)].add(code)
    return found


def test_there_are_62_rows() -> None:
    """The copy is whole."""
    assert sorted(ROWS) == list(range(1, 63))


@pytest.mark.parametrize("number", ROWS)
def test_a_row_is_tested(number: int) -> None:
    """With each of its codes, and with no other; where it names none, the input is taken as data."""
    codes = known()[number]
    assert codes, f"row {number} has no test_bad_input"
    assert codes - {""} == set(ROWS[number]["expected_code"])


def test_every_module_names_its_tests_alike() -> None:
    """`test_bad_input[<row>-<variant>]`, wherever it is."""
    for module in MODULES:
        loaded = importlib.import_module(f"bad_inputs.{module}")
        assert callable(loaded.test_bad_input), module
        assert loaded.CASES, module
