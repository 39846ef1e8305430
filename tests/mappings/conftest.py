"""The inputs of every case beside every mapping, for tests that look at all of them together."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from trivet.documents import Contracts
from trivet.documents.yaml_file import load_yaml
from trivet.mapping.engine import LIMITS
from trivet.mapping.files import mapping_files
from trivet.mapping.testing import CLOCK, TESTED, base_of, merged

HOME = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def a_patient_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit is the wall's: on a busy machine it would make the engine in use look different."""
    monkeypatch.setitem(LIMITS, "timeout", 10.0)


@dataclass(frozen=True)
class Inputs:
    """What the cases of one test file feed in."""

    name: str
    given: tuple[Any, ...]
    variables: dict[str, Any]
    now: datetime


@pytest.fixture(scope="session")
def inputs() -> list[Inputs]:
    """One entry a mapping or rules file."""
    contracts = Contracts.packaged()
    found = []
    for file in mapping_files(HOME):
        loaded = load_yaml(file.with_suffix(TESTED), "mapping_test", contracts)
        data, base = loaded.data, base_of(HOME, loaded)
        # without the filled texts: doubled by a test they meet the engine's limits, which the other engine has not
        given = tuple(merged(base, case.get("patch", {})) for case in data["tests"])
        name = file.relative_to(HOME / "mappings").with_suffix("").as_posix()
        now = datetime.fromisoformat(data.get("now", CLOCK))
        found.append(Inputs(name, given, data.get("variables", {}), now))
    return found
