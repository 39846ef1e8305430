"""Runs `x.test.yaml` beside `x.yaml`: a base input, a patch a case, a fixed clock, and what has to come out."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.strict_json import loads
from trivet.documents.yaml_file import Loaded, load_yaml
from trivet.errors import ConfigError, TrivetError
from trivet.mapping.engine import Compiler, compile_expression
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


@dataclass(slots=True)
class _Outcome:
    """What one input came to, in the words of the test file."""

    made: list[Any] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


def run_tests(home: Path, compiler: Compiler = compile_expression) -> list[Result]:
    """Every case of every mapping and rules file."""
    contracts = Contracts.packaged()
    library = Library(home, contracts, compiler)
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
        loaded = load_yaml(test, "mapping_test", contracts)
        data = loaded.data
        ready = library.rules(name) if name.startswith("rules/") else library.mapping(name)
        base = base_of(home, loaded)
    except TrivetError as error:
        yield Result(shown, "(the file)", False, error.explained())
        return
    now = datetime.fromisoformat(data.get("now", CLOCK))
    for case in data["tests"]:
        given = merged(base, case.get("patch", {}))
        if isinstance(ready, Rules):
            outcome = _decided(ready, given, now, contracts)
        else:
            mapped = ready.apply(given, variables=data.get("variables", {}), now=now)
            outcome = _Outcome([], _said(mapped.problems), _said(mapped.warnings))
            for document in mapped.documents:
                _judge(outcome, ready.kind, document, document, contracts)
        wrong = _differs(case, outcome)
        yield Result(shown, case["name"], wrong is None, wrong or "")


def base_of(home: Path, loaded: Loaded) -> Any:
    """The input that the cases patch; `ConfigError` where its file is absent."""
    base = loaded.data["base"]
    if not isinstance(base, str):
        return base
    file = home / "mappings" / base
    if not file.is_file():
        raise ConfigError(f"no fixture mappings/{base}", code="FIXTURE_MISSING", place=loaded.place("/base"))
    return loads(file.read_bytes())


def _decided(rules: Rules, given: Any, now: datetime, contracts: Contracts) -> _Outcome:
    decisions, problems = rules.decide(given, now)
    outcome = _Outcome([], _said(problems))
    for made in decisions:
        outcome.warnings += _said(made.warnings)
        shown = {"decision": made.kind, "rule": made.rule, "key": made.key, "document": made.document}
        _judge(outcome, made.kind, made.document, shown, contracts)
    return outcome


def _judge(outcome: _Outcome, kind: str, document: Any, shown: Any, contracts: Contracts) -> None:
    """A document that breaks its contract counts as its violations, as it does in a run."""
    broken = contracts.check(kind, document) if kind in contracts.schemas else []
    outcome.problems += [{"code": v.code, "field": v.pointer.lstrip("/")} for v in broken]
    outcome.made += [] if broken else [shown]


def _said(problems: Any) -> list[dict[str, str]]:
    return [{"code": problem.code, "field": problem.field} for problem in problems]


def _differs(case: Mapping[str, Any], outcome: _Outcome) -> str | None:
    wrong = _list("problems", case.get("expect_problems", []), outcome.problems)
    if wrong is None and "expect_warnings" in case:
        wrong = _list("warnings", case["expect_warnings"], outcome.warnings)
    if wrong is not None:
        return wrong
    if "expect_exact" in case:
        same = outcome.made == [case["expect_exact"]]
        return None if same else f"made {outcome.made}, expected exactly {case['expect_exact']}"
    many = next((case[key] for key in ("expect_many", "expect_decisions") if key in case), None)
    wanted = many if many is not None else [case["expect"]] if "expect" in case else []
    return _list("documents", wanted, outcome.made)


def _list(what: str, wanted: list[Any], made: list[Any]) -> str | None:
    if len(wanted) != len(made):
        return f"{what}: {made}, expected {len(wanted)}: {wanted}"
    for want, have in zip(wanted, made, strict=True):
        if not _within(want, have):
            return f"{what}: {have}, expected {want}"
    return None


def _within(wanted: Any, have: Any) -> bool:
    """Whether everything wanted is there; what else is there does not matter. null wants absence."""
    if isinstance(wanted, dict):
        return isinstance(have, dict) and all(_within(v, have.get(k)) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(have, list) and len(wanted) == len(have) and all(map(_within, wanted, have))
    # True is 1 to Python, not to JSON
    return isinstance(wanted, bool) == isinstance(have, bool) and bool(wanted == have)


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
