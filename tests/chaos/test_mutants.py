"""Every rule of the engine counts: without it, the simulation finds a history that breaks a promise, and ours passes that one."""

from pathlib import Path

import pytest
from chaos.convictions import Catch, catch_all
from chaos.fixtures import in_memory_for_all, migrated
from chaos.mutants import MUTANTS

__all__ = ["in_memory_for_all", "migrated"]


@pytest.fixture(scope="module")
def catches(in_memory_for_all: Path, migrated: Path) -> dict[str, Catch]:
    """Every broken engine's end."""
    return catch_all(in_memory_for_all, migrated)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_seen(catches: dict[str, Catch], name: str) -> None:
    """Within a bounded number of histories; the unbroken engine passes the one that shows it."""
    caught = catches[name]
    assert caught.said, f"not seen in {caught.histories} histories"
    assert not caught.ours, caught.ours
