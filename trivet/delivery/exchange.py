"""What vendor calls came to, written down in the same words for every target and in both directions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from trivet.delivery import breaker
from trivet.delivery.sending import Answer, NotSent
from trivet.delivery.transitions import follow, get_stuck, move
from trivet.delivery.work import Work
from trivet.errors import (
    AuthFailed,
    ConnectorError,
    PeriodClosed,
    RateLimited,
    Rejected,
    Retryable,
)
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.times import stamp
from trivet.model import Accepted, Confirmed, Outcome

Pairs: TypeAlias = "list[tuple[StoredOperation, Outcome | NotSent]]"
_TEXT = 300


@dataclass(frozen=True, slots=True)
class Phase:
    """The states of one direction."""

    name: str
    ready: str
    sent: str
    done: str
    accepted: str
    lost: str


FORWARD = Phase("forward", "planned", "intent", "confirmed", "accepted", "unknown")
AGAIN = Phase("again", "unknown", "intent", "confirmed", "accepted", "unknown")
ASKED = Phase("ask", "planned", "accepted", "confirmed", "accepted", "unknown")
BACKWARD = Phase("compensate", "comp_planned", "comp_intent", "compensated", "comp_unknown", "comp_unknown")


def intend(work: Work, tx: Transaction, entries: Sequence[StoredOperation], phase: Phase) -> None:
    """Notes what is about to be sent; committed before the first byte leaves."""
    each = {"attempts": [entry.attempts + 1 for entry in entries]}
    move(tx, entries, phase.sent, each=each, fence=work.lease.fence, sent_at=tx.stamp, due_at=None)


def record(
    work: Work, tx: Transaction, entries: Sequence[StoredOperation], answer: Answer, phase: Phase
) -> list[StoredOperation]:
    """Writes what came of the operations given to `intend`, and follows wishes that came meanwhile; those refused."""
    groups: dict[str, Pairs] = defaultdict(list)
    for entry, outcome in zip(entries, answer.outcomes, strict=True):
        groups[_word(outcome)].append((entry, outcome))
    why = answer.stop if isinstance(answer.stop, RateLimited) else answer.why
    breaker.note(tx, work, answered=answer.answered, failures=answer.failures, why=why)
    _settled(work, tx, groups, phase)
    _again(work, tx, groups, phase)
    refused = _refused(work, tx, groups["rejected"], phase)
    if phase is not BACKWARD:
        follow(tx, [entry.id for entry in entries])
    return refused


def _settled(work: Work, tx: Transaction, groups: dict[str, Pairs], phase: Phase) -> None:
    done, accepted, lost = (groups[name] for name in ("confirmed", "accepted", "unknown"))
    remote = [getattr(outcome, "remote_id", None) or entry.remote_id for entry, outcome in done]
    fine: dict[str, Any] = _NO_ERROR | {"failures": 0, "due_at": work.second_look(tx.now)}
    move(tx, _first(done), phase.done, was=phase.sent, each={"remote_id": remote}, **fine)
    # an accepted one may be asked for at once; a compensation waits as an unknown does
    due = tx.stamp if phase is FORWARD else work.quiet_until(tx.now)
    tickets = [getattr(outcome, "ticket", None) for _, outcome in accepted]
    each = {"ticket": tickets}
    move(tx, _first(accepted), phase.accepted, code="ACCEPTED", was=phase.sent, each=each, due_at=due)
    each = _errors(lost) | {"failures": [entry.failures + 1 for entry, _ in lost]}
    move(tx, _first(lost), phase.lost, was=phase.sent, each=each, due_at=work.quiet_until(tx.now))
    work.counts[phase.done] += len(done)
    work.counts[phase.accepted] += len(accepted)
    work.counts[phase.lost] += len(lost)


def _again(work: Work, tx: Transaction, groups: dict[str, Pairs], phase: Phase) -> None:
    """Provably nothing was done: back to where it came from, or to a person when patience is used up."""
    tired: Pairs = []
    patient: Pairs = []
    for entry, outcome in groups["retryable"]:
        last = entry.failures + 1 >= work.limits.max_failures
        (tired if last else patient).append((entry, outcome))
    pauses = [stamp(tx.now + timedelta(seconds=work.limits.pause(entry.failures))) for entry, _ in patient]
    each = _errors(patient) | {"due_at": pauses, "failures": [entry.failures + 1 for entry, _ in patient]}
    move(tx, _first(patient), phase.ready, was=phase.sent, each=each)
    # a pause that the vendor asked for, and wrong credentials, are no fault of the operation
    paused = groups["paused"]
    each = _errors(paused) | {"due_at": [_until(work, tx, outcome) for _, outcome in paused]}
    move(tx, _first(paused), phase.ready, was=phase.sent, each=each)
    # in doubt, it has to come up again by itself; what is planned is found without a time
    soon = tx.stamp if phase is AGAIN else None
    move(tx, _first(groups["unsent"]), phase.ready, code="NOT_SENT", was=phase.sent, due_at=soon)
    _late(work, tx, groups["late"], phase)
    work.counts["retry"] += len(patient) + len(paused)
    work.counts["unsent"] += len(groups["unsent"])
    for code in {_code(outcome) for _, outcome in tired}:
        entries = [entry for entry, outcome in tired if _code(outcome) == code]
        message = f"given up after {work.limits.max_failures} attempts"
        get_stuck(tx, entries, code, message, was=phase.sent, applied_from=phase.ready)
    work.counts["stuck"] += len(tired)


def _late(work: Work, tx: Transaction, pairs: Pairs, phase: Phase) -> None:
    """Its period is closed: it waits for the next one, and for a person when that does not come."""
    oldest = stamp(tx.now - timedelta(days=work.limits.late_for))
    over = [pair for pair in pairs if pair[0].created_at < oldest]
    for code in {_code(outcome) for _, outcome in over}:
        entries = [entry for entry, outcome in over if _code(outcome) == code]
        message = f"its period was closed for {work.limits.late_for:g} days"
        get_stuck(tx, entries, code, message, was=phase.sent, applied_from=phase.ready)
    waits = [pair for pair in pairs if pair[0].created_at >= oldest]
    again = stamp(tx.now + timedelta(days=work.limits.late_days))
    opens = [getattr(outcome, "opens_at", None) for _, outcome in waits]
    each = _errors(waits) | {"due_at": [stamp(max(at, tx.now)) if at else again for at in opens]}
    move(tx, _first(waits), phase.ready, code="PERIOD_CLOSED", was=phase.sent, each=each)
    work.counts["stuck"] += len(over)
    work.counts["late"] += len(waits)


def _until(work: Work, tx: Transaction, outcome: Outcome | NotSent) -> str:
    asked = outcome.retry_after if isinstance(outcome, RateLimited) else 0.0
    return stamp(tx.now + timedelta(seconds=min(max(asked, 0.0), work.limits.max_pause)))


def _refused(work: Work, tx: Transaction, pairs: Pairs, phase: Phase) -> list[StoredOperation]:
    if phase not in _DOUBTS:
        move(tx, _first(pairs), "rejected", was=phase.sent, each=_errors(pairs), due_at=None)
        work.counts["rejected"] += len(pairs)
        return _first(pairs)
    for entry, outcome in pairs:
        said = f"{_DOUBTS[phase]}: {outcome}"[:_TEXT]
        get_stuck(tx, [entry], _code(outcome), said, was=phase.sent)
    work.counts["stuck"] += len(pairs)
    return []


_DOUBTS = {
    BACKWARD: "the target refuses to take it back",
    AGAIN: "the target refuses what may have arrived before",
}
"""Where a refusal does not tell what is there, so that a person has to see."""
_NO_ERROR: dict[str, Any] = {"error_code": None, "error_field": None, "error_text": None}


def _word(outcome: Outcome | NotSent) -> str:
    """The group of an outcome; a bare `ConnectorError` says nothing for sure and is unknown."""
    match outcome:
        case Confirmed():
            return "confirmed"
        case Accepted():
            return "accepted"
        case RateLimited() | AuthFailed():
            return "paused"
        case Retryable():
            return "retryable"
        case PeriodClosed():
            return "late"
        case Rejected():
            return "rejected"
        case NotSent():
            return "unsent"
        case _:
            return "unknown"


def _code(outcome: Outcome | NotSent) -> str:
    if not isinstance(outcome, ConnectorError):
        return ""
    return outcome.reason


def _said(outcome: ConnectorError) -> str:
    """The line; before a vendor's own code stands ours, which is what people look for."""
    return f"{outcome.code}: {outcome}" if outcome.vendor_code else str(outcome)


def _errors(pairs: Pairs) -> dict[str, list[Any]]:
    said = [outcome for _, outcome in pairs if isinstance(outcome, ConnectorError)]
    return {
        "error_code": [_code(outcome) for outcome in said],
        "error_field": [outcome.field for outcome in said],
        "error_text": [_said(outcome)[:_TEXT] for outcome in said],
    }


def _first(pairs: Pairs) -> list[StoredOperation]:
    return [entry for entry, _ in pairs]
