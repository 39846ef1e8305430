"""Recordings go to the scorers that the position's route names; their answers become one assessment with evidence.

An answer is stored under a key of everything it depends on, so that equal work is done and billed once, and a killed
night goes on with the next interview.
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
from trivet.errors import AuthFailed, ConnectorError, DocumentRefused, Rejected, Retryable
from trivet.flow.cases import ApplicationCase, gather, touched
from trivet.flow.definition import Flow, Route
from trivet.flow.fetch import fetch
from trivet.flow.hub import Hub
from trivet.ledger import batches, documents, people, scorings, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.documents import NewDocument
from trivet.ledger.scorings import Scoring
from trivet.ledger.set_asides import SetAside
from trivet.ledger.times import stamp
from trivet.model import Document, Pending, Scored, ScoringRequest

log = logging.getLogger(__name__)
PURPOSES = ("record", "ai_score")
SEEN_OF_POSITION = ("keywords", "competencies", "family", "language")
"""What scorers are told of the position; another title or opening is no reason to score again."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DueInterview:
    """One interview that may be scored, with what the scorers may see of it."""

    interview: Document
    recording: Document
    case: ApplicationCase


@dataclass(slots=True)
class _Bench:
    """The built scorers and recording source of one step, each built when it is first needed."""

    hub: Hub
    flow: Flow
    batch: Batch
    stack: ExitStack
    built: dict[tuple[type, str], Any] = field(default_factory=dict)

    def get(self, kind: Any, conn_id: str) -> Any:
        if (kind, conn_id) not in self.built:
            self.built[kind, conn_id] = self.stack.enter_context(self.hub.built(kind, conn_id))
        return self.built[kind, conn_id]


def shard_of(interview_id: str, shards: int) -> int:
    """The shard that scores this interview, the same in every process."""
    return crc32(interview_id.encode()) % shards


def score(
    hub: Hub, flow: Flow, batch: Batch, shard: int, of: int, on_progress: Progress | None = None
) -> Counter[str]:
    """Counts of interviews scored, unchanged and set aside in this shard.

    A transient trouble is raised at the end, when the others are done, so that the caller can try again.
    """
    due = [d for d in due_interviews(hub, flow, batch) if shard_of(d.interview["id"], of) == shard]
    counts: Counter[str] = Counter()
    again: ConnectorError | None = None
    with ExitStack() as stack:
        bench = _Bench(hub, flow, batch, stack)
        for done, entry in enumerate(due, 1):
            try:
                counts["scored" if _assess(bench, entry) else "unchanged"] += 1
                _resolve(hub, batch, entry)
            except AuthFailed:
                raise
            except (ConnectorError, DocumentRefused) as error:
                counts["set_aside"] += 1
                _set_aside(hub, batch, entry, error)
                again = error if isinstance(error, Retryable) else again
            if on_progress:
                on_progress(done, len(due))
    if again is not None:
        raise again
    return counts


def due_interviews(hub: Hub, flow: Flow, batch: Batch) -> list[DueInterview]:
    """The interviews of this batch's touched, open applications that have a recording and consent."""
    with hub.ledger.begin() as tx:
        cases = [case for case in gather(tx, flow.tenant, touched(tx, batch)) if not case.closed]
        allowed = _consenting(tx, flow, cases)
        refused = [c for c in cases if c.subject_ref not in allowed and c.interviews]
        set_asides.add_many(tx, batch, [_no_consent(flow, case) for case in refused])
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


def _no_consent(flow: Flow, case: ApplicationCase) -> SetAside:
    return SetAside(
        stage="consent",
        kind="application",
        item=case.id,
        code="CONSENT_MISSING",
        message=f"no consent for {' and '.join(PURPOSES)}: not downloaded, not scored",
        place=f"{flow.source} {case.id}",
        subject_ref=case.subject_ref,
    )


def _assess(bench: _Bench, due: DueInterview) -> bool:
    """True where the assessment is new or changed; every answer is stored as soon as it is there."""
    hub, flow = bench.hub, bench.flow
    route = _route(hub, flow, due)
    answers: dict[str, Document] = {}
    provenance: list[Document] = []
    transcript: Document | None = None
    for conn_id in ([flow.transcriber] if flow.transcriber else []) + list(route.scorers):
        declaration, _ = hub.declared(ScorerConnector, conn_id)
        scorer = bench.get(ScorerConnector, conn_id)
        provenance.append(scorer.provenance())
        answer = _answer(bench, due, conn_id, declaration, scorer, transcript, answers)
        if answer is None:
            return False
        if declaration.traits.transcribes:
            transcript = answer
        answers["transcript" if declaration.traits.transcribes else declaration.name] = answer
    return _store_assessment(bench, due, answers, provenance)


def _answer(
    bench: _Bench,
    due: DueInterview,
    conn_id: str,
    declaration: ScorerConnector[Any],
    scorer: Any,
    transcript: Document | None,
    answers: dict[str, Document],
) -> Document | None:
    """The scorer's answer, from the ledger where the same was asked before; None while it works on a ticket."""
    hub, tenant = bench.hub, bench.flow.tenant
    position = {name: (due.case.requisition or {}).get(name) for name in SEEN_OF_POSITION}
    depends: Document = {"scorer": scorer.provenance(), "connection": conn_id, "position": position}
    audio = None
    if declaration.traits.takes == "audio":
        source = bench.get(RecordingsConnector, bench.flow.recordings or bench.flow.source)
        recording = fetch(hub, tenant, due.case.subject_ref, due.recording, source)
        audio = hub.settings.recordings / (recording.path or "")
        depends["recording"] = recording.sha256
    else:
        depends["transcript"], depends["answers"] = transcript, answers
    key = fingerprint(depends)
    with hub.ledger.read() as tx:
        known = scorings.get_many(tx, tenant, [key]).get(key)
    if known is not None and known.state == "done":
        return known.answer
    if known is not None and known.state == "refused":
        raise Rejected(
            known.message or "refused before",
            connector=declaration.name,
            operation="score",
            vendor_code=known.code,
        )
    request = ScoringRequest(
        key=key, language=None, audio=audio, transcript=transcript, answers=answers,
        requisition=position,
    )  # fmt: skip
    scoring = _ask(hub, declaration, scorer, request, known, due)
    with hub.ledger.begin() as tx:
        scorings.put_many(tx, tenant, [scoring])
        if declaration.traits.transcribes and scoring.answer is not None:
            batches.count(tx, bench.batch.id, recordings=1, audio_ms=round(scoring.answer["duration"] * 1000))
    if scoring.state == "refused":
        raise Rejected(
            scoring.message or "", connector=declaration.name, operation="score", vendor_code=scoring.code
        )
    return scoring.answer


def _ask(
    hub: Hub,
    declaration: ScorerConnector[Any],
    scorer: Any,
    request: ScoringRequest,
    known: Scoring | None,
    due: DueInterview,
) -> Scoring:
    common: dict[str, Any] = {
        "key": request.key,
        "scorer": declaration.name,
        "interview": due.interview["id"],
        "subject_ref": due.case.subject_ref,
    }
    try:
        said: Scored | Pending = (
            scorer.poll(known.ticket) if known is not None and known.ticket else scorer.score(request)
        )
    except Rejected as error:
        return Scoring(state="refused", code=error.vendor_code or "REJECTED", message=error.message, **common)
    if isinstance(said, Pending):
        poll_at = stamp(hub.now())
        return Scoring(state="pending", ticket=said.ticket, poll_at=poll_at, **common)
    return Scoring(state="done", answer=said.document, **common)


def _store_assessment(
    bench: _Bench, due: DueInterview, answers: dict[str, Document], provenance: list[Document]
) -> bool:
    hub, case = bench.hub, due.case
    mapping = hub.library.mapping(bench.flow.assessment)
    given = {
        "interview": due.interview,
        "recording": due.recording,
        "application": case.application,
        "requisition": case.requisition,
        "answers": answers,
        "provenance": provenance,
    }
    mapped = mapping.apply(given, variables={}, now=hub.now())
    for problem in mapped.problems:
        raise DocumentRefused(
            problem.message, code=problem.code, pointer=problem.pointer, place=problem.place
        )
    for document in mapped.documents:
        for violation in hub.contracts.check("assessment", document):
            raise DocumentRefused(
                violation.message, code=violation.code, pointer=violation.pointer, place=bench.flow.assessment
            )
    new = [
        NewDocument("assessment", d["id"], d, _content(d), case.subject_ref, mapping.version_id)
        for d in mapped.documents
    ]
    with hub.ledger.begin() as tx:
        changed = documents.put_many(tx, bench.batch, new)
        if changed:
            batches.count(tx, bench.batch.id, scored=1)
    return bool(changed)


def _content(assessment: Document) -> str:
    # the same scores at another hour are the same assessment
    return fingerprint({name: value for name, value in assessment.items() if name != "scored_at"})


def _route(hub: Hub, flow: Flow, due: DueInterview) -> Route:
    given = {
        "requisition": due.case.requisition,
        "application": due.case.application,
        "interview": due.interview,
    }
    for route in flow.routes:
        if hub.library.holds(route.when, given, hub.now(), str(flow.file)):
            return route
    raise DocumentRefused(
        "no route chooses a scorer for this position", code="ROUTE_MISSING", place=str(flow.file),
        cure="end scoring.routes with a route that has no `when`",
    )  # fmt: skip


def _set_aside(hub: Hub, batch: Batch, due: DueInterview, error: ConnectorError | DocumentRefused) -> None:
    log.warning("set aside interview=%s %s", due.interview["id"], error)
    entry = SetAside(
        stage="score",
        kind="interview",
        item=due.interview["id"],
        code=getattr(error, "vendor_code", None) or error.code,
        message=error.message,
        pointer=getattr(error, "pointer", ""),
        place=f"recording {due.recording['id']}",
        subject_ref=due.case.subject_ref,
    )
    with hub.ledger.begin() as tx:
        set_asides.add_many(tx, batch, [entry])


def _resolve(hub: Hub, batch: Batch, due: DueInterview) -> None:
    with hub.ledger.begin() as tx:
        set_asides.resolve(tx, batch.tenant, "score", "interview", [due.interview["id"]])
