"""What the ledger costs per operation: plan, push, verify, plan again, settle; beside bare sqlite3 without any promise.

    python -m benchmarks.delivery_ledger [operations] [ledger URL]

The target answers at once in memory, so that all time is the hub's own. The peer inserts a row an operation and updates it
before and after each call with the same number of commits: no audit chain, no encryption, no revisions, no fences.
"""

import json
import multiprocessing
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from trivet.contract import TargetTraits
from trivet.delivery.plan import Wanted, plan
from trivet.delivery.push import push
from trivet.delivery.settle import settle
from trivet.delivery.verify import verify
from trivet.delivery.work import Limits
from trivet.errors import UnknownOutcome
from trivet.ledger import Ledger, batches, open_ledger
from trivet.model import Confirmed, Found, Operation, Outcome

MAX_OPS = 100


class InMemory:
    """A target that answers at once; `lost` answers get lost after the write."""

    def __init__(self, *, lost: bool = False) -> None:
        self.rows: dict[str, list[Found]] = {}
        self.lost = lost

    def check(self) -> None:
        """Nothing to prove."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Keeps what it gets."""
        for one in operations:
            self.rows[one.reference] = [Found(one.reference, one.document)]
        if self.lost:
            raise UnknownOutcome("answer lost", connector="memory", operation="send")
        return [Confirmed(one.reference) for one in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Gives what it has."""
        del entity
        return {one.reference: self.rows[one.reference] for one in operations if one.reference in self.rows}


def wanted(count: int, target: str) -> list[Wanted]:
    """Believable operations: a document of fifteen fields, a decision with its evidence."""
    document = {f"field{n}": f"value of field {n}" for n in range(12)}
    decision = {"rule": "risk awareness", "score": 8.5, "evidence": "我先核对了风险敞口。" * 8}
    return [
        Wanted(
            target, "goal", f"p{n // 5}/{n}", document | {"n": n}, decision, f"p{n // 5}", "m@1", f"a{n // 5}"
        )
        for n in range(count)
    ]


@contextmanager
def lap(name: str, count: int) -> Iterator[None]:
    """Prints CPU and wall time of the block."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"  {name:34s}{cpu * 1e3:9.0f} ms CPU{cpu / count * 1e3:9.3f} ms each{wall * 1e3:9.0f} ms wall")


def run(ledger: Ledger, count: int, max_ops: int) -> None:
    """One night's deliveries, and the next night that changes nothing."""
    target = f"t{time.time_ns()}"
    traits = TargetTraits("searchable_reference", max_ops, 0.0, deletes=True)
    with ledger.begin() as tx:
        batch, _ = batches.open_or_resume(tx, tenant="t", flow=target, run_key="r", environment="test")
    records, scopes, erp = wanted(count, target), {f"a{n // 5}" for n in range(count)}, InMemory()
    with lap("plan", count):
        plan(ledger, batch.id, records, scopes=scopes)
    with lap("push (two transitions)", count):
        assert push(ledger, batch.id, target, erp, traits).confirmed == count
    with lap("verify", count):
        assert verify(ledger, batch.id, target, erp, traits).verified == count
    with lap("plan again, nothing changed", count):
        assert {entry.action for entry in plan(ledger, batch.id, records, scopes=scopes)} == {"unchanged"}


def unknowns(ledger: Ledger, count: int) -> None:
    """Every answer lost, every operation settled by asking."""
    target = f"u{time.time_ns()}"
    traits = TargetTraits("searchable_reference", MAX_OPS, 0.0, deletes=True)
    with ledger.begin() as tx:
        batch, _ = batches.open_or_resume(tx, tenant="t", flow=target, run_key="r", environment="test")
    plan(ledger, batch.id, wanted(count, target))
    erp = InMemory(lost=True)
    endless = Limits(trips=10**9)  # else the target would be spared after the fifth lost answer
    assert push(ledger, batch.id, target, erp, traits, limits=endless).unknown == count
    with lap("settle unknowns", count):
        assert settle(ledger, target, erp, traits, limits=endless).confirmed == count


def peer(folder: Path, count: int) -> None:
    """The same rows and commits with bare sqlite3."""
    db = sqlite3.connect(folder / "peer.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE operation (id TEXT PRIMARY KEY, state TEXT, document TEXT)")
    rows = [(f"{entry.business_key}", "planned", json.dumps(entry.document)) for entry in wanted(count, "t")]
    with lap("bare sqlite3: insert, two updates", count):
        db.execute("BEGIN")
        db.executemany("INSERT INTO operation VALUES (?, ?, ?)", rows)
        db.execute("COMMIT")
        for start in range(0, count, MAX_OPS):
            for state in ("intent", "confirmed"):
                db.execute("BEGIN")
                part = [(state, row[0]) for row in rows[start : start + MAX_OPS]]
                db.executemany("UPDATE operation SET state = ? WHERE id = ?", part)
                db.execute("COMMIT")


class Nowhere:
    """A target that confirms everything and keeps nothing, so that the memory measured is the hub's own."""

    def check(self) -> None:
        """Nothing to prove."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Done."""
        return [Confirmed(one.reference) for one in operations]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """Nothing is kept."""
        del entity, operations
        return {}


def grown(folder: Path, count: int, said: "multiprocessing.Queue[tuple[float, float]]") -> None:
    """Plans and pushes so many in a process of its own; CPU ms an operation and the MB by which its memory grew."""
    ledger = open_ledger(f"sqlite:///{folder}/{count}.db", folder)
    run(ledger, 500, MAX_OPS)
    traits = TargetTraits("searchable_reference", 500, 0.0, deletes=True)
    with ledger.begin() as tx:
        batch, _ = batches.open_or_resume(tx, tenant="t", flow="grown", run_key="r", environment="test")
    before, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for start in range(0, count, 500):
        plan(
            ledger,
            batch.id,
            [replace(w, business_key=f"{start}/{w.business_key}") for w in wanted(500, "grown")],
        )
    assert push(ledger, batch.id, "grown", Nowhere(), traits).confirmed == count
    cpu = time.process_time() - cpu
    said.put((cpu / count * 1e3, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def growth(folder: Path, counts: Sequence[int]) -> None:
    """The price of an operation, and the memory, as a batch grows."""
    context = multiprocessing.get_context("spawn")
    print("plan and push, 500 a call, as the batch grows")
    for count in counts:
        said: multiprocessing.Queue[tuple[float, float]] = context.Queue()
        life = context.Process(target=grown, args=(folder, count, said))
        life.start()
        each, memory = said.get()
        life.join()
        print(f"  {count:7d} operations{each:29.3f} ms CPU each{memory:9.0f} MB more memory")


def main(count: int, url: str | None) -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = open_ledger(url or f"sqlite:///{folder}/ledger.db", folder)
        steps: list[tuple[str, Callable[[], None]]] = [
            (f"{count} operations, {MAX_OPS} a call", lambda: run(ledger, count, MAX_OPS)),
            (f"{count // 5} operations, one a call", lambda: run(ledger, count // 5, 1)),
            (f"{count} lost answers", lambda: unknowns(ledger, count)),
            ("peer", lambda: peer(folder, count)),
        ]
        run(ledger, 100, MAX_OPS)  # statements are compiled once a process
        for title, step in steps:
            print(title)
            step()
        ledger.close()
        growth(folder, (10_000, 50_000, 200_000))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000, sys.argv[2] if len(sys.argv) > 2 else None)
