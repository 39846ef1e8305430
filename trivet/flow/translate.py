"""Vendor JSON becomes canonical documents, judged by schema; what breaks a contract is set aside, the rest goes on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from trivet.documents.canonical import fingerprint
from trivet.flow.definition import Flow
from trivet.flow.drift import Seen, notice
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

    drafts: list[tuple[StoredRecord, str, Document, str]] = field(default_factory=list)
    """Document with its record, kind and mapping version, before it is known whom it is about."""
    made: list[NewDocument] = field(default_factory=list)
    refused: list[SetAside] = field(default_factory=list)
    subjects: dict[str, str | None] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    """Of the documents that these records were to become."""


def translate(hub: Hub, flow: Flow, batch: Batch) -> Counter[str]:
    """Counts of canonical documents that this batch made or changed per kind, and of records set aside."""
    counts: Counter[str] = Counter()
    # stream by stream: an interview finds its person through the application, which comes before it
    for stream in flow.streams:
        after = ""
        seen = Seen(f"{flow.source} {stream}")
        while True:
            with hub.ledger.read() as tx:
                chunk = records.untranslated(tx, batch.id, stream, after=after, limit=CHUNK)
                work = _translated(hub, flow, tx, chunk)
            if not chunk:
                break
            after = chunk[-1].id
            for record in chunk:
                seen.record(record.external_id, record.document)
            _store(hub, flow, batch, work, counts)
        notice(hub, flow, batch, [seen])
    hub.keep_versions(flow)
    return counts


def _store(hub: Hub, flow: Flow, batch: Batch, work: _Work, counts: Counter[str]) -> None:
    refused = {entry.item for entry in work.refused}
    with hub.ledger.begin() as tx:
        changed = documents.put_many(tx, batch, work.made)
        _remember_people(tx, flow, batch, work)
        for kind in sorted(work.kinds):
            set_asides.resolve(tx, batch.tenant, "translate", kind, work.subjects)
        set_asides.add_many(tx, batch, work.refused)
        records.mark_translated(tx, {k: s for k, s in work.subjects.items() if k not in refused})
        records.mark_set_aside(tx, refused)
    counts.update(kind for kind, _ in changed)
    counts["set_aside"] += len(refused)


def _translated(hub: Hub, flow: Flow, tx: Transaction, chunk: Sequence[StoredRecord]) -> _Work:
    work = _Work()
    for record in chunk:
        work.subjects[record.id] = None
        for name in flow.streams[record.stream]:
            _apply(hub, flow, record, name, work)
    _name_people(tx, flow, work)
    return work


def _apply(hub: Hub, flow: Flow, record: StoredRecord, name: str, work: _Work) -> None:
    mapping = hub.files(flow).mapping(name)
    work.kinds.add(mapping.kind)
    mapped = mapping.apply(record.document, variables={"system": flow.source}, now=hub.now())
    for problem in mapped.problems:
        work.refused.append(
            _refusal(flow, record, mapping.kind, problem.code, problem.pointer, problem.message)
        )
    for document in mapped.documents:
        violations = hub.contracts.check(mapping.kind, document)
        for broken in violations:
            work.refused.append(
                _refusal(flow, record, mapping.kind, broken.code, broken.pointer, broken.message)
            )
        if not violations:
            work.drafts.append((record, mapping.kind, document, mapping.version_id))


def _name_people(tx: Transaction, flow: Flow, work: _Work) -> None:
    """Gives every document its person's pseudonym; what belongs to an application has that application's."""
    wanted = {document["application_id"] for _, _, document, _ in work.drafts if "application_id" in document}
    applications = documents.get_many(tx, flow.tenant, "application", wanted)
    for record, kind, document, version in work.drafts:
        candidate = document["id"] if kind == "candidate" else document.get("candidate_id")
        subject: str | None = None
        if candidate:
            subject = people.pseudonym(tx, flow.tenant, CANDIDATE, candidate)
        elif "application_id" in document:
            application = applications.get(document["application_id"])
            if application is None:
                said = "belongs to an application that is not known"
                work.refused.append(
                    _refusal(flow, record, kind, "REFERENCE_UNKNOWN", "/application_id", said)
                )
                continue
            subject = application.subject_ref
        work.subjects[record.id] = work.subjects[record.id] or subject
        work.made.append(NewDocument(kind, document["id"], document, fingerprint(document), subject, version))


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
        aside = SetAside(
            stage="identity",
            kind="application",
            item=clash.subject_ref,
            code="IDENTITY_CONFLICT",
            message=f"this {clash.system} already names another person",
            place=flow.source,
            subject_ref=clash.subject_ref,
        )
        set_asides.add_many(tx, batch, [aside])


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
