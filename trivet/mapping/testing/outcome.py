"""What one input came to, in the words of the test file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.files import Library
from trivet.mapping.run import Mapping, Problem, Rules

Ready = Mapping | Rules


@dataclass(slots=True)
class Outcome:
    """Documents or decisions, and the code and field of whatever was said about them."""

    made: list[Any] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


def ready_file(library: Library, name: str) -> Ready:
    """The mapping or rules file of that name, ready to run."""
    return library.rules(name) if name.startswith("rules/") else library.mapping(name)


def outcome_of(
    ready: Ready, given: Any, variables: dict[str, Any], now: datetime, contracts: Contracts
) -> Outcome:
    """Runs the file on one input and judges what it makes."""
    if isinstance(ready, Rules):
        return _decided(ready, given, now, contracts)
    mapped = ready.apply(given, variables=variables, now=now)
    outcome = Outcome([], _said(mapped.problems), _said(mapped.warnings))
    for document in mapped.documents:
        _judge(outcome, ready.kind, document, document, contracts)
    return outcome


def _decided(rules: Rules, given: Any, now: datetime, contracts: Contracts) -> Outcome:
    decisions, problems = rules.decide(given, now)
    outcome = Outcome([], _said(problems))
    for made in decisions:
        outcome.warnings += _said(made.warnings)
        shown = {"decision": made.kind, "rule": made.rule, "key": made.key, "document": made.document}
        _judge(outcome, made.kind, made.document, shown, contracts)
    return outcome


def _judge(outcome: Outcome, kind: str, document: Any, shown: Any, contracts: Contracts) -> None:
    """A document that breaks its contract counts as its violations, as it does in a run."""
    broken = contracts.check(kind, document) if kind in contracts.schemas else []
    outcome.problems += [{"code": v.code, "field": v.pointer.lstrip("/")} for v in broken]
    outcome.made += [] if broken else [shown]


def _said(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"code": problem.code, "field": problem.field} for problem in problems]
