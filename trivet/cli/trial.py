"""What `trivet test` runs and prints: failures with their place and difference, what is not covered, what survived."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from trivet.cli import output
from trivet.errors import ConfigError
from trivet.mapping.testing import Result, run_tests
from trivet.mapping.testing.cases import TESTED, case_files
from trivet.mapping.testing.coverage import Coverage, Covered, coverable, percent
from trivet.mapping.testing.junit import junit
from trivet.mapping.testing.mutation import Mutated, Mutation, joined, score, shares
from trivet.mapping.testing.runner import MANY, cores, spread
from trivet.mapping.testing.snapshots import Updated, update

_LINES = 12
"""Differences shown of one case."""
_SHARES = 4
"""Below this many pieces of mutation, other processes cost more than they save."""


@dataclass(slots=True)
class Trial:
    """One call of the command."""

    home: Path
    only: str
    quiet: bool
    results: list[Result] = field(default_factory=list)
    covered: list[Covered] | None = None
    mutated: list[Mutated] | None = None
    updated: list[Updated] | None = None
    seconds: float = 0.0

    def update(self) -> None:
        """Rewrites snapshots; refused where nobody would look at what changed."""
        if os.environ.get("CI", "").lower() in ("true", "1"):
            raise ConfigError(
                "--update is refused while CI is set: a build must not approve its own results",
                code="SNAPSHOT_CI", cure="run it at your desk and commit what changed",
            )  # fmt: skip
        self.updated = update(self.home, self.only)

    def run(self, report: Path | None) -> None:
        """Every case."""
        started = time.monotonic()
        with self._progress("tests", len(case_files(self.home, self.only))) as seen:
            self.results = run_tests(self.home, only=self.only, workers=cores(), seen=seen)
        self.seconds = time.monotonic() - started
        if report is not None:
            report.parent.mkdir(parents=True, exist_ok=True)
            junit(self.results).write(report, encoding="utf-8", xml_declaration=True)

    def cover(self) -> None:
        """What the cases reach."""
        files = coverable(self.home, self.only)
        workers = cores() if len(files) >= MANY else 1
        with (
            self._progress("coverage", len(files)) as seen,
            spread(Coverage(self.home), files, workers) as made,
        ):
            self.covered = [file for file in _each(made, seen) if file is not None]

    def mutate(self) -> None:
        """What the cases notice."""
        work = shares(case_files(self.home, self.only), cores())
        workers = cores() if len(work) >= _SHARES else 1
        with (
            self._progress("mutants", len(work)) as seen,
            spread(Mutation(self.home), work, workers, 1) as made,
        ):
            self.mutated = joined(_each(made, seen))

    def good(self, least: float | None) -> bool:
        """Whether every case passed and enough is covered and noticed."""
        passed = bool(self.results) and all(result.passed for result in self.results)
        stale = any(file.stale() for file in self.mutated or ())
        reached = [percent(self.covered)] if self.covered is not None else []
        noticed = [100 * score(self.mutated)] if self.mutated is not None else []
        return passed and not stale and all(share >= (least or 0) for share in reached + noticed)

    def report(self) -> None:
        """On stdout, for people or for programs."""
        if self.quiet:
            output.print_json(self._json())
            return
        for case in self.updated or ():
            output.print_lines([f"{case.file}:{case.line}: {case.name}: updated"])
        for result in self.results:
            if not result.passed:
                output.print_lines(_failure(result))
        if self.covered is not None:
            _print_coverage(self.covered)
        if self.mutated is not None:
            _print_mutation(self.mutated)
        failed = sum(not result.passed for result in self.results)
        files = len({result.file for result in self.results})
        passed = len(self.results) - failed
        output.print_lines([f"{passed} passed, {failed} failed in {files} files ({self.seconds:.1f} s)"])

    def _json(self) -> Any:
        cases = [result.as_json() for result in self.results]
        more: dict[str, Any] = {}
        if self.updated is not None:
            more["updated"] = [{"file": c.file, "line": c.line, "name": c.name} for c in self.updated]
        if self.covered is not None:
            files = [file.as_json() for file in self.covered]
            more["coverage"] = {"percent": percent(self.covered), "files": files}
        if self.mutated is not None:
            more["mutation"] = {
                "score": score(self.mutated),
                "files": [file.as_json() for file in self.mutated],
            }
        return {"cases": cases, **more} if more else cases

    @contextmanager
    def _progress(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """A line that grows and leaves nothing behind; none where nobody watches."""
        console = Console(stderr=True)
        if self.quiet or not sys.stderr.isatty():
            yield lambda: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        # drawn when something happened, not by a thread: the processes are forked while it stands
        with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
            task = progress.add_task(what, total=total)
            progress.refresh()

            def seen() -> None:
                progress.advance(task)
                progress.refresh()

            yield seen


def _each(made: Any, seen: Callable[[], None]) -> Iterator[Any]:
    for one in made:
        seen()
        yield one


def _failure(result: Result) -> Iterator[str]:
    yield f"{result.file}:{result.line}: {result.name}"
    lines = result.message.splitlines()
    yield from (f"    {line}" for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"    … and {len(lines) - _LINES} more"


def _print_coverage(covered: list[Covered]) -> None:
    width = max((len(file.file) for file in covered), default=0)
    for file in covered:
        reached, measured = file.counts()
        output.print_lines([f"{file.file:<{width}}  {percent([file]):>5} %  {reached:>3} of {measured}"])
    for file in covered:
        output.print_lines(f"{part.where}: {part.kind} not reached: {part.what}" for part in file.missing())
        output.print_lines(
            f"{part.where}: {part.kind} not measured: {part.what}" for part in file.not_measured()
        )
    output.print_lines([f"coverage {percent(covered)} %"])


def _print_mutation(mutated: list[Mutated]) -> None:
    for file in mutated:
        output.print_lines(f"{mutant.where}: survived: {mutant.text}" for mutant in file.survived)
        test = file.file.removesuffix(".yaml") + TESTED
        output.print_lines(
            f"{test}: no surviving mutant is called: {text}; take it from `equivalent`"
            for text in file.stale()
        )
    killed = sum(file.killed for file in mutated)
    counted = killed + sum(len(file.survived) for file in mutated)
    equivalent = sum(len(file.equivalent) for file in mutated)
    said = f"mutation score {score(mutated):.3f}: {killed} of {counted} mutants killed"
    output.print_lines([f"{said}, {equivalent} equivalent left out" if equivalent else said])
