"""What a refusal takes with it, when a batch is held, and who goes first when only some may go."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from trivet.delivery.states import FLYING
from trivet.delivery.transitions import ask_back
from trivet.delivery.work import Work
from trivet.ledger import batches, cases, operations
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import batch as batch_table
from trivet.ledger.tables import operation
from trivet.ledger.times import stamp

HELD = "TOO_MANY_REFUSED"
_NOT_BEGUN = {"planned", "waiting_identity", "superseded", "cancelled"}


def refused(tx: Transaction, batch: Batch, entries: list[StoredOperation]) -> None:
    """Takes back the siblings of refused operations, at every target, as the batch's policy says.

    `person`: the person's other operations of this batch, and of the one whose plan the refused one belongs to (this batch
    may have taken it over from there); `batch`: all of both; `independent`: none. Operations that are planned as
    independent (a note in the HR record) neither take others back nor are taken back.
    """
    bound = [entry for entry in entries if not entry.independent]
    if batch.atomic == "independent" or not bound:
        return
    if batch.atomic == "batch":
        origins = {entry.planned_in for entry in bound}
        _take_all_back(tx, batch, "BATCH_REFUSED", "an operation was refused", origins)
        return
    people: dict[str, set[str]] = {}
    for entry in bound:
        if entry.subject_ref:
            people.setdefault(batch.id, set()).add(entry.subject_ref)
            people.setdefault(entry.planned_in, set()).add(entry.subject_ref)
    reachable = ["planned", "confirmed", *sorted(FLYING)]
    theirs = [
        _of(plan) & operation.c.subject_ref.in_(names) & operation.c.independent.is_(False)
        for plan, names in people.items()
    ]
    entries = operations.find(tx, or_(*theirs), operation.c.state.in_(reachable), lock=True)
    ask_back(tx, entries, "PERSON_REFUSED")


def _of(batch_id: str) -> ColumnElement[bool]:
    return (operation.c.batch_id == batch_id) | (operation.c.planned_in == batch_id)


def bound(batch: Batch, entries: Sequence[StoredOperation]) -> dict[str, str]:
    """What stands or falls with what, by operation key."""
    if batch.atomic == "independent":
        return {}
    return {
        entry.key: batch.id if batch.atomic == "batch" else entry.subject_ref
        for entry in entries
        if not entry.independent and entry.subject_ref
    }


def held(work: Work, tx: Transaction) -> bool:
    """True where more than the allowed share of the batch's operations at this target was refused; opens a case once."""
    tally = operations.tally(tx, work.here())
    by_state = {state: number for (_, state), number in tally.items()}
    meant = sum(by_state.values()) - by_state.get("superseded", 0) - by_state.get("waiting_identity", 0)
    if by_state.get("rejected", 0) <= work.batch.max_failed_share * meant:
        return False
    back = work.batch.too_many == "roll_back"
    known = cases.find(tx, batch_id=work.batch.id)
    if not any(case.code == HELD and case.target == work.target_id for case in known):
        follows = "what arrived is taken back" if back else "the rest is held"
        message = f"{by_state['rejected']} of {meant} operations were refused; {follows}"
        new = cases.NewCase(work.batch.tenant, HELD, message, batch_id=work.batch.id, target=work.target_id)
        cases.open_many(tx, [new])
        if back:
            _take_all_back(tx, work.batch, HELD, "too many operations were refused")
    return True


def _take_all_back(
    tx: Transaction, batch: Batch, code: str, reason: str, origins: Collection[str] = ()
) -> None:
    meant = or_(*(_of(name) for name in {batch.id, *origins}))
    siblings = meant & operation.c.independent.is_(False)
    reachable = ["planned", "waiting_identity", "confirmed", *sorted(FLYING)]
    ask_back(tx, operations.find(tx, siblings, operation.c.state.in_(reachable), lock=True), code)
    current = batches.get(tx, batch.id, lock=True)
    if current.state not in {"compensating", "compensated"}:
        batches.set_state(tx, current, "compensating", reason=reason)


def allowed_people(tx: Transaction, batch: Batch, cap: int, since: datetime | None) -> set[str]:
    """The people whose operations may go while only `cap` may: those begun already, then in order of pseudonym.

    The same people at every target, whichever worker asks first. Whoever was begun `since` then in another batch of the flow
    counts, too.
    """
    columns = (operation.c.batch_id == batch.id, operation.c.subject_ref.is_not(None))
    everyone = operations.people(tx, *columns)
    begun = {person for person, states in everyone.items() if states - _NOT_BEGUN}
    counted = begun | (_begun_since(tx, batch, since) if since else set())
    rest = sorted(
        person for person, states in everyone.items() if "planned" in states and person not in counted
    )
    return counted | set(rest[: max(cap - len(counted), 0)])


def _begun_since(tx: Transaction, batch: Batch, since: datetime) -> set[str]:
    same = select(batch_table.c.id).filter_by(tenant=batch.tenant, flow=batch.flow)
    sent = (operation.c.batch_id.in_(same), operation.c.sent_at >= stamp(since))
    return set(operations.people(tx, *sent, operation.c.subject_ref.is_not(None)))
