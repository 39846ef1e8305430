"""Trials with real processes: a worker lives and dies against the ERP; others finish; the checker judges what is left."""

import os
import random
import shutil
import signal
import subprocess
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from chaos import erp_server
from chaos.checker import Seen, Told, check
from chaos.erp_server import READ_FAULTS, WRITE_FAULTS
from chaos.erp_target import ErpTarget, hurry
from chaos.forks import PROCESSES, Tick, side_by_side
from chaos.naive import naive_push
from chaos.worker import ENDING, TENANT, TRAITS, Death, Diary, Worker, lines_of, live_and_die, open_at
from chaos.world import Clock

from trivet.delivery.push import push
from trivet.ledger import audit
from trivet.ledger.operations import find

_T = TypeVar("_T")
_R = TypeVar("_R")


NOBODY = Death()


@dataclass(frozen=True, slots=True)
class Trial:
    """What one trial does to one worker."""

    death: Death = NOBODY
    writes: tuple[str, ...] = ()
    """Faults, one per mutating request."""
    reads: tuple[str, ...] = ()
    unique: bool = False
    connections: int = 1
    naive: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it."""

    trial: Trial
    killed: bool
    phase: str
    """What the worker did when it died."""
    place: str
    """The line, failpoint or commit at which it died, where that is known."""
    faults: tuple[str, ...]
    """Those that happened."""
    wrong: str
    """The broken promise; empty where all held."""
    counted: int = 0
    fenced: bool = False
    """It came back from its sleep, and the ledger let it write nothing."""


@dataclass
class Ground:
    """Where trials happen: one ERP, one folder on which nothing is left of the last trial."""

    folder: Path
    migrated: Path
    address: str
    diary: Diary = field(default_factory=Diary)
    plan: list[str] = field(default_factory=list)

    def run(self, trial: Trial) -> Verdict:
        """One trial."""
        folder = self.folder / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.migrated, folder)
        clock = Clock()
        target = ErpTarget(self.address, folder, clock)
        target.ask("/reset", {"writes": trial.writes, "reads": trial.reads, "unique": trial.unique})
        for at in range(4):
            self.diary.note("", at)
        try:
            killed = self._live_and_die(folder, trial)
            happened = self._happened(target, trial)
            wrong = self._finish(folder, target, clock, trial)
        finally:
            target.close()
        counted = int(self.diary.read(2) or 0)
        fenced = self.diary.read(3) == "FENCED"
        return Verdict(
            trial, killed, self.diary.read(0), self.diary.read(1), happened, wrong, counted, fenced
        )

    def lines(self, trial: Trial) -> list[str]:
        """The lines that this trial's worker runs through if nobody kills it."""
        shutil.rmtree(self.folder / "trial", ignore_errors=True)
        folder = shutil.copytree(self.migrated, self.folder / "trial")
        clock = Clock()
        target = ErpTarget(self.address, folder, clock)
        target.ask("/reset", {"writes": trial.writes, "reads": trial.reads, "unique": trial.unique})
        ledger = open_at(folder, clock)
        try:
            return lines_of(Worker(ledger, target, clock, _traits(trial), None, _pusher(trial)).live)
        finally:
            ledger.close()
            target.close()

    def syscalls(self, calls: Sequence[str]) -> dict[str, int]:
        """How often an untouched life makes each of these system calls."""
        verdict = self.run(Trial(death=Death("syscall", 0, ",".join(calls))))
        assert not verdict.wrong, verdict
        said = (self.folder / "calls").read_text(encoding="utf-8").splitlines()
        return dict(Counter(line.partition("(")[0] for line in said))

    def _live_and_die(self, folder: Path, trial: Trial) -> bool:
        gate, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(go)
                os.read(gate, 1)
                live_and_die(folder, self.address, _traits(trial), trial.death, self.diary, _pusher(trial))
                code = 0
            except BaseException:  # noqa: BLE001 - this process ends here, its parent asks why
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(gate)
        tracer = _traced(pid, trial.death, self.folder / "calls") if trial.death.by == "syscall" else None
        os.write(go, b"1")
        os.close(go)
        if trial.death.by == "moment":
            time.sleep(trial.death.n / 1000)  # the one real wait: the moment of death is the point
            os.kill(pid, signal.SIGKILL)
        try:
            if trial.death.by == "sleep":
                self._while_asleep(pid, folder, trial)
        except BaseException:
            with suppress(ProcessLookupError):  # nobody would ever wake it, and it holds our pipes open
                os.kill(pid, signal.SIGKILL)
            raise
        status = os.waitpid(pid, 0)[1]
        if tracer:
            tracer.communicate()
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the worker failed: {trial}"
        return os.WIFSIGNALED(status)

    def _while_asleep(self, pid: int, folder: Path, trial: Trial) -> None:
        """Others take over, long after its lease; then it wakes."""
        assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]), f"it never slept: {trial}"
        clock = Clock()
        clock.advance(1_000)
        target = ErpTarget(self.address, folder, clock)
        ledger = open_at(folder, clock)
        worker = Worker(ledger, target, clock, _traits(trial))
        worker.settle()
        clock.advance(10)
        worker.settle()
        ledger.close()
        target.close()
        os.kill(pid, signal.SIGCONT)

    def _happened(self, target: ErpTarget, trial: Trial) -> tuple[str, ...]:
        left = target.ask("/state")["left"]
        writes, reads = len(trial.writes) - len(left["writes"]), len(trial.reads) - len(left["reads"])
        return (*trial.writes[:writes], *trial.reads[:reads])

    def _finish(self, folder: Path, target: ErpTarget, clock: Clock, trial: Trial) -> str:
        """Others go on, then the checker looks; what is broken."""
        target.ask("/state")  # whatever the dead worker left in the line is done now
        clock.advance(10_000)
        ledger = open_at(folder, clock)
        worker = Worker(ledger, target, clock, _traits(trial), None, _pusher(trial))
        try:
            for _ in range(3):
                worker.live()
                clock.advance(1_000)
                if worker.rests():
                    break
            state = target.ask("/state")
            with ledger.read() as tx:
                assert audit.verify(tx.conn, ledger.audit_key) == [], "I10: an audit chain is broken"
                stuck = [f"{e.id}: {e.error_code}" for e in find(tx) if e.state == "stuck"]
            judge(state, worker)
            assert not stuck, f"I1: {stuck} for no reason"
        except AssertionError as error:
            return str(error) or "an assertion"
        finally:
            ledger.close()
        return ""


def judge(state: dict[str, Any], worker: Worker) -> None:
    """All promises, and the one picture that every life must come to."""
    seen = [Seen(reference, number, document) for _, reference, number, document in state["rows"]]
    if worker.naive:
        names = Counter(row.document["name"] for row in seen)
        assert max(names.values(), default=0) <= 1, f"I2: {dict(names)}"
        wanted = {"ann/1", "ann/2", "bob/1", "dan/1", "dan/2", "eve/1"}
        assert set(names) <= wanted, "I3"
        return
    sent = Counter(key for key, _, how, _ in state["log"] if how not in {"late", "again"})
    check(worker.ledger, TENANT, Told({"erp": seen}, sent=sent, doubled=True))
    shown = {row.document["name"]: {k: v for k, v in row.document.items() if v is not None} for row in seen}
    assert shown == ENDING, f"I1: at the ERP {shown}"


def _traits(trial: Trial) -> Any:
    asked = "unique_reference" if trial.unique else "searchable_reference"
    many = {"connections": trial.connections, "max_ops": 1} if trial.connections > 1 else {}
    return replace(TRAITS, asked_by=asked, **many)


def _pusher(trial: Trial) -> Callable[..., object]:
    return naive_push if trial.naive else push


def _traced(pid: int, death: Death, log: Path) -> subprocess.Popen[bytes]:
    """strace on the process: kills it at the n-th of these calls, or only writes them down where n is 0."""
    how = ["-e", f"trace={death.call}"]
    how += (
        ["-e", f"inject={death.call}:signal=SIGKILL:when={death.n}", "-o", "/dev/null"]
        if death.n
        else ["-o", str(log)]
    )
    tracer = subprocess.Popen(["strace", *how, "-p", str(pid)], stderr=subprocess.PIPE)
    assert tracer.stderr
    said = tracer.stderr.readline()
    assert b"attached" in said, said
    return tracer


def plans(dice: random.Random, many: int) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Plans of faults: none, every fault at the first request, every fault later in the night, then mixtures."""
    made: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), ())]
    made += [((fault,), ()) for fault in WRITE_FAULTS] + [((), (fault,)) for fault in READ_FAULTS]
    later: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        ((*(["none"] * n), fault), ()) for fault in WRITE_FAULTS for n in (2, 5, 7)
    ]
    dice.shuffle(later)
    made += later
    while len(made) < many:
        writes = tuple(dice.choice(["none", "none", *WRITE_FAULTS]) for _ in range(dice.randint(1, 9)))
        reads = tuple(dice.choice(["none", "none", *READ_FAULTS]) for _ in range(dice.randint(0, 2)))
        made.append((_bearable(writes), reads))
    return made[:many]


def _bearable(writes: Sequence[str]) -> tuple[str, ...]:
    """At most four faults: more of them in a row may rightly end with a person."""
    left, kept = 4, []
    for fault in writes:
        kept.append(fault if fault == "none" or left else "none")
        left -= fault != "none" and left > 0
    return tuple(kept)


def spread(
    jobs: Sequence[_T],
    work: Callable[[Ground, _T], _R],
    folder: Path,
    migrated: Path,
    tell: Callable[[int], None] = lambda _: None,
) -> list[_R]:
    """The jobs' results in their order, by several processes, each on a ground of its own; `tell` counts."""

    def part(n: int, tick: Tick) -> list[_R]:
        hurry()
        mine = folder / f"ground{n}"
        mine.mkdir(parents=True)
        address, erp = erp_server.start()
        ground = Ground(mine, migrated, address)
        try:
            return [_told(work(ground, job), tick) for job in jobs[n::PROCESSES]]
        finally:
            erp_server.stop(erp)
            shutil.rmtree(mine, ignore_errors=True)

    parts = side_by_side([partial(part, n) for n in range(PROCESSES)], tell)
    return [parts[n % PROCESSES][n // PROCESSES] for n in range(len(jobs))]


def _told(result: _R, tick: Tick) -> _R:
    tick()
    return result


def deaths_at_lines(
    passed: Sequence[tuple[Trial, Sequence[str]]], many: int, dice: random.Random
) -> list[Trial]:
    """`many` trials that die at a line: as many different lines as there are, then moments of them at random.

    `passed` are lives by the lines that they run through.
    """
    moments: dict[str, list[tuple[Trial, int]]] = {}
    for life, lines in passed:
        for n, line in enumerate(lines, 1):
            moments.setdefault(line, []).append((life, n))
    names = sorted(moments)
    dice.shuffle(names)
    chosen = [dice.choice(moments[name]) for name in names[:many]]
    everywhere = [(life, n) for life, lines in passed for n in range(1, len(lines) + 1)]
    chosen += [dice.choice(everywhere) for _ in range(many - len(chosen))]
    return [replace(life, death=Death("line", n)) for life, n in chosen]
