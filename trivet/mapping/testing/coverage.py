"""Which parts of a file its cases reach: fields, both ways of every condition, look-ups, defaults, rules.

field     some case's document holds it
branch    the condition of a ternary or a `when` held, and did not
lookup    the table had the key, and had not
default   a value was there, and was not
rule      it decided something
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.errors import TrivetError
from trivet.mapping.engine import compile_expression
from trivet.mapping.expressions import expressions_of, fields_of
from trivet.mapping.files import mapping_files, names
from trivet.mapping.layers import escaped
from trivet.mapping.testing.cases import TESTED, Suite, given_to, read_suite, shown_as
from trivet.mapping.testing.outcome import Outcome, outcome_of, ready_file
from trivet.mapping.testing.parts import Tried, changed, tried_file
from trivet.mapping.testing.probes import Probes, telling_field, with_branches
from trivet.mapping.tokens import NotUnderstood

_SHOWN = 70


@dataclass(slots=True)
class Part:
    """One thing that cases may reach; `reached` is None where that could not be measured."""

    where: str
    """`file:line`"""
    kind: str
    what: str
    reached: bool | None = False


@dataclass(slots=True)
class Covered:
    """One mapping or rules file."""

    file: str
    parts: list[Part] = field(default_factory=list)

    def missing(self) -> list[Part]:
        """What no case reached."""
        return [part for part in self.parts if part.reached is False]

    def not_measured(self) -> list[Part]:
        """What could not be told."""
        return [part for part in self.parts if part.reached is None]

    def counts(self) -> tuple[int, int]:
        """Parts reached, and parts measured."""
        return sum(part.reached is True for part in self.parts), len(self.parts) - len(self.not_measured())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        reached, measured = self.counts()

        def said(parts: list[Part]) -> list[dict[str, str]]:
            return [{"where": part.where, "kind": part.kind, "what": part.what} for part in parts]

        return {
            "file": self.file, "reached": reached, "measured": measured, "percent": percent([self]),
            "missing": said(self.missing()), "not_measured": said(self.not_measured()),
        }  # fmt: skip


def percent(files: list[Covered]) -> float:
    """Of what was measured in all these files; rounded down, so that 100 means all."""
    counts = [file.counts() for file in files]
    reached, measured = sum(count[0] for count in counts), sum(count[1] for count in counts)
    return int(1000 * reached / measured) / 10 if measured else 100.0


def coverable(home: Path, only: str = "") -> list[Path]:
    """The mapping and rules files whose test file has, or would have, `only` in its path."""
    return [file for file in mapping_files(home) if only in shown_as(home, file.with_suffix(TESTED))]


@dataclass(slots=True)
class Coverage:
    """Measures one file after the other; None for a broken one, which its cases tell."""

    home: Path
    contracts: Contracts | None = None

    def __call__(self, file: Path, /) -> Covered | None:
        """What the cases beside the file reach."""
        if self.contracts is None:
            self.contracts = Contracts.packaged()
        try:
            tried = tried_file(self.home, names(self.home, [file])[0], self.contracts)
            test = file.with_suffix(TESTED)
            suite = read_suite(self.home, test, self.contracts) if test.exists() else None
            return _File(tried, suite, self.contracts).covered()
        except TrivetError:
            return None


@dataclass(slots=True)
class _File:
    """One file: its parts, the same file with every condition told, and what its cases come to on both."""

    tried: Tried
    suite: Suite | None
    contracts: Contracts
    probes: Probes = field(default_factory=Probes)
    _told: list[tuple[Part, int, bool]] = field(default_factory=list)

    def covered(self) -> Covered:
        data = self.tried.data
        made = Covered(shown_as(self.tried.home, self.tried.layered.layers[0].file))
        for pointer, source in expressions_of(self.tried.data):
            data = changed(data, pointer, self._expression(made, pointer, source))
        for pointer, spec in list(fields_of(data)):
            if "lookup" in spec or "default" in spec:
                data = changed(data, pointer, self._field(made, pointer, spec))
        plain = self._outcomes(self.tried.data, compile_expression)
        telling = self._outcomes(data, self.probes.compiler())
        # a file that behaves differently while it is watched was watched wrongly
        fair = [(o.made, o.problems) for o in plain] == [(o.made, o.problems) for o in telling]
        for part, number, way in self._told:
            part.reached = way in self.probes.went[number] if fair else None
        made.parts += self._made(plain)
        made.parts.sort(key=lambda part: (part.where.rpartition(":")[0], int(part.where.rpartition(":")[2])))
        return made

    def _outcomes(self, data: Any, compiler: Any) -> list[Outcome]:
        if self.suite is None:
            return []
        ready = ready_file(self.tried.library(self.contracts, compiler, data=data), self.tried.name)
        now, bound, base = self.suite.now, self.suite.variables, self.suite.base
        return [
            outcome_of(ready, given_to(base, case), bound, now, self.contracts) for case in self.suite.cases
        ]

    def _expression(self, made: Covered, pointer: str, source: str) -> str:
        """The expression with its conditions told; those of `when` are the whole expression."""
        called, own = self.tried.called(pointer), self.tried.own(pointer)
        try:
            told, found = with_branches(source, self.probes)
        except NotUnderstood:
            if own and "?" in source:
                made.parts.append(
                    Part(self.tried.where(pointer), "branch", f"{called}: its conditions", None)
                )
            told, found = source, []
        for number, offset, text in found if own else []:
            self._both(made, self.tried.where(pointer, offset), "branch", f"{called}: {_short(text)}", number)
        if pointer.endswith("/when") and not pointer.startswith("/let/"):
            number = self.probes.new()
            if own:
                self._both(made, self.tried.where(pointer), "branch", f"{called}: {_short(source)}", number)
            told = self.probes.branch(number, told)
        return told

    def _field(self, made: Covered, pointer: str, spec: Any) -> dict[str, Any]:
        hit = self.probes.new() if "lookup" in spec else None
        there = self.probes.new() if "default" in spec else None
        if self.tried.own(pointer):
            called, where = self.tried.called(pointer), self.tried.where(pointer)
            if hit is not None:
                self._both(made, where, "lookup", f"{called}: the row is there", hit)
            if there is not None:
                self._both(made, where, "default", f"{called}: a value is there", there)
        return telling_field(spec, hit, there)

    def _both(self, made: Covered, where: str, kind: str, what: str, number: int) -> None:
        for way in (True, False):
            part = Part(where, kind, f"{what} = {str(way).lower()}")
            made.parts.append(part)
            self._told.append((part, number, way))

    def _made(self, outcomes: list[Outcome]) -> Iterator[Part]:
        """Fields that some document holds, and rules that decided something."""
        filled, fired = set(), set()
        rules = {rule["name"]: i for i, rule in enumerate(self.tried.data.get("rules", []))}
        for made in (made for outcome in outcomes for made in outcome.made):
            if not rules:
                filled |= {f"/fields/{escaped(name)}" for name in made}
                continue
            i = rules[made["rule"]]
            fired.add(i)
            own = self.tried.data["rules"][i].get("fields", {})
            for name in made["document"]:
                filled.add(
                    f"/rules/{i}/fields/{escaped(name)}" if name in own else f"/common/{escaped(name)}"
                )
        for name, i in rules.items():
            if self.tried.own(f"/rules/{i}"):
                yield Part(self.tried.where(f"/rules/{i}"), "rule", f"{name}: decides", i in fired)
        for pointer, _ in fields_of(self.tried.data):
            if self.tried.own(pointer):
                called = self.tried.called(pointer)
                yield Part(self.tried.where(pointer), "field", f"{called}: is made", pointer in filled)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"`{line}`" if len(line) <= _SHOWN else f"`{line[:_SHOWN]}…`"
