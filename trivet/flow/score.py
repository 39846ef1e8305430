"""Recordings go to the scorers that the position's route names; their answers become one assessment with evidence.

An answer is stored under a key of everything it depends on, so that equal work is done and billed once, and a killed
night goes on with the next interview. What cost minutes or money is stored at once, the rest together with its neighbours.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from trivet.contract import RecordingsConnector, ScorerConnector
from trivet.documents.canonical import fingerprint
from trivet.errors import AuthFailed, ConnectorError, DocumentRefused, NotYet, Rejected, Retryable
from trivet.flow.cases import ApplicationCase, gather, touched
from trivet.flow.definition import Flow, Route
from trivet.flow.drift import notice, scorer_seen
from trivet.flow.fetch import fetch, sweep
from trivet.flow.hub import Hub
from trivet.flow.scored import Outbox
from trivet.ledger import people, scorings, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.documents import NewDocument
from trivet.ledger.scorings import Scoring
from trivet.ledger.set_asides import SetAside
from trivet.ledger.times import stamp
from trivet.model import Document, Pending, Scored, ScoringRequest

log = logging.getLogger(__name__)
PURPOSES = ("record", "ai_score")
SEEN_OF_POSITION = ("keywords", "competencies", "family", "language")
"""What scorers are told of the position; another title or opening is no reason to score again."""
INTERVIEWS = 100
"""Looked up and stored together."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DueInterview:
    """One interview that may be scored, with what the scorers may see of it."""

    interview: Document
    recording: Document
    case: ApplicationCase


@dataclass(frozen=True, slots=True)
class _Seat:
    """A scorer at work in this step."""

    connection: str
    declaration: ScorerConnector[Any]
    scorer: Any
    provenance: Document


@dataclass(slots=True)
class _Bench:
    """The built scorers and recording source of one step, each built when it is first needed."""

    hub: Hub
    flow: Flow
    stack: ExitStack
    outbox: Outbox
    known: dict[str, Scoring] = field(default_factory=dict)
    """What scorers said before about the interviews at hand, by scoring key."""
    _seats: dict[str, _Seat] = field(default_factory=dict)
    _source: Any = None

    def seat(self, conn_id: str) -> _Seat:
        if conn_id not in self._seats:
            declaration, _ = self.hub.declared(ScorerConnector, conn_id)
            scorer = self.stack.enter_context(self.hub.built(ScorerConnector, conn_id))
            self._seats[conn_id] = _Seat(conn_id, declaration, scorer, scorer.provenance())
        return self._seats[conn_id]

    def seats(self) -> list[_Seat]:
        """The scorers that were needed."""
        return list(self._seats.values())

    def heard(self, seat: _Seat, key: str) -> Scoring | None:
        """What the scorer said before; asking costs more than looking where it is not cheap."""
        if key in self.known or seat.declaration.traits.cheap:
            return self.known.get(key)
        with self.hub.ledger.read() as tx:
            return scorings.get_many(tx, self.flow.tenant, [key]).get(key)

    def source(self) -> Any:
        if self._source is None:
            assert self.flow.recordings is not None
            sweep(self.hub.settings.recordings)
            self._source = self.stack.enter_context(self.hub.built(RecordingsConnector, self.flow.recordings))
        return self._source


def shard_of(interview_id: str, shards: int) -> int:
    """The shard that scores this interview, the same in every process."""
    return crc32(interview_id.encode()) % shards


def score(
    hub: Hub, flow: Flow, batch: Batch, shard: int, of: int, on_progress: Progress | None = None
) -> Counter[str]:
    """Counts of interviews scored, unchanged, pending, waiting for a recording and set aside in this shard.

    A transient trouble is raised at the end, when the others are done, so that the caller can try again.
    """
    if flow.assessment is None:
        return Counter()
    due = [d for d in due_interviews(hub, flow, batch) if shard_of(d.interview["id"], of) == shard]
    again: ConnectorError | None = None
    done = 0
    with ExitStack() as stack:
        outbox = stack.enter_context(Outbox(hub.ledger, batch))
        bench = _Bench(hub, flow, stack, outbox)
        for part in chunks(due, INTERVIEWS):
            bench.known = _known(hub, flow, part)
            for entry in part:
                try:
                    _assess(bench, entry)
                except AuthFailed:
                    raise
                except NotYet as error:
                    # expected: shown as waiting, and looked at again by every later run
                    outbox.set_aside(_refusal(entry, error))
                    outbox.counts["waiting"] += 1
                except (ConnectorError, DocumentRefused) as error:
                    log.warning("set aside interview=%s %s", entry.interview["id"], error)
                    outbox.set_aside(_refusal(entry, error))
                    again = error if isinstance(error, Retryable) else again
                done += 1
                if on_progress:
                    on_progress(done, len(due))
            outbox.flush()
    notice(
        hub, flow, batch, [scorer_seen(s.connection, s.provenance) for s in bench.seats()], vanishing=False
    )
    hub.keep_versions(flow)
    if again is not None:
        raise again
    return outbox.counts


def _known(hub: Hub, flow: Flow, due: list[DueInterview]) -> dict[str, Scoring]:
    with hub.ledger.read() as tx:
        about = {entry.interview["id"]: entry.case.subject_ref for entry in due}
        said = scorings.of_interviews(tx, flow.tenant, about)
    return {entry.key: entry for entry in said}


def due_interviews(hub: Hub, flow: Flow, batch: Batch) -> list[DueInterview]:
    """The interviews of this batch's touched, open applications that have a recording and consent."""
    with hub.ledger.begin() as tx:
        cases = [case for case in gather(tx, flow.tenant, touched(tx, batch)) if not case.closed]
        allowed = _consenting(tx, flow, cases)
        refused = [c for c in cases if c.subject_ref not in allowed and c.interviews]
        set_asides.add_many(tx, batch, [_no_consent(case) for case in refused])
        set_asides.resolve(
            tx, flow.tenant, "consent", "application", [c.id for c in cases if c.subject_ref in allowed]
        )
        return [due for case in cases if case.subject_ref in allowed for due in _due(case)]


def _due(case: ApplicationCase) -> Iterator[DueInterview]:
    for interview in case.interviews:
        recordings = case.recordings.get(interview["id"], [])
        if recordings:
            # one interview, one recording: a later upload replaces the earlier
            newest = max(recordings, key=lambda r: (r.get("created_at") or "", r["id"]))
            yield DueInterview(interview, newest, case)


def _consenting(tx: Any, flow: Flow, cases: list[ApplicationCase]) -> set[str]:
    subjects = {case.subject_ref for case in cases}
    for purpose in PURPOSES:
        subjects &= people.allowed(tx, flow.tenant, subjects, purpose)
    return subjects


def _no_consent(case: ApplicationCase) -> SetAside:
    return SetAside(
        stage="consent",
        kind="application",
        item=case.id,
        code="CONSENT_MISSING",
        message=f"no consent for {' and '.join(PURPOSES)}: not downloaded, not scored",
        place=case.id,
        subject_ref=case.subject_ref,
    )


def _assess(bench: _Bench, due: DueInterview) -> None:
    """Puts the assessment into the outbox; nothing where a scorer still works on a ticket."""
    answers: dict[str, Document] = {}
    keys: dict[str, str] = {}
    provenance: list[Document] = []
    transcriber = [bench.flow.transcriber] if bench.flow.transcriber else []
    for conn_id in [*transcriber, *_route(bench, due).scorers]:
        seat = bench.seat(conn_id)
        provenance.append(seat.provenance)
        said = _answer(bench, seat, due, answers, keys)
        if said.answer is None:
            bench.outbox.counts["pending"] += 1
            return
        name = "transcript" if seat.declaration.traits.transcribes else seat.declaration.name
        answers[name], keys[name] = said.answer, said.key
    _store_assessment(bench, due, answers, provenance)


def _answer(
    bench: _Bench, seat: _Seat, due: DueInterview, answers: dict[str, Document], keys: dict[str, str]
) -> Scoring:
    """What the scorer said, now or when the same was asked before; `Rejected` where it refused."""
    position = {name: (due.case.requisition or {}).get(name) for name in SEEN_OF_POSITION}
    # an earlier scorer's key stands for its answer
    depends: Document = {
        "scorer": seat.provenance, "connection": seat.connection, "position": position, "answers": keys,
    }  # fmt: skip
    audio = None
    if seat.declaration.traits.takes == "audio":
        hub = bench.hub
        recording = fetch(hub, bench.flow.tenant, due.case.subject_ref, due.recording, bench.source())
        audio = hub.settings.recordings / (recording.path or "")
        depends["recording"] = recording.sha256
    request = ScoringRequest(
        key=fingerprint(depends), language=None, audio=audio, transcript=answers.get("transcript"),
        answers=answers, requisition=position,
    )  # fmt: skip
    known = bench.heard(seat, request.key)
    if known is not None and known.state != "pending":
        return _accepted(seat, known)
    said = _ask(bench.hub, seat, request, known, due)
    bench.outbox.said(said, transcript=seat.declaration.traits.transcribes)
    if not seat.declaration.traits.cheap:
        bench.outbox.flush()
    return _accepted(seat, said)


def _accepted(seat: _Seat, said: Scoring) -> Scoring:
    if said.state == "refused":
        raise Rejected(
            said.message or "refused", connector=seat.declaration.name, operation="score",
            vendor_code=said.code,
        )  # fmt: skip
    return said


def _ask(hub: Hub, seat: _Seat, request: ScoringRequest, known: Scoring | None, due: DueInterview) -> Scoring:
    common: dict[str, Any] = {
        "key": request.key,
        "scorer": seat.declaration.name,
        "interview": due.interview["id"],
        "subject_ref": due.case.subject_ref,
    }
    try:
        said: Scored | Pending = (
            seat.scorer.poll(known.ticket)
            if known is not None and known.ticket
            else seat.scorer.score(request)
        )
    except Rejected as error:
        return Scoring(state="refused", code=error.vendor_code or "REJECTED", message=error.message, **common)
    if isinstance(said, Pending):
        poll_at = stamp(hub.now())
        return Scoring(state="pending", ticket=said.ticket, poll_at=poll_at, **common)
    return Scoring(state="done", answer=said.document, **common)


def _store_assessment(
    bench: _Bench, due: DueInterview, answers: dict[str, Document], provenance: list[Document]
) -> None:
    hub, case, name = bench.hub, due.case, bench.flow.assessment
    assert name is not None
    mapping = hub.files(bench.flow).mapping(name)
    given = assessment_input(due, answers, provenance)
    mapped = mapping.apply(given, variables={}, now=hub.now())
    for problem in mapped.problems:
        raise DocumentRefused(
            problem.message, code=problem.code, pointer=problem.pointer, place=problem.place
        )
    for document in mapped.documents:
        for violation in hub.contracts.check("assessment", document):
            raise DocumentRefused(
                violation.message, code=violation.code, pointer=violation.pointer, place=name
            )
    new = [
        NewDocument("assessment", d["id"], d, _content(d), case.subject_ref, mapping.version_id)
        for d in mapped.documents
    ]
    bench.outbox.assessed(due.interview["id"], new)


def assessment_input(due: DueInterview, answers: dict[str, Document], provenance: list[Document]) -> Document:
    """What the assessment's mapping sees."""
    return {
        "interview": due.interview,
        "recording": due.recording,
        "application": due.case.application,
        "requisition": due.case.requisition,
        "answers": answers,
        "provenance": provenance,
    }


def _content(assessment: Document) -> str:
    # the same scores at another hour are the same assessment
    return fingerprint({name: value for name, value in assessment.items() if name != "scored_at"})


def _route(bench: _Bench, due: DueInterview) -> Route:
    hub, flow = bench.hub, bench.flow
    given = {
        "requisition": due.case.requisition,
        "application": due.case.application,
        "interview": due.interview,
    }
    for route in flow.routes:
        if hub.files(flow).holds(route.when, given, hub.now(), str(flow.file)):
            return route
    raise DocumentRefused(
        "no route chooses a scorer for this position", code="ROUTE_MISSING", place=str(flow.file),
        cure="end scoring.routes with a route that has no `when`",
    )  # fmt: skip


def _refusal(due: DueInterview, error: ConnectorError | DocumentRefused) -> SetAside:
    return SetAside(
        stage="score",
        kind="interview",
        item=due.interview["id"],
        code=getattr(error, "vendor_code", None) or error.code,
        message=error.message,
        pointer=getattr(error, "pointer", ""),
        place=f"recording {due.recording['id']}",
        subject_ref=due.case.subject_ref,
    )
