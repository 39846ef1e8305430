"""Takes superfluous records away: several with our reference where one was sent, by a doubled or late request."""

import re
from collections.abc import Sequence

from trivet.delivery import breaker
from trivet.delivery.failpoints import reach
from trivet.delivery.sending import send
from trivet.delivery.transitions import get_stuck
from trivet.delivery.work import Work
from trivet.ledger import operations
from trivet.ledger.audit import Event
from trivet.ledger.operations import StoredOperation
from trivet.model import Confirmed, Found, Operation

_PATIENCE = 3


def keep_oldest(work: Work, entry: StoredOperation, rows: Sequence[Found]) -> bool:
    """Keeps the record with the smallest id (vendors count up) and deletes the others; True where that is confirmed.

    After too many repairs in vain a person has to look.
    """
    if work.traits.deletes and entry.attempts <= _PATIENCE * work.limits.max_failures:
        return _take_away(work, entry, sorted(rows, key=_age)[1:])
    with work.write() as tx:
        current = operations.by_ids(tx, [entry.id], lock=True)[entry.id]
        get_stuck(tx, [current], "DOUBLE_AT_TARGET", "several equal records, and they cannot be taken away")
        work.counts["stuck"] += 1
    return False


def _take_away(work: Work, entry: StoredOperation, rows: Sequence[Found]) -> bool:
    """Deletes these records by their ids, noted before sending; True where the target confirmed each."""
    confirmed = 0
    for row in rows:
        if work.stopped or work.bug:
            break
        with work.write() as tx:
            entry = operations.by_ids(tx, [entry.id], lock=True)[entry.id]
            n = entry.attempts + 1
            operations.write(tx, [entry.id], [entry.state], {}, {"attempts": n})
            intended = Event(entry.batch_id, entry.id, "REPAIR_INTENDED", fence=work.lease.fence)
            tx.events.append(intended)
        reach("repair.after_intent")
        superfluous = Operation(
            key=f"{entry.key}-REPAIR{n}",
            reference=entry.reference,
            kind="delete",
            entity=entry.entity,
            document={},
            remote_id=row.remote_id,
        )
        answer = send(work.target, [superfluous])
        work.stopped, work.bug = work.stopped or answer.stop, work.bug or answer.bug
        reach("repair.after_send")
        done = isinstance(answer.outcomes[0], Confirmed)
        failed = answer.failed
        with work.write() as tx:
            # a pause that is asked for here holds for every worker, as after any other request
            why = answer.stop or failed
            breaker.note(tx, work, answered=failed is None, failures=int(failed is not None), why=why)
            code = "DUPLICATE_REPAIRED" if done else "REPAIR_UNCLEAR"
            tx.events.append(Event(entry.batch_id, entry.id, code))
        confirmed += done
    work.counts["repaired"] += confirmed
    return confirmed == len(rows)


def _age(row: Found) -> tuple[tuple[int, int | str], ...]:
    parts = re.split(r"(\d+)", row.remote_id)
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in parts)
