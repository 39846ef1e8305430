"""One vendor call and what it came to, in the same words for every target and in both directions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, TypeAlias

from trivet.contract import Target
from trivet.delivery.transitions import follow, get_stuck, move
from trivet.delivery.work import Work
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.ledger import operations
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import Attempt, StoredOperation
from trivet.ledger.times import stamp
from trivet.model import Accepted, Confirmed, Operation, Outcome

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
BACKWARD = Phase("compensate", "comp_planned", "comp_intent", "compensated", "comp_unknown", "comp_unknown")


@dataclass(frozen=True, slots=True)
class NotSent:
    """Its intent was committed, and then it was not sent after all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One outcome per operation; `stop` where the connection must not be used on, `bug` for a foreign exception."""

    outcomes: list[Outcome | NotSent]
    stop: ConnectorError | None = None
    bug: Exception | None = None


def send_all(work: Work, wanted: Sequence[Operation], bound: Mapping[str, str] | None = None) -> Answer:
    """Vendor requests of at most `max_ops`, until all are sent or the connection must stop.

    `bound` names by operation key what must stand or fall together: once one was refused, the others are not sent any
    more. A quarter of the lease's time is the limit, so that the outcomes are committed while the lease holds.
    """
    bound = bound or {}
    whole, refused, ends = Answer([]), set[str](), monotonic() + work.limits.lease / 4
    for part in chunks(wanted, work.traits.max_ops):
        late = whole.stop or whole.bug or (whole.outcomes and monotonic() > ends)
        go = [] if late else [one for one in part if bound.get(one.key) not in refused]
        answer = send(work.target, go) if go else Answer([])
        said = dict(zip((one.key for one in go), answer.outcomes, strict=True))
        refused |= {
            bound[key] for key, outcome in said.items() if key in bound and isinstance(outcome, Rejected)
        }
        outcomes = [*whole.outcomes, *(said.get(one.key, NotSent()) for one in part)]
        whole = Answer(outcomes, whole.stop or answer.stop, whole.bug or answer.bug)
    work.stopped, work.bug = work.stopped or whole.stop, work.bug or whole.bug
    return whole


def send(target: Target, wanted: Sequence[Operation]) -> Answer:
    """One vendor request. Whatever cannot be told for sure is `UnknownOutcome`."""
    try:
        outcomes: list[Outcome | NotSent] = list(target.send(wanted))
    except ConnectorError as error:
        stop = error if isinstance(error, Retryable | AuthFailed) else None
        return Answer([error] * len(wanted), stop)
    except Exception as error:  # noqa: BLE001 - a connector's bug must not leave its operations in the air
        return Answer([_unclear("raised a foreign exception")] * len(wanted), bug=error)
    if len(outcomes) != len(wanted):
        # whose answer is missing cannot be told
        return Answer([_unclear("gave another number of outcomes")] * len(wanted))
    stops = (outcome for outcome in outcomes if isinstance(outcome, AuthFailed | RateLimited))
    return Answer(outcomes, next(stops, None))


def _unclear(what: str) -> UnknownOutcome:
    return UnknownOutcome(f"the connector {what}", connector="target", operation="send")


def intend(
    work: Work, tx: Transaction, entries: Sequence[StoredOperation], phase: Phase, **common: Any
) -> None:
    """Notes what is about to be sent; committed before the first byte leaves."""
    each = {entry.id: {"attempts": entry.attempts + 1} for entry in entries}
    move(tx, entries, phase.sent, each=each, sent_at=tx.stamp, due_at=None, **common)
    operations.add_attempts(
        tx,
        [
            Attempt(
                entry.id, entry.attempts + 1, "intent", phase.name, work.lease.fence, tx.stamp, None, None
            )
            for entry in entries
        ],
    )


def record(
    work: Work, tx: Transaction, entries: Sequence[StoredOperation], answer: Answer, phase: Phase
) -> list[StoredOperation]:
    """Writes the outcomes of one vendor call, as far as this worker still holds the operations; those refused.

    The entries are as `intend` left them, so that their rows are read again here: wishes may have come meanwhile.
    """
    now = operations.by_ids(tx, [entry.id for entry in entries], lock=True)
    groups: dict[str, Pairs] = defaultdict(list)
    attempts = []
    for entry, outcome in zip(entries, answer.outcomes, strict=True):
        current = now[entry.id]
        groups[_word(outcome)].append((current, outcome))
        code = _code(outcome) if isinstance(outcome, ConnectorError) else None
        attempts.append(
            Attempt(
                entry.id,
                current.attempts,
                "answer",
                phase.name,
                work.lease.fence,
                tx.stamp,
                _word(outcome),
                code,
            )
        )
    operations.add_attempts(tx, attempts)
    _settled(work, tx, groups, phase)
    _again(work, tx, groups, phase)
    refused = _refused(work, tx, groups["rejected"], phase)
    if phase is FORWARD:
        follow(tx, [entry.id for entry in entries])
    return refused


def _settled(work: Work, tx: Transaction, groups: dict[str, Pairs], phase: Phase) -> None:
    fine: dict[str, Any] = _NO_ERROR | {"failures": 0}
    done = {
        entry.id: {"remote_id": outcome.remote_id or entry.remote_id}
        for entry, outcome in groups["confirmed"]
        if isinstance(outcome, Confirmed)
    }
    look = work.second_look(tx.now)
    move(tx, _first(groups["confirmed"]), phase.done, each=done, due_at=look, **fine)
    # an accepted one may be asked for at once; a compensation waits as an unknown does
    due = tx.stamp if phase is FORWARD else work.quiet_until(tx.now)
    move(tx, _first(groups["accepted"]), phase.accepted, code="ACCEPTED", due_at=due)
    lost = {
        entry.id: _error(outcome) | {"failures": entry.failures + 1} for entry, outcome in groups["unknown"]
    }
    move(tx, _first(groups["unknown"]), phase.lost, each=lost, due_at=work.quiet_until(tx.now))
    work.counts[phase.done] += len(groups["confirmed"])
    work.counts[phase.accepted] += len(groups["accepted"])
    work.counts[phase.lost] += len(groups["unknown"])


def _again(work: Work, tx: Transaction, groups: dict[str, Pairs], phase: Phase) -> None:
    """Provably nothing was done: back to where it came from, or to a person when patience is used up."""
    tired: Pairs = []
    patient: Pairs = []
    for entry, outcome in groups["retryable"]:
        last = entry.failures + 1 >= work.limits.max_failures
        (tired if last else patient).append((entry, outcome))
    changes: dict[str, dict[str, Any]] = {}
    for entry, outcome in patient:
        pause = timedelta(seconds=work.limits.pause(entry.failures))
        changes[entry.id] = _error(outcome) | {
            "due_at": stamp(tx.now + pause),
            "failures": entry.failures + 1,
        }
    for entry, _ in groups["unsent"]:
        changes[entry.id] = _NO_ERROR | {"due_at": None, "failures": entry.failures}
    # a pause that the vendor asked for, and wrong credentials, are no fault of the operation
    for entry, outcome in groups["paused"]:
        asked = outcome.retry_after if isinstance(outcome, RateLimited) else 0.0
        pause = timedelta(seconds=min(max(asked, 0.0), work.limits.max_pause))
        changes[entry.id] = _error(outcome) | {"due_at": stamp(tx.now + pause), "failures": entry.failures}
    back = _first([*patient, *groups["unsent"], *groups["paused"]])
    move(tx, back, phase.ready, code="NOT_SENT", each=changes)
    work.counts["retry"] += len(patient) + len(groups["paused"])
    for code in {_code(outcome) for _, outcome in tired}:
        entries = [entry for entry, outcome in tired if _code(outcome) == code]
        message = f"given up after {work.limits.max_failures} attempts"
        get_stuck(tx, entries, code, message, applied_from=phase.ready)
    work.counts["stuck"] += len(tired)


def _refused(work: Work, tx: Transaction, pairs: Pairs, phase: Phase) -> list[StoredOperation]:
    if phase is FORWARD:
        errors = {entry.id: _error(outcome) for entry, outcome in pairs}
        move(tx, _first(pairs), "rejected", each=errors, due_at=None)
        work.counts["rejected"] += len(pairs)
        return _first(pairs)
    for entry, outcome in pairs:
        get_stuck(tx, [entry], _code(outcome), f"the target refuses to take it back: {outcome}"[:_TEXT])
    work.counts["stuck"] += len(pairs)
    return []


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
        case Rejected():
            return "rejected"
        case NotSent():
            return "unsent"
        case _:
            return "unknown"


def _code(outcome: Outcome | NotSent) -> str:
    if not isinstance(outcome, ConnectorError):
        return ""
    return outcome.vendor_code or type(outcome).__name__


def _error(outcome: Outcome | NotSent) -> dict[str, Any]:
    field = outcome.field if isinstance(outcome, ConnectorError) else None
    return {"error_code": _code(outcome), "error_field": field, "error_text": str(outcome)[:_TEXT]}


def _first(pairs: Pairs) -> list[StoredOperation]:
    return [entry for entry, _ in pairs]
