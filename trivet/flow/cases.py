"""What a batch has to look at: the applications that something in it touched, with all that is known about each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from trivet.flow.identity import EMPLOYEE_NUMBER
from trivet.ledger import documents, people, scorings, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.documents import StoredDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.set_asides import SetAside
from trivet.model import Document

CLOSED = ("rejected", "withdrawn")
JUDGEMENT = "judgement"
"""What an interviewer thought; it is compared with the scores and changes none, so nothing is scored or decided for it."""
RETRY_STAGES = ("fetch", "score", "weigh", "residency", "plan")
"""Stages whose set-aside items are looked at again by every later night, until they pass."""
CHUNK = 200


@dataclass(slots=True)
class ApplicationCase:
    """One application and its surroundings, as canonical documents."""

    id: str
    subject_ref: str
    application: Document
    candidate: Document | None = None
    requisition: Document | None = None
    interviews: list[Document] = field(default_factory=list)
    recordings: dict[str, list[Document]] = field(default_factory=dict)
    """By interview id."""
    assessments: list[Document] = field(default_factory=list)
    employee: Document | None = None
    """What an ERP's directory says of the person."""

    @property
    def closed(self) -> bool:
        """Rejected, withdrawn, or the person has left again: no step runs for it any more."""
        left = self.employee is not None and self.employee["status"] == "left"
        return left or self.application["status"] in CLOSED

    @property
    def assessment(self) -> Document | None:
        """The newest assessment; an application's later interview replaces an earlier one's scores."""
        return max(self.assessments, key=lambda a: (a["scored_at"], a["id"]), default=None)


def touched(tx: Transaction, batch: Batch) -> list[str]:
    """Ids of the applications that this batch has to look at, in a stable order."""
    subjects: set[str] = set()
    requisitions: set[str] = set()
    for entry in documents.changed_in(tx, batch.id):
        if entry.kind == "requisition":
            requisitions.add(entry.id)
        elif entry.subject_ref and entry.kind != JUDGEMENT:
            subjects.add(entry.subject_ref)
    if batch.kind == "night":
        # a fresh result is not to wait for other people's
        subjects |= people.awaited(tx, batch.tenant, EMPLOYEE_NUMBER)
        asides = set_asides.find(tx, tenant=batch.tenant)
        subjects |= {a.subject_ref for a in asides if a.stage in RETRY_STAGES and a.subject_ref}
        # a scorer's answer that came after its night
        subjects |= scorings.awaited(tx, batch.tenant)
    found = documents.ids_of(tx, batch.tenant, subjects, "application")
    if requisitions:
        found |= {
            e.id
            for e in documents.of_kind(tx, batch.tenant, "application")
            if e.document["requisition_id"] in requisitions
        }
    return sorted(found)


def gather(tx: Transaction, tenant: str, application_ids: Iterable[str]) -> Iterator[ApplicationCase]:
    """The cases of these applications, read in bulk."""
    for part in chunks(application_ids, CHUNK):
        applications = documents.get_many(tx, tenant, "application", part)
        subjects = {e.subject_ref for e in applications.values() if e.subject_ref}
        requisitions = documents.get_many(
            tx, tenant, "requisition", {e.document["requisition_id"] for e in applications.values()}
        )
        theirs: dict[str, list[StoredDocument]] = {}
        for entry in documents.by_subject(tx, tenant, subjects):
            theirs.setdefault(entry.subject_ref or "", []).append(entry)
        for name in part:
            stored = applications.get(name)
            if stored is not None and stored.subject_ref:
                requisition = requisitions.get(stored.document["requisition_id"])
                yield _case(stored, stored.subject_ref, requisition, theirs.get(stored.subject_ref, []))


def _case(
    stored: StoredDocument,
    subject_ref: str,
    requisition: StoredDocument | None,
    around: Sequence[StoredDocument],
) -> ApplicationCase:
    case = ApplicationCase(
        stored.id, subject_ref, stored.document, requisition=requisition.document if requisition else None
    )
    for entry in around:
        document = entry.document
        if entry.kind == "candidate":
            case.candidate = document
        elif entry.kind == "employee" and (case.employee is None or case.employee["status"] == "left"):
            # in one of two ERPs is not gone
            case.employee = document
        elif entry.kind == "interview" and document["application_id"] == stored.id:
            case.interviews.append(document)
        elif entry.kind == "recording":
            case.recordings.setdefault(document["interview_id"], []).append(document)
        elif entry.kind == "assessment" and document["application_id"] == stored.id:
            case.assessments.append(document)
    return case


def no_consent(case: ApplicationCase, stage: str, purposes: str, follows: str) -> SetAside:
    """What is said of an application whose person does not agree to this, and what follows from it."""
    return SetAside(
        stage=stage,
        kind="application",
        item=case.id,
        code="CONSENT_MISSING",
        message=f"no consent for {purposes}: {follows}",
        place=case.id,
        subject_ref=case.subject_ref,
    )
