"""Vendor requests within the target's limits, one after the other or on several connections, each outcome told."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import monotonic

from trivet.blotting import blotted
from trivet.contract import Target, TargetTraits
from trivet.delivery.work import Work
from trivet.errors import (
    AuthFailed,
    ConnectorError,
    PeriodClosed,
    RateLimited,
    Rejected,
    Retryable,
    UnknownOutcome,
)
from trivet.ledger.bulk import chunks
from trivet.model import Operation, Outcome
from trivet.quick_json import quick_json


@dataclass(frozen=True, slots=True)
class NotSent:
    """Its intent was committed, and then it was not sent after all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One outcome per operation; `stop` where the connection must not be used on, `bug` for a foreign exception."""

    outcomes: list[Outcome | NotSent]
    stop: ConnectorError | None = None
    bug: Exception | None = None
    answered: bool = False
    """Whether the target answered any of the calls, refusals included."""
    failures: int = 0
    """Calls in a row, at the end, that came to nothing."""
    why: ConnectorError | None = None
    """The last failure."""

    @property
    def failed(self) -> ConnectorError | None:
        """Why the call came to nothing at all; None where the target answered, refusals included."""
        first = self.outcomes[0] if self.outcomes else None
        nothing = isinstance(first, Retryable | UnknownOutcome) and not isinstance(first, RateLimited)
        return first if nothing and all(one is first for one in self.outcomes) else None  # type: ignore[return-value]


@dataclass(slots=True)
class _Sending:
    """The requests of one step, one after the other or on several connections; shared by their threads."""

    work: Work
    bound: Mapping[str, str]
    ends: float
    refused: set[str]
    stop: ConnectorError | None = None
    bug: Exception | None = None
    begun: bool = False
    answered: bool = False
    failures: int = 0
    why: ConnectorError | None = None

    def request(self, part: Sequence[Operation]) -> list[Outcome | NotSent]:
        """One vendor request, or none where sending has to end."""
        ended = self.stop or self.bug or self.failures >= self.work.limits.trips
        if ended or (self.begun and monotonic() > self.ends):
            return [NotSent()] * len(part)
        self.begun = True
        go = [one for one in part if self.bound.get(one.key) not in self.refused]
        answer = self._late(send(self.work.target, go)) if go else Answer([])
        self._learn(go, answer)
        said = dict(zip((one.key for one in go), answer.outcomes, strict=True))
        return [said.get(one.key, NotSent()) for one in part]

    def _late(self, answer: Answer) -> Answer:
        """A refusal with a code that the flow knows for a closed period is one for now only."""
        closed = self.work.limits.closed
        told = [
            PeriodClosed(one.message, connector=one.connector, operation=one.operation,
                         vendor_code=one.vendor_code, field=one.field)
            if isinstance(one, Rejected) and one.vendor_code in closed
            else one
            for one in answer.outcomes
        ]  # fmt: skip
        return replace(answer, outcomes=told) if closed else answer

    def _learn(self, sent: Sequence[Operation], answer: Answer) -> None:
        for one, outcome in zip(sent, answer.outcomes, strict=True):
            if (
                isinstance(outcome, Rejected)
                and not isinstance(outcome, PeriodClosed)
                and one.key in self.bound
            ):
                self.refused.add(self.bound[one.key])
        self.stop, self.bug = self.stop or answer.stop, self.bug or answer.bug
        if answer.failed:
            self.failures, self.why = self.failures + 1, answer.failed
        elif answer.outcomes:
            self.answered, self.failures = True, 0


def send_all(
    work: Work,
    wanted: Sequence[Operation],
    bound: Mapping[str, str] | None = None,
    refused: set[str] | None = None,
) -> Answer:
    """Vendor requests of at most `max_ops` and `max_bytes`, until all are sent or the connection must stop.

    `bound` names by operation key what must stand or fall together: once one was refused, the others are not sent any
    more; `refused` keeps that from one call to the next. A quarter of the lease's time is the limit, so that the outcomes
    are committed while the lease holds.
    """
    ends = monotonic() + work.limits.lease / 4
    sending = _Sending(work, bound or {}, ends, refused if refused is not None else set())
    parts = list(requests(wanted, work.traits))
    if len(parts) == 1 or work.traits.connections == 1:
        said = [sending.request(part) for part in parts]
    else:
        with ThreadPoolExecutor(work.traits.connections) as pool:
            said = list(pool.map(sending.request, parts))
    work.stopped, work.bug = work.stopped or sending.stop, work.bug or sending.bug
    outcomes = [outcome for part in said for outcome in part]
    return Answer(outcomes, sending.stop, sending.bug, sending.answered, sending.failures, sending.why)


def requests(wanted: Sequence[Operation], traits: TargetTraits) -> Iterator[list[Operation]]:
    """The operations in their order, cut where the target's limits are reached."""
    for part in chunks(wanted, traits.max_ops):
        if traits.max_bytes is None:
            yield part
            continue
        request, room = list[Operation](), traits.max_bytes
        for one in part:
            size = _size(one)
            if request and size > room:
                yield request
                request, room = [], traits.max_bytes
            request.append(one)
            room -= size
        yield request


def _size(operation: Operation) -> int:
    written = quick_json(operation.document)
    return len(
        written if written is not None else json.dumps(operation.document, ensure_ascii=False).encode()
    )


def send(target: Target, wanted: Sequence[Operation]) -> Answer:
    """One vendor request, refusals without what was sent in them. Whatever cannot be told for sure is `UnknownOutcome`."""
    answer = _sent(target, wanted)
    if any(isinstance(outcome, ConnectorError) for outcome in answer.outcomes):
        everything = [one.document for one in wanted]
        for outcome in answer.outcomes:
            # one of them may quote another's values
            if isinstance(outcome, ConnectorError):
                outcome.blot(lambda text: blotted(text, *everything))
    return answer


def _sent(target: Target, wanted: Sequence[Operation]) -> Answer:
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
