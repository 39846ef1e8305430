"""Sends what is planned for one batch at one target, in vendor calls of one kind and one entity (`forward`)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from trivet.contract import Target, TargetTraits
from trivet.delivery import history, policies
from trivet.delivery.forward import forward
from trivet.delivery.keys import operation_key
from trivet.delivery.transitions import move
from trivet.delivery.undo import undo
from trivet.delivery.work import Limits, Work, hold
from trivet.errors import ConnectorError
from trivet.ledger import operations
from trivet.ledger.audit import Event
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.times import instant

_KINDS = {"create": 0, "update": 1, "delete": 2}


@dataclass(frozen=True, slots=True)
class PushReport:
    """What one push came to; the counts are operations."""

    confirmed: int
    accepted: int
    unknown: int
    rejected: int
    stuck: int
    taken_back: int
    left: int
    """Still planned: to be tried again (`retry_at`), behind another operation, capped, or held."""
    held: bool
    """More were refused than the batch allows; a case asks a person."""
    retry_at: datetime | None
    stopped: ConnectorError | None
    """The connection must stop: raise it where a scheduler retries."""


def push(
    ledger: Ledger,
    batch_id: str,
    target_id: str,
    target: Target,
    traits: TargetTraits,
    *,
    cap: int | None = None,
    limits: Limits = Limits(),
    on_progress: Callable[[int, int], None] | None = None,
) -> PushReport:
    """Sends the batch's planned operations that are due; `cap` limits the people, `on_progress(done, total)` follows.

    `LedgerError` LEASE_HELD where another worker is at it, FENCED where one took over. A connector's foreign exception
    is raised after its operations were noted as unknown.
    """
    with hold(ledger, batch_id, target_id, target, traits, limits) as work:
        with work.write() as tx:
            _rebase(tx, work)
            ready = _ready(tx, work, cap)
            held = policies.held(work, tx)
        done = 0
        for part in _slices(ready, work.slice):
            if held or work.stopped or work.bug:
                break
            held = forward(work, part)
            done += len(part)
            if on_progress:
                on_progress(done, len(ready))
        if not (work.stopped or work.bug):
            undo(work)
        if work.bug:
            raise work.bug
        return _report(work, held=held)


def _ready(tx: Transaction, work: Work, cap: int | None) -> list[StoredOperation]:
    ready = [entry for entry in work.at(tx, "planned") if not entry.due_at or entry.due_at <= tx.stamp]
    if cap is not None:
        people = policies.allowed_people(tx, work.batch.id, cap)
        ready = [entry for entry in ready if entry.subject_ref is None or entry.subject_ref in people]
    return ready


def _slices(ready: Sequence[StoredOperation], size: int) -> Iterator[list[StoredOperation]]:
    def alike(entry: StoredOperation) -> tuple[int, int, str]:
        return entry.position, _KINDS[entry.kind], entry.entity

    for _, group in groupby(sorted(ready, key=alike), key=alike):
        entries = list(group)
        for start in range(0, len(entries), size):
            yield entries[start : start + size]


def _rebase(tx: Transaction, work: Work) -> None:
    """Gives each planned revision the kind that fits what the target holds now that earlier revisions are settled."""
    later = [entry for entry in work.at(tx, "planned", lock=True) if entry.revision > 1]
    if not later:
        return
    known = operations.by_reference(tx, {entry.reference for entry in later})
    useless = []
    for entry in later:
        earlier = [past for past in known[entry.reference] if past.revision < entry.revision]
        if history.in_the_way(earlier):
            continue
        lives = history.live(earlier)
        if (lives is None) if entry.kind == "delete" else (lives and lives.fingerprint == entry.fingerprint):
            useless.append(entry)
        elif entry.kind != "delete" and entry.kind != history.kind_for(earlier):
            kind = history.kind_for(earlier)
            change = {"kind": kind, "key": operation_key(entry.reference, kind, entry.revision)}
            operations.write(tx, [entry.id], ["planned"], {}, change)
            tx.events.append(Event(entry.batch_id, entry.id, "KIND_CHANGED", note=f"{entry.kind} to {kind}"))
    move(tx, useless, "superseded", code="NOTHING_TO_DO")


def _report(work: Work, *, held: bool) -> PushReport:
    with work.ledger.read() as tx:
        left = work.at(tx, "planned")
    counts = work.counts
    due = [entry.due_at for entry in left if entry.due_at]
    return PushReport(
        confirmed=counts["confirmed"],
        accepted=counts["accepted"],
        unknown=counts["unknown"],
        rejected=counts["rejected"],
        stuck=counts["stuck"],
        taken_back=counts["compensated"],
        left=len(left),
        held=held,
        retry_at=instant(min(due)) if due else None,
        stopped=work.stopped,
    )
