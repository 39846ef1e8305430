"""Recordings go to the scorers that the position's route names; their answers become one assessment with evidence.

An answer is stored under a key of everything it depends on, so that equal work is done and billed once, and a killed
night goes on with the next interview. What cost minutes or money is stored at once, the rest together with its neighbours.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from trivet.documents.canonical import fingerprint
from trivet.errors import AuthFailed, ConnectorError, DocumentRefused, NotYet, Rejected, Retryable
from trivet.flow.answers import checked
from trivet.flow.bench import DOWN, Bench, Seat
from trivet.flow.definition import Choice, Flow, Route
from trivet.flow.drift import notice, scorer_seen
from trivet.flow.due import DueInterview, due_interviews, still_allowed
from trivet.flow.fetch import Fetcher, Wish, listening
from trivet.flow.hub import Hub
from trivet.flow.privacy.feelings import flag, named
from trivet.flow.privacy.residency import Border
from trivet.flow.scored import Outbox
from trivet.flow.sites import european
from trivet.flow.through import passed, scored
from trivet.ledger import scorings
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.documents import NewDocument
from trivet.ledger.scorings import Scoring
from trivet.ledger.set_asides import SetAside
from trivet.ledger.times import instant, stamp
from trivet.media import Wanted, declared_paper
from trivet.model import Document, Pending, Scored, ScoringRequest
from trivet.store import NAME as STORE

log = logging.getLogger(__name__)
SEEN_OF_POSITION = ("keywords", "competencies", "family", "language")
"""What scorers are told of the position; another title or opening is no reason to score again."""
SEEN_OF_TRANSCRIPT = ("language", "duration", "places")
"""What a route's `when` may look at: the language that was spoken, and seconds; of a paper that it has paragraphs."""
FILES: dict[str, Wanted] = {"audio": "recording", "paper": "paper"}
"""What a scorer may take that lies in a file, and as what it is fetched."""
LEAST_WAIT = timedelta(seconds=5)
LATER = timedelta(minutes=1)
"""When a scorer that works on a ticket is asked again, where it could not be asked now."""
INTERVIEWS = 100
"""Looked up and stored together."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Done:
    """What one look at a shard came to."""

    counts: Counter[str]
    again_at: datetime | None
    """When to look again: a scorer still works on something, and the night may wait for it."""


@dataclass(slots=True)
class _Said:
    """What scorers said of one interview so far."""

    answers: dict[str, Document] = field(default_factory=dict)
    """`transcript`, and the others by the connection that the flow names first."""
    keys: dict[str, str] = field(default_factory=dict)
    provenance: list[Document] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    """Every key that was looked at."""
    waits_until: str | None = None


def shard_of(interview_id: str, shards: int) -> int:
    """The shard that scores this interview, the same in every process."""
    return crc32(interview_id.encode()) % shards


def score(
    hub: Hub, flow: Flow, batch: Batch, shard: int, of: int, on_progress: Progress | None = None
) -> Done:
    """Counts of interviews scored, unchanged, pending, waiting for a recording and set aside in this shard.

    A transient trouble is raised at the end, when the others are done, so that the caller can try again.
    """
    if flow.assessment is None:
        return Done(Counter(), None)
    due = [d for d in due_interviews(hub, flow, batch) if shard_of(d.interview["id"], of) == shard]
    again: ConnectorError | None = None
    done = ended = 0
    polls: list[str] = []
    with ExitStack() as stack:
        outbox = stack.enter_context(Outbox(hub.ledger, batch))
        bench = Bench(hub, flow, batch, stack, outbox, Border.of(hub, flow.tenant))
        for listed in chunks(due, INTERVIEWS):
            part = still_allowed(hub, flow, listed, outbox)
            done, ended = ended + len(listed) - len(part), ended + len(listed)
            with _fetcher(bench, part) as fetcher:
                bench.remember(_known(hub, flow, part), fetcher)
                for entry in _in_turn(bench, part):
                    done += 1
                    try:
                        waits_until = _assess(bench, entry)
                        polls += [waits_until] if waits_until else []
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
                        if bench.store_stays_away(error):
                            raise
                    if on_progress:
                        on_progress(done, len(due))
            outbox.flush()
    notice(
        hub, flow, batch, [scorer_seen(s.connection, s.provenance) for s in bench.seats()], vanishing=False
    )
    flag(hub, flow, batch, bench.flagged)
    hub.keep_versions(flow)
    # whoever was set aside or waits is looked at again by every later night
    passed(hub, batch, scored(shard, of))
    if again is not None:
        raise again
    return Done(outbox.counts, _again_at(hub, flow, batch, polls))


def _again_at(hub: Hub, flow: Flow, batch: Batch, polls: list[str]) -> datetime | None:
    """When the first scorer may be done; None where none works, or the batch has waited as long as the flow lets it."""
    ends = instant(batch.opened_at) + timedelta(minutes=flow.patience_minutes)
    if not polls or hub.now() >= ends:
        return None
    return min(max(instant(min(polls)), hub.now() + LEAST_WAIT), ends)


def _known(hub: Hub, flow: Flow, due: list[DueInterview]) -> list[Scoring]:
    with hub.ledger.read() as tx:
        about = {entry.interview["id"]: entry.case.subject_ref for entry in due}
        return scorings.of_interviews(tx, flow.tenant, about)


def _fetcher(bench: Bench, due: list[DueInterview]) -> Fetcher:
    """The recordings of these interviews; what a scorer takes its time with is fetched ahead."""
    wishes = []
    for entry in due:
        wish = Wish(entry.case.subject_ref, entry.recording)
        for conn_id in _open_to(bench, _reader(bench, entry), entry)[:1]:
            traits = bench.declared(conn_id).traits
            if not traits.cheap:  # a second thread would only take turns with work of our own
                wish = wish._replace(ahead=FILES.get(traits.takes))
        wishes.append(wish)
    return Fetcher(bench.hub, bench.flow.tenant, wishes, bench.outbox.fetched)


def _in_turn(bench: Bench, due: list[DueInterview]) -> Iterator[DueInterview]:
    """One after the other; where those before it may have taken minutes, only if its person agrees still."""
    slow = any(not bench.declared(name).traits.cheap for name in bench.flow.scorers())
    for entry in due:
        if not slow or still_allowed(bench.hub, bench.flow, [entry], bench.outbox):
            yield entry


def _assess(bench: Bench, due: DueInterview) -> str | None:
    """Puts the assessment into the outbox; the time to ask again where a scorer still works on a ticket."""
    said = _Said()
    reader = _reader(bench, due)
    if reader and not _ask_one_of(bench, reader, due, said):
        return said.waits_until
    route = _route(bench, due, said.answers.get("transcript"))
    for choice in route.scorers:
        if not _ask_one_of(bench, choice, due, said):
            return said.waits_until
    _store_assessment(bench, due, said.answers, said.provenance)
    for conn_id in route.shadow:
        _ask_apart(bench, bench.seat(conn_id), due, said)
    if bench.flow.expression is not None and due.face:
        looking = bench.flow.expression
        region = looking.regions.get(str((due.case.requisition or {}).get("site")))
        # whatever a file says: nobody's face is read in the EU
        if region is not None and not european(region):
            _ask_apart(bench, bench.seat(looking.connection, looks_at="face"), due, said, region=region)
    for left in bench.pending(due.interview["id"]):
        if left.key not in said.asked:
            # ordered of an earlier recording or version: nobody will ask for it any more
            closed = left._replace(
                state="refused", ticket=None, code="SUPERSEDED", message="another recording or scorer took its place"
            )  # fmt: skip
            bench.outbox.said(closed, transcript=False)
    return None


def _ask_one_of(bench: Bench, choice: Choice, due: DueInterview, said: _Said) -> bool:
    """Whether one of these connections has answered; those after the first stand in for one that is down.

    Whoever answered before is not asked again, and who works on a ticket is waited for: nobody is paid twice.
    """
    open_to = _open_to(bench, choice, due)
    if not open_to:
        bench.border.check(due.site, choice[0], agreed=due.export)
    asked = [(seat, _request(bench, seat, due, said)) for seat in map(bench.seat, open_to)]
    before = [(seat, request, bench.heard(seat, request.key)) for seat, request in asked]
    before.sort(key=lambda one: one[2] is None)
    for i, (seat, request, known) in enumerate(before):
        last = i == len(before) - 1
        if bench.rests(seat) and not last:
            continue
        try:
            scoring = _answer(bench, seat, request, known, due)
        except DOWN as error:
            if error.connector == STORE:
                raise
            if known is not None and known.state == "pending" and not isinstance(error, AuthFailed):
                scoring = known._replace(poll_at=stamp(bench.hub.now() + LATER))
            elif last or isinstance(error, NotYet):
                raise
            else:
                bench.failed(seat, error)
                continue
        if scoring.answer is None:
            bench.outbox.counts["pending"] += 1
            said.waits_until = scoring.poll_at
            return False
        name = "transcript" if seat.declaration.traits.transcribes else choice[0]
        said.answers[name], said.keys[name] = scoring.answer, scoring.key
        said.provenance.append(seat.provenance)
        return True
    raise AssertionError("the last one answers or raises")


def _reader(bench: Bench, due: DueInterview) -> Choice:
    """Who hears or reads the recording first."""
    papers = bench.flow.papers if declared_paper(due.recording) else ()
    return papers or bench.flow.transcriber


def _open_to(bench: Bench, choice: Choice, due: DueInterview) -> list[str]:
    return [c for c in choice if bench.border.refusal(due.site, c, agreed=due.export) is None]


def _request(bench: Bench, seat: Seat, due: DueInterview, said: _Said, **more: Any) -> ScoringRequest:
    position = {name: (due.case.requisition or {}).get(name) for name in SEEN_OF_POSITION} | more
    # an earlier scorer's key stands for its answer
    depends: Document = {
        "scorer": seat.provenance, "connection": seat.connection, "position": position, "answers": said.keys,
    }  # fmt: skip
    files: dict[str, Any] = {}
    takes = seat.declaration.traits.takes
    wanted = FILES.get(takes)
    if wanted is not None:
        recording = bench.fetcher.fetch(due.case.subject_ref, due.recording, bench.source(), wanted)
        if not seat.declaration.traits.cheap:
            # who is erased while it is heard for minutes is found with it
            bench.outbox.flush()
        files[takes] = Path(recording.path or "")  # its name in the store, until a scorer takes it
        depends["recording"] = recording.sha256
    key = fingerprint(depends)
    said.asked.add(key)
    return ScoringRequest(
        key=key, language=None, transcript=said.answers.get("transcript"), answers=dict(said.answers),
        requisition=position, **files,
    )  # fmt: skip


def _answer(
    bench: Bench, seat: Seat, request: ScoringRequest, known: Scoring | None, due: DueInterview
) -> Scoring:
    """What the scorer said, now or when the same was asked before; `Rejected` where it refused."""
    if known is None or (known.state == "pending" and (known.poll_at or "") <= stamp(bench.hub.now())):
        known = _ask(bench, seat, request, known, due)
        bench.answered(seat)
        if not seat.declaration.traits.cheap:
            bench.outbox.flush()
    if known.state == "refused":
        raise Rejected(
            known.message or "refused", connector=seat.declaration.name, operation="score",
            vendor_code=known.code,
        )  # fmt: skip
    return known


def _ask(
    bench: Bench, seat: Seat, request: ScoringRequest, known: Scoring | None, due: DueInterview
) -> Scoring:
    said, scoring = _spoken(bench, seat, request, known, due)
    dropped: list[str] = []
    if isinstance(said, Scored):
        try:
            answer, dropped = checked(said.document, request, _ids(due), seat.declaration.name)
            scoring = scoring._replace(state="done", answer=answer)
        except Rejected as error:
            scoring = scoring._replace(state="refused", code=error.vendor_code, message=error.message)
    elif said is not None:
        poll_at = stamp(bench.hub.now() + timedelta(seconds=said.poll_after))
        scoring = scoring._replace(state="pending", ticket=said.ticket, poll_at=poll_at)
    bench.outbox.said(
        scoring, transcript=seat.declaration.traits.transcribes, cost=said.cost if said else 0.0,
        dropped=dropped,
    )  # fmt: skip
    return scoring


def _spoken(
    bench: Bench, seat: Seat, request: ScoringRequest, known: Scoring | None, due: DueInterview
) -> tuple[Scored | Pending | None, Scoring]:
    """The scorer's answer or ticket, and the row to keep it in; a refusal is in the row."""
    row = Scoring(
        request.key, seat.connection, due.interview["id"], "refused", due.case.subject_ref
    )  # fmt: skip
    try:
        if known is not None and known.ticket:
            return seat.scorer.poll(known.ticket), row
        bench.afford(seat)
        file = request.audio or request.paper
        if file is None:
            return seat.scorer.score(request), row
        with listening(bench.hub, str(file)) as plain:
            files: dict[str, Any] = {name: plain for name in FILES if getattr(request, name)}
            return seat.scorer.score(replace(request, **files)), row
    except Rejected as error:
        return None, row._replace(code=error.reason, message=error.message)


def _ids(due: DueInterview) -> dict[str, str]:
    application = due.case.application
    return {
        "interview_id": due.interview["id"],
        "application_id": due.case.id,
        "candidate_id": application["candidate_id"],
    }


def _ask_apart(bench: Bench, seat: Seat, due: DueInterview, said: _Said, **position: Any) -> None:
    """Asks a scorer whose answer is kept and shown, and enters no assessment. Its troubles are its own."""
    try:
        bench.border.check(due.site, seat.connection, agreed=due.export)
        request = _request(bench, seat, due, said, **position)
        if not bench.rests(seat):
            _answer(bench, seat, request, bench.heard(seat, request.key), due)
    except DOWN as error:
        bench.failed(seat, error)
    except (Rejected, DocumentRefused) as error:
        log.info("apart connection=%s interview=%s refused: %s", seat.connection, due.interview["id"], error)


def _store_assessment(
    bench: Bench, due: DueInterview, answers: dict[str, Document], provenance: list[Document]
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
    bench.flagged.update(name for document in mapped.documents for name in named(document))
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


def _route(bench: Bench, due: DueInterview, transcript: Document | None) -> Route:
    hub, flow = bench.hub, bench.flow
    given = {
        "requisition": due.case.requisition,
        "application": due.case.application,
        "interview": due.interview,
        "transcript": {name: transcript.get(name) for name in SEEN_OF_TRANSCRIPT} if transcript else None,
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
        code=error.reason,
        message=error.message,
        pointer=getattr(error, "pointer", ""),
        place=f"recording {due.recording['id']}",
        subject_ref=due.case.subject_ref,
    )
