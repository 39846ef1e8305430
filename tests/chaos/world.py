"""A small world for simulated histories: two ERPs that misbehave, a few people, somebody who decides."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chaos.checker import Seen, Told
from chaos.checker import check as judge
from chaos.fake_target import Crash, FakeTarget, Fault
from sqlalchemy import event as hooks
from sqlalchemy import select

from trivet.contract import TargetTraits
from trivet.delivery import failpoints
from trivet.delivery.compensate import Scope, rollback
from trivet.delivery.decide import Decision, decide
from trivet.delivery.plan import Wanted, plan
from trivet.delivery.progress import finish
from trivet.delivery.push import push
from trivet.delivery.settle import settle
from trivet.delivery.states import RESTING
from trivet.delivery.verify import second_look, verify
from trivet.delivery.work import Limits
from trivet.errors import LedgerError
from trivet.ledger import Ledger, batches, cases, contents, operations
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import event, operation
from trivet.model import Document, Operation

_NUMBERS = itertools.count()
LIMITS = Limits(max_failures=4, backoff=1, max_pause=20, lease=60)
_LOOKED_AT = {"confirmed", "compensated"}
"""What a second look is due for."""
_GIVEN_UP = {"superseded", "cancelled"}
_BEARABLE = {"LEASE_HELD", "FENCED", "BATCH_CLOSED", "PERSON_UNKNOWN", "STATE_CHANGED", "NOTHING_TO_DECIDE"}


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
    """Dies at the n-th failpoint or commit, sleeps past its lease at the n-th failpoint, for each n given."""

    def __init__(self, at: Sequence[int], commits: Sequence[int] = (), sleeps: Sequence[int] = ()) -> None:
        self.at, self.commits, self.sleeps = set(at), set(commits), set(sleeps)
        self.reached: Counter[str] = Counter()
        self.count = self.committed = 0
        self.others: Callable[[], None] = lambda: None

    def __call__(self, name: str) -> None:
        self.count += 1
        self.reached[name] += 1
        if self.count in self.at:
            raise Crash(name)
        if self.count in self.sleeps:
            failpoints.hook = None
            self.others()
            failpoints.hook = self

    def commit(self) -> None:
        """A transaction is about to be committed."""
        self.committed += 1
        if self.committed in self.commits:
            raise Crash("commit")


def crash_at_commits(ledger: Ledger) -> Ledger:
    """The ledger, whose commits count as places to die at."""

    def count(_connection: object) -> None:
        if isinstance(failpoints.hook, Crashes):
            failpoints.hook.commit()

    hooks.listen(ledger.engine, "commit", count)
    return ledger


@dataclass
class World:
    """One history's state; names are its own, so that many share one ledger."""

    ledger: Ledger
    clock: Clock
    traits: Mapping[str, TargetTraits]
    faults: Mapping[str, Sequence[Fault]]
    atomic: batches.Atomic = "person"
    max_failed_share: float = 1.0
    too_many: batches.TooMany = "hold"
    cap: int | None = None
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
        for target in self.targets.values():
            target.zombies = bool(self.crashes.sleeps)
        self.crashes.others = self._others
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
            self._forgotten()
        except LedgerError as error:
            if error.code not in _BEARABLE:
                raise
            self._forgotten()
        finally:
            failpoints.hook = None

    def night(self, documents: Mapping[tuple[str, str, str], Document | None], *, close: bool = True) -> None:
        """One run: plans these documents by (target, person, record), pushes and verifies everywhere, closes."""
        with self.ledger.begin() as tx:
            known, _ = batches.open_or_resume(
                tx,
                tenant=self.tenant,
                flow="night",
                run_key="r",
                environment="test",
                atomic=self.atomic,
                max_failed_share=self.max_failed_share,
                too_many=self.too_many,
            )
        self.batch_id = known.id
        wanted = [
            Wanted(
                target=self.id(target),
                entity="goal",
                business_key=f"{person}/{record}",
                document=None if document is None else {"name": f"{person}/{record}", **document},
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
        for name in self.targets:
            self._push(known.id, name)
        for name, target in self.targets.items() if self.verifies else ():
            verify(self.ledger, known.id, name, target, self.told[name], limits=LIMITS)
        if close:
            finish(self.ledger, known.id)

    def settle(self) -> None:
        """What the settling DAG does."""
        for name in self.targets:
            self._settle(name)

    def take_back(self, scope: Scope) -> None:
        """Rolls the scope back."""
        pairs = {name: (target, self.told[name]) for name, target in self.targets.items()}
        rollback(self.ledger, scope, pairs, actor="ann", reason="test", limits=LIMITS)

    def edit(self, name: str) -> None:
        """A person changes the newest record of that target by hand."""
        rows = self.targets[self.id(name)].rows
        if rows:
            rows[-1].document["value"] = "by hand"
            rows[-1].edited = True
            self.touched.add(rows[-1].reference or "")

    def decide(self, *, finally_: bool = False) -> None:
        """A person looks at the targets and decides what is stuck; `finally_` gives up what cannot be done."""
        self.clock.advance(max(traits.quiet_seconds for traits in self.traits.values()) + 1)
        for target in self.targets.values():
            target.snapshot()
        with self.ledger.read() as tx:
            open_ones = operations.find(tx, operation.c.tenant == self.tenant, operation.c.state == "stuck")
            known = contents.get(tx, [entry.id for entry in open_ones], "document")
        for entry in open_ones:
            decision = "written_off" if finally_ else self._truth(entry, known[entry.id].document or {})
            if decision == "written_off" and entry.kind == "create":
                # whoever writes a record off takes it away by hand: else the next revision comes beside it
                rows = self.targets[entry.target].rows
                rows[:] = [row for row in rows if row.reference != entry.reference]
            if decision == "send_again":
                # whoever says so knows better than the refusal
                self.targets[entry.target].refused.discard(entry.key)
            decide(self.ledger, entry.id, decision, actor="ann")

    def stuck(self) -> bool:
        """Whether a person has to decide something."""
        with self.ledger.read() as tx:
            return any(case.operation_id for case in cases.find(tx, tenant=self.tenant))

    def drain(self) -> None:
        """Faults stop, time passes, the engine goes on until nothing is left to do; fails where it does not end."""
        for target in self.targets.values():
            target.faults = iter(())
        self.crashes.at = self.crashes.commits = self.crashes.sleeps = set()
        self.cap = None
        for tried in range(25):
            self.clock.advance(LIMITS.lease + 200)
            left = self._left(tried=tried > 0)
            if not left:
                return
            for name in sorted({entry.target for entry in left}):
                self._settle(name)
            for batch_id, name in sorted({(e.batch_id, e.target) for e in left if e.state == "planned"}):
                self._push(batch_id, name)
        left = self._left(tried=True)
        assert not left, f"I11: not at rest: {[(entry.id, entry.kind, entry.state) for entry in left]}"

    def sent(self) -> Counter[str]:
        """How often each key arrived."""
        return Counter(key for target in self.targets.values() for key, _, _ in target.sent)

    def _forgotten(self) -> None:
        """What a worker was told right before it died or was fenced, nobody knows."""
        for target in self.targets.values():
            target.refused.clear()
            target.paused_until = None

    def _settle(self, name: str) -> None:
        target = self.targets[name]
        report = settle(self.ledger, name, target, self.told[name], limits=LIMITS)
        for batch_id in report.batches if report.resend else ():
            self._push(batch_id, name)
        second_look(self.ledger, name, target, self.told[name], limits=LIMITS)

    def _push(self, batch_id: str, name: str) -> None:
        more = {} if self.cap is None else {"cap": self.cap}
        self.pusher(self.ledger, batch_id, name, self.targets[name], self.told[name], limits=LIMITS, **more)

    def _others(self) -> None:
        """A worker sleeps past its lease; others go on."""
        self.clock.advance(LIMITS.lease + 1)
        try:
            self.settle()
            for batch_id, name in sorted(
                {(e.batch_id, e.target) for e in self._entries() if e.state == "planned"}
            ):
                self._push(batch_id, name)
            self.settle()
        except (Crash, KeyError):
            self.clock.advance(LIMITS.lease + 1)
            self._forgotten()

    def _truth(self, entry: StoredOperation, document: Document) -> Decision:
        """What a person sees at the target, and says."""
        target = self.targets[entry.target]
        rows = [row for row in target.rows if row.reference == entry.reference]
        there = (
            not rows
            if entry.kind == "delete"
            else any(document.items() <= row.document.items() for row in rows)
        )
        if len(rows) > 1 or entry.error_code in {"CANNOT_BE_TAKEN_BACK", "CANNOT_UPDATE", "CANNOT_DELETE"}:
            return "written_off"
        if (entry.stuck_from or "").startswith("comp") or entry.undo_reason:
            if there:
                return "take_back" if entry.error_code != "TARGET_CHANGED_SINCE" else "written_off"
            return "compensated" if entry.kind == "create" and not rows else "written_off"
        if there:
            return "confirmed"
        return "send_again" if not rows or entry.kind != "create" else "written_off"

    def _left(self, *, tried: bool) -> list[StoredOperation]:
        """What does not rest yet; what is behind a case that a person has to decide counts only until it was `tried`."""
        entries = self._entries()
        left = [
            entry
            for entry in entries
            if entry.state not in {"stuck", "waiting_identity", *(RESTING - _LOOKED_AT)}
            and not (entry.state in _LOOKED_AT and entry.due_at is None)
        ]
        if not (tried and left):
            return left
        stuck = [entry for entry in entries if entry.state == "stuck"]
        references, people = {entry.reference for entry in stuck}, {entry.subject_ref for entry in stuck}
        held: set[tuple[str | None, str | None]] = set()
        if self.max_failed_share < 1:
            with self.ledger.read() as tx:
                about = cases.find(tx, tenant=self.tenant)
            held = {(case.batch_id, case.target) for case in about if not case.operation_id}

        def behind(entry: StoredOperation) -> bool:
            if entry.state == "planned":
                return entry.subject_ref in people or (entry.batch_id, entry.target) in held
            return entry.state in {"comp_planned", *_LOOKED_AT} and entry.reference in references

        return [entry for entry in left if not behind(entry)]

    def _entries(self) -> list[StoredOperation]:
        with self.ledger.read() as tx:
            return operations.find(tx, operation.c.tenant == self.tenant)

    def _intended(self, sent: Sequence[Operation]) -> None:
        """I8: whatever is sent was committed as intent before."""
        with self.ledger.read() as tx:
            known = operations.by_reference(tx, {one.reference for one in sent})
            for one in sent:
                rows = known[one.reference]
                noted = any(row.state in {"intent", "comp_intent"} for row in rows)
                if not noted and "REPAIR" in one.key:
                    ids = [row.id for row in rows]
                    repairs = select(event.c.n).where(
                        event.c.about.in_(ids), event.c.code == "REPAIR_INTENDED"
                    )
                    noted = tx.conn.execute(repairs).first() is not None
                assert noted, f"I8: {one.key} unannounced"
            going = [row for rows in known.values() for row in rows if row.state == "intent"]
            if going and not self.crashes.sleeps:
                self._allowed(operations.find(tx, operation.c.batch_id == going[0].batch_id), going[0].target)

    def _allowed(self, members: Sequence[StoredOperation], target: str) -> None:
        """No more people than the cap, and nothing after too many refusals."""
        # what was tried, provably came to nothing and is wanted no more was never begun
        begun = {entry.subject_ref for entry in members if entry.attempts and entry.state not in _GIVEN_UP}
        assert self.cap is None or len(begun) <= self.cap, f"I14: {len(begun)} people, {self.cap} are allowed"
        here = Counter(entry.state for entry in members if entry.target == target)
        meant = here.total() - here["superseded"] - here["waiting_identity"]
        assert here["rejected"] <= self.max_failed_share * meant, "I14: sent on after too many refusals"


def check(world: World) -> None:
    """The invariants, from the targets' state and the ledger alone."""
    for target in world.targets.values():
        assert not target.broken, target.broken[0]
    seen = {
        name: [Seen(row.reference, row.remote_id, row.document) for row in target.rows]
        for name, target in world.targets.items()
    }
    told = Told(
        seen,
        sent=world.sent(),
        touched=world.touched,
        atomic=world.atomic,
        able=[
            name
            for name, target in world.targets.items()
            if target.traits.asked_by != "nothing" and target.traits.deletes and target.traits.updates
        ],
        doubled=any(target.doubled for target in world.targets.values()),
    )
    judge(world.ledger, world.tenant, told)
