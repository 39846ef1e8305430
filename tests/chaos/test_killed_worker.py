"""Workers killed with SIGKILL anywhere, against an ERP behind HTTP that misbehaves; the next worker finishes the job.

`make chaos` does the same at full size; `docs/reliability.md` holds its counts.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from chaos.campaign import (
    WRITING_CALLS,
    Field,
    line_trials,
    lives,
    naive_trials,
    no_strace,
    place_trials,
    syscall_trials,
)
from chaos.erp_server import READ_FAULTS, WRITE_FAULTS
from chaos.fixtures import in_memory, migrated
from chaos.trials import Ground, Trial, Verdict, spread

pytestmark = pytest.mark.alone

__all__ = ["in_memory", "migrated"]
LINES, MOMENTS, PLACES, CALLS, UNHARMED, NAIVE = 200, 60, 60, 80, 80, 30


@pytest.fixture
def field(in_memory: Path, migrated: Path) -> Field:
    """Where the trials happen."""
    return Field(in_memory, migrated)


def acquit(verdicts: Sequence[Verdict]) -> None:
    """No trial broke a promise."""
    wrong = [f"{one.trial} at {one.place}: {one.wrong}" for one in verdicts if one.wrong]
    assert not wrong, "\n".join(wrong)


def test_killed_at_any_line_of_the_engine(field: Field) -> None:
    """As many different lines as there are trials, under faults of every kind."""
    trials, passed = line_trials(field, seed=1, many=LINES, faults=24)
    verdicts = field.run(trials)
    acquit(verdicts)
    died = {one.place for one in verdicts if one.killed}
    # a line of a sending thread may come a little earlier or later than it was counted
    assert len(died) >= 0.8 * LINES
    assert len(passed) > len(died)


@pytest.mark.parametrize(
    ("by", "many"), [("failpoint", PLACES // 2), ("commit", PLACES // 2), ("moment", MOMENTS)]
)
def test_killed_at_failpoints_commits_and_any_moment(field: Field, by: str, many: int) -> None:
    """Each life with other faults."""
    verdicts = field.run(place_trials(2, by, many))  # type: ignore[arg-type]
    acquit(verdicts)
    assert sum(one.killed for one in verdicts) > many / 3


def test_killed_inside_system_calls(field: Field) -> None:
    """Halfway through writing the ledger's files, and with half a request on the line."""
    reason = no_strace(field.folder)
    if reason:
        pytest.skip(reason)
    [counts] = spread([WRITING_CALLS], Ground.syscalls, field.folder, field.migrated)
    verdicts = field.run(syscall_trials(3, counts, CALLS))
    acquit(verdicts)
    assert sum(one.killed for one in verdicts) > 0.9 * CALLS


def test_every_fault_alone(field: Field) -> None:
    """Nobody dies; the ERP misbehaves in each of its ways, early and late in the night."""
    verdicts = field.run(lives(4, UNHARMED))
    acquit(verdicts)
    happened = Counter(fault for one in verdicts for fault in one.faults)
    assert set(happened) >= {*WRITE_FAULTS, *READ_FAULTS}


def test_the_rig_convicts_an_engine_that_sends_and_then_records(field: Field) -> None:
    """The same deaths and faults leave its records double."""
    verdicts = field.run(naive_trials(2, NAIVE))
    assert any(one.wrong.startswith("I2") for one in verdicts)
    acquit(field.run([Trial()]))
