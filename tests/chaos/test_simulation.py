"""Thousands of small histories with crashes and vendor faults; after each, the invariants hold."""

import os
from pathlib import Path

import pytest
from chaos.databases import emptied
from chaos.fixtures import cluster, in_memory, migrated
from chaos.forks import Tick, side_by_side
from chaos.simulation import simulate, simulated
from chaos.world import Clock, crash_at_commits

__all__ = ["cluster", "in_memory", "migrated"]
EXAMPLES = int(os.environ.get("TRIVET_CHAOS_EXAMPLES", "4000"))


@pytest.mark.timeout(1800)
def test_no_history_breaks_an_invariant(in_memory: Path, migrated: Path) -> None:
    """Whatever crashes, sleeps, is lost, doubled, late, refused, edited or decided: nothing is lost, twice or left behind."""
    count = simulated(in_memory, migrated, EXAMPLES, first=1)
    assert count >= EXAMPLES


@pytest.mark.timeout(900)
def test_no_history_breaks_an_invariant_on_postgresql(cluster: str, tmp_path: Path) -> None:
    """The same promises on the other database."""

    def work(tick: Tick) -> int:
        with emptied(cluster, tmp_path, Clock()) as opened:
            return simulate(crash_at_commits(opened), EXAMPLES // 80, 100, tick)

    assert side_by_side([work]) == [EXAMPLES // 80]
