"""What a wish would do if it were approved now: who approves has to see exactly what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trivet.delivery.compensate import Scope, preview
from trivet.documents.canonical import fingerprint
from trivet.flow.hub import Hub
from trivet.ledger import wishes
from trivet.ledger.operations import StoredOperation
from trivet.ledger.wishes import Wish

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """A wish and what would become of which operation."""

    wish: Wish
    rows: Sequence[Row]

    @property
    def digest(self) -> str:
        """Of what exactly would be done."""
        done = sorted([row["id"], row["would"]] for row in self.rows)
        return fingerprint([self.wish.verb, self.wish.number, done])


def plan_of(hub: Hub, approval_id: str) -> Plan | None:
    """The plan behind an approval as it is now; None where the approval is about operations of a batch."""
    with hub.ledger.read() as tx:
        known = wishes.get(tx, approval_id)
    return plan(hub, known) if known else None


def plan(hub: Hub, wanted: Wish) -> Plan:
    """What the wish would do now."""
    said = preview(hub.ledger, scope_of(wanted))
    return Plan(wanted, [_row(entry, would) for entry, would, _ in said.foreseen()])


def scope_of(wanted: Wish) -> Scope:
    """What would be taken back."""
    if wanted.batch_id is not None:
        return Scope(batch_id=wanted.batch_id)
    return Scope(subject_ref=wanted.subject_ref)


def _row(entry: StoredOperation, would: str) -> Row:
    names = ("id", "target", "entity", "kind", "reference", "subject_ref", "state")
    return {**{name: getattr(entry, name) for name in names}, "would": would}
