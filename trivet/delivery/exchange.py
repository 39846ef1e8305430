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
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
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
    _settled(work, tx, groups, phase)
    _again(work, tx, groups, phase)
    refused = _refused(work, tx, groups["rejected"], phase)
    if phase is FORWARD:
        follow(tx, [entry.id for entry in entries])
    return refused


def _settled(work: Work, tx: Transaction, groups: dict[str, Pairs], phase: Phase) -> None:
    done, accepted, lost = (groups[name] for name in ("confirmed", "accepted", "unknown"))
    remote = [getattr(outcome, "remote_id", None) or entry.remote_id for entry, outcome in done]
    fine: dict[str, Any] = _NO_ERROR | {"failures": 0, "due_at": work.second_look(tx.now)}
    move(tx, _first(done), phase.done, was=phase.sent, each={"remote_id": remote}, **fine)
    # an accepted one may be asked for at once; a compensation waits as an unknown does
    due = tx.stamp if phase is FORWARD else work.quiet_until(tx.now)
    move(tx, _first(accepted), phase.accepted, code="ACCEPTED", was=phase.sent, due_at=due)
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
    move(tx, _first(groups["unsent"]), phase.ready, code="NOT_SENT", was=phase.sent)
    work.counts["retry"] += len(patient) + len(paused)
    work.counts["unsent"] += len(groups["unsent"])
    for code in {_code(outcome) for _, outcome in tired}:
        entries = [entry for entry, outcome in tired if _code(outcome) == code]
        message = f"given up after {work.limits.max_failures} attempts"
        get_stuck(tx, entries, code, message, was=phase.sent, applied_from=phase.ready)
    work.counts["stuck"] += len(tired)


def _until(work: Work, tx: Transaction, outcome: Outcome | NotSent) -> str:
    asked = outcome.retry_after if isinstance(outcome, RateLimited) else 0.0
    return stamp(tx.now + timedelta(seconds=min(max(asked, 0.0), work.limits.max_pause)))


def _refused(work: Work, tx: Transaction, pairs: Pairs, phase: Phase) -> list[StoredOperation]:
    if phase is FORWARD:
        move(tx, _first(pairs), "rejected", was=phase.sent, each=_errors(pairs), due_at=None)
        work.counts["rejected"] += len(pairs)
        return _first(pairs)
    for entry, outcome in pairs:
        get_stuck(
            tx,
            [entry],
            _code(outcome),
            f"the target refuses to take it back: {outcome}"[:_TEXT],
            was=phase.sent,
        )
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


def _errors(pairs: Pairs) -> dict[str, list[Any]]:
    said = [outcome for _, outcome in pairs if isinstance(outcome, ConnectorError)]
    return {
        "error_code": [_code(outcome) for outcome in said],
        "error_field": [outcome.field for outcome in said],
        "error_text": [str(outcome)[:_TEXT] for outcome in said],
    }


def _first(pairs: Pairs) -> list[StoredOperation]:
    return [entry for entry, _ in pairs]
