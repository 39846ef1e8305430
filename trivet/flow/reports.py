"""Each new assessment becomes a report: a file in the state folder, and a letter where the flow says so.

What is no more (an assessment, a consent, an open application) has no file either.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from trivet.errors import TrivetError
from trivet.flow.cases import ApplicationCase, gather
from trivet.flow.definition import Flow, Reports
from trivet.flow.hub import Hub
from trivet.flow.mailing import Parcel, Post
from trivet.flow.shelf import Shelf
from trivet.ledger import documents, mailings, people, scorings, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.documents import StoredDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.set_asides import SetAside
from trivet.mapping.tables import load_table
from trivet.model import Document
from trivet.reporting.content import Report, Sources, language_of, report
from trivet.reporting.page import report_page
from trivet.reporting.render import rendered

log = logging.getLogger(__name__)
STAGE = "report"
PURPOSE = "ai_score"
TABLE = "tables/competencies.csv"
"""What competencies are called, a column a language."""
TOGETHER = 100
"""Assessments read in one go."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """One assessment of an open application, with all that its report is made from."""

    stored: StoredDocument
    case: ApplicationCase
    interview: Document
    transcript: Document | None
    judgements: tuple[Document, ...]

    @property
    def id(self) -> str:
        """The assessment's."""
        return self.stored.id

    def report(self, hub: Hub, flow: Flow, language: str | None = None) -> Report:
        """What the report says, in that language, the flow's or the position's."""
        assert self.case.candidate is not None
        assert self.case.requisition is not None
        wanted = language or (flow.reports.language if flow.reports else None)
        chosen = language_of(self.case.requisition, wanted)
        sources = Sources(
            candidate=self.case.candidate,
            requisition=self.case.requisition,
            interview=self.interview,
            assessment=self.stored.document,
            transcript=self.transcript,
            judgements=self.judgements,
            names=competency_names(hub, chosen),
        )
        return report(sources, chosen, ZoneInfo(flow.timezone))

    def parcel(self, report: Report) -> Parcel:
        """What is mailed."""
        return Parcel(self.id, self.stored.fingerprint, self.case.subject_ref, self.interview, report)


@dataclass(frozen=True, slots=True)
class _Todo:
    """Ids of assessments that a run looks at."""

    fresh: set[str]
    """The report is to be made anew."""
    waiting: set[str]
    """A letter is due, or something went wrong before."""
    touched: set[str]
    """The application changed: it may be closed now."""

    def every(self) -> set[str]:
        return self.fresh | self.waiting | self.touched


def make_reports(hub: Hub, flow: Flow, batch: Batch) -> Counter[str]:
    """Makes and mails the reports of what the batch assessed or somebody still waits for; counts of what became of them.

    Nothing that goes wrong here fails the batch: it is set aside with a code, and the next run looks at it again.
    """
    counts: Counter[str] = Counter()
    if flow.reports is None:
        return counts
    shelf = Shelf(hub.settings.reports / flow.tenant)
    with hub.ledger.begin() as tx:
        todo = _todo(tx, flow, batch)
    with ExitStack() as stack:
        mail = flow.reports.mail
        post = stack.enter_context(Post(hub, flow, mail)) if mail else None
        seen = set()
        for entry in assessed(hub, flow.tenant, sorted(todo.every())):
            seen.add(entry.id)
            if entry.id in todo.touched and shelf.holds(entry.id, flow.reports):
                continue
            aside = list(_make(hub, flow, entry, shelf, post, anew=entry.id in todo.fresh))
            if aside or entry.id in todo.waiting:
                _note(hub, batch, entry.id, aside)
            counts.update(reports=1, set_aside=len(aside))
        counts.update(post.counts if post else {})
    _forget(hub, batch, shelf, todo.every() - seen)
    if batch.kind == "night":
        # a fresh result is not to wait for other people's
        shelf.sweep(_kept(hub, flow.tenant))
    log.info("reports batch=%s %s", batch.id, dict(counts))
    return counts


def assessed(hub: Hub, tenant: str, names: Iterable[str]) -> Iterator[Assessed]:
    """Those of the assessments whose application is open and whose person has agreed to being scored."""
    for part in chunks(names, TOGETHER):
        with hub.ledger.read() as tx:
            yield from list(_assessed(tx, tenant, part))


def attached(hub: Hub, flow: Flow, names: Iterable[str]) -> dict[str, Document]:
    """{html, language} of each assessment's report, for the HR record; empty where the flow attaches none."""
    if flow.write_back is None or flow.write_back.report is None:
        return {}
    made = {entry.id: entry.report(hub, flow) for entry in assessed(hub, flow.tenant, names)}
    # kept with every operation: without the letters, which a recruiter's machine has
    return {
        name: {"html": report_page(report, carried=False), "language": report.language}
        for name, report in made.items()
    }


def competency_names(hub: Hub, language: str) -> Mapping[str, str]:
    """What the deployment calls competencies; empty where it has no such table."""
    try:
        changed_at = (hub.settings.mappings / TABLE).stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    return _names(hub.settings.home, language, changed_at)


@lru_cache(maxsize=32)
def _names(home: Path, language: str, _changed_at: int) -> Mapping[str, str]:
    # every report of a night asks
    rows = load_table(home, TABLE, f"mappings/{TABLE}")
    return {code: row[language] for code, row in rows.items() if row.get(language)}


def _todo(tx: Transaction, flow: Flow, batch: Batch) -> _Todo:
    tenant = flow.tenant
    fresh = {entry.id for entry in documents.changed_in(tx, batch.id, "assessment")}
    fresh |= _theirs(tx, tenant, batch, "judgement")
    waiting = mailings.give_up_abandoned(tx, tenant) | mailings.due_reports(tx, tenant)
    waiting |= {entry.item for entry in set_asides.find(tx, tenant=tenant) if entry.stage == STAGE}
    return _Todo(fresh, waiting, _theirs(tx, tenant, batch, "application") - fresh - waiting)


def _theirs(tx: Transaction, tenant: str, batch: Batch, kind: str) -> set[str]:
    """The assessments of people of whom the batch changed a document of this kind."""
    subjects = {entry.subject_ref for entry in documents.changed_in(tx, batch.id, kind) if entry.subject_ref}
    return documents.ids_of(tx, tenant, subjects, "assessment")


def _assessed(tx: Transaction, tenant: str, names: list[str]) -> Iterator[Assessed]:
    stored = documents.get_many(tx, tenant, "assessment", names)
    cases = {
        case.id: case
        for case in gather(tx, tenant, sorted({e.document["application_id"] for e in stored.values()}))
    }
    subjects = {case.subject_ref for case in cases.values()}
    allowed = people.allowed(tx, tenant, subjects, PURPOSE)
    about = {i["id"]: case.subject_ref for case in cases.values() for i in case.interviews}
    said = scorings.of_interviews(tx, tenant, about)
    judged = [entry.document for entry in documents.by_subject(tx, tenant, subjects, "judgement")]
    for name in names:
        entry = stored.get(name)
        case = cases.get(entry.document["application_id"]) if entry else None
        if entry is None or case is None or case.closed or case.subject_ref not in allowed:
            continue
        interview_id = entry.document["interview_id"]
        interview = next((one for one in case.interviews if one["id"] == interview_id), None)
        if interview is None or case.candidate is None or case.requisition is None:
            continue
        heard = [one.answer for one in said if one.interview == interview_id and one.answer]
        own = tuple(one for one in judged if one.get("interview_id") == interview_id)
        yield Assessed(entry, case, interview, _transcript(heard, entry.document), own)


def _transcript(answers: list[Document], assessment: Document) -> Document | None:
    """Of several transcripts of one interview the one that the scores rest on."""
    quotes = {one["quote"] for score in assessment["competency_scores"] for one in score["evidence"]}

    def quoted(transcript: Document) -> int:
        return sum(str(segment["text"]).strip() in quotes for segment in transcript["segments"])

    return max((one for one in answers if one.get("segments")), key=quoted, default=None)


def _make(
    hub: Hub, flow: Flow, entry: Assessed, shelf: Shelf, post: Post | None, *, anew: bool
) -> Iterator[SetAside]:
    """Files and letters of one report; what went wrong."""
    assert flow.reports is not None
    try:
        made = entry.report(hub, flow)
        if anew or not shelf.holds(entry.id, flow.reports):
            _put(shelf, entry.id, made, flow.reports)
        trouble = post.send(entry.parcel(made)) if post else None
    except TrivetError as error:
        log.warning("report set aside assessment=%s %s", entry.id, error)
        yield _aside(entry, error.reason, error.message)
        return
    if trouble is not None:
        yield _aside(entry, trouble.code, trouble.message)


def _put(shelf: Shelf, name: str, made: Report, reports: Reports) -> None:
    for form in reports.formats:
        shelf.put(name, "recruiter", form, rendered(made, form))
        if reports.candidate:
            shelf.put(name, "candidate", form, rendered(made, form, "candidate", reports.contact))


def _aside(entry: Assessed, code: str, message: str) -> SetAside:
    return SetAside(
        stage=STAGE,
        kind="assessment",
        item=entry.id,
        code=code,
        message=message,
        place=f"report of {entry.interview['id']}",
        subject_ref=entry.case.subject_ref,
    )


def _note(hub: Hub, batch: Batch, name: str, aside: list[SetAside]) -> None:
    with hub.ledger.begin() as tx:
        set_asides.resolve(tx, batch.tenant, STAGE, "assessment", [name])
        set_asides.add_many(tx, batch, aside)


def _forget(hub: Hub, batch: Batch, shelf: Shelf, names: set[str]) -> None:
    """Nobody is to get these reports any more."""
    for name in names:
        shelf.drop(name)
    with hub.ledger.begin() as tx:
        set_asides.resolve(tx, batch.tenant, STAGE, "assessment", names)
        for name in names:
            mailings.forget_due(tx, batch.tenant, name)


def _kept(hub: Hub, tenant: str) -> set[str]:
    """Every assessment of which a report may lie on the shelf."""
    with hub.ledger.read() as tx:
        named = documents.names_of(tx, tenant, "assessment")
        allowed = people.allowed(tx, tenant, {entry.subject_ref or "" for entry in named}, PURPOSE)
    return {entry.id for entry in named if entry.subject_ref in allowed}
