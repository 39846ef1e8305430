"""The test file: a base input, a patch a case, a fixed clock, and what has to come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.strict_json import loads
from trivet.documents.yaml_file import Loaded, load_yaml
from trivet.errors import ConfigError
from trivet.mapping.files import mapping_files

CLOCK = "2026-11-20T00:00:00+08:00"
TESTED = ".test.yaml"


@dataclass(frozen=True, slots=True)
class Suite:
    """One test file, read."""

    shown: str
    """Its path below home."""
    name: str
    """The mapping or rules file that it tests, as a library names it."""
    loaded: Loaded
    base: Any

    @property
    def cases(self) -> list[dict[str, Any]]:
        """The cases as they stand in the file."""
        cases: list[dict[str, Any]] = self.loaded.data["tests"]
        return cases

    @property
    def now(self) -> datetime:
        """The clock of every case."""
        return datetime.fromisoformat(self.loaded.data.get("now", CLOCK))

    @property
    def variables(self) -> dict[str, Any]:
        """What the flow binds."""
        bound: dict[str, Any] = self.loaded.data.get("variables", {})
        return bound

    def line(self, i: int) -> int:
        """Where the case stands."""
        return self.loaded.position(f"/tests/{i}").line


def case_files(home: Path, only: str = "") -> list[Path]:
    """Every test file that has its mapping or rules file beside it and `only` in its path, in order."""
    beside = (file.with_suffix(TESTED) for file in mapping_files(home))
    return [test for test in beside if only in shown_as(home, test) and test.exists()]


def shown_as(home: Path, test: Path) -> str:
    """The path as people read it."""
    return test.relative_to(home).as_posix()


def name_of(home: Path, test: Path) -> str:
    """The name under which a library knows the tested file."""
    return test.relative_to(home / "mappings").as_posix().removesuffix(TESTED)


def read_suite(home: Path, test: Path, contracts: Contracts) -> Suite:
    """The test file; `ConfigError` with its first complaint."""
    loaded = load_yaml(test, "mapping_test", contracts)
    return Suite(shown_as(home, test), name_of(home, test), loaded, base_of(home, loaded))


def base_of(home: Path, loaded: Loaded) -> Any:
    """The input that the cases patch; `ConfigError` where its file is absent."""
    base = loaded.data["base"]
    if not isinstance(base, str):
        return base
    file = home / "mappings" / base
    if not file.is_file():
        raise ConfigError(f"no fixture mappings/{base}", code="FIXTURE_MISSING", place=loaded.place("/base"))
    return loads(file.read_bytes())


def given_to(base: Any, case: Mapping[str, Any]) -> Any:
    """The input of one case: the base, patched, then with long texts filled in."""
    given = merged(base, case.get("patch", {}))
    for path, text in case.get("fill", {}).items():
        filled: Any = text["text"] * text["times"]
        for name in reversed(path.split(".")):
            filled = {name: filled}
        given = merged(given, filled)
    return given


def merged(base: Any, patch: Any) -> Any:
    """The base with a JSON merge patch (RFC 7396): null takes away, objects merge, the rest replaces."""
    if not isinstance(patch, dict):
        return patch
    made = dict(base) if isinstance(base, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value)
    return made
