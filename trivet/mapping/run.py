"""Runs mappings and rules on documents. One bad record is described and left; it never stops the others.

Nothing is cut, replaced or forced silently: a value that does not fit is a problem with its field. Missing is missing.
"""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from trivet.mapping.compile import (
    PLAIN_PATH,
    Field,
    Step,
    beside_tables,
    field_source,
    finishing,
    fused,
    missed_source,
    with_let,
)
from trivet.mapping.engine import (
    Compiler,
    ExpressionFailed,
    JlensProgram,
    Program,
    Reason,
    compile_expression,
    refusal,
)
from trivet.mapping.judge import Demand, broken, demands
from trivet.model import Document


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document could not be made: MAP_REQUIRED, FIELD_LENGTH, FIELD_ENCODING, FIELD_TYPE, EXPR_…, DATE_…, SCORE_…

    As a warning (LOOKUP_MISS): what a person should look at though the document was made.
    """

    code: str
    field: str
    message: str
    place: str
    """`file:line:column` of the field in its mapping file."""

    @property
    def pointer(self) -> str:
        """The field as a JSON pointer."""
        return f"/{self.field}" if self.field else ""


class Mapped(NamedTuple):
    """What one input came to: documents, or the problems that kept them from being made."""

    documents: list[Document]
    problems: list[Problem]
    warnings: list[Problem]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a rule about one person."""

    kind: str
    rule: str
    key: str
    """The business key: equal for the same decision through every re-score."""
    document: Document
    version_id: str
    warnings: tuple[Problem, ...] = ()


class Made(NamedTuple):
    """One document, None where `when` does not hold or a problem kept it from being made."""

    document: Document | None
    problems: list[Problem]
    warnings: list[Problem]


class _Failed(Exception):
    """A document could not be made."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(slots=True)
class Sheet:
    """Fields with their expressions, compiled; the part that mappings and rules share."""

    fields: Dictionary[str, Field]
    let: Dictionary[str, str]
    when: str | None
    tables: Dictionary[str, Any]
    places: Dictionary[str, str]
    compiler: Compiler = compile_expression
    program: Program = field(init=False)
    _single: dict[str, Program] = field(init=False, default_factory=dict)
    _finishing: Dictionary[str, list[Step]] = field(init=False)
    """What is done with the expression's value, of the fields that have such steps."""
    _demands: list[Demand] = field(init=False)
    _beside: bool = field(init=False)
    """Whether tables come with the input; not where an expression names `$$`, the whole input."""
    _looking: dict[str, Any] = field(init=False)
    """Fields that look up in a table, with the value that stands there where the key has no row."""
    catalogues: Dictionary[str, str] = field(init=False)
    """Fields that hold a code of the target's, with the list that has to know it."""

    def __post_init__(self) -> None:
        source = fused(self.fields, self.let, self.when)
        self._beside = bool(self.tables) and "$$" not in source
        self.program = self._compiled(source)
        self._finishing = {name: steps for name, spec in self.fields.items() if (steps := finishing(spec))}
        self._demands = demands(self.fields)
        self._looking = {name: spec.get("default") for name, spec in self.fields.items() if "lookup" in spec}
        self.catalogues = {
            name: spec["catalogue"] for name, spec in self.fields.items() if "catalogue" in spec
        }

    def make(self, given: Any, variables: Dictionary[str, Any], now: datetime) -> Made:
        """The document, or the problems."""
        given, bound = self._bound(given, variables)
        try:
            document = self._whole(given, bound, now)
        except _Failed as failed:
            return Made(None, failed.problems, [])
        if document is None:
            return Made(None, [], [])
        if None in document.values():
            document = {name: value for name, value in document.items() if value is not None}
        problems = [self._problem(code, name, said) for name, code, said in broken(self._demands, document)]
        warnings = [
            self._problem("LOOKUP_MISS", name, "the table has no such key")
            for name, otherwise in self._looking.items()
            if document.get(name) == otherwise and self._missed(name, given, bound, now)
        ]
        return Made(None if problems else document, problems, warnings)

    def reasons(
        self, given: Any, variables: Dictionary[str, Any], now: datetime
    ) -> Dictionary[str, list[Reason]]:
        """Why the condition holds (``) and how each field came to its value, from the engine in use."""
        given, bound = self._bound(given, variables)
        sources = {name: field_source(spec) for name, spec in self.fields.items()}
        if self.when is not None:
            sources = {"": self.when, **sources}
        told = {}
        for name, source in sources.items():
            program = self._program(source)
            if isinstance(program, JlensProgram):
                told[name] = program.reasons(given, bound, now)
        return told

    def _bound(self, given: Any, variables: Dictionary[str, Any]) -> tuple[Any, Dictionary[str, Any]]:
        """The input and the variables as the programs take them, with the tables in one of the two."""
        if self._beside:
            return {"document": given, "tables": self.tables}, variables
        return given, {**variables, "tables": self.tables} if self.tables else variables

    def _missed(self, name: str, given: Any, bound: Dictionary[str, Any], now: datetime) -> bool:
        spec = self.fields[name]
        if "when" not in spec and PLAIN_PATH.fullmatch(spec.get("from", "")):
            # most are so: what the document holds there is the key, and the engine takes a third of a document
            key = _at(given["document"] if self._beside else given, spec["from"])
            if key is None or isinstance(key, str):
                return key is not None and key not in self.tables[spec["lookup"]]
        source = missed_source(spec)
        try:
            return self._program(source).evaluate(given, bound, now) is True
        except ExpressionFailed:
            return False

    def _whole(self, given: Any, bound: Dictionary[str, Any], now: datetime) -> Any:
        try:
            return self._evaluated(given, bound, now)
        except ExpressionFailed:
            problems = self._culprits(given, bound, now)
        if problems:
            raise _Failed(problems)
        try:
            # no part fails alone: the time limit is the wall's, and the machine was busy
            return self._evaluated(given, bound, now)
        except ExpressionFailed as error:
            raise _Failed([self._problem(error.code, "", str(error))]) from None

    def _evaluated(self, given: Any, bound: Dictionary[str, Any], now: datetime) -> Any:
        document = self.program.evaluate(given, bound, now)
        if document is not None:
            for name, steps in self._finishing.items():
                if name in document:
                    document[name] = _finished(document[name], steps)
        return document

    def _culprits(self, given: Any, bound: Dictionary[str, Any], now: datetime) -> list[Problem]:
        # the fused expression says that something failed; the condition and each field alone say which
        if self.when is not None and (failed := self._alone(self.when, given, bound, now)):
            return [self._problem(failed.code, "", f"when: {failed}")]
        found = []
        for name, spec in self.fields.items():
            if failed := self._alone(field_source(spec), given, bound, now, self._finishing.get(name, ())):
                found.append(self._problem(failed.code, name, str(failed)))
                if failed.code == "EXPR_LIMIT":
                    # a bomb that every field needs would go off for each of them
                    break
        return found

    def _program(self, source: str) -> Program:
        if source not in self._single:
            self._single[source] = self._compiled(with_let(source, self.let))
        return self._single[source]

    def _compiled(self, source: str) -> Program:
        return self.compiler(beside_tables(source) if self._beside else source)

    def _alone(
        self,
        source: str,
        given: Any,
        bound: Dictionary[str, Any],
        now: datetime,
        steps: Sequence[Step] = (),
    ) -> ExpressionFailed | None:
        try:
            _finished(self._program(source).evaluate(given, bound, now), steps)
        except ExpressionFailed as error:
            return error
        return None

    def _problem(self, code: str, name: str, message: str) -> Problem:
        return Problem(code, name, message, self.places.get(name, self.places[""]))


def _finished(value: Any, steps: Sequence[Step]) -> Any:
    try:
        for step in steps:
            value = None if value is None else step(value)
    except Exception as error:  # noqa: BLE001 - whatever it does not take, the record is set aside
        raise refusal(error) from None
    return value


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(document, dict):
            # within a list the engine knows better; ... is no value of JSON
            return None if document is None else ...
        document = document.get(name)
    return document


@dataclass(slots=True)
class Mapping:
    """One mapping file, ready to run."""

    name: str
    version_id: str
    """`name@version#hash`: changes whenever the file or one of its tables does."""
    kind: str
    """The canonical document that it makes, or the target's entity."""
    sheet: Sheet
    each: Program | None = None

    def apply(self, given: Document, *, variables: Dictionary[str, Any], now: datetime) -> Mapped:
        """The documents that one input gives (several with `each`), or the problems."""
        if self.each is None:
            document, problems, warnings = self.sheet.make(given, variables, now)
            return Mapped([] if document is None else [document], problems, warnings)
        mapped = Mapped([], [], [])
        try:
            items = self._items(given, variables, now)
        except ExpressionFailed as error:
            return Mapped([], [Problem(error.code, "", f"each: {error}", self.sheet.places[""])], [])
        for item in items:
            made = self.sheet.make(given, {**variables, "item": item}, now)
            mapped.problems.extend(made.problems)
            mapped.warnings.extend(made.warnings)
            if made.document is not None:
                mapped.documents.append(made.document)
        return mapped

    def _items(self, document: Document, variables: Dictionary[str, Any], now: datetime) -> list[Any]:
        assert self.each is not None
        items = self.each.evaluate(document, {**variables, "tables": self.sheet.tables}, now)
        # JSONata gives one entry as itself and none as nothing
        return [item for item in (items if isinstance(items, list) else [items]) if item is not None]


@dataclass(slots=True)
class Rule:
    """One rule: when it holds, which decision with which business key."""

    name: str
    decision: str
    sheet: Sheet
    key: Program


@dataclass(slots=True)
class Rules:
    """One rules file, ready to run."""

    name: str
    version_id: str
    rules: list[Rule]

    def decide(self, given: Document, now: datetime) -> tuple[list[Decision], list[Problem]]:
        """The decisions that hold for this input, and the problems of those that could not be made."""
        decisions: list[Decision] = []
        problems: list[Problem] = []
        for rule in self.rules:
            made = rule.sheet.make(given, {"rule": rule.name}, now)
            problems += made.problems
            if made.document is None:
                continue
            try:
                key = rule.key.evaluate(given, {"tables": rule.sheet.tables}, now)
            except ExpressionFailed as error:
                problems.append(Problem(error.code, "", f"key: {error}", rule.sheet.places[""]))
                continue
            if not isinstance(key, str) or not key:
                problems.append(Problem("MAP_REQUIRED", "", "the rule's key is empty", rule.sheet.places[""]))
                continue
            decisions.append(
                Decision(rule.decision, rule.name, key, made.document, self.version_id, tuple(made.warnings))
            )
        return decisions, problems
