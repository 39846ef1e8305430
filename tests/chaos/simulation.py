"""The simulation in several processes: each with a ledger in memory and a seed of its own."""

import gc
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chaos.forks import PROCESSES, Tick, side_by_side
from chaos.histories import History, judge, live_all
from chaos.world import Clock, crash_at_commits

from trivet.ledger import Ledger, audit, open_ledger


def simulated(
    folder: Path, migrated: Path, many: int, first: int, tell: Callable[[int], None] = lambda _: None
) -> int:
    """How many histories were lived through, from seed `first` on; raises the first that breaks a promise, made small."""

    def work(n: int, tick: Tick) -> int:
        ledger = fresh_ledger(folder / f"simulation{n}", migrated)
        try:
            return simulate(ledger, -(-many // PROCESSES), first + n, tick)
        finally:
            ledger.close()

    return sum(side_by_side([partial(work, n) for n in range(PROCESSES)], tell))


def simulate(ledger: Ledger, many: int, first: int, tick: Tick) -> int:
    """The same in this process; in the end every audit chain holds."""
    lived = 0

    def judged(history: History) -> None:
        nonlocal lived
        judge(ledger, history)
        lived += 1
        tick()

    gc.freeze()  # what is imported lives for ever
    live_all(judged, first, many)
    with ledger.read() as tx:
        assert audit.verify(tx.conn, ledger.audit_key) == [], "I10"
    return lived


def fresh_ledger(folder: Path, migrated: Path) -> Ledger:
    """An empty ledger whose commits are places to die at; power cuts are not simulated here."""
    shutil.copytree(migrated, folder)
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db", folder, now=Clock(), environ={})
    conn = ledger.engine.raw_connection()
    conn.cursor().execute("PRAGMA synchronous = OFF")
    conn.close()
    return crash_at_commits(ledger)
