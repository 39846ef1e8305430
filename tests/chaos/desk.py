"""A desk with a ledger, a clock and ERPs in memory that misbehave when told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chaos.fake_target import FakeTarget, Fault
from chaos.world import Clock

from trivet.contract import TargetTraits
from trivet.delivery.compensate import RollbackReport, Scope, rollback
from trivet.delivery.keys import record_reference
from trivet.delivery.plan import Planned, Wanted, plan
from trivet.delivery.progress import finish
from trivet.delivery.push import PushReport, push
from trivet.delivery.settle import SettleReport, settle
from trivet.delivery.verify import VerifyReport, second_look, verify
from trivet.delivery.work import Limits
from trivet.ledger import Ledger, batches, operations
from trivet.ledger.batches import Batch
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.model import Document

LIMITS = Limits(max_failures=3, backoff=5, max_pause=60, lease=60)
QUIET = 30.0


def wanted(name: str, document: Document | None, target: str = "erp", **more: Any) -> Wanted:
    """One record of the person whose name comes before the slash: `ann/goal`."""
    person = name.split("/")[0]
    given: dict[str, Any] = {
        "decision": {"rule": "r12", "for": name},
        "subject_ref": person,
        "mapping_version": "m1",
        "scope": f"app-{person}",
        "entity": "goal",
    }
    return Wanted(target=target, business_key=name, document=document, **(given | more))


@dataclass
class Desk:
    """What a test drives the engine with."""

    ledger: Ledger
    clock: Clock
    targets: dict[str, FakeTarget] = field(default_factory=dict)
    batch: Batch | None = None

    def target(self, name: str = "erp", faults: Sequence[Fault] = (), **traits: Any) -> FakeTarget:
        """An ERP with these traits and faults, one fault per call."""
        given: dict[str, Any] = {"asked_by": "searchable_reference", "max_ops": 10, "deletes": True}
        told = TargetTraits(**(given | {"quiet_seconds": QUIET} | traits))
        self.targets[name] = FakeTarget(self.clock, told, iter(faults))
        return self.targets[name]

    def open(self, **policy: Any) -> str:
        """The flow's batch."""
        with self.ledger.begin() as tx:
            self.batch, _ = batches.open_or_resume(
                tx, tenant="acme", flow="night", run_key="r", environment="test", **policy
            )
        return self.batch.id

    @property
    def id(self) -> str:
        """The batch at hand; opens one where there is none."""
        return self.batch.id if self.batch else self.open()

    def plan(self, *records: Wanted, **how: Any) -> list[Planned]:
        """Plans into the batch at hand."""
        return plan(self.ledger, self.id, records, **how)

    def push(self, name: str = "erp", **how: Any) -> PushReport:
        """Pushes the batch at hand."""
        target = self.targets[name]
        return push(self.ledger, self.id, name, target, target.traits, **({"limits": LIMITS} | how))

    def verify(self, name: str = "erp") -> VerifyReport:
        """Verifies the batch at hand."""
        target = self.targets[name]
        return verify(self.ledger, self.id, name, target, target.traits, limits=LIMITS)

    def settle(self, name: str = "erp", *, after: float = QUIET + 1) -> SettleReport:
        """Settles the target, after its quiet time."""
        self.clock.advance(after)
        target = self.targets[name]
        return settle(self.ledger, name, target, target.traits, limits=LIMITS)

    def look_again(self, name: str = "erp") -> VerifyReport:
        """The second look, when it is due."""
        self.clock.advance(QUIET + LIMITS.lease + 1)
        target = self.targets[name]
        return second_look(self.ledger, name, target, target.traits, limits=LIMITS)

    def rollback(self, scope: Scope | None = None) -> RollbackReport:
        """Takes back the batch at hand, or the scope."""
        pairs = {name: (target, target.traits) for name, target in self.targets.items()}
        scope = scope or Scope(batch_id=self.id)
        return rollback(self.ledger, scope, pairs, actor="ann", reason="test", limits=LIMITS)

    def finish(self) -> Batch:
        """Closes the batch at hand."""
        closed = finish(self.ledger, self.id)
        self.batch = None
        return closed

    def history(self, name: str, target: str = "erp") -> list[StoredOperation]:
        """Every revision of one record."""
        reference = record_reference("acme", target, "goal", name)
        with self.ledger.read() as tx:
            return operations.by_reference(tx, [reference])[reference]

    def state(self, name: str, target: str = "erp") -> str:
        """The state of the record's newest revision."""
        return self.history(name, target)[-1].state

    def states(self) -> dict[str, int]:
        """How many operations are in which state."""
        with self.ledger.read() as tx:
            found: dict[str, int] = {}
            for entry in operations.find(tx, operation.c.tenant == "acme"):
                found[entry.state] = found.get(entry.state, 0) + 1
        return found

    def batch_state(self, batch_id: str | None = None) -> str:
        """What the batch has come to."""
        with self.ledger.read() as tx:
            return batches.get(tx, batch_id or self.id).state
