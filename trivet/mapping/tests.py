"""Runs `x.test.yaml` beside `x.yaml`: a base input, a patch a case, a fixed clock, and what has to come out."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.yaml_file import load_yaml
from trivet.errors import TrivetError
from trivet.mapping.files import Library, mapping_files
from trivet.mapping.run import Rules

CLOCK = "2026-11-20T00:00:00+08:00"
TESTED = ".test.yaml"


@dataclass(frozen=True, slots=True)
class Result:
    """One case."""

    file: str
    name: str
    passed: bool
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def run_tests(home: Path) -> list[Result]:
    """Every case of every mapping and rules file."""
    contracts = Contracts.packaged()
    library = Library(home, contracts)
    results: list[Result] = []
    for file in mapping_files(home):
        test = file.with_suffix(TESTED)
        if test.exists():
            results += _run_file(home, test, library, contracts)
    return results


def _run_file(home: Path, test: Path, library: Library, contracts: Contracts) -> Iterator[Result]:
    shown = str(test.relative_to(home))
    name = test.relative_to(home / "mappings").as_posix().removesuffix(TESTED)
    try:
        data = load_yaml(test, "mapping_test", contracts).data
        ready = library.rules(name) if name.startswith("rules/") else library.mapping(name)
    except TrivetError as error:
        yield Result(shown, "(the file)", False, error.explained())
        return
    now = datetime.fromisoformat(data.get("now", CLOCK))
    for case in data["tests"]:
        given = merged(data["base"], case.get("patch", {}))
        wrong = _wrong_rules(ready, case, given, now, contracts) if isinstance(ready, Rules) else None
        if not isinstance(ready, Rules):
            mapped = ready.apply(given, variables=data.get("variables", {}), now=now)
            found = [{"code": p.code, "field": p.field} for p in mapped.problems]
            wrong = _problems(case, found) or _documents(case, mapped.documents)
            if wrong is None and not found and ready.kind in contracts.schemas:
                wrong = next((str(v) for d in mapped.documents for v in contracts.check(ready.kind, d)), None)
        yield Result(shown, case["name"], wrong is None, wrong or "")


def _wrong_rules(
    rules: Rules, case: Mapping[str, Any], given: Any, now: datetime, contracts: Contracts
) -> str | None:
    decisions, problems = rules.decide(given, now)
    found = [{"code": p.code, "field": p.field} for p in problems]
    made = [{"decision": d.kind, "rule": d.rule, "key": d.key, "document": d.document} for d in decisions]
    broken = next((str(v) for d in decisions for v in contracts.check(d.kind, d.document)), None)
    return _problems(case, found) or broken or _list(case.get("expect_decisions", []), made)


def _problems(case: Mapping[str, Any], found: list[dict[str, str]]) -> str | None:
    wanted = case.get("expect_problems", [])
    if len(wanted) != len(found) or not all(_within(w, f) for w, f in zip(wanted, found, strict=True)):
        return f"problems {found}, expected {wanted}"
    return None


def _documents(case: Mapping[str, Any], made: list[Any]) -> str | None:
    if "expect_many" in case:
        return _list(case["expect_many"], made)
    if "expect_exact" in case:
        return (
            None
            if made == [case["expect_exact"]]
            else f"made {made}, expected exactly {case['expect_exact']}"
        )
    return (
        _list([case["expect"]] if "expect" in case else [], made) if not case.get("expect_problems") else None
    )


def _list(wanted: list[Any], made: list[Any]) -> str | None:
    if len(wanted) != len(made):
        return f"made {len(made)}, expected {len(wanted)}: {made}"
    for want, have in zip(wanted, made, strict=True):
        if not _within(want, have):
            return f"made {have}, expected {want}"
    return None


def _within(wanted: Any, have: Any) -> bool:
    """Whether everything wanted is there; what else is there does not matter. null wants absence."""
    if isinstance(wanted, dict):
        return isinstance(have, dict) and all(_within(v, have.get(k)) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(have, list) and len(wanted) == len(have) and all(map(_within, wanted, have))
    return bool(wanted == have)


def merged(base: Any, patch: Any) -> Any:
    """The base with a JSON merge patch: null takes away, objects merge, the rest replaces."""
    if not isinstance(patch, dict) or not isinstance(base, dict):
        return patch
    made = dict(base)
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(base.get(name), value) if isinstance(value, dict) else value
    return made
