"""The last look before anything is sent: who took a consent back since it was planned, what a border forbids by now, and
of whom everything has been kept as long as it may be.

What may not go is cancelled with its reason and set aside; where it is allowed again, the next run plans it anew.
"""

from collections.abc import Iterator, Sequence

from trivet.delivery.states import UNSENT
from trivet.delivery.waiting import cancel_planned
from trivet.flow.cases import gather
from trivet.flow.decide import SHARE
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.privacy import retention
from trivet.flow.privacy.residency import STAGE, Border
from trivet.ledger import operations, people, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.operations import StoredOperation
from trivet.ledger.set_asides import SetAside
from trivet.ledger.tables import operation

Refused = tuple[StoredOperation, str, str]
"""An operation, the code and the reason."""


def stop_forbidden(hub: Hub, flow: Flow, batch: Batch, target_id: str) -> int:
    """Cancels what the batch may not send to the target any more; how many operations."""
    here = (operation.c.batch_id == batch.id) & (operation.c.target == target_id)
    with hub.ledger.read() as tx:
        waiting = operations.find(
            tx, here, operation.c.state.in_(sorted(UNSENT)), operation.c.kind != "delete"
        )
    if not waiting:
        return 0
    refused = [
        *_not_agreed(hub, flow, target_id, waiting),
        *_beyond_border(hub, flow, target_id, waiting),
        *_kept_too_long(hub, flow, waiting),
    ]
    if not refused:
        return 0
    number = cancel_planned(hub.ledger, {entry.id for entry, _, _ in refused}, refused[0][1])
    asides = {entry.scope or entry.id: _aside(entry, code, why, target_id) for entry, code, why in refused}
    with hub.ledger.begin() as tx:
        set_asides.add_many(tx, batch, list(asides.values()))
    return number


def _not_agreed(
    hub: Hub, flow: Flow, target_id: str, waiting: Sequence[StoredOperation]
) -> Iterator[Refused]:
    if target_id not in {delivery.connection for delivery in flow.deliveries}:
        return
    subjects = {entry.subject_ref for entry in waiting if entry.subject_ref}
    with hub.ledger.read() as tx:
        sharing = people.allowed(tx, flow.tenant, subjects, SHARE)
    for entry in waiting:
        if entry.subject_ref and entry.subject_ref not in sharing:
            yield entry, "CONSENT_MISSING", f"no consent for {SHARE} any more: nothing goes to an ERP"


def _beyond_border(
    hub: Hub, flow: Flow, target_id: str, waiting: Sequence[StoredOperation]
) -> Iterator[Refused]:
    border = Border.of(hub, flow.tenant)
    if not border.rules:
        return
    agreed = border.agreed({entry.subject_ref for entry in waiting if entry.subject_ref})
    with hub.ledger.read() as tx:
        cases = gather(tx, flow.tenant, sorted({entry.scope for entry in waiting if entry.scope}))
        sites = {case.id: (case.requisition or {}).get("site") for case in cases}
    for entry in waiting:
        found = border.refusal(sites.get(entry.scope or ""), target_id, agreed=entry.subject_ref in agreed)
        if found is not None:
            yield entry, *found


def _kept_too_long(hub: Hub, flow: Flow, waiting: Sequence[StoredOperation]) -> Iterator[Refused]:
    days = retention.over(hub, flow.tenant, {entry.subject_ref for entry in waiting if entry.subject_ref})
    for entry in waiting:
        if entry.subject_ref in days:
            kept = days[entry.subject_ref]
            yield (
                entry,
                retention.EXPIRED,
                f"kept for {kept} days, as long as the site's rule allows: nothing goes out",
            )


def _aside(entry: StoredOperation, code: str, why: str, target_id: str) -> SetAside:
    return SetAside(
        stage=STAGE, kind="application", item=entry.scope or entry.id, code=code, message=why, place=target_id,
        subject_ref=entry.subject_ref,
    )  # fmt: skip
