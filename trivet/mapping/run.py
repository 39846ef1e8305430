"""Runs mappings and rules on documents. One bad record is described and left; it never stops the others.

Nothing is cut or replaced silently: a value that does not fit is a problem with its field. Missing is missing.
"""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trivet.mapping.compile import Field, field_source, fused, with_let
from trivet.mapping.engine import ExpressionFailed, Program, compile_expression
from trivet.model import Document


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document could not be made: MAP_REQUIRED, FIELD_LENGTH, FIELD_ENCODING, EXPR_…, DATE_…, SCORE_…"""

    code: str
    field: str
    message: str
    place: str
    """`file:line:column` of the field in its mapping file."""

    @property
    def pointer(self) -> str:
        """JSON pointer of the field."""
        return f"/{self.field}" if self.field else ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one input came to: documents, or the problems that kept them from being made."""

    documents: list[Document]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a rule about one person."""

    kind: str
    rule: str
    key: str
    """The business key: equal for the same decision through every re-score."""
    document: Document
    version_id: str


@dataclass(slots=True)
class Sheet:
    """Fields with their expressions, compiled; the part that mappings and rules share."""

    fields: Dictionary[str, Field]
    let: Dictionary[str, str]
    when: str | None
    tables: Dictionary[str, Any]
    places: Dictionary[str, str]
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        self.program = compile_expression(fused(self.fields, self.let, self.when))

    def make(
        self, given: Any, variables: Dictionary[str, Any], now: datetime
    ) -> tuple[Document | None, list[Problem]]:
        """The document, None where `when` does not hold; or the problems."""
        bound = {**variables, "tables": self.tables}
        try:
            document = self.program.evaluate(given, bound, now)
        except ExpressionFailed as error:
            return None, self._culprits(given, bound, now, error)
        if document is None:
            return None, []
        document = {name: value for name, value in document.items() if value is not None}
        return document, [p for name, spec in self.fields.items() for p in self._judge(name, spec, document)]

    def _culprits(
        self, given: Any, bound: Dictionary[str, Any], now: datetime, whole: ExpressionFailed
    ) -> list[Problem]:
        # the fused expression says that something failed; each field alone says which
        found = []
        for name, spec in self.fields.items():
            try:
                compile_expression(with_let(field_source(spec), self.let)).evaluate(given, bound, now)
            except ExpressionFailed as error:
                found.append(self._problem(error.code, name, str(error)))
        return found or [self._problem(whole.code, "", str(whole))]

    def _judge(self, name: str, spec: Field, document: Document) -> list[Problem]:
        value = document.get(name)
        if value is None or value == "":
            return (
                [self._problem("MAP_REQUIRED", name, "is required and missing")]
                if spec.get("required")
                else []
            )
        if not isinstance(value, str):
            return []
        if "max_length" in spec and len(value) > spec["max_length"]:
            said = f"has {len(value)} characters, the target takes {spec['max_length']}"
            return [self._problem("FIELD_LENGTH", name, said)]
        return self._judge_bytes(name, spec, value)

    def _judge_bytes(self, name: str, spec: Field, value: str) -> list[Problem]:
        encoding = spec.get("encoding", "utf-8")
        try:
            size = len(value.encode(encoding))
        except UnicodeEncodeError as error:
            said = (
                f"character {error.start + 1} (U+{ord(value[error.start]):04X}) does not exist in {encoding}"
            )
            return [self._problem("FIELD_ENCODING", name, said)]
        if "max_bytes" in spec and size > spec["max_bytes"]:
            said = f"has {size} bytes in {encoding}, the target takes {spec['max_bytes']}"
            return [self._problem("FIELD_LENGTH", name, said)]
        return []

    def _problem(self, code: str, name: str, message: str) -> Problem:
        return Problem(code, name, message, self.places.get(name, self.places[""]))


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

    def apply(self, document: Document, *, variables: Dictionary[str, Any], now: datetime) -> Mapped:
        """The documents that one input gives (several with `each`), or the problems."""
        made = Mapped([], [])
        try:
            items = [None] if self.each is None else self.each.evaluate(document, variables, now)
        except ExpressionFailed as error:
            return Mapped([], [Problem(error.code, "", str(error), self.sheet.places[""])])
        for item in items if isinstance(items, list) else [items]:
            if self.each is not None and item is None:
                continue
            result, problems = self.sheet.make(document, {**variables, "item": item}, now)
            made.problems.extend(problems)
            if result is not None and not problems:
                made.documents.append(result)
        return made


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
            document, found = rule.sheet.make(given, {"rule": rule.name}, now)
            problems += found
            if document is None or found:
                continue
            try:
                key = rule.key.evaluate(given, {"tables": rule.sheet.tables}, now)
            except ExpressionFailed as error:
                problems.append(Problem(error.code, "", f"key: {error}", rule.sheet.places[""]))
                continue
            if not isinstance(key, str) or not key:
                problems.append(Problem("MAP_REQUIRED", "", "the rule's key is empty", rule.sheet.places[""]))
                continue
            decisions.append(Decision(rule.decision, rule.name, key, document, self.version_id))
        return decisions, problems
