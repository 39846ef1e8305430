"""Settles what is in the air at one target: asks for unknown and accepted operations, goes on taking back.

    unknown, quiet time over:  nothing there → planned again, same key      ours → confirmed
                               several, alike → one is kept                 other content → stuck, a case
    accepted:                  there → confirmed    refused → rejected      not in time → unknown
A target that cannot be asked sends its unknowns to a person; one that takes the same again gets them again first (`again`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import or_, select

from trivet.contract import Asynchronous, Target, TargetTraits
from trivet.delivery import policies
from trivet.delivery.again import repeat
from trivet.delivery.exchange import ASKED, record
from trivet.delivery.failpoints import reach
from trivet.delivery.repair import keep_oldest
from trivet.delivery.sending import Answer
from trivet.delivery.transitions import follow, get_stuck, move, never_done
from trivet.delivery.undo import undo
from trivet.delivery.work import Limits, Work, as_operation, hold, holds
from trivet.errors import ConnectorError, LedgerError, Rejected
from trivet.ledger import contents, operations
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.contents import Contents
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.ledger.times import instant
from trivet.model import Confirmed, Found

_SENDING = ("intent", "comp_intent")
_IN_THE_AIR = (*_SENDING, "unknown", "accepted", "comp_planned", "comp_unknown")
_MESSAGES = {
    "CONFLICT": "the target holds our reference with other content",
    "GONE_AT_TARGET": "the record is gone: somebody deleted it at the target",
    "NOTHING_TO_ASK": "the answer was lost, and this target cannot be asked: look there, then decide",
    "GIVEN_UP": "nothing of it is at the target after as many attempts as allowed",
}


@dataclass(frozen=True, slots=True)
class SettleReport:
    """What settling came to; the counts are operations."""

    confirmed: int
    resend: int
    """Planned again; `push` sends them."""
    stuck: int
    repaired: int
    taken_back: int
    batches: tuple[str, ...]
    """Batches at which something happened: push those again that have planned operations."""
    busy: tuple[str, ...]
    """Batches that another worker holds."""
    left: int
    """Still in the air: not due yet, or the connection stopped."""
    stopped: ConnectorError | None


def settle(
    ledger: Ledger,
    target_id: str,
    target: Target,
    traits: TargetTraits,
    *,
    limits: Limits = Limits(),
    waits: Callable[[Batch], bool] = lambda _: False,
) -> SettleReport:
    """Settles every batch that has something due at this target, the newest first; stops where the connection must.

    `waits` says of which batch nothing may be sent now: what could only be sent once more stays in doubt.
    """
    done: list[Work] = []
    busy = []
    for batch_id in _due_batches(ledger, target_id):
        try:
            with hold(ledger, batch_id, target_id, target, traits, limits) as work:
                done.append(work)
                work.waits = waits(work.batch)
                settle_here(work)
        except LedgerError as error:
            if error.code != "LEASE_HELD":
                raise
            busy.append(batch_id)
            continue
        if work.bug:
            raise work.bug
        if work.stopped:
            break
    return _report(ledger, target_id, done, busy)


def settle_here(work: Work) -> None:
    """Settles one batch at one target, under its lease."""
    if not (work.stopped or work.bug):
        _poll(work)
    if not (work.stopped or work.bug):
        _ask(work)
    if not (work.stopped or work.bug):
        undo(work)


def _due_batches(ledger: Ledger, target_id: str) -> list[str]:
    with ledger.read() as tx:
        due = or_(operation.c.due_at.is_(None), operation.c.due_at <= tx.stamp)
        # said as a list of states, which an index finds, and not as two alternatives, for which all of the target is read
        in_the_air = operation.c.state.in_(_IN_THE_AIR) & (operation.c.state.in_(_SENDING) | due)
        query = select(operation.c.batch_id).where(operation.c.target == target_id, in_the_air).distinct()
        # newest first: a later revision is taken back before the one below it
        return sorted(tx.conn.scalars(query), reverse=True)


def _poll(work: Work) -> None:
    """Asks an asynchronous target by ticket; what it says nothing about is looked for like everything else."""
    if not isinstance(work.target, Asynchronous):
        return
    with work.ledger.read() as tx:
        accepted = [entry for entry in work.at(tx, "accepted") if entry.ticket]
        due = [entry for entry in accepted if entry.due_at and entry.due_at <= tx.stamp]
    for part in chunks(due, work.reads):
        try:
            said = work.target.outcomes([entry.ticket or "" for entry in part])
        except ConnectorError as error:
            work.stopped = error
            return
        told = dict(zip((entry.id for entry in part), said, strict=True))
        reach("settle.before_commit")
        with work.write() as tx:
            entries = [
                entry
                for entry in operations.by_ids(tx, told, lock=True).values()
                if entry.state == "accepted" and isinstance(told[entry.id], Confirmed | Rejected)
            ]
            answer = Answer([told[entry.id] for entry in entries], answered=True)
            policies.refused(tx, work.batch, record(work, tx, entries, answer, ASKED))
        reach("settle.after_commit")


def _ask(work: Work) -> None:
    with work.ledger.read() as tx:
        flying = work.at(tx, "unknown", "accepted", "comp_unknown")
        due = [entry for entry in flying if entry.due_at and entry.due_at <= tx.stamp]
    if not due:
        return
    if work.traits.asked_by == "nothing":
        doubtful = repeat(work, due)
        with work.write() as tx:
            get_stuck(tx, doubtful, "NOTHING_TO_ASK", _MESSAGES["NOTHING_TO_ASK"])
            work.counts["stuck"] += len(doubtful)
        return
    with work.write() as tx:
        # taking back reads before it acts: after the quiet time it may simply go on
        lost = [entry for entry in due if entry.state == "comp_unknown"]
        move(tx, lost, "comp_planned", code="ASK_AGAIN", due_at=None)
    due = [entry for entry in due if entry.state != "comp_unknown"]
    due.sort(key=lambda entry: entry.entity)
    for _, group in groupby(due, key=lambda entry: entry.entity):
        for part in chunks(group, work.reads):
            if work.stopped or work.bug:
                return
            _ask_call(work, part)


def _ask_call(work: Work, part: Sequence[StoredOperation]) -> None:
    with work.ledger.read() as tx:
        known = contents.get(tx, [entry.id for entry in part], "document", "before")
    wanted = {entry.id: as_operation(entry, known[entry.id].document or {}) for entry in part}
    try:
        found = work.find(part[0].entity, list(wanted.values()))
        verdicts = {}
        for entry in part:
            rows = found.get(entry.reference, [])
            ours = known[entry.id].document or {}
            if len(rows) > 1 and entry.kind != "delete" and all(holds(row.document, ours) for row in rows):
                if not keep_oldest(work, entry, rows):
                    continue  # the next run tries again
                found |= work.find(entry.entity, [wanted[entry.id]])
                rows = found.get(entry.reference, [])
            verdicts[entry.id] = _verdict(entry, known[entry.id], rows)
    except ConnectorError as error:
        work.stopped = error
        return
    reach("settle.before_commit")
    with work.write() as tx:
        _commit(work, tx, verdicts, found)
    reach("settle.after_commit")


def _verdict(entry: StoredOperation, known: Contents, rows: Sequence[Found]) -> str:
    """`confirmed`, `absent` (provably without effect), or the code of a case."""
    if entry.kind == "delete":
        return "absent" if rows else "confirmed"
    if not rows:
        return "absent" if entry.kind == "create" else "GONE_AT_TARGET"
    if len(rows) == 1 and holds(rows[0].document, known.document or {}):
        return "confirmed"
    if entry.kind == "update" and len(rows) == 1 and known.before is not None:
        return "absent" if holds(rows[0].document, known.before) else "CONFLICT"
    return "CONFLICT"


def _commit(
    work: Work, tx: Transaction, verdicts: Mapping[str, str], found: Mapping[str, list[Found]]
) -> None:
    entries = operations.by_ids(tx, verdicts, lock=True)
    groups: dict[str, list[StoredOperation]] = {}
    for row_id, verdict in verdicts.items():
        groups.setdefault(verdict, []).append(entries[row_id])
    there = groups.pop("confirmed", [])
    remote = [
        found[entry.reference][0].remote_id if found.get(entry.reference) else entry.remote_id
        for entry in there
    ]
    look = work.second_look(tx.now)
    move(
        tx,
        there,
        "confirmed",
        code="FOUND",
        each={"remote_id": remote},
        due_at=look,
        failures=0,
        error_code=None,
        error_text=None,
    )
    work.counts["confirmed"] += len(there)
    _absent(work, tx, groups.pop("absent", []))
    for code, stopped in groups.items():
        get_stuck(tx, stopped, code, _MESSAGES[code])
        work.counts["stuck"] += len(stopped)
    follow(tx, list(verdicts))


def _absent(work: Work, tx: Transaction, entries: Sequence[StoredOperation]) -> None:
    """Nothing is there: an unknown one may be sent again; an accepted one has until its time is over."""
    late = [
        entry
        for entry in entries
        if entry.state == "accepted" and tx.stamp >= work.quiet_until(instant(entry.sent_at or tx.stamp))
    ]
    never_done(tx, late, work.quiet_until(tx.now))
    unknown = [entry for entry in entries if entry.state == "unknown"]
    tired = [entry for entry in unknown if entry.failures >= work.limits.max_failures]
    get_stuck(tx, tired, "GIVEN_UP", _MESSAGES["GIVEN_UP"], applied_from="planned")
    work.counts["stuck"] += len(tired)
    again = [entry for entry in unknown if entry.failures < work.limits.max_failures]
    move(tx, again, "planned", code="NOT_FOUND", due_at=None)
    work.counts["resend"] += len(again)


def _report(ledger: Ledger, target_id: str, done: Sequence[Work], busy: Sequence[str]) -> SettleReport:
    with ledger.read() as tx:
        left = operations.tally(tx, operation.c.target == target_id, operation.c.state.in_(_IN_THE_AIR))

    def total(name: str) -> int:
        return sum(work.counts[name] for work in done)

    return SettleReport(
        confirmed=total("confirmed"),
        resend=total("resend"),
        stuck=total("stuck"),
        repaired=total("repaired"),
        taken_back=total("compensated"),
        batches=tuple(work.batch.id for work in done),
        busy=tuple(busy),
        left=sum(left.values()),
        stopped=next((work.stopped for work in done if work.stopped), None),
    )
