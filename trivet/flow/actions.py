"""What a person may do about what went wrong; each under her name, and each once however often she presses the button.

    retry          a stuck or refused operation goes again          settle_now    what is in the air is asked for at once
    decide_case    what a person found out about a stuck one         write_off     it is given up, with the reason

Replaying, rolling back and correcting a link are `trivet.flow.replay`, `.steps` and `.crosswalk`; holding is `.holding`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from trivet.delivery.decide import Decision
from trivet.delivery.decide import decide as decide_on
from trivet.delivery.states import FLYING
from trivet.errors import ConnectorError, LedgerError
from trivet.flow import deliver
from trivet.flow.gates import approval
from trivet.flow.holding import named, system_waits
from trivet.flow.hub import Hub
from trivet.ledger import batches, cases, operations
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.batches import Batch
from trivet.ledger.cases import Case
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation

Row = dict[str, Any]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
_GOING = FLYING | {"planned", "confirmed"}
"""A retry has nothing to add to these."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an action came to."""

    changed: bool
    """False where it was done before, or there was nothing to do."""
    message: str
    rows: Sequence[Row] = field(default=())


def retry(hub: Hub, which: str, *, actor: str, note: str = "") -> Done:
    """Sends a refused or stuck operation again, as it is, and says what came of it.

    `LedgerError` NOTHING_TO_DECIDE where a newer one counts, OPERATION_UNKNOWN for an unknown id.
    """
    named(actor)
    with hub.ledger.read() as tx:
        entry = operation_of(tx, which)
        batch = batches.get(tx, entry.batch_id)
    if entry.state in _GOING:
        return Done(False, f"{entry.reference} is {entry.state}: nothing to send again")
    if not _decided(hub, entry, "send_again", actor, note):
        return Done(False, f"{entry.reference} was sent again by somebody else meanwhile")
    trouble = _push(hub, batch, entry.target)
    with hub.ledger.read() as tx:
        now = operations.by_ids(tx, [entry.id])[entry.id]
    said = trouble or system_waits(hub, entry.target) or now.error_text or ""
    return Done(True, f"{entry.reference} is {now.state}" + (f": {said}" if said else ""), [_row(now)])


def settle_now(hub: Hub, *, actor: str) -> Done:
    """Asks every system at once about what is in the air there, as far as its quiet time is over."""
    named(actor)
    rows = deliver.settle(hub)
    with hub.ledger.begin() as tx:
        about = ", ".join(row["target"] for row in rows) or "nothing"
        tx.events.append(Event(WHOLE_LEDGER, WHOLE_LEDGER, "SETTLE_ASKED", actor=actor, note=about))
    return Done(bool(rows), f"asked: {about}" if rows else "nothing is in the air", rows)


def write_off(
    hub: Hub, which: str, *, actor: str, reason: str, approved_by: str | None = None, four_eyes: bool = False
) -> Done:
    """Gives a stuck operation up, or closes a case that is about none, with the reason.

    `LedgerError` APPROVAL_MISSING where the flow's policy (or `four_eyes`) asks for a second person.
    """
    return decide_case(
        hub, which, "written_off", actor=actor, note=reason, approved_by=approved_by, four_eyes=four_eyes
    )


def decide_case(
    hub: Hub,
    which: str,
    decision: Decision,
    *,
    actor: str,
    note: str,
    approved_by: str | None = None,
    four_eyes: bool = False,
) -> Done:
    """Closes a case (by its id, or its operation's) as the person decides, and goes on from there.

    A case that is about no operation can only be written off. `LedgerError` CASE_UNKNOWN, NOTHING_TO_DECIDE.
    """
    named(actor)
    if decision == "written_off" and len(note.strip()) < 3:
        raise LedgerError(
            "say why it is given up: nobody will look at it again", code="REASON_MISSING",
            cure='--reason "was entered by hand"',
        )  # fmt: skip
    with hub.ledger.read() as tx:
        case = cases.get(tx, which)
        entry = operation_of(tx, case.operation_id or "") if case and case.operation_id else None
        if case is None:
            entry = operation_of(tx, which)
    if entry is None and case is not None:
        return _close_bare(hub, case, decision, actor, note)
    if entry is None:
        raise LedgerError(f"no case {which!r}", code="CASE_UNKNOWN", cure="`trivet case list`")
    if (case and case.state == "closed") or entry.state == decision:
        return Done(False, f"{entry.reference} is {entry.state}: it was decided before", [_row(entry)])
    if four_eyes or _two_people(hub, entry, decision):
        approval.check(actor, approved_by)
    said = f"{note} (approved by {approved_by})" if approved_by else note
    if not _decided(hub, entry, decision, actor, said):
        return Done(False, f"{entry.reference} was decided by somebody else meanwhile")
    with hub.ledger.read() as tx:
        batch, after = batches.get(tx, entry.batch_id), operations.by_ids(tx, [entry.id])[entry.id]
    trouble = _push(hub, batch, entry.target) if after.state in ("planned", "comp_planned") else None
    with hub.ledger.read() as tx:
        now = operations.by_ids(tx, [entry.id])[entry.id]
    return Done(True, f"{entry.reference} is {now.state}" + (f": {trouble}" if trouble else ""), [_row(now)])


def open_cases(hub: Hub) -> list[Row]:
    """What waits for a person's decision, oldest first, with what is possible."""
    with hub.ledger.read() as tx:
        found = cases.find(tx)
        known = operations.by_ids(tx, [case.operation_id for case in found if case.operation_id])
    return [_case_row(case, known.get(case.operation_id or "")) for case in found]


def case_row(hub: Hub, case_id: str) -> Row:
    """One case, open or closed, with what is possible."""
    with hub.ledger.read() as tx:
        case = cases.get(tx, case_id)
        if case is None:
            raise LedgerError(f"no case {case_id!r}", code="CASE_UNKNOWN", cure="`trivet case list`")
        known = operations.by_ids(tx, [case.operation_id] if case.operation_id else [])
    return _case_row(case, known.get(case.operation_id or ""))


def _case_row(case: Case, entry: StoredOperation | None) -> Row:
    possible: Sequence[str] = ("written_off",)
    if entry is not None:
        possible = (
            DECISIONS if entry.state == "stuck" else ("send_again",) if entry.state == "rejected" else ()
        )
    return {
        "case": case.id, "code": case.code, "message": case.message, "opened_at": case.opened_at,
        "batch": case.batch_id, "target": case.target, "subject_ref": case.subject_ref,
        "operation": case.operation_id, "reference": entry.reference if entry else None,
        "state": entry.state if entry else None, "possible": list(possible),
    }  # fmt: skip


def _close_bare(hub: Hub, case: Case, decision: Decision, actor: str, note: str) -> Done:
    if decision != "written_off":
        raise LedgerError(
            f"case {case.id} is about no single operation: it can only be written off", code="NOTHING_TO_DECIDE",
            cure="`trivet case decide CASE written_off --reason ...` once it is dealt with",
        )  # fmt: skip
    with hub.ledger.begin() as tx:
        closed = cases.close(tx, case.id, decision=decision, actor=actor, note=note)
    return Done(closed > 0, f"case {case.id} is closed" if closed else f"case {case.id} was closed before")


def operation_of(tx: Transaction, which: str) -> StoredOperation:
    """The newest operation of that id, reference or key; `LedgerError` OPERATION_UNKNOWN."""
    same = (operation.c.id == which) | (operation.c.reference == which) | (operation.c.key == which)
    newest = max(operations.find(tx, same), key=lambda entry: entry.revision, default=None)
    if newest is None:
        raise LedgerError(
            f"no operation or case is known as {which!r}", code="OPERATION_UNKNOWN",
            cure="`trivet case list` shows what waits for a person, `trivet deliveries` what was sent",
        )  # fmt: skip
    return newest


def _decided(hub: Hub, entry: StoredOperation, decision: Decision, actor: str, note: str) -> bool:
    """False where a second click, or another person, was faster."""
    try:
        decide_on(hub.ledger, entry.id, decision, actor=actor, note=note)
    except LedgerError as error:
        with hub.ledger.read() as tx:
            now = operations.by_ids(tx, [entry.id]).get(entry.id)
        if error.code in ("NOTHING_TO_DECIDE", "STATE_CHANGED") and now and now.state != entry.state:
            return False
        raise
    return True


def _two_people(hub: Hub, entry: StoredOperation, decision: Decision) -> bool:
    with hub.ledger.read() as tx:
        batch = batches.get(tx, entry.batch_id)
    back = decision == "take_back" and batch.environment == approval.PRODUCTION
    return back or decision in hub.flow(batch.flow).policy.four_eyes


def _push(hub: Hub, batch: Batch, target_id: str) -> str | None:
    """Sends what is planned of the batch there; why not all of it went, if so."""
    try:
        deliver.push(hub, hub.flow(batch.flow), batch, target_id)
    except ConnectorError as error:
        return str(error)
    except LedgerError as error:
        if error.code != "LEASE_HELD":
            raise
        return "another worker is at it and sends it, or the next run does"
    return None


def _row(entry: StoredOperation) -> Row:
    names = ("id", "target", "entity", "kind", "reference", "state", "error_code", "error_text", "batch_id")
    return {name: getattr(entry, name) for name in names}
