"""Runs a file's mutants against its own cases. A mutant that no case notices shows what the cases do not say.

A mutant that does not parse, compile or load is not counted, nor is a change to a table that makes no difference to any case,
nor one that the test file names under `equivalent`, with the reason why nothing could notice it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.errors import TrivetError
from trivet.mapping.engine import Compiler, compile_expression
from trivet.mapping.expressions import expressions_of, fields_of
from trivet.mapping.testing.cases import Suite, given_to, name_of, read_suite
from trivet.mapping.testing.compare import differences
from trivet.mapping.testing.mutants import Mutant, mutants_of
from trivet.mapping.testing.outcome import Outcome, Ready, outcome_of, ready_file
from trivet.mapping.testing.parts import Tried, changed, tried_file
from trivet.mapping.testing.probes import Probes, telling_field, with_keys
from trivet.mapping.tokens import NotUnderstood

_BYTES_A_SHARE = 2_000
"""Of a mapping file: a longer one is split, so that no process waits for the longest."""


@dataclass(frozen=True, slots=True)
class Share:
    """Every `of`-th mutant of one file, from the `start`-th on."""

    test: Path
    start: int
    of: int


@dataclass(slots=True)
class Mutated:
    """What became of a file's mutants."""

    file: str
    killed: int = 0
    survived: list[Mutant] = field(default_factory=list)
    equivalent: list[str] = field(default_factory=list)
    """Texts that the test file names and that do survive."""
    named: list[str] = field(default_factory=list)
    """Texts that the test file names."""

    def stale(self) -> list[str]:
        """Named as equivalent, and no surviving mutant is called so."""
        return [text for text in self.named if text not in self.equivalent]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "file": self.file, "killed": self.killed, "score": score([self]), "equivalent": len(self.equivalent),
            "survived": [{"where": mutant.where, "what": mutant.text} for mutant in self.survived],
            "stale_equivalent": self.stale(),
        }  # fmt: skip


def score(files: Iterable[Mutated]) -> float:
    """Killed of all that count; rounded down, so that 1 means all."""
    files = list(files)
    killed = sum(file.killed for file in files)
    counted = killed + sum(len(file.survived) for file in files)
    return int(1000 * killed / counted) / 1000 if counted else 1.0


def shares(tests: Iterable[Path], workers: int) -> list[Share]:
    """The work on these files in pieces of like size."""
    made = []
    for test in tests:
        size = test.with_name(test.name.replace(".test.yaml", ".yaml")).stat().st_size
        of = max(1, min(2 * workers, size // _BYTES_A_SHARE)) if workers > 1 else 1
        made += [Share(test, start, of) for start in range(of)]
    return made


def joined(found: Iterable[Mutated | None]) -> list[Mutated]:
    """The shares of each file put together."""
    files: dict[str, Mutated] = {}
    for part in found:
        if part is None:
            continue
        whole = files.setdefault(part.file, Mutated(part.file, named=part.named))
        whole.killed += part.killed
        whole.survived += part.survived
        whole.equivalent += part.equivalent
    for whole in files.values():
        whole.survived.sort(key=lambda mutant: (_file_and_line(mutant.where), mutant.text))
    return list(files.values())


def _file_and_line(where: str) -> tuple[str, int]:
    file, _, line = where.rpartition(":")
    return file, int(line)


@dataclass(slots=True)
class Mutation:
    """Runs one share; None for a broken file, which its cases tell."""

    home: Path
    compiler: Compiler = compile_expression
    contracts: Contracts | None = None

    def __call__(self, share: Share, /) -> Mutated | None:
        """What became of the share's mutants."""
        if self.contracts is None:
            self.contracts = Contracts.packaged()
        try:
            suite = read_suite(self.home, share.test, self.contracts)
            tried = tried_file(self.home, name_of(self.home, share.test), self.contracts)
            cases = _Cases(tried, suite, self.contracts, self.compiler)
        except TrivetError:
            return None
        made = Mutated(tried.where("").rpartition(":")[0])
        made.named = [entry["mutant"] for entry in suite.loaded.data.get("equivalent", [])]
        for mutant in mutants_of(tried, _looked_up(tried, suite, self.contracts))[share.start :: share.of]:
            killed = cases.notice(mutant)
            if killed:
                made.killed += 1
            elif killed is False and mutant.text in made.named:
                made.equivalent.append(mutant.text)
            elif killed is False:
                made.survived.append(mutant)
        return made


class _Cases:
    """The cases of one file that hold, ready to run on its mutants."""

    def __init__(self, tried: Tried, suite: Suite, contracts: Contracts, compiler: Compiler) -> None:
        self._tried, self._suite = tried, suite
        self._contracts, self._compiler = contracts, compiler
        ready = ready_file(tried.library(contracts, compiler), tried.name)
        runs = [(case, given_to(suite.base, case)) for case in suite.cases]
        outcomes = [(case, given, self._outcome(ready, given)) for case, given in runs]
        self._holding = [entry for entry in outcomes if not differences(entry[0], entry[2])]

    def notice(self, mutant: Mutant) -> bool | None:
        """Whether some case fails on the mutant; None where the mutant does not count."""
        try:
            library = self._tried.library(self._contracts, self._compiler, **mutant.applied(self._tried))
            ready = ready_file(library, self._tried.name)
        except TrivetError:
            return None
        differs = False
        for i, (case, given, before) in enumerate(self._holding):
            outcome = self._outcome(ready, given)
            if differences(case, outcome):
                # what noticed one mutant is likely to notice the next, which is its neighbour
                self._holding.insert(0, self._holding.pop(i))
                return True
            differs = differs or outcome != before
        return False if differs or not mutant.table else None

    def _outcome(self, ready: Ready, given: Any) -> Outcome:
        return outcome_of(ready, given, self._suite.variables, self._suite.now, self._contracts)


def _looked_up(tried: Tried, suite: Suite, contracts: Contracts) -> set[str] | None:
    """Every key by which the cases look something up; None where the expressions do not tell."""
    if not tried.version.tables:
        return set()
    probes = Probes()
    data = tried.data
    try:
        for pointer, source in expressions_of(tried.data):
            data = changed(data, pointer, with_keys(source))
        for pointer, spec in list(fields_of(data)):
            if "lookup" in spec:
                data = changed(data, pointer, telling_field(spec, probes.new(), None))
        ready = ready_file(tried.library(contracts, probes.compiler(), data=data), tried.name)
    except (NotUnderstood, TrivetError):
        return None
    for case in suite.cases:
        outcome_of(ready, given_to(suite.base, case), suite.variables, suite.now, contracts)
    return probes.keys
