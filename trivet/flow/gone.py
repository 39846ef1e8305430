"""What follows when a vendor no longer has a record.

candidate              every consent ends and the open applications count as withdrawn: what waits is cancelled, nothing more
                       is scored or sent; what was delivered stays, and a case asks a person what is to become of it
candidate, merged      all that is known of the one is known of the other from now on
application            counts as withdrawn
interview, recording   is not scored any more; assessments stay
catalogue entry        is inactive: its code is not sent any more
any other              stays as it was known last
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from trivet.documents.canonical import fingerprint
from trivet.flow.catalogue import ENTRY
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.identity import CANDIDATE, EMAIL, PHONE
from trivet.ledger import cases, documents, operations, orders, people, records, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.cases import NewCase
from trivet.ledger.documents import NewDocument, StoredDocument
from trivet.ledger.ledger import Transaction
from trivet.ledger.records import StoredRecord
from trivet.ledger.tables import operation
from trivet.model import Document

APPLICATION = "application"
UNSCORED = ("interview", "recording")
PERSON_GONE = "PERSON_GONE"
_SAID = {
    "deleted": "was deleted there",
    "anonymised": "was anonymised there",
    "merged": "was merged there with somebody whom we do not know",
    "unlisted": "is no longer in a list that was read whole",
}


@dataclass(frozen=True, slots=True)
class _Lost:
    """A document whose record is no more."""

    kind: str
    id: str
    record: StoredRecord

    @property
    def why(self) -> str:
        return str(self.record.document["why"])


def propagate(hub: Hub, flow: Flow, batch: Batch) -> Counter[str]:
    """Draws the consequences of everything in the batch that is gone; counts of documents per kind."""
    counts: Counter[str] = Counter()
    with hub.ledger.begin() as tx:
        gone = list(records.gone_in(tx, batch.id))
        for entry in gone:
            for lost in _lost(hub, flow, entry):
                set_asides.resolve(tx, batch.tenant, "translate", lost.kind, [entry.id])
                if _follow(hub, flow, tx, batch, lost):
                    counts[lost.kind] += 1
        # when one comes back it is new
        records.forget(tx, [entry.id for entry in gone])
    return counts


def _lost(hub: Hub, flow: Flow, entry: StoredRecord) -> Iterator[_Lost]:
    for kind, document in mapped(hub, flow, entry, entry.document["was"]):
        yield _Lost(kind, document["id"], entry)


def mapped(hub: Hub, flow: Flow, entry: StoredRecord, body: Document) -> Iterator[tuple[str, Document]]:
    """Kind and canonical document of everything that the flow's mappings make of a record."""
    for inflow in flow.inflows:
        if inflow.connection == entry.connection:
            for name in inflow.streams.get(entry.stream, ()):
                mapping = hub.files(flow).mapping(name)
                made = mapping.apply(body, variables={"system": entry.connection}, now=hub.now())
                yield from ((mapping.kind, document) for document in made.documents)


def _follow(hub: Hub, flow: Flow, tx: Transaction, batch: Batch, lost: _Lost) -> bool:
    known = documents.get(tx, batch.tenant, lost.kind, lost.id)
    if known is None:
        return False
    if lost.kind == CANDIDATE and known.subject_ref:
        stays = _survivor(hub, flow, tx, batch, lost.record, known.subject_ref)
        if stays is None:
            _leaves(tx, batch, known, known.subject_ref, lost)
        else:
            people.merge(tx, batch.tenant, known.subject_ref, stays)
        documents.forget(tx, batch.tenant, CANDIDATE, [known.id])
    elif lost.kind == APPLICATION:
        _withdraw(tx, batch, [known])
    elif lost.kind == ENTRY:
        _put(tx, batch, known, {"active": False})
    elif lost.kind in UNSCORED:
        documents.forget(tx, batch.tenant, lost.kind, [known.id])
    else:
        return False
    return True


def _survivor(
    hub: Hub, flow: Flow, tx: Transaction, batch: Batch, entry: StoredRecord, goes: str
) -> str | None:
    """The pseudonym of the candidate into whom this one was merged, as the vendor says, or as her applications show."""
    into = entry.document["into"]
    there = records.one(tx, batch.tenant, entry.connection, entry.stream, into) if into else None
    if there is not None:
        made = mapped(hub, flow, there, there.document)
        names = [document["id"] for kind, document in made if kind == CANDIDATE]
        return next(iter(people.subjects(tx, batch.tenant, CANDIDATE, names).values()), None)
    theirs = documents.by_subject(tx, batch.tenant, [goes])
    names = [e.document["application_id"] for e in theirs if "application_id" in e.document]
    owners = {e.subject_ref for e in documents.get_many(tx, batch.tenant, APPLICATION, names).values()}
    return owners.pop() if len(owners) == 1 and owners != {goes} else None


def _leaves(tx: Transaction, batch: Batch, known: StoredDocument, subject_ref: str, lost: _Lost) -> None:
    people.leave(tx, batch.tenant, subject_ref, (EMAIL, PHONE), lost.why)
    orders.forget(tx, batch.tenant, subject_ref)
    _withdraw(tx, batch, documents.by_subject(tx, batch.tenant, [subject_ref], APPLICATION))
    held = operations.find(tx, operation.c.subject_ref == subject_ref, operation.c.state == "confirmed")
    where = sorted({entry.target for entry in held if entry.kind != "delete"})
    if where:
        said = f"{known.id} {_SAID[lost.why]}; what was delivered to {', '.join(where)} stays until somebody decides"
        cases.open_many(tx, [NewCase(batch.tenant, PERSON_GONE, said, batch.id, subject_ref=subject_ref)])


def _withdraw(tx: Transaction, batch: Batch, applications: list[StoredDocument]) -> None:
    for known in applications:
        if known.document["status"] != "rejected":
            _put(tx, batch, known, {"status": "withdrawn"})


def _put(tx: Transaction, batch: Batch, known: StoredDocument, changed: Document) -> None:
    body = {**known.document, **changed}
    new = NewDocument(known.kind, known.id, body, fingerprint(body), known.subject_ref, known.mapping_version)
    documents.put_many(tx, batch, [new])
