"""The delivery tests work at a desk (`chaos.desk`), most on SQLite, some on both databases."""

from collections.abc import Iterator

import pytest
from chaos.desk import Desk
from chaos.fixtures import clock, cluster, ledger, migrated, sqlite_ledger
from chaos.world import Clock

from trivet.delivery import failpoints
from trivet.ledger import Ledger

__all__ = ["clock", "cluster", "ledger", "migrated", "sqlite_ledger"]


@pytest.fixture
def desk(sqlite_ledger: Ledger, clock: Clock) -> Iterator[Desk]:
    """A desk on SQLite."""
    yield Desk(sqlite_ledger, clock)
    failpoints.hook = None


@pytest.fixture
def any_desk(ledger: Ledger, clock: Clock) -> Iterator[Desk]:
    """A desk on either database."""
    yield Desk(ledger, clock)
    failpoints.hook = None
