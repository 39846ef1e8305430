"""The database fails under a working engine: restarted, or out of space. A clear error, nothing lost, the next run goes on."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chaos import erp_server
from chaos.databases import emptied, postgres_programs, restart_immediately
from chaos.erp_target import ErpTarget
from chaos.fixtures import clock, cluster, migrated
from chaos.trials import judge
from chaos.worker import Worker, open_at
from chaos.world import Clock
from sqlalchemy import event as hooks

from trivet.delivery import failpoints
from trivet.errors import LedgerError
from trivet.ledger import Ledger, audit

__all__ = ["clock", "cluster", "migrated"]


@pytest.fixture
def erp(tmp_path: Path, clock: Clock) -> Iterator[ErpTarget]:
    """An ERP behind HTTP."""
    address, pid = erp_server.start()
    target = ErpTarget(address, tmp_path, clock)
    yield target
    target.close()
    erp_server.stop(pid)


@contextmanager
def at(ledger: Ledger, by: str, place: int, do: Callable[[], None]) -> Iterator[list[str]]:
    """At the n-th failpoint, or right before the n-th commit, this happens, once; names where."""
    reached = 0
    happened: list[str] = []

    def hook(where: object) -> None:
        nonlocal reached
        reached += 1
        if reached == place:
            do()
            happened.append(str(where))

    if by == "failpoint":
        failpoints.hook = hook
    else:
        hooks.listen(ledger.engine, "commit", hook)
    try:
        yield happened
    finally:
        failpoints.hook = None


def go_on_and_judge(ledger: Ledger, erp: ErpTarget, clock: Clock) -> None:
    """The next run finishes, and every promise holds."""
    clock.advance(1_000)
    worker = Worker(ledger, erp, clock)
    for _ in range(3):
        worker.live()
        clock.advance(1_000)
    judge(erp.ask("/state"), worker)
    with ledger.read() as tx:
        assert audit.verify(tx.conn, ledger.audit_key) == []


@pytest.mark.parametrize(
    ("by", "place"), [("failpoint", 2), ("failpoint", 3), *(("commit", n) for n in (2, 6, 9, 15))]
)
def test_postgresql_restarts_under_a_pushing_worker(
    cluster: str, tmp_path: Path, clock: Clock, erp: ErpTarget, by: str, place: int
) -> None:
    """`pg_ctl restart -m immediate`: between two transactions nothing is felt, inside one it is LEDGER_UNREACHABLE."""
    programs = postgres_programs()
    assert programs
    with emptied(cluster, tmp_path, clock) as ledger:
        erp.ask("/reset")
        worker = Worker(ledger, erp, clock)
        with at(ledger, by, place, lambda: restart_immediately(programs, cluster)) as happened:
            if by == "failpoint":
                worker.live()
            else:
                with pytest.raises(LedgerError) as caught:
                    worker.live()
                assert caught.value.code == "LEDGER_UNREACHABLE"
        assert happened
        go_on_and_judge(ledger, erp, clock)


@pytest.mark.parametrize("left", [0, 1, 2, 4, 8, 16, 32])
def test_the_disk_is_full(migrated: Path, tmp_path: Path, clock: Clock, erp: ErpTarget, left: int) -> None:
    """`left` pages of 4 KiB are free: LEDGER_FULL, what was committed stays, with room again everything is finished."""
    with small_disk(tmp_path / "disk") as disk:
        shutil.copytree(migrated, disk, dirs_exist_ok=True)
        ledger = open_at(disk, clock)
        erp.ask("/reset")
        with filled(disk, left), pytest.raises(LedgerError) as caught:
            Worker(ledger, erp, clock).live()
        assert caught.value.code == "LEDGER_FULL"
        go_on_and_judge(ledger, erp, clock)
        ledger.close()


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of 4 MiB; skips loudly where none may be mounted."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "trivet", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk may be mounted here: nobody runs out of space")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def filled(disk: Path, left: int) -> Iterator[None]:
    """Something else takes the space, but for so many pages."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    with filler.open("wb") as stream:
        stream.write(b"x" * (free.f_bavail - left) * free.f_frsize)
    yield
    filler.unlink()
