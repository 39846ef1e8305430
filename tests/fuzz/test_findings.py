"""What fuzzing found stays found: each input is a case, and so is where the fuzzer begins."""

from pathlib import Path

import pytest
from fuzz.parsers import PARSERS

from scripts.fuzz import NAMES

HERE = Path(__file__).parent
CASES = [
    (name, file)
    for folder in ("findings", "seeds")
    for name in PARSERS
    for file in sorted((HERE / folder / name).glob("*"))
]


@pytest.mark.parametrize(("name", "file"), CASES, ids=[f"{name}-{file.name[:24]}" for name, file in CASES])
def test_an_input_that_was_found_raises_nothing_else(name: str, file: Path) -> None:
    """Read, or refused with a code."""
    PARSERS[name](file.read_bytes())


def test_every_parser_is_fuzzed() -> None:
    """`make fuzz` knows them all, and each begins with something that it can read."""
    assert tuple(PARSERS) == NAMES
    assert {name for name, _ in CASES} == set(NAMES)
