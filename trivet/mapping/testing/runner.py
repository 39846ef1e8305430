"""Runs every case of every test file, in several processes where that pays; the order is the files' order."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from trivet.documents import Contracts
from trivet.errors import TrivetError
from trivet.mapping.engine import Compiler, compile_expression
from trivet.mapping.files import Library
from trivet.mapping.testing.cases import case_files, given_to, read_suite, shown_as
from trivet.mapping.testing.compare import differences
from trivet.mapping.testing.outcome import outcome_of, ready_file

MANY = 20
"""Files below this run here: starting processes costs more than they save."""
Item = TypeVar("Item", contravariant=True)
Made = TypeVar("Made", covariant=True)


@dataclass(frozen=True, slots=True)
class Result:
    """One case."""

    file: str
    name: str
    passed: bool
    message: str = ""
    """One line a difference."""
    line: int = 1
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


class Work(Protocol[Item, Made]):
    """What is done with one item; must survive pickling."""

    def __call__(self, item: Item, /) -> Made:
        """What comes of it."""
        ...


def run_tests(
    home: Path,
    compiler: Compiler = compile_expression,
    *,
    only: str = "",
    workers: int = 1,
    seen: Callable[[], None] | None = None,
) -> list[Result]:
    """Every case of every file with `only` in its path; `seen` is called after each file."""
    files = case_files(home, only)
    results: list[Result] = []
    with spread(_Files(home, compiler), files, workers if len(files) >= MANY else 1) as made:
        for found in made:
            results += found
            if seen is not None:
                seen()
    return results


@dataclass(slots=True)
class _Files:
    """Runs one test file; contracts and mappings are read once a process."""

    home: Path
    compiler: Compiler
    library: Library | None = None

    def __call__(self, test: Path, /) -> list[Result]:
        if self.library is None:
            self.library = Library(self.home, Contracts.packaged(), self.compiler)
        return list(run_file(self.home, test, self.library))


def run_file(home: Path, test: Path, library: Library) -> Iterator[Result]:
    """Every case of one test file; one failed result where the file or its mapping is broken."""
    try:
        suite = read_suite(home, test, library.contracts)
        ready = ready_file(library, suite.name)
        now, variables = suite.now, suite.variables
    except TrivetError as error:
        yield Result(shown_as(home, test), "(the file)", False, error.explained())
        return
    for i, case in enumerate(suite.cases):
        started = time.perf_counter()
        outcome = outcome_of(ready, given_to(suite.base, case), variables, now, library.contracts)
        wrong = differences(case, outcome)
        spent = round(time.perf_counter() - started, 6)
        yield Result(suite.shown, case["name"], not wrong, "\n".join(wrong), suite.line(i), spent)


@contextmanager
def spread(
    work: Work[Item, Made], items: Sequence[Item], workers: int, at_once: int = 8
) -> Iterator[Iterable[Made]]:
    """What the work makes of each item, in the items' order; here, or in this many processes."""
    if workers <= 1 or len(items) <= 1:
        yield map(work, items)
        return
    # a forked process has every import already; with threads about, forking may copy a held lock
    quick = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if quick else "spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_Worker.start, initargs=(work,)
    ) as pool:
        yield pool.map(_Worker.do, items, chunksize=max(1, min(at_once, len(items) // workers)))


class _Worker:
    """The work of this process: sent once, not with every item."""

    work: Any = None

    @classmethod
    def start(cls, work: Any) -> None:
        cls.work = work

    @classmethod
    def do(cls, item: Any) -> Any:
        return cls.work(item)


def cores() -> int:
    """How many processes may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
