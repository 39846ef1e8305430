"""Reads again what was confirmed: exactly one record with our reference, and what we sent in it.

`verify` follows the push; `second_look` comes when no zombie or late request can add anything any more, and also looks at
what was taken back. A difference at once is ours to explain (stuck, a case); a difference later is a person's change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, select

from trivet.contract import Target, TargetTraits
from trivet.delivery import history
from trivet.delivery.failpoints import reach
from trivet.delivery.repair import keep_oldest
from trivet.delivery.states import BLOCKING
from trivet.delivery.transitions import get_stuck, move
from trivet.delivery.undo import undo
from trivet.delivery.work import Limits, Work, as_operation, hold, holds
from trivet.errors import ConnectorError, LedgerError
from trivet.ledger import contents, operations
from trivet.ledger.audit import Event
from trivet.ledger.bulk import chunks
from trivet.ledger.contents import Contents
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.model import Document, Found

_MESSAGES = {
    "MISSING_AT_TARGET": "confirmed, but the target holds no such record",
    "DIFFERS_AT_TARGET": "confirmed, but the target shows other content",
    "STILL_AT_TARGET": "deleted and confirmed, but the target still holds the record",
    "DOUBLE_AT_TARGET": "several records carry the reference and differ",
    "REVERTED_AT_TARGET": "the record shows an earlier delivery: a late double of it, or somebody went back",
}


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What the reading showed; the counts are operations."""

    verified: int
    repaired: int
    wrong: int
    """Stuck now, with a case each."""
    changed: int
    """A person changed the record after us (second look only); it stays as it is."""
    residue: int
    """Found again after it was taken back, and taken away once more."""
    unasked: int
    """The target cannot be asked."""
    stopped: ConnectorError | None


def verify(
    ledger: Ledger,
    batch_id: str,
    target_id: str,
    target: Target,
    traits: TargetTraits,
    *,
    limits: Limits = Limits(),
) -> VerifyReport:
    """Reads every confirmed operation of the batch that was not read yet."""
    with hold(ledger, batch_id, target_id, target, traits, limits) as work:
        _look(work, (operation.c.state == "confirmed") & operation.c.verified_at.is_(None), later=False)
        return _report([work])


def second_look(
    ledger: Ledger, target_id: str, target: Target, traits: TargetTraits, *, limits: Limits = Limits()
) -> VerifyReport:
    """Looks once more at what is due for it, in every batch; a batch that another worker holds waits for the next call."""
    resting = operation.c.state.in_(["confirmed", "compensated"])
    with ledger.read() as tx:
        due = (operation.c.target == target_id) & resting & (operation.c.due_at <= tx.stamp)
        ids = sorted(tx.conn.scalars(select(operation.c.batch_id).where(due).distinct()), reverse=True)
    done: list[Work] = []
    for batch_id in ids:
        try:
            with hold(ledger, batch_id, target_id, target, traits, limits) as work:
                done.append(work)
                _look(work, due, later=True)
                undo(work)
        except LedgerError as error:
            if error.code != "LEASE_HELD":
                raise
        if done and done[-1].stopped:
            break
    return _report(done)


def _look(work: Work, due: ColumnElement[bool], *, later: bool) -> None:
    with work.ledger.read() as tx:
        entries = operations.find(tx, work.here(), due)
        revised = operations.revised(tx, {entry.reference for entry in entries})
        known = operations.by_reference(tx, revised)
    if work.traits.asked_by == "nothing":
        with work.write() as tx:
            _seen(tx, entries)
        work.counts["unasked"] += len(entries)
        return
    passed: list[StoredOperation] = []
    newest: list[StoredOperation] = []
    for entry in entries:
        revisions = known.get(entry.reference, [entry])
        after = [other for other in revisions if other.revision > entry.revision]
        if any(other.state in BLOCKING or _undone_lately(entry, other) for other in after):
            continue  # what is there belongs to a later revision whose outcome is open
        # of a record that is gone altogether only the create is judged, not what was taken back before it
        gone = entry.state == "compensated" and entry.kind != "create" and not history.live(revisions)
        (passed if gone or any(other.state == "confirmed" for other in after) else newest).append(entry)
    with work.write() as tx:
        _seen(tx, passed)
    newest.sort(key=lambda entry: entry.entity)
    for _, group in groupby(newest, key=lambda entry: entry.entity):
        for part in chunks(group, work.reads):
            if not work.stopped:
                _look_call(work, part, later=later)


def _undone_lately(entry: StoredOperation, later: StoredOperation) -> bool:
    return entry.state == "confirmed" and later.state == "compensated" and later.due_at is not None


def _look_call(work: Work, part: Sequence[StoredOperation], *, later: bool) -> None:
    with work.ledger.read() as tx:
        known = contents.get(tx, [entry.id for entry in part], "document", "before")
    wanted = {entry.id: as_operation(entry, known[entry.id].document or {}) for entry in part}
    verdicts = {}
    try:
        found = work.find(part[0].entity, list(wanted.values()))
        for entry in part:
            rows = found.get(entry.reference, [])
            ours = known[entry.id].document or {}
            mine = entry.kind != "delete" and entry.state == "confirmed"
            if mine and len(rows) > 1 and all(holds(row.document, ours) for row in rows):
                if not keep_oldest(work, entry, rows):
                    continue  # the next look tries again
                rows = work.find(entry.entity, [wanted[entry.id]]).get(entry.reference, [])
            verdicts[entry.id] = _verdict(entry, known[entry.id], rows, later=later)
            if verdicts[entry.id] == "changed" and _was_ours(work, entry, rows[0]):
                verdicts[entry.id] = "REVERTED_AT_TARGET"
    except ConnectorError as error:
        work.stopped = error
        return
    reach("verify.before_commit")
    with work.write() as tx:
        _commit(work, tx, verdicts)


def _verdict(entry: StoredOperation, known: Contents, rows: Sequence[Found], *, later: bool) -> str:
    ours, before = known.document or {}, known.before
    if entry.state == "compensated":
        return "residue" if _visible_again(entry, ours, before, rows) else "fine"
    if entry.kind == "delete":
        return "STILL_AT_TARGET" if rows else "fine"
    if not rows:
        return "MISSING_AT_TARGET"
    if len(rows) > 1:
        return "DOUBLE_AT_TARGET"
    if holds(rows[0].document, ours):
        return "fine"
    return "changed" if later else "DIFFERS_AT_TARGET"


def _visible_again(
    entry: StoredOperation, ours: Document, before: Document | None, rows: Sequence[Found]
) -> bool:
    """True where the target shows the effect that was taken back: a request that came doubled and late."""
    if entry.kind == "create":
        return bool(rows)
    if before is None:
        return False
    if entry.kind == "delete":
        return not rows
    return len(rows) == 1 and holds(rows[0].document, ours) and not holds(rows[0].document, before)


def _was_ours(work: Work, entry: StoredOperation, row: Found) -> bool:
    """True where the record shows what an earlier revision wrote: a late double of it, or a person who went back."""
    with work.ledger.read() as tx:
        revisions = operations.by_reference(tx, [entry.reference])[entry.reference]
        earlier = [past.id for past in revisions if past.revision < entry.revision and past.kind != "delete"]
        known = contents.get(tx, earlier, "document")
    return any(one.document and holds(row.document, one.document) for one in known.values())


def _commit(work: Work, tx: Transaction, verdicts: Mapping[str, str]) -> None:
    entries = operations.by_ids(tx, verdicts, lock=True)
    groups: dict[str, list[StoredOperation]] = {}
    for row_id, verdict in verdicts.items():
        groups.setdefault(verdict, []).append(entries[row_id])
    fine, changed, residue = (groups.pop(name, []) for name in ("fine", "changed", "residue"))
    _seen(tx, [*fine, *changed])
    tx.events += [Event(entry.batch_id, entry.id, "CHANGED_AT_TARGET") for entry in changed]
    move(tx, residue, "comp_planned", code="RESIDUE", due_at=None, failures=0)
    for code, wrong in groups.items():
        get_stuck(tx, wrong, code, _MESSAGES[code])
        work.counts["wrong"] += len(wrong)
    work.counts["verified"] += len(fine)
    work.counts["changed"] += len(changed)
    work.counts["residue"] += len(residue)


def _seen(tx: Transaction, entries: Sequence[StoredOperation]) -> None:
    """Notes the reading; a second look that is due was this one."""
    due = [entry.due_at if entry.due_at and entry.due_at > tx.stamp else None for entry in entries]
    states = [entry.state for entry in entries]
    operations.write(tx, [entry.id for entry in entries], states, {"due_at": due}, {"verified_at": tx.stamp})


def _report(done: Sequence[Work]) -> VerifyReport:
    def total(name: str) -> int:
        return sum(work.counts[name] for work in done)

    return VerifyReport(
        verified=total("verified"),
        repaired=total("repaired"),
        wrong=total("wrong") + total("stuck"),
        changed=total("changed"),
        residue=total("residue"),
        unasked=total("unasked"),
        stopped=next((work.stopped for work in done if work.stopped), None),
    )
