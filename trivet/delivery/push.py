"""Sends what is planned for one batch at one target, in vendor calls of one kind and one entity (`pipeline`)."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from trivet.contract import Target, TargetTraits
from trivet.delivery import history, policies
from trivet.delivery.keys import operation_key
from trivet.delivery.pipeline import send_parts
from trivet.delivery.transitions import move
from trivet.delivery.undo import undo
from trivet.delivery.work import Limits, Work, hold
from trivet.errors import ConnectorError
from trivet.ledger import gates, operations
from trivet.ledger.audit import Event
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.times import instant

_KINDS = {"create": 0, "update": 1, "delete": 2}
_REBASED = 1000


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
    """Still planned: to be tried again (`retry_at`), behind another operation, capped, held, or not approved yet."""
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
    cap_since: datetime | None = None,
    limits: Limits = Limits(),
    on_progress: Callable[[int, int], None] | None = None,
) -> PushReport:
    """Sends the batch's planned operations that are due; `cap` limits the people, those of the flow's other batches `cap_since`
    then included; `on_progress(done, total)` follows.

    `LedgerError` LEASE_HELD where another worker is at it, FENCED where one took over. A connector's foreign exception
    is raised after its operations were noted as unknown.
    """
    with hold(ledger, batch_id, target_id, target, traits, limits) as work:
        with work.write() as tx:
            _rebase(tx, work)
            total = sum(operations.sorts(tx, batch_id, target_id).values())
            people = None if cap is None else policies.allowed_people(tx, work.batch, cap, cap_since)
            held = policies.held(work, tx)
        done = 0

        def follow(sent: int) -> None:
            nonlocal done
            done += sent
            if on_progress:
                on_progress(done, total)

        if not (held or work.stopped):
            held = send_parts(work, _parts(work, people), follow)
        if not (work.stopped or work.bug):
            undo(work)
        if work.bug:
            raise work.bug
        return _report(work, held=held)


def _parts(work: Work, people: Collection[str] | None) -> Iterator[list[StoredOperation]]:
    """What is due, one slice of one sort after the other, read when its turn comes: a night may hold any number."""
    with work.ledger.read() as tx:
        sorts = operations.sorts(tx, work.batch.id, work.target_id)
    for of in sorted(sorts, key=lambda of: (of.position, _KINDS[of.kind], of.entity)):
        last = None
        while True:
            with work.ledger.read() as tx:
                part = operations.page(tx, work.batch.id, work.target_id, "planned", last, work.slice, of=of)
                shut = gates.shut(tx, [entry.id for entry in part])
            if not part:
                break
            last = part[-1]
            part = [entry for entry in part if entry.id not in shut]
            if people is not None:
                part = [entry for entry in part if entry.subject_ref is None or entry.subject_ref in people]
            if part:
                yield part


def _rebase(tx: Transaction, work: Work) -> None:
    """Gives each planned revision the kind that fits what the target holds now that earlier revisions are settled."""
    last = None
    while True:
        later = operations.page(tx, work.batch.id, work.target_id, "planned", last, _REBASED, revision=2)
        if not later:
            return
        last = later[-1]
        _rebase_page(tx, later)


def _rebase_page(tx: Transaction, later: list[StoredOperation]) -> None:
    known = operations.by_reference(tx, {entry.reference for entry in later}, lock=True)
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
        left, due = operations.planned(tx, work.batch.id, work.target_id)
    counts = work.counts
    return PushReport(
        confirmed=counts["confirmed"],
        accepted=counts["accepted"],
        unknown=counts["unknown"],
        rejected=counts["rejected"],
        stuck=counts["stuck"],
        taken_back=counts["compensated"],
        left=left,
        held=held,
        retry_at=instant(due) if due else None,
        stopped=work.stopped,
    )
