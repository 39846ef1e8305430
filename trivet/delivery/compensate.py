"""Takes a batch or a person back, and says precisely what was and what was not taken back.

The wish is one transaction: what was not sent is cancelled, what is confirmed is to be taken back, what is in the air keeps
the wish until its outcome is known. From there any worker goes on (`settle`), so that a kill loses nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement

from trivet.contract import Target, TargetTraits
from trivet.delivery import progress
from trivet.delivery.failpoints import reach
from trivet.delivery.settle import settle_here
from trivet.delivery.states import BLOCKING, FLYING, TAKING_BACK
from trivet.delivery.transitions import ask_back
from trivet.delivery.work import Limits, hold
from trivet.errors import ConnectorError, LedgerError
from trivet.ledger import batches, operations
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation

WISH = "ROLLED_BACK"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be taken back: a batch, or a person's operations of all batches."""

    batch_id: str | None = None
    subject_ref: str | None = None

    def __post_init__(self) -> None:
        if (self.batch_id is None) == (self.subject_ref is None):
            raise ValueError("a scope is a batch or a person")

    def condition(self) -> ColumnElement[bool]:
        """The operations in it."""
        if self.batch_id is not None:
            return operation.c.batch_id == self.batch_id
        return operation.c.subject_ref == self.subject_ref


@dataclass(frozen=True, slots=True)
class Left:
    """An operation that was not taken back, and why."""

    operation: StoredOperation
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What a rollback has come to so far."""

    taken_back: tuple[StoredOperation, ...]
    cancelled: tuple[StoredOperation, ...]
    """Never sent, and never will be."""
    pending: tuple[StoredOperation, ...]
    """In the air or to be tried again; `settle` goes on with them."""
    left: tuple[Left, ...]
    """Not taken back: a person has to decide, or a newer delivery stands on it."""
    busy: tuple[str, ...]
    """Targets at which another worker is busy; it sees the wish."""
    stopped: tuple[ConnectorError, ...]

    @property
    def complete(self) -> bool:
        """True where the targets are as they were before."""
        return not (self.pending or self.left)

    def foreseen(self) -> Iterator[tuple[StoredOperation, str, str]]:
        """Of a preview: each operation, what would become of it (`take back`, `cancel`, `leave`), and why it would be left."""
        yield from ((entry, "take back", "") for entry in self.pending)
        yield from ((entry, "cancel", "") for entry in self.cancelled)
        yield from ((entry.operation, "leave", entry.message) for entry in self.left)


def preview(ledger: Ledger, scope: Scope) -> RollbackReport:
    """What a rollback would take back (`pending`), cancel and leave, if it were started now."""
    with ledger.read() as tx:
        entries = operations.find(tx, scope.condition())
        kept = _newer_elsewhere(tx, entries)
    possible = [entry for entry in entries if entry.state in FLYING | TAKING_BACK | {"confirmed"}]
    return RollbackReport(
        taken_back=tuple(entry for entry in entries if entry.state == "compensated"),
        cancelled=tuple(entry for entry in entries if entry.state in {"planned", "waiting_identity"}),
        pending=tuple(entry for entry in possible if entry.id not in kept),
        left=_left(entries, kept),
        busy=(),
        stopped=(),
    )


def rollback(
    ledger: Ledger,
    scope: Scope,
    targets: Mapping[str, tuple[Target, TargetTraits]],
    *,
    actor: str,
    reason: str,
    limits: Limits = Limits(),
) -> RollbackReport:
    """Takes the scope back at these targets (by connection id, in delivery order), as far as that is possible now.

    May be called again at any time, and goes on where it was. One stuck operation never blocks the others.
    """
    with ledger.begin() as tx:
        concerned = _wish(tx, scope, actor, reason)
    reach("rollback.after_wish")
    busy: list[str] = []
    stopped: list[ConnectorError] = []
    # a record's revisions may lie in several batches: each round takes the newest that is left of each
    while _round(ledger, concerned, targets, limits, busy, stopped) and not (busy or stopped):
        pass
    return _report(ledger, scope, busy, stopped)


def _round(
    ledger: Ledger,
    concerned: Mapping[str, set[str]],
    targets: Mapping[str, tuple[Target, TargetTraits]],
    limits: Limits,
    busy: list[str],
    stopped: list[ConnectorError],
) -> int:
    """Goes through targets and batches once, the last first; how many operations it took back."""
    taken = 0
    for target_id, (target, traits) in reversed(list(targets.items())):
        for batch_id in sorted(concerned.get(target_id, ()), reverse=True):
            try:
                with hold(ledger, batch_id, target_id, target, traits, limits) as work:
                    settle_here(work)
            except LedgerError as error:
                if error.code != "LEASE_HELD":
                    raise
                busy.append(target_id)
                continue
            if work.bug:
                raise work.bug
            taken += work.counts["compensated"]
            if work.stopped:
                stopped.append(work.stopped)
                break
    return taken


def _wish(tx: Transaction, scope: Scope, actor: str, reason: str) -> dict[str, set[str]]:
    """Notes the wish; the batches concerned by target."""
    if scope.batch_id is not None:
        known = batches.get(tx, scope.batch_id, lock=True)
        batches.close(tx, known.id)
        if known.rollback_reason is None:
            batches.set_state(tx, known, "compensating", reason=reason, actor=actor)
    entries = operations.find(tx, scope.condition(), lock=True)
    if not entries and scope.subject_ref is not None:
        raise LedgerError("nothing was planned for this person", code="PERSON_UNKNOWN")
    kept = _newer_elsewhere(tx, entries)
    ask_back(tx, [entry for entry in entries if entry.id not in kept], WISH, actor=actor, note=reason)
    progress.judge(tx, {entry.batch_id for entry in entries})
    concerned: dict[str, set[str]] = {}
    for entry in entries:
        if entry.state in FLYING | TAKING_BACK | {"confirmed"}:
            concerned.setdefault(entry.target, set()).add(entry.batch_id)
    return concerned


def _newer_elsewhere(tx: Transaction, entries: Sequence[StoredOperation]) -> set[str]:
    """Those on which a newer delivery outside the scope stands: taking them back would take that one too."""
    inside = {entry.id for entry in entries}
    known = operations.by_reference(tx, {entry.reference for entry in entries})
    return {
        entry.id
        for entry in entries
        if any(
            later.revision > entry.revision
            and later.id not in inside
            and later.state in BLOCKING | {"confirmed"}
            for later in known[entry.reference]
        )
    }


def _report(
    ledger: Ledger, scope: Scope, busy: Sequence[str], stopped: Sequence[ConnectorError]
) -> RollbackReport:
    with ledger.read() as tx:
        entries = operations.find(tx, scope.condition())
        kept = _newer_elsewhere(tx, entries)
    return RollbackReport(
        taken_back=tuple(entry for entry in entries if entry.state == "compensated"),
        cancelled=tuple(entry for entry in entries if entry.state == "cancelled"),
        pending=tuple(entry for entry in entries if entry.state in FLYING | TAKING_BACK),
        left=_left(entries, kept),
        busy=tuple(dict.fromkeys(busy)),
        stopped=tuple(stopped),
    )


def _left(entries: Sequence[StoredOperation], kept: set[str]) -> tuple[Left, ...]:
    stuck = [
        Left(entry, entry.error_code or "STUCK", entry.error_text or "a person has to decide")
        for entry in entries
        if entry.state == "stuck"
    ]
    newer = [
        Left(
            entry, "NEWER_DELIVERY", "a newer delivery of the same record stands on it: take that back first"
        )
        for entry in entries
        if entry.state == "confirmed" and entry.id in kept
    ]
    return (*stuck, *newer)
