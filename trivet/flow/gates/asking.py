"""Puts the question about what of a batch must not go without a named person: one a batch, about all that waits in it.

What was asked stays in its batch until it is answered or its time is over: the next nights neither send it nor ask about it
again. A fresh decision about the same record takes the place of the one that waits, and is asked about in its own batch; the
earlier question is then about what is left of it, and ends where nothing is.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from trivet.documents.canonical import fingerprint
from trivet.flow import drift
from trivet.flow.definition import Flow
from trivet.flow.gates import gating
from trivet.flow.hub import Hub
from trivet.ledger import approvals, gates, shapes
from trivet.ledger.approvals import Approval, Terms
from trivet.ledger.batches import Batch
from trivet.ledger.gates import Gate
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation

Row = dict[str, Any]
Waiting = Sequence[tuple[StoredOperation, Gate]]


def ask(hub: Hub, flow: Flow, batch: Batch) -> Approval | None:
    """The open question about the batch, asked now where something waits; None where nothing does."""
    gating.mark(hub, flow, batch)
    with hub.ledger.read() as tx:
        if not gates.waiting(tx, batch.id):
            return None
    with hub.ledger.begin() as tx:
        found = gates.waiting(tx, batch.id)
        if not found:
            return None  # decided this moment
        if batch.closed_at and _asked(tx, batch, "expired"):
            return None  # nobody answered: the next run takes it over and asks anew
        opened = next(iter(_asked(tx, batch, "waiting")), None)
        causes, detail = _about(hub, tx, flow, found)
        if opened is None:
            opened = approvals.ask(
                tx, tenant=flow.tenant, flow=flow.name, batch_id=batch.id, causes=causes, detail=detail, terms=terms(flow)
            )  # fmt: skip
        elif opened.detail["digest"] != detail["digest"]:
            opened = approvals.extend(tx, opened, causes, detail)
        gates.ask(tx, [entry.id for entry, _ in found], opened.id)
    return opened


def _asked(tx: Transaction, batch: Batch, state: str) -> list[Approval]:
    return [one for one in approvals.find(tx, state=state, batch_id=batch.id) if one.wish is None]


def follow(hub: Hub) -> list[str]:
    """Brings the open questions in line with what waits now; the ids of those that ended, because nothing does any more."""
    with hub.ledger.read() as tx:
        numbers = gates.numbers(tx)
        asked = [one for one in approvals.find(tx) if one.wish is None]
    moved = [one.id for one in asked if numbers.get(one.id, 0) != one.detail["operations"]]
    return [name for name in moved if _followed(hub, name)]


def _followed(hub: Hub, approval_id: str) -> bool:
    with hub.ledger.begin() as tx:
        known = approvals.get(tx, approval_id, lock=True)
        if known.state != "waiting":
            return False
        found = [pair for pair in gates.waiting(tx, known.batch_id) if pair[1].approval_id == known.id]
        if found:
            approvals.extend(tx, known, _causes(found), {**known.detail, **_counted(found)})
        else:
            approvals.decide(tx, known, "replaced", note="nothing of it waits any more")
    return not found


def _about(hub: Hub, tx: Transaction, flow: Flow, found: Waiting) -> tuple[list[str], Row]:
    causes, detail = _causes(found), _counted(found)
    if "new_version" in causes:
        detail["versions"] = gating.new_versions(hub, tx, flow)
    if "drift" in causes:
        noticed = shapes.noticed(tx, tenant=flow.tenant, flow=flow.name)
        detail["drift"] = [f"{row['source']} {row['path']} {row['change']}" for row in drift.shown(noticed)]
    return causes, detail


def _causes(found: Waiting) -> list[str]:
    return sorted({word for _, one in found for word in one.causes.split()})


def _counted(found: Waiting) -> Row:
    systems = Counter(f"{entry.target} {entry.entity}" for entry, _ in found)
    return {
        "operations": len(found),
        "people": len({entry.subject_ref for entry, _ in found if entry.subject_ref}),
        "systems": dict(sorted(systems.items())),
        "digest": digest(found),
    }


def digest(found: Waiting) -> str:
    """What exactly was asked: who looked at less must not approve more."""
    return fingerprint(sorted([entry.id, entry.fingerprint] for entry, _ in found))


def terms(flow: Flow) -> Terms:
    """How the flow's policy wants its questions asked."""
    policy = flow.policy.approval
    return Terms(
        policy.expires_after_hours, policy.remind_after_hours, policy.escalate_after_hours, policy.passkey
    )
