"""A small world for simulated histories: two ERPs that misbehave, a few people, and the checker of what must hold."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chaos.fake_target import Crash, FakeTarget, Fault
from sqlalchemy import select

from trivet.contract import TargetTraits
from trivet.delivery import failpoints
from trivet.delivery.compensate import Scope, rollback
from trivet.delivery.history import live
from trivet.delivery.plan import Wanted, plan
from trivet.delivery.progress import finish
from trivet.delivery.push import push
from trivet.delivery.settle import settle
from trivet.delivery.states import INITIAL, OPERATION, RESTING
from trivet.delivery.verify import second_look, verify
from trivet.delivery.work import Limits
from trivet.errors import LedgerError
from trivet.ledger import Ledger, batches, cases, contents, operations
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import event, operation
from trivet.model import Document, Operation

_NUMBERS = itertools.count()
LIMITS = Limits(max_failures=4, backoff=1, max_pause=20, lease=60)


class Clock:
    """Time that only moves when told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.time += timedelta(seconds=seconds)


class Crashes:
    """Dies at the n-th failpoint reached, for each n given."""

    def __init__(self, at: Sequence[int]) -> None:
        self.at = set(at)
        self.reached: dict[str, int] = {}
        self.count = 0

    def __call__(self, name: str) -> None:
        self.count += 1
        self.reached[name] = self.reached.get(name, 0) + 1
        if self.count in self.at:
            raise Crash(name)


@dataclass
class World:
    """One history's state; names are its own, so that many share one ledger."""

    ledger: Ledger
    clock: Clock
    traits: Mapping[str, TargetTraits]
    faults: Mapping[str, Sequence[Fault]]
    atomic: batches.Atomic = "person"
    crashes: Crashes = field(default_factory=lambda: Crashes([]))
    engine_traits: Mapping[str, TargetTraits] | None = None
    """What the engine is told, where that differs from the truth."""
    pusher: Callable[..., object] = push
    verifies: bool = True

    def __post_init__(self) -> None:
        self.tenant = f"t{next(_NUMBERS)}"
        self.told = {self.id(name): traits for name, traits in (self.engine_traits or self.traits).items()}
        self.targets = {
            self.id(name): FakeTarget(
                self.clock, traits, iter(self.faults.get(name, ())), on_send=self._intended
            )
            for name, traits in self.traits.items()
        }
        self.touched: set[str] = set()
        self.batch_id = ""

    def id(self, name: str) -> str:
        """The connection id of that target in this world."""
        return f"{self.tenant}-{name}"

    def survive(self, step: Callable[[], object]) -> None:
        """Runs a step as a process would: a crash ends it, a vendor's error ends it, the next step goes on."""
        failpoints.hook = self.crashes
        try:
            step()
        except (Crash, KeyError):
            # a dead worker's lease ends by time
            self.clock.advance(LIMITS.lease + 1)
        except LedgerError as error:
            if error.code not in {"LEASE_HELD", "FENCED", "BATCH_CLOSED", "PERSON_UNKNOWN"}:
                raise
        finally:
            failpoints.hook = None

    def night(self, documents: Mapping[tuple[str, str, str], Document | None], *, close: bool = True) -> None:
        """One run: plans these documents by (target, person, record), pushes and verifies everywhere, closes."""
        with self.ledger.begin() as tx:
            known, _ = batches.open_or_resume(
                tx, tenant=self.tenant, flow="night", run_key="r", environment="test", atomic=self.atomic
            )
        self.batch_id = known.id
        wanted = [
            Wanted(
                target=self.id(target),
                entity="goal",
                business_key=f"{person}/{record}",
                document=document,
                decision={"record": record},
                subject_ref=f"{self.tenant}-{person}",
                mapping_version="m1",
                scope=f"{self.tenant}-{person}",
                order=1 if record == "last" else 0,
            )
            for (target, person, record), document in documents.items()
        ]
        people = {f"{self.tenant}-{person}" for person in ("ann", "bob", "eve")}
        plan(self.ledger, known.id, wanted, scopes=people, targets=set(self.targets))
        for name, target in self.targets.items():
            self.pusher(self.ledger, known.id, name, target, self.told[name], limits=LIMITS)
        for name, target in self.targets.items() if self.verifies else ():
            verify(self.ledger, known.id, name, target, self.told[name], limits=LIMITS)
        if close:
            finish(self.ledger, known.id)

    def settle(self) -> None:
        """What the settling DAG does."""
        for name, target in self.targets.items():
            report = settle(self.ledger, name, target, self.told[name], limits=LIMITS)
            for batch_id in report.batches if report.resend else ():
                self.pusher(self.ledger, batch_id, name, target, self.told[name], limits=LIMITS)
            second_look(self.ledger, name, target, self.told[name], limits=LIMITS)

    def take_back(self, scope: Scope) -> None:
        """Rolls the scope back."""
        pairs = {name: (target, self.told[name]) for name, target in self.targets.items()}
        rollback(self.ledger, scope, pairs, actor="ann", reason="test", limits=LIMITS)

    def edit(self, name: str) -> None:
        """A person changes the newest record of that target by hand."""
        rows = self.targets[self.id(name)].rows
        if rows:
            rows[-1].document["value"] = "by hand"
            self.touched.add(rows[-1].reference or "")

    def drain(self) -> None:
        """Faults stop, time passes, the engine goes on until nothing is left to do; fails where it does not end."""
        for target in self.targets.values():
            target.faults = iter(())
        self.crashes.at = set()
        for _ in range(25):
            self.clock.advance(LIMITS.lease + 200)
            self.settle()
            for entry in self._entries():
                if entry.state == "planned":
                    target = self.targets[entry.target]
                    told = self.told[entry.target]
                    self.pusher(self.ledger, entry.batch_id, entry.target, target, told, limits=LIMITS)
            left = [entry for entry in self._entries() if not self._rests(entry)]
            if not left:
                return
        raise AssertionError(f"not at rest: {[(entry.id, entry.kind, entry.state) for entry in left]}")

    def _rests(self, entry: StoredOperation) -> bool:
        if entry.state in {"planned", "comp_planned"}:
            # behind a case that a person has to decide
            mine = [e for e in self._entries() if e.state == "stuck"]
            return any(e.reference == entry.reference or e.subject_ref == entry.subject_ref for e in mine)
        if entry.state in {"confirmed", "compensated"} and entry.due_at is not None:
            # the second look waits for a case about a later revision
            return any(e.reference == entry.reference and e.state == "stuck" for e in self._entries())
        return entry.state in RESTING | {"stuck", "waiting_identity"}

    def _entries(self) -> list[StoredOperation]:
        with self.ledger.read() as tx:
            return operations.find(tx, operation.c.tenant == self.tenant)

    def _intended(self, sent: Sequence[Operation]) -> None:
        """I8: whatever is sent was committed as intent before."""
        with self.ledger.read() as tx:
            for one in sent:
                rows = operations.by_reference(tx, [one.reference])[one.reference]
                noted = any(row.state in {"intent", "comp_intent"} for row in rows)
                ids = [row.id for row in rows]
                repairs = select(event.c.n).where(event.c.about.in_(ids), event.c.code == "REPAIR_INTENDED")
                assert noted or ("REPAIR" in one.key and tx.conn.execute(repairs).first()), (
                    f"{one.key} unannounced"
                )


def check(world: World) -> None:
    """The invariants, from the targets' state and the ledger alone."""
    with world.ledger.read() as tx:
        entries = operations.find(tx, operation.c.tenant == world.tenant)
        known = contents.get(tx, [entry.id for entry in entries])
        open_cases = {case.operation_id for case in cases.find(tx, tenant=world.tenant)}
        for entry in entries:
            _legal(tx, entry)
        about = select(event).where(event.c.about.in_([entry.id for entry in entries]))
        when: dict[tuple[str, str], int] = {}
        for row in tx.conn.execute(about):
            when[row.about, "PLANNED" if row.code == "PLANNED" else row.to_state or ""] = row.n
    histories: dict[str, list[StoredOperation]] = {}
    for entry in sorted(entries, key=lambda entry: entry.revision):
        histories.setdefault(entry.reference, []).append(entry)
        assert entry.state != "stuck" or entry.id in open_cases, f"I1: {entry.id} is stuck without a case"
    for target in world.targets.values():
        for row in target.rows:
            assert row.reference is None or row.reference in histories, "I6: a record that nobody planned"
    for reference, revisions in histories.items():
        rows = [row for row in world.targets[revisions[0].target].rows if row.reference == reference]
        if any(entry.state == "stuck" for entry in revisions) or reference in world.touched:
            continue
        life = live(revisions)
        assert len(rows) == (life is not None), (
            f"I2, I3, I5: {len(rows)} rows of {reference}, ledger says {life}"
        )
        if life:
            sent = known[life.id].document or {}
            assert sent.items() <= rows[0].document.items(), f"I3: {reference} shows {rows[0].document}"
    _atomic(world, entries, when)


def _legal(tx: object, entry: StoredOperation) -> None:
    """I8, I9: only legal transitions, in one line; attempts by rising fence."""
    conn = tx.conn  # type: ignore[attr-defined]
    state = None
    happened = conn.execute(select(event).where(event.c.about == entry.id).order_by(event.c.n))
    rows = [row for row in happened if row.to_state]
    by_step = {(row.from_state, row.to_state) for row in rows}
    assert all((a is None and b in INITIAL) or b in OPERATION[a] for a, b in by_step), f"I8: {by_step}"
    chains = {row.chain for row in rows}
    if len(chains) == 1:
        for row in rows:
            assert row.from_state == state, f"I8: {entry.id} jumped from {state} to {row.from_state}"
            state = row.to_state
        assert state == entry.state
    fences = [row.fence for row in rows if row.fence is not None]
    assert len(chains) > 1 or fences == sorted(fences), f"I9: fences of {entry.id} fall: {fences}"


def _atomic(world: World, entries: list[StoredOperation], when: Mapping[tuple[str, str], int]) -> None:
    """I7: nothing of what a refusal takes with it is left standing, but what was decided after it."""
    if world.atomic == "independent":
        return
    groups: dict[object, list[StoredOperation]] = {}
    for entry in entries:
        key = entry.batch_id if world.atomic == "batch" else (entry.batch_id, entry.subject_ref)
        groups.setdefault(key, []).append(entry)
    for key, members in groups.items():
        for refused in members:
            for other in members:
                half = refused.state == "rejected" and other.state == "confirmed"
                later = when.get((other.id, "PLANNED"), 0) > when.get((refused.id, "rejected"), 0)
                assert not half or later, f"I7: {key} is half done"
