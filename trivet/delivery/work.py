"""One worker's hold on one batch at one target: lease, limits, and what came of it so far."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement

from trivet.contract import Target, TargetTraits
from trivet.delivery import asking
from trivet.delivery.breaker import paused
from trivet.delivery.progress import judge
from trivet.delivery.transitions import move
from trivet.errors import ConnectorError, LedgerError
from trivet.ledger import batches, leases, operations
from trivet.ledger.batches import Batch
from trivet.ledger.leases import Lease
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.ledger.times import stamp
from trivet.model import Document, Found, Operation


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the engine is; seconds."""

    max_failures: int = 6
    """Attempts in a row that came to nothing, before a person has to look."""
    backoff: float = 5
    """Pause after the first of them; doubles each time, up to `max_pause`."""
    max_pause: float = 3600
    """Longest pause, also of a `Retry-After`."""
    lease: float = 300
    """How long a silent worker keeps its batch and target; longer than any vendor call may last."""
    slice: int = 64
    """Operations per connection whose intent is committed together, where the vendor takes fewer in a call."""
    trips: int = 5
    """Calls in a row that came to nothing, before everybody leaves the target alone for a pause."""
    closed: frozenset[str] = frozenset()
    """Vendor codes that say that a record's period is closed."""
    late_days: float = 7
    """Days between two attempts at a record whose period is closed, where the vendor does not say when it opens."""
    late_for: float = 120
    """Days after which such a record is a person's to decide."""

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        return min(self.backoff * 2.0 ** min(failures, 20), self.max_pause)


@dataclass(slots=True)
class Work:
    """What a step of the engine needs; `counts` are operations by what happened to them in this work."""

    ledger: Ledger
    batch: Batch
    target_id: str
    target: Target
    traits: TargetTraits
    limits: Limits
    lease: Lease
    counts: Counter[str] = field(default_factory=Counter)
    stopped: ConnectorError | None = None
    """Set: the connection must stop (credentials, pause, away)."""
    bug: Exception | None = None
    """Set: the connector raised what it must not; its operations are unknown."""
    wrote: bool = False
    failing: int = 0
    """The target's calls in a row that came to nothing, other workers' included."""
    noted: bool = False
    """Whether the ledger holds something against the target."""
    waits: bool = False
    """Set: nothing of the batch may be sent now; looking and taking back go on."""

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A write transaction that fails as FENCED, whole, where another worker took over."""
        self.wrote = True
        with self.ledger.begin() as tx:
            leases.renew(tx, self.lease)
            yield tx

    @property
    def slice(self) -> int:
        """Operations whose intent is committed together: whole vendor calls."""
        if self.failing:
            return self.traits.max_ops  # one call tries whether the target is back
        at_once = self.traits.max_ops * self.traits.connections
        if self.traits.asked_by == "nothing":
            return at_once  # what a dead worker had not sent yet could not be told from what it had
        return at_once * max(1, self.limits.slice // self.traits.max_ops)

    @property
    def reads(self) -> int:
        """Operations asked for at once; how many requests that takes is the connector's affair."""
        return asking.at_once(self.traits)

    def here(self) -> ColumnElement[bool]:
        """The operations of this work."""
        return (operation.c.batch_id == self.batch.id) & (operation.c.target == self.target_id)

    def at(self, tx: Transaction, *states: str, lock: bool = False) -> list[StoredOperation]:
        """Those of them that are in these states, by position and order of planning."""
        return operations.at(tx, self.batch.id, self.target_id, states, lock=lock)

    def find(self, entity: str, wanted: Sequence[Operation]) -> dict[str, list[Found]]:
        """What the target holds of these references."""
        return asking.find(self.target, self.traits, entity, wanted)

    def quiet_until(self, now: datetime) -> str:
        """When an answer that is lost now may be asked for."""
        return stamp(now + timedelta(seconds=self.traits.quiet_seconds))

    def second_look(self, now: datetime) -> str | None:
        """When a zombie worker or a late apply can no longer add anything; None where nothing can be asked."""
        if self.traits.asked_by == "nothing":
            return None
        return stamp(now + timedelta(seconds=self.traits.quiet_seconds + self.limits.lease))


@contextmanager
def hold(
    ledger: Ledger, batch_id: str, target_id: str, target: Target, traits: TargetTraits, limits: Limits
) -> Iterator[Work]:
    """The work on one batch at one target, alone; what a dead worker left in the air is unknown from here on.

    At its end the batch is judged anew. `LedgerError` LEASE_HELD where a living worker has it.
    """
    with ledger.begin() as tx:
        batch = batches.get(tx, batch_id)
        lease = leases.claim(tx, f"{batch_id}/{target_id}", limits.lease)
        if lease is None:
            raise LedgerError(
                f"another worker is busy with batch {batch_id} at {target_id}",
                code="LEASE_HELD",
                cure="let it finish; a dead one's claim ends by itself",
            )
        failing, pause = paused(tx, target_id)
        work = Work(ledger, batch, target_id, target, traits, limits, lease, stopped=pause, failing=failing)
        work.noted = failing > 0 or pause is not None
        _adopt(work, tx)
    try:
        yield work
    finally:
        with ledger.begin() as tx:
            if leases.release(tx, lease) and work.wrote:
                judge(tx, [batch_id])


def _adopt(work: Work, tx: Transaction) -> None:
    left = {"intent": "unknown", "comp_intent": "comp_unknown"}
    known = work.at(tx, *left, lock=True)
    for before, after in left.items():
        entries = [entry for entry in known if entry.state == before]
        # quiet from now on: the dead worker's last byte may be as young as this
        move(tx, entries, after, code="WORKER_LOST", due_at=work.quiet_until(tx.now))
    work.counts["adopted"] += len(known)
    work.wrote = bool(known)


def as_operation(entry: StoredOperation, document: Document, remote_id: str | None = None) -> Operation:
    """The envelope of a forward operation."""
    return Operation(
        key=entry.key,
        reference=entry.reference,
        kind=entry.kind,
        entity=entry.entity,
        document=document,
        remote_id=remote_id or entry.remote_id,
        adopted=entry.adopted,
    )


def holds(found: Document, sent: Document) -> bool:
    """True where the record shows what was sent, over the fields that were sent; null and absent are one."""
    return all(found.get(name) == value for name, value in sent.items())
