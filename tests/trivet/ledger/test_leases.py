"""One worker at a time, and a late one writes nothing."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from chaos.world import Clock

from trivet.errors import LedgerError
from trivet.ledger import Ledger, leases


def test_a_held_lease_is_nobody_elses(ledger: Ledger, clock: Clock) -> None:
    """A second worker gets it after release or when its time is over, with a higher fence each time."""
    with ledger.begin() as tx:
        first = leases.claim(tx, "b/erp", 60)
        assert first is not None
        assert leases.claim(tx, "b/erp", 60) is None
        assert leases.release(tx, first)
        second = leases.claim(tx, "b/erp", 60)
    clock.advance(61)
    with ledger.begin() as tx:
        third = leases.claim(tx, "b/erp", 60)
    assert second is not None
    assert third is not None
    assert first.fence < second.fence < third.fence


def test_a_worker_that_was_overtaken_writes_nothing(ledger: Ledger, clock: Clock) -> None:
    """FENCED, and the whole transaction with it; it cannot release the other's lease either."""
    with ledger.begin() as tx:
        late = leases.claim(tx, "b/erp", 60)
    clock.advance(61)
    with ledger.begin() as tx:
        leases.claim(tx, "b/erp", 60)
    assert late is not None
    with pytest.raises(LedgerError) as caught, ledger.begin() as tx:
        leases.renew(tx, late)
    assert caught.value.code == "FENCED"
    with ledger.begin() as tx:
        assert not leases.release(tx, late)


def test_a_renewed_lease_lasts(ledger: Ledger, clock: Clock) -> None:
    """Each write prolongs it."""
    with ledger.begin() as tx:
        held = leases.claim(tx, "b/erp", 60)
    assert held is not None
    for _ in range(3):
        clock.advance(50)
        with ledger.begin() as tx:
            leases.renew(tx, held)
            assert leases.claim(tx, "b/erp", 60) is None


def test_a_dead_process_of_this_machine_holds_nothing(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """The next run need not wait for the lease of a killed one."""
    code = (
        "import os; from pathlib import Path; from trivet.ledger import leases, open_ledger\n"
        f"ledger = open_ledger('sqlite:///{tmp_path}/ledger.db', Path('{tmp_path}'), environ={{}})\n"
        "with ledger.begin() as tx: leases.claim(tx, 'b/erp', 1e6)\n"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path.cwd()).returncode == -9
    with sqlite_ledger.begin() as tx:
        assert leases.claim(tx, "b/erp", 60) is not None


def test_of_many_workers_one_gets_it(ledger: Ledger) -> None:
    """Eight threads at once, twenty leases: each has one holder."""
    got: list[str] = []

    def work() -> None:
        for n in range(20):
            with ledger.begin() as tx:
                if leases.claim(tx, f"b{n}/erp", 60):
                    got.append(f"b{n}")

    crowd = [threading.Thread(target=work) for _ in range(8)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert sorted(got) == sorted(f"b{n}" for n in range(20))
