"""Vendor JSON becomes canonical documents, judged by schema; what breaks a contract is set aside, the rest goes on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from trivet.documents.canonical import fingerprint
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.ledger import documents, people, records, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.documents import NewDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.people import Consent, Identity
from trivet.ledger.records import StoredRecord
from trivet.ledger.set_asides import SetAside
from trivet.model import Document

EMPLOYEE_NUMBER = "employee_number"
"""The crosswalk system of the number by which ERPs know a person."""
CANDIDATE = "candidate"
CHUNK = 500


@dataclass(slots=True)
class _Work:
    """What one chunk of records came to."""

    made: list[NewDocument] = field(default_factory=list)
    refused: list[SetAside] = field(default_factory=list)
    subjects: dict[str, str | None] = field(default_factory=dict)


def translate(hub: Hub, flow: Flow, batch: Batch) -> Counter[str]:
    """Counts of canonical documents that this batch made or changed per kind, and of records set aside."""
    counts: Counter[str] = Counter()
    after = ""
    while True:
        with hub.ledger.read() as tx:
            chunk = records.untranslated(tx, batch.id, after=after, limit=CHUNK)
            work = _translated(hub, flow, tx, chunk)
        if not chunk:
            return counts
        after = chunk[-1].id
        with hub.ledger.begin() as tx:
            changed = documents.put_many(tx, batch, work.made)
            _remember_people(tx, flow, batch, work)
            set_asides.add_many(tx, batch, work.refused)
            refused = {entry.item for entry in work.refused}
            records.mark_translated(tx, {k: s for k, s in work.subjects.items() if k not in refused})
            records.mark_set_aside(tx, refused)
        counts.update(kind for kind, _ in changed)
        counts["set_aside"] += len(refused)


def _translated(hub: Hub, flow: Flow, tx: Transaction, chunk: Sequence[StoredRecord]) -> _Work:
    work = _Work()
    for record in chunk:
        work.subjects[record.id] = None
        for name in flow.streams.get(record.stream, ()):
            _apply(hub, flow, tx, record, name, work)
    return work


def _apply(hub: Hub, flow: Flow, tx: Transaction, record: StoredRecord, name: str, work: _Work) -> None:
    mapping = hub.library.mapping(name)
    mapped = mapping.apply(record.document, variables={"system": flow.source}, now=hub.now())
    for problem in mapped.problems:
        work.refused.append(_refusal(flow, record, mapping.kind, problem.code, problem.pointer, problem.message))
    if mapped.problems:
        return
    for document in mapped.documents:
        violations = hub.contracts.check(mapping.kind, document)
        for violation in violations:
            work.refused.append(
                _refusal(flow, record, mapping.kind, violation.code, violation.pointer, violation.message)
            )
        if violations:
            continue
        subject = _subject(tx, flow.tenant, mapping.kind, document)
        work.subjects[record.id] = work.subjects[record.id] or subject
        work.made.append(
            NewDocument(
                mapping.kind, document["id"], document, fingerprint(document), subject, mapping.version_id
            )
        )


def _refusal(flow: Flow, record: StoredRecord, kind: str, code: str, pointer: str, message: str) -> SetAside:
    return SetAside(
        stage="translate",
        kind=kind,
        item=record.id,
        code=code,
        message=message,
        pointer=pointer,
        place=f"{flow.source} {record.stream}/{record.external_id}",
        subject_ref=record.subject_ref,
    )


def _subject(tx: Transaction, tenant: str, kind: str, document: Document) -> str | None:
    candidate = document["id"] if kind == "candidate" else document.get("candidate_id")
    return people.pseudonym(tx, tenant, CANDIDATE, candidate) if candidate else None


def _remember_people(tx: Transaction, flow: Flow, batch: Batch, work: _Work) -> None:
    consents, identities = [], []
    for entry in work.made:
        if entry.subject_ref is None:
            continue
        if entry.kind == "consent":
            consents += _consents(entry.subject_ref, entry.document)
        if entry.kind == "candidate":
            identities.append(Identity(entry.subject_ref, CANDIDATE, entry.id, flow.source))
        number = entry.document.get("employee_number")
        if entry.kind == "application" and number:
            identities.append(Identity(entry.subject_ref, EMPLOYEE_NUMBER, number, flow.source))
    people.put_consents(tx, flow.tenant, consents)
    for clash in people.put_identities(tx, flow.tenant, identities):
        entry = SetAside(
            stage="identity",
            kind="application",
            item=clash.subject_ref,
            code="IDENTITY_CONFLICT",
            message=f"this {clash.system} already names another person",
            place=flow.source,
            subject_ref=clash.subject_ref,
        )
        set_asides.add_many(tx, batch, [entry])


def _consents(subject_ref: str, document: Document) -> list[Consent]:
    return [
        Consent(
            subject_ref,
            purpose["purpose"],
            purpose.get("granted_at"),
            purpose.get("withdrawn_at"),
            purpose.get("notice_version"),
        )
        for purpose in document["purposes"]
    ]
