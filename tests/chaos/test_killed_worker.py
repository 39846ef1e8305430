"""Workers killed with SIGKILL at every place in turn, against an ERP in a process of its own."""

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chaos import target_process
from chaos.fixtures import migrated
from chaos.target_process import RemoteTarget

from trivet.contract import TargetTraits
from trivet.delivery import failpoints
from trivet.delivery.compensate import Scope, rollback
from trivet.delivery.history import live
from trivet.delivery.plan import Wanted, plan
from trivet.delivery.progress import finish
from trivet.delivery.push import push
from trivet.delivery.settle import settle
from trivet.delivery.states import RESTING
from trivet.delivery.verify import second_look, verify
from trivet.delivery.work import Limits
from trivet.ledger import Ledger, audit, batches, contents, open_ledger, operations
from trivet.ledger.tables import operation

__all__ = ["migrated"]
TRAITS = TargetTraits(asked_by="searchable_reference", max_ops=2, quiet_seconds=5, deletes=True)
LIMITS = Limits(max_failures=4, backoff=0, lease=600, slice=4)
RANDOM_KILLS = int(os.environ.get("TRIVET_CHAOS_KILLS", "15"))


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[RemoteTarget]:
    """An ERP in a process of its own."""
    target, pid = target_process.start(tmp_path)
    yield target
    target_process.stop(pid)


def documents(night: int) -> dict[str, dict[str, object] | None]:
    """What two nights want: eve's second record is refused, so that all of hers is taken back; bob changes."""
    wanted: dict[str, dict[str, object] | None] = {
        "ann/1": {"v": 1},
        "ann/2": {"v": 2},
        "bob/1": {"v": 1, "n": night},
        "eve/1": {"v": 1},
        "eve/2": {"bad": True},
    }
    if night == 2:
        del wanted["ann/2"]
    return wanted


def work(folder: Path, erp: RemoteTarget, ahead: float, kill_at: int | None) -> None:
    """One process's life: both nights, settling before, between and after."""
    reached = 0

    def hook(_name: str) -> None:
        nonlocal reached
        reached += 1
        if reached == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.hook = hook
    ledger = open_ledger(
        f"sqlite:///{folder}/ledger.db",
        folder,
        now=lambda: datetime.now(UTC) + timedelta(seconds=ahead),
        environ={},
    )
    for night in (1, 2):
        _settle(ledger, erp)
        with ledger.begin() as tx:
            if _done(tx, night):
                continue
            batch, _ = batches.open_or_resume(
                tx, tenant="acme", flow="night", run_key=str(night), environment="test"
            )
        _plan(ledger, batch.id, night)
        push(ledger, batch.id, "erp", erp, TRAITS, limits=LIMITS)
        verify(ledger, batch.id, "erp", erp, TRAITS, limits=LIMITS)
        finish(ledger, batch.id)
    _settle(ledger, erp)
    second_look(ledger, "erp", erp, TRAITS, limits=LIMITS)


def _settle(ledger: Ledger, erp: RemoteTarget) -> None:
    settle(ledger, "erp", erp, TRAITS, limits=LIMITS)
    with ledger.read() as tx:
        left = operations.find(tx, operation.c.state == "planned")
    for batch_id in sorted({entry.batch_id for entry in left}):
        push(ledger, batch_id, "erp", erp, TRAITS, limits=LIMITS)


def _done(tx: object, night: int) -> bool:
    closed = [batch for batch in batches.recent(tx) if batch.closed_at]  # type: ignore[arg-type]
    return len(closed) >= night


def _plan(ledger: Ledger, batch_id: str, night: int) -> None:
    wanted = [
        Wanted("erp", "goal", name, document, {"n": name}, name[:3], "m", scope=name[:3])
        for name, document in documents(night).items()
    ]
    plan(ledger, batch_id, wanted, scopes={"ann", "bob", "eve"})


def live_through(
    folder: Path, erp: RemoteTarget, ahead: float, kill_at: int | None, kill_after: float | None
) -> bool:
    """Runs a worker in a process of its own; True where it lived to its end."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work(folder, erp, ahead, kill_at)
            code = 0
        finally:
            os._exit(code)
    if kill_after is not None:
        time.sleep(kill_after)  # the one real wait: the moment of death is the point
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the worker failed"
    return not os.WIFSIGNALED(status)


def recover_and_check(folder: Path, erp: RemoteTarget) -> None:
    """Later workers finish the job; the ERP holds exactly what the ledger says."""
    for n in range(1, 4):
        assert live_through(folder, erp, n * 700.0, None, None)
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db", folder, environ={})
    with ledger.read() as tx:
        entries = operations.find(tx, operation.c.tenant == "acme")
        known = contents.get(tx, [entry.id for entry in entries])
        assert {entry.state for entry in entries} <= RESTING
        assert audit.verify(tx.conn, ledger.audit_key) == []
        histories = operations.by_reference(tx, {entry.reference for entry in entries})
    lives = [life for life in map(live, histories.values()) if life]
    expected = sorted((life.reference, str(known[life.id].document)) for life in lives)
    assert sorted((reference, str(document)) for reference, document in erp.rows()) == expected
    assert sorted(str(known[life.id].document) for life in lives) == ["{'v': 1, 'n': 2}", "{'v': 1}"]
    _take_everything_back(ledger, erp)
    ledger.close()


def _take_everything_back(ledger: Ledger, erp: RemoteTarget) -> None:
    for person in ("ann", "bob"):
        report = rollback(
            ledger,
            Scope(subject_ref=person),
            {"erp": (erp, TRAITS)},
            actor="ann",
            reason="end",
            limits=LIMITS,
        )
        assert report.complete, report
    assert erp.rows() == []


def trial(tmp_path: Path, migrated: Path, name: str) -> Path:
    """A folder with an empty ledger."""
    folder = tmp_path / name
    shutil.copytree(migrated, folder)
    return folder


def test_killed_at_every_failpoint_the_next_run_goes_on_correctly(
    tmp_path: Path, migrated: Path, erp: RemoteTarget
) -> None:
    """First to last failpoint of two nights; one trial each, until a worker outlives its nights."""
    kills = 0
    for kill_at in range(1, 100):
        folder = trial(tmp_path, migrated, f"at{kill_at}")
        if live_through(folder, erp, 0, kill_at, None):
            break
        kills += 1
        recover_and_check(folder, erp)
    assert kills >= 20


def test_killed_at_any_moment_the_next_run_goes_on_correctly(
    tmp_path: Path, migrated: Path, erp: RemoteTarget
) -> None:
    """Moments drawn at random, in the middle of whatever the worker does."""
    dice = random.Random(7)
    for n in range(RANDOM_KILLS):
        folder = trial(tmp_path, migrated, f"random{n}")
        live_through(folder, erp, 0, None, dice.uniform(0.0, 0.25))
        recover_and_check(folder, erp)
