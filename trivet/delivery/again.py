"""Sends once more what is in doubt at a target that cannot be asked but takes the same again (`TargetTraits.repeatable`).

    unknown ─► intent ─► confirmed     there now, whatever became of the first sending
                 ├─────► unknown       in doubt still: once more after the next quiet time, up to the limit
                 └─────► stuck         refused this time: whether the first sending arrived a person has to see

It never becomes planned: what is planned can be replaced or cancelled as if nothing of it had been sent.
"""

from collections.abc import Sequence
from itertools import groupby

from trivet.delivery import policies
from trivet.delivery.exchange import AGAIN, intend, record
from trivet.delivery.failpoints import reach
from trivet.delivery.sending import send_all
from trivet.delivery.transitions import get_stuck, never_done
from trivet.delivery.work import Work, as_operation
from trivet.ledger import contents, operations
from trivet.ledger.bulk import chunks
from trivet.ledger.operations import StoredOperation
from trivet.ledger.times import instant

GIVEN_UP = "sent again as often as allowed, and no answer: look there, then decide"


def repeat(work: Work, due: Sequence[StoredOperation]) -> list[StoredOperation]:
    """Sends these again as far as they may be; those of which a person has to decide; neither while the batch waits."""
    if not work.traits.repeatable:
        return list(due)
    with work.write() as tx:
        late = [
            entry
            for entry in due
            if entry.state == "accepted" and tx.stamp >= work.quiet_until(instant(entry.sent_at or tx.stamp))
        ]
        never_done(tx, late, work.quiet_until(tx.now))
        held = policies.held(work, tx)
    if work.waits:
        return []
    unknown = [entry for entry in due if entry.state == "unknown"]
    # a wish to take it back ends the sending, and taking back is a person's decision here
    mine = [entry for entry in unknown if not (held or entry.undo_reason)]
    mine.sort(key=lambda entry: (entry.position, entry.kind, entry.entity))
    for _, group in groupby(mine, key=lambda entry: (entry.position, entry.kind, entry.entity)):
        for part in chunks(group, work.slice):
            if not (work.stopped or work.bug):
                _once_more(work, part)
    chosen = {entry.id for entry in mine} | {entry.id for entry in due if entry.state == "accepted"}
    return [entry for entry in due if entry.id not in chosen]


def _once_more(work: Work, part: Sequence[StoredOperation]) -> None:
    with work.write() as tx:
        current = operations.by_ids(tx, [entry.id for entry in part], lock=True).values()
        entries = [entry for entry in current if entry.state == "unknown" and not entry.undo_reason]
        tired = [entry for entry in entries if entry.failures >= work.limits.max_failures]
        get_stuck(tx, tired, "GIVEN_UP", GIVEN_UP)
        work.counts["stuck"] += len(tired)
        entries = [entry for entry in entries if entry not in tired]
        known = contents.get(tx, [entry.id for entry in entries], "document")
        intend(work, tx, entries, AGAIN)
    if not entries:
        return
    reach("again.after_intent")
    answer = send_all(work, [as_operation(entry, known[entry.id].document or {}) for entry in entries])
    reach("again.after_send")
    with work.write() as tx:
        record(work, tx, entries, answer, AGAIN)
    reach("again.after_outcome")
