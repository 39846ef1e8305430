"""Every store is tested on SQLite and, where it is installed, on PostgreSQL."""

import pytest
from chaos.fixtures import clock, cluster, ledger, migrated, sqlite_ledger

from trivet.ledger import Ledger, batches
from trivet.ledger.batches import Batch

__all__ = ["clock", "cluster", "ledger", "migrated", "sqlite_ledger"]


@pytest.fixture
def batch(ledger: Ledger) -> Batch:
    """An open batch."""
    with ledger.begin() as tx:
        opened, _ = batches.open_or_resume(tx, tenant="acme", flow="night", run_key="r1", environment="test")
    return opened
