"""Campaigns of forked trials: which deaths meet which faults, and what came of all of them."""

import random
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from chaos.erp_server import WRITE_FAULTS
from chaos.trials import Ground, Trial, Verdict, deaths_at_lines, plans, spread
from chaos.worker import Death, all_lines

WRITING_CALLS = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "sendto", "connect")
"""System calls that leave something behind: in the ledger's files, or on the line to the ERP."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where campaigns run, and who hears how far they are."""

    folder: Path
    migrated: Path
    tell: Callable[[int], None] = lambda _: None

    def run(self, trials: Sequence[Trial]) -> list[Verdict]:
        """Every trial's verdict."""
        return spread(trials, Ground.run, self.folder, self.migrated, self.tell)


def lives(seed: int, many: int, **how: bool) -> list[Trial]:
    """Lives with faults, which nobody kills yet."""
    dice = random.Random(seed)
    made = [Trial(writes=writes, reads=reads) for writes, reads in plans(dice, many)]
    return [replace(life, unique=dice.random() < 0.3, **how) for life in made]


def line_trials(field: Field, seed: int, many: int, faults: int) -> tuple[list[Trial], set[str]]:
    """Trials that die at a line, and every line that those lives run through."""
    planned = lives(seed, faults)
    passed = spread(planned, Ground.lines, field.folder, field.migrated)
    pairs = list(zip(planned, passed, strict=True))
    return deaths_at_lines(pairs, many, random.Random(seed)), {line for _, lines in pairs for line in lines}


_LAST = {"failpoint": 45, "commit": 60, "moment": 200}


def place_trials(seed: int, by: Literal["failpoint", "commit", "moment"], many: int) -> list[Trial]:
    """Trials that die at failpoints or commits, or at any millisecond; each life with other faults.

    Some of those that die at a moment send on two connections at once.
    """
    dice = random.Random(seed)
    return [
        replace(
            life,
            death=Death(by, dice.randint(1, _LAST[by])),
            connections=2 if by == "moment" and n % 3 == 0 else 1,
        )
        for n, life in enumerate(lives(seed, many))
    ]


def naive_trials(seed: int, many: int) -> list[Trial]:
    """The same for an engine that sends and then records; it has eight places to die at."""
    return [
        replace(trial, death=Death("failpoint", 1 + trial.death.n % 8), naive=True)
        for trial in place_trials(seed, "failpoint", many)
    ]


def sleep_trials() -> list[Trial]:
    """Workers stopped at each failpoint in turn, under each fault in turn."""
    faults = ["none", *WRITE_FAULTS]
    return [
        Trial(Death("sleep", n), writes=(faults[n % len(faults)],), unique=unique)
        for n in range(1, 17)
        for unique in (True, False)
    ]


def syscall_trials(seed: int, counts: dict[str, int], many: int) -> list[Trial]:
    """Trials that die at a writing system call, spread evenly over all of them."""
    every = [Death("syscall", n, call) for call in WRITING_CALLS for n in range(1, counts.get(call, 0) + 1)]
    dice = random.Random(seed)
    chosen = every if many >= len(every) else dice.sample(every, many)
    return [Trial(death=death) for death in chosen]


def no_strace(folder: Path) -> str:
    """Why system calls cannot be counted here; empty where they can."""
    if not shutil.which("strace"):
        return "strace is not installed: no worker is killed inside a system call"
    probe = subprocess.run(
        ["strace", "-o", str(folder / "probe"), "-e", "trace=none", "true"], capture_output=True, check=False
    )
    return (
        ""
        if probe.returncode == 0
        else "strace may not trace processes here: nobody is killed inside a system call"
    )


def missed(lines: set[str]) -> set[str]:
    """Lines of the delivery package that these lives never reach."""
    return all_lines() - lines
