"""A worker's life for trials with real processes: two nights, a settling, a taking back; and the ways in which it dies.

Every step may be repeated by the next worker: what is done already is known to the ledger.
"""

import mmap
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from chaos.erp_target import ErpTarget, hurry
from chaos.world import Clock
from sqlalchemy import event as hooks

import trivet.delivery
from trivet.contract import Target, TargetTraits
from trivet.delivery import failpoints
from trivet.delivery.compensate import Scope, rollback
from trivet.delivery.plan import Wanted, plan
from trivet.delivery.progress import finish
from trivet.delivery.push import push
from trivet.delivery.settle import settle
from trivet.delivery.verify import second_look, verify
from trivet.delivery.work import Limits
from trivet.errors import LedgerError
from trivet.ledger import Ledger, batches, open_ledger, operations
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import operation
from trivet.model import Document

PACKAGE = str(Path(trivet.delivery.__file__).parent)
QUIET = 5.0
TRAITS = TargetTraits(asked_by="searchable_reference", max_ops=2, quiet_seconds=QUIET, deletes=True)
LIMITS = Limits(max_failures=6, backoff=1, max_pause=20, lease=60, slice=4)
TENANT = "acme"
ENDING = {"ann/1": {"name": "ann/1", "v": 1}, "bob/1": {"name": "bob/1", "v": 1, "n": 2}}
"""What is at the ERP in the end: eve is refused, dan taken back, ann's second record withdrawn."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker dies: at the n-th executed line, failpoint, commit or system call, or after n ms.

    `sleep` is no death: at the n-th failpoint it is stopped until others have taken over.
    """

    by: Literal["none", "line", "failpoint", "commit", "moment", "syscall", "sleep"] = "none"
    n: int = 0
    call: str = ""


class Diary:
    """Where a worker was, in memory that outlives it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4096)

    def note(self, where: str, at: int = 0) -> None:
        """`at` 0 the phase, 1 the line."""
        said = where.encode()[:250]
        self._memory[at * 256 : at * 256 + 256] = said.ljust(256, b"\0")

    def read(self, at: int = 0) -> str:
        """What was noted last."""
        return self._memory[at * 256 : at * 256 + 256].rstrip(b"\0").decode()


@dataclass
class Worker:
    """One process's hands: a ledger, the ERP and a clock that it moves itself."""

    ledger: Ledger
    target: Target
    clock: Clock
    traits: TargetTraits = TRAITS
    diary: Diary | None = None
    pusher: Callable[..., object] = push

    @property
    def naive(self) -> bool:
        """Whether it only sends and records."""
        return self.pusher is not push

    def live(self) -> None:
        """Everything, from the start or from where others came to."""
        for night in (1, 2):
            self.settle()
            self.night(night)
            self.clock.advance(QUIET + 1)
        self.settle()
        self.clock.advance(QUIET + LIMITS.lease + 1)
        self.look()
        if not self.naive:
            self.take_back("dan")
        self.clock.advance(QUIET + LIMITS.lease + 1)
        self.settle()
        self.look()

    def night(self, number: int) -> None:
        """One run of the flow; nothing where it was closed before."""
        with self.ledger.begin() as tx:
            if _closed(tx) >= number:
                return
            batch, _ = batches.open_or_resume(
                tx, tenant=TENANT, flow="night", run_key=str(number), environment="test"
            )
        self._at("plan")
        wanted = [
            Wanted(
                "erp",
                "goal",
                name,
                document,
                {"n": name},
                name[:3],
                "m",
                scope=name[:3],
                order=name == "dan/2",
            )
            for name, document in documents(number).items()
        ]
        plan(self.ledger, batch.id, wanted, scopes={"ann", "bob", "eve", "dan"}, targets={"erp"})
        self._at("push")
        self._push(batch.id)
        if not self.naive:
            self._at("verify")
            verify(self.ledger, batch.id, "erp", self.target, self.traits, limits=LIMITS)
        self._at("finish")
        finish(self.ledger, batch.id)

    def settle(self) -> None:
        """What is in the air, and what is planned again."""
        self._at("settle")
        if not self.naive:
            settle(self.ledger, "erp", self.target, self.traits, limits=LIMITS)
        with self.ledger.read() as tx:
            left = operations.find(tx, operation.c.state == "planned")
        self._at("push")
        for batch_id in sorted({entry.batch_id for entry in left}):
            self._push(batch_id)

    def look(self) -> None:
        """The second look."""
        self._at("second look")
        if not self.naive:
            second_look(self.ledger, "erp", self.target, self.traits, limits=LIMITS)

    def take_back(self, person: str) -> None:
        """All of this person's."""
        self._at("take back")
        try:
            rollback(
                self.ledger,
                Scope(subject_ref=person),
                {"erp": (self.target, self.traits)},
                actor="ann",
                reason="left",
                limits=LIMITS,
            )
        except LedgerError as error:
            if error.code != "PERSON_UNKNOWN":
                raise

    def rests(self) -> bool:
        """Whether nothing is left to do."""
        with self.ledger.read() as tx:
            states = {entry.state for entry in operations.find(tx)}
            looks = operations.find(
                tx, operation.c.due_at.is_not(None), operation.c.state.in_(["confirmed", "compensated"])
            )
        return not looks and not states - _RESTS

    def _push(self, batch_id: str) -> None:
        self.pusher(self.ledger, batch_id, "erp", self.target, self.traits, limits=LIMITS)

    def _at(self, phase: str) -> None:
        if self.diary:
            self.diary.note(phase)


_RESTS = {"confirmed", "rejected", "compensated", "superseded", "cancelled", "written_off", "stuck"}


def documents(night: int) -> dict[str, Document | None]:
    """What the nights want: eve's second record is refused, so that all of hers is taken back; bob changes, ann's goes."""
    wanted: dict[str, Document | None] = {
        "ann/1": {"v": 1},
        "ann/2": {"v": 2},
        "bob/1": {"v": 1, "n": night},
        "dan/1": {"v": 1, "n": night},
        "dan/2": {"v": 7} if night == 2 else None,
        "eve/1": {"v": 1},
        "eve/2": {"bad": True},
    }
    if night == 2:
        del wanted["ann/2"]
    return {name: {"name": name, **document} if document else None for name, document in wanted.items()}


def _closed(tx: Transaction) -> int:
    return sum(batch.closed_at is not None for batch in batches.recent(tx))


def open_at(folder: Path, clock: Clock) -> Ledger:
    """The trial's ledger."""
    return open_ledger(f"sqlite:///{folder}/ledger.db", folder, now=clock, environ={})


def live_and_die(
    folder: Path,
    address: str,
    traits: TargetTraits,
    death: Death,
    diary: Diary,
    pusher: Callable[..., object],
) -> None:
    """The life of a worker process, to its end or to its death."""
    hurry()
    clock = Clock()
    ledger = open_at(folder, clock)
    target = ErpTarget(address, folder, clock)
    worker = Worker(ledger, target, clock, traits, diary, pusher)
    die = _Reaper(death, diary)
    if death.by == "commit":
        hooks.listen(ledger.engine, "commit", die.count)
    if death.by in {"failpoint", "sleep"}:
        failpoints.hook = die.count
    if death.by == "line":
        threading.settrace(die.trace)
        sys.settrace(die.trace)
    try:
        worker.live()
    except LedgerError as error:
        if error.code not in {"FENCED", "LEASE_HELD"}:
            raise
        diary.note(error.code, 3)
    finally:
        sys.settrace(None)
        failpoints.hook = None
    diary.note(str(die.counted), 2)


class _Reaper:
    """Counts places; at the n-th it kills this process."""

    def __init__(self, death: Death, diary: Diary) -> None:
        self.at = death.n
        self.signal = signal.SIGSTOP if death.by == "sleep" else signal.SIGKILL
        self.counted = 0
        self.diary = diary

    def count(self, where: Any) -> None:
        self.counted += 1
        if self.counted == self.at:
            self.diary.note(str(where) if isinstance(where, str) else "commit", 1)
            os.kill(os.getpid(), self.signal)

    def trace(self, frame: FrameType, what: str, _arg: object) -> Any:
        if frame.f_code.co_filename.startswith(PACKAGE):
            return self._line
        return None

    def _line(self, frame: FrameType, what: str, _arg: object) -> Any:
        if what == "line":
            self.counted += 1
            if self.counted == self.at:
                self.diary.note(place(frame), 1)
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


def place(frame: FrameType) -> str:
    """`push.py:12`."""
    return f"{frame.f_code.co_filename.rpartition(os.sep)[2]}:{frame.f_lineno}"


def lines_of(live: Callable[[], None]) -> list[str]:
    """Every line of the delivery package that this life runs through, in order."""
    passed: list[str] = []

    def local(frame: FrameType, what: str, _arg: object) -> Any:
        if what == "line":
            passed.append(place(frame))
        return local

    def outer(frame: FrameType, what: str, _arg: object) -> Any:
        return local if frame.f_code.co_filename.startswith(PACKAGE) else None

    threading.settrace(outer)
    sys.settrace(outer)
    try:
        live()
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
    return passed


def all_lines() -> set[str]:
    """Every line inside a function of the delivery package."""
    found: set[str] = set()
    for file in Path(PACKAGE).glob("*.py"):
        todo = [compile(file.read_text(encoding="utf-8"), str(file), "exec")]
        while todo:
            code = todo.pop()
            todo += [const for const in code.co_consts if hasattr(const, "co_lines")]
            if code.co_flags & 0x2:  # a function; class bodies and modules run at import
                found |= {
                    f"{file.name}:{line}"
                    for _, _, line in code.co_lines()
                    if line and line > code.co_firstlineno
                }
    return found
