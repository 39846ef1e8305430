"""Vendor JSON becomes canonical documents, judged by schema; what breaks a contract is set aside, the rest goes on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from trivet.documents.canonical import fingerprint
from trivet.file_names import sanitised
from trivet.flow.definition import Flow
from trivet.flow.drift import Seen, notice
from trivet.flow.gone import propagate
from trivet.flow.hub import Hub
from trivet.flow.identity import (
    CANDIDATE,
    EMPLOYEE,
    EMPLOYEE_NUMBER,
    FEEDBACK,
    IDENTITY,
    Met,
    by_number,
    consents,
    contacts,
    meet,
)
from trivet.flow.ports import Port, ports
from trivet.flow.privacy.withdrawal import follow
from trivet.ledger import documents, people, records, set_asides, tombstones
from trivet.ledger.batches import Batch
from trivet.ledger.documents import NewDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.people import Consent, Identity
from trivet.ledger.records import Fresh, StoredRecord
from trivet.ledger.set_asides import SetAside
from trivet.ledger.tombstones import Name
from trivet.model import Document, Record

CHUNK = 1000
ORPHAN = "REFERENCE_UNKNOWN"
_STRANGER, _REFUSED = "(a stranger)", "(refused)"
"""In place of a pseudonym: no candidate of ours; a document that is not kept."""


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
    met: list[Met] = field(default_factory=list)
    """Employees, by the ERP's directory."""
    buried: dict[str, SetAside] = field(default_factory=dict)
    """Records about people who were erased, with what is said of each: nothing of them is kept."""
    strangers: set[str] = field(default_factory=set)
    """Records about people who never were candidates: their contents are not kept."""


class Translation:
    """One stream's records on their way to canonical documents."""

    def __init__(self, hub: Hub, flow: Flow, batch: Batch, connection: str, stream: str) -> None:
        self._hub, self._flow, self._batch = hub, flow, batch
        self._connection, self._stream = connection, stream
        self._seen = Seen(f"{connection} {stream}")
        self.counts: Counter[str] = Counter()
        """Canonical documents made or changed per kind, and records set aside."""

    def pulled(self, tx: Transaction, found: Sequence[Record]) -> Fresh:
        """What of this is new or changed; it is kept with what it becomes, in this transaction."""
        fresh = records.fresh(tx, self._batch, self._connection, self._stream, found)
        self.take(tx, fresh.records)
        return fresh

    def take(self, tx: Transaction, read: Sequence[StoredRecord]) -> None:
        """Keeps these records with what they become, in this transaction."""
        if not read:
            return
        work = _translated(self._hub, self._flow, tx, read)
        self.counts += _keep(tx, self._flow, self._batch, read, work)
        for entry in read:
            self._seen.record(entry.external_id, entry.document)

    def end(self) -> None:
        """Notices whether the stream looks as it did."""
        if self._seen.records:
            notice(self._hub, self._flow, self._batch, [self._seen])


def translate(hub: Hub, flow: Flow, batch: Batch) -> Counter[str]:
    """Looks again at what waits, and draws the consequences of what is gone and of who is who; counts as `Translation`'s."""
    counts: Counter[str] = Counter()
    _take_up(hub, flow, batch)
    # stream by stream: an interview finds its person through the application, which comes before it
    for port in ports(hub, flow):
        for stream in port.streams:
            counts += _look_again(hub, flow, batch, port, stream)
    # last: who was merged is looked for among those who are there now
    counts += propagate(hub, flow, batch)
    follow(hub, flow, batch)
    hub.keep_versions(flow)
    return counts


def _take_up(hub: Hub, flow: Flow, batch: Batch) -> None:
    """What belongs to an application that was not known is looked at again, in every run: it may have come by now."""
    with hub.ledger.begin() as tx:
        asides = set_asides.find(tx, tenant=batch.tenant)
        orphans = [a for a in asides if a.code == ORPHAN and a.stage == "translate"]
        ours = set(flow.sources())
        records.replay(tx, batch.id, [a.item for a in orphans if (a.place or "").partition(" ")[0] in ours])


def _look_again(hub: Hub, flow: Flow, batch: Batch, port: Port, stream: str) -> Counter[str]:
    made = Translation(hub, flow, batch, port.connection, stream)
    while True:
        with hub.ledger.begin() as tx:
            waiting = records.untranslated(tx, batch.id, stream, port.connection, limit=CHUNK)
            if not waiting:
                break
            made.take(tx, waiting)
    made.end()
    return made.counts


def _keep(
    tx: Transaction, flow: Flow, batch: Batch, read: Sequence[StoredRecord], work: _Work
) -> Counter[str]:
    # of a person who was erased there is one thing to say
    work.refused = [entry for entry in work.refused if entry.item not in work.buried]
    refused = {entry.item for entry in work.refused} | work.buried.keys()
    changed = documents.put_many(tx, batch, work.made)
    _remember_people(tx, flow, batch, work)
    for kind in sorted(work.kinds):
        set_asides.resolve(tx, batch.tenant, "translate", kind, work.subjects)
    set_asides.add_many(tx, batch, [*work.refused, *work.buried.values()])
    records.keep(tx, batch, [_judged(entry, work, refused) for entry in read])
    return Counter(kind for kind, _ in changed) + Counter(set_aside=len(refused))


def _judged(entry: StoredRecord, work: _Work, refused: Set[str]) -> StoredRecord:
    """The record with what it came to."""
    if entry.id in work.buried:
        return entry._replace(state="set_aside", written=None)
    if entry.id in refused:
        return entry._replace(state="set_aside")
    return entry._replace(
        state="translated",
        subject_ref=work.subjects[entry.id] or entry.subject_ref,
        written=None if entry.id in work.strangers else entry.written,
    )


def erased(kind: str, item: str, subject_ref: str) -> SetAside:
    """Why a record was not taken in."""
    return SetAside(
        stage="erased",
        kind=kind,
        item=item,
        code=tombstones.CODE,
        message="the person was erased: not imported (`trivet subject readmit` where she applied anew)",
        subject_ref=subject_ref,
    )


def _translated(hub: Hub, flow: Flow, tx: Transaction, chunk: Sequence[StoredRecord]) -> _Work:
    work = _Work()
    read = {(connection, stream): names for connection, stream, names in flow.read_by()}
    for record in chunk:
        work.subjects[record.id] = None
        for name in read[record.connection, record.stream]:
            _apply(hub, flow, record, name, work)
    _name_people(tx, flow, work)
    return work


def _apply(hub: Hub, flow: Flow, record: StoredRecord, name: str, work: _Work) -> None:
    mapping = hub.files(flow).mapping(name)
    work.kinds.add(mapping.kind)
    mapped = mapping.apply(record.document, variables={"system": record.connection}, now=hub.now())
    for problem in mapped.problems:
        work.refused.append(_refusal(record, mapping.kind, problem.code, problem.pointer, problem.message))
    for document in mapped.documents:
        if mapping.kind == "recording" and "file_name" in document:
            place = f"{record.connection} {record.stream}/{record.external_id}"
            document["file_name"] = sanitised(document["file_name"], "recording", place)
        violations = hub.contracts.check(mapping.kind, document)
        for broken in violations:
            work.refused.append(_refusal(record, mapping.kind, broken.code, broken.pointer, broken.message))
        if not violations:
            work.drafts.append((record, mapping.kind, document, mapping.version_id))


def _name_people(tx: Transaction, flow: Flow, work: _Work) -> None:
    """Gives every document its person's pseudonym."""
    wanted = {document["application_id"] for _, _, document, _ in work.drafts if "application_id" in document}
    stored = documents.get_many(tx, flow.tenant, "application", wanted)
    colleagues = by_number(tx, flow.tenant, [d for _, kind, d, _ in work.drafts if kind in FEEDBACK])
    employees = [draft for draft in work.drafts if draft[1] == EMPLOYEE]
    if employees:
        source = employees[0][0].connection
        work.met = meet(tx, flow.tenant, [draft[2] for draft in employees], source)
    named = [d["id"] if kind == CANDIDATE else d.get("candidate_id") for _, kind, d, _ in work.drafts]
    # one who was merged is the other
    candidates = people.subjects(tx, flow.tenant, CANDIDATE, {name for name in named if name})
    applications = {name: known.subject_ref for name, known in stored.items()}
    # some vendors tell of an application and what belongs to it in one record
    applications |= {
        d["id"]: _pseudonym(tx, flow, candidates, d["candidate_id"])
        for _, kind, d, _ in work.drafts
        if kind == "application"
    }
    met = iter(work.met)
    gone = _buried(tx, flow, work, candidates, applications)
    for record, kind, document, version in work.drafts:
        if kind == EMPLOYEE:
            subject: str | None = _of_employee(record, next(met), work)
        elif kind in FEEDBACK:
            subject = colleagues.get(document["employee_number"], _STRANGER)
        else:
            subject = _of_candidate(tx, flow, record, kind, document, candidates, applications, work)
        named_so = _names(kind, document, subject) if gone else ()
        ref = next((gone[name] for name in named_so if name in gone), None)
        if ref is not None:
            work.buried[record.id] = erased(kind, record.id, ref)
        elif subject is _STRANGER:
            work.strangers.add(record.id)
        elif subject is not _REFUSED:
            work.subjects[record.id] = work.subjects[record.id] or subject
            work.made.append(
                NewDocument(kind, document["id"], document, fingerprint(document), subject, version)
            )


def _buried(
    tx: Transaction,
    flow: Flow,
    work: _Work,
    candidates: Mapping[str, str],
    applications: Mapping[str, str | None],
) -> dict[Name, str]:
    """Those ids in these drafts that name somebody who was erased, with the pseudonym."""

    def said() -> Iterator[Name]:
        yield from (("subject", ref) for ref in {*candidates.values(), *applications.values()} if ref)
        for _, kind, document, _ in work.drafts:
            yield from _names(kind, document, None)

    return tombstones.buried(tx, flow.tenant, said())


def _names(kind: str, document: Document, subject: str | None) -> Iterator[Name]:
    """Every id by which a document tells whom it is about."""
    yield "subject", subject or ""
    for name, value in (
        (CANDIDATE, document["id"] if kind == CANDIDATE else document.get("candidate_id")),
        ("application", document["id"] if kind == "application" else document.get("application_id")),
        (EMPLOYEE_NUMBER, document.get("employee_number")),
    ):
        if value:
            yield name, value


def _of_employee(record: StoredRecord, met: Met, work: _Work) -> str:
    if met.clash is not None:
        said = met.clash
        work.refused.append(_refusal(record, EMPLOYEE, said.code, "/employee_number", said.message))
    return met.subject_ref if met.ours else _STRANGER


def _of_candidate(
    tx: Transaction,
    flow: Flow,
    record: StoredRecord,
    kind: str,
    document: Document,
    candidates: dict[str, str],
    applications: Mapping[str, str | None],
    work: _Work,
) -> str | None:
    """The candidate whom the document names; what belongs to an application has that application's."""
    candidate = document["id"] if kind == "candidate" else document.get("candidate_id")
    if candidate:
        return _pseudonym(tx, flow, candidates, candidate)
    if "application_id" not in document:
        return None
    if document["application_id"] not in applications:
        said = "belongs to an application that is not known"
        work.refused.append(_refusal(record, kind, ORPHAN, "/application_id", said))
        return _REFUSED
    return applications[document["application_id"]]


def _pseudonym(tx: Transaction, flow: Flow, candidates: dict[str, str], candidate: str) -> str:
    if not candidates.get(candidate):
        # kept for the person's next document
        candidates[candidate] = people.pseudonym(tx, flow.tenant, CANDIDATE, candidate)
    return candidates[candidate]


def _refusal(record: StoredRecord, kind: str, code: str, pointer: str, message: str) -> SetAside:
    return SetAside(
        stage="translate",
        kind=kind,
        item=record.id,
        code=code,
        message=message,
        pointer=pointer,
        place=f"{record.connection} {record.stream}/{record.external_id}",
        subject_ref=record.subject_ref,
    )


def _remember_people(tx: Transaction, flow: Flow, batch: Batch, work: _Work) -> None:
    said: dict[str, list[Consent]] = {}
    identities, addresses = [], []
    for record, kind, document, _ in work.drafts:
        source, subject = record.connection, work.subjects[record.id]
        if subject is None or record.id in work.buried:
            continue
        if kind == "consent":
            said[subject] = consents(subject, document)
        if kind == "candidate":
            identities.append(Identity(subject, CANDIDATE, document["id"], source))
            addresses += [Identity(subject, *pair, source) for pair in contacts(document)]
        if kind == "application" and document.get("employee_number"):
            identities.append(Identity(subject, EMPLOYEE_NUMBER, document["employee_number"], source))
    people.put_consents(tx, flow.tenant, said)
    gone = [record.id in work.buried for record, kind, _, _ in work.drafts if kind == EMPLOYEE]
    for met, erased_one in zip(work.met, gone, strict=True):
        if erased_one:
            continue
        if met.adopts is not None:
            people.adopt(tx, flow.tenant, met.adopts, met.subject_ref)
        identities += met.identities
    clashes = people.put_identities(tx, flow.tenant, identities, CANDIDATE)
    people.put_contacts(tx, flow.tenant, addresses, CANDIDATE)
    set_asides.add_many(tx, batch, [_conflict(clash) for clash in clashes])


def _conflict(clash: Identity) -> SetAside:
    return SetAside(
        stage=IDENTITY,
        kind="application",
        item=clash.subject_ref,
        code="IDENTITY_CONFLICT",
        message=f"this {clash.system} already names another person",
        place=clash.source,
        subject_ref=clash.subject_ref,
    )
