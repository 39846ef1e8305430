"""The explanation of one delivery as a page shows it: whole for whoever may see personal data, else without any value."""

from dataclasses import dataclass, field
from typing import Any

from trivet.errors import LedgerError
from trivet.flow.console.access import Visitor, flow_of_batch
from trivet.flow.hub import Hub
from trivet.flow.workbench.explain import explain
from trivet.ledger import operations

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery."""

    open: bool
    delivery: Row
    subject_ref: str | None
    steps: tuple[Row, ...]
    versions: tuple[str, ...]
    """Of rules and mapping that made it."""
    rule: Row | None = None
    decision: Row = field(default_factory=dict)
    document: Row | None = None
    fields: tuple[Row, ...] = ()
    assessment: Row | None = None
    notes: tuple[str, ...] = ()


def told(hub: Hub, who: Visitor, operation_id: str) -> tuple[Told, str | None]:
    """The delivery and its flow; `LedgerError` DELIVERY_UNKNOWN where the visitor may not know of it."""
    with hub.ledger.read() as tx:
        entry = operations.by_ids(tx, [operation_id]).get(operation_id)
        flow = flow_of_batch(tx, entry.batch_id) if entry else None
    if entry is None or not who.may("view", flow):
        raise LedgerError("no such delivery", code="DELIVERY_UNKNOWN")
    full = explain(hub, operation_id)
    versions = tuple(filter(None, (full["decision"].get("rules"), full["mapping"]["version"])))
    steps = tuple(full["steps"])
    if not who.may("personal_data", flow):
        return Told(False, full["delivery"], entry.subject_ref, steps, versions), flow
    shown = Told(
        open=True,
        delivery=full["delivery"],
        subject_ref=entry.subject_ref,
        steps=steps,
        versions=versions,
        rule=full["rule"],
        decision=full["decision"],
        document=full["document"],
        fields=tuple(full["mapping"]["fields"]),
        assessment=full["assessment"],
        notes=tuple(full["notes"]),
    )
    return shown, flow
