"""Canonical documents, sealed; the fingerprint that the caller computed tells what changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, delete, select, tuple_, update

from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import document
from trivet.model import Document

NEXT_NIGHT = "next night"
"""In place of a batch: what the next night has to look at."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A canonical document to keep."""

    kind: str
    id: str
    document: Document
    fingerprint: str
    """Of `trivet.documents.canonical`; equal means unchanged."""
    subject_ref: str | None = None
    mapping_version: str | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A kept document, opened."""

    kind: str
    id: str
    document: Document
    fingerprint: str
    subject_ref: str | None
    mapping_version: str | None
    changed_batch: str
    changed_at: str


def put_many(tx: Transaction, batch: Batch, documents: Sequence[NewDocument]) -> set[tuple[str, str]]:
    """Keeps the documents that are new or differ; their (kind, id)."""
    known: dict[tuple[str, str], str] = {}
    key = tuple_(document.c.kind, document.c.id)
    for part in chunks((entry.kind, entry.id) for entry in documents):
        query = select(document.c.kind, document.c.id, document.c.fingerprint)
        rows = tx.conn.execute(query.where(document.c.tenant == batch.tenant, key.in_(part)))
        known |= {(kind, name): value for kind, name, value in rows}
    changed = {
        (entry.kind, entry.id): entry
        for entry in documents
        if known.get((entry.kind, entry.id)) != entry.fingerprint
    }
    upsert(tx.conn, document, [_row(tx, batch, entry) for entry in changed.values()])
    return set(changed)


def _row(tx: Transaction, batch: Batch, entry: NewDocument) -> dict[str, Any]:
    return {
        "tenant": batch.tenant,
        "kind": entry.kind,
        "id": entry.id,
        "fingerprint": entry.fingerprint,
        "payload_enc": tx.seal(entry.document, _place(batch.tenant, entry.kind, entry.id)),
        "key_id": tx.keys.newest,
        "subject_ref": entry.subject_ref,
        "mapping_version": entry.mapping_version,
        "changed_batch": batch.id,
        "changed_at": tx.stamp,
    }


def get(tx: Transaction, tenant: str, kind: str, name: str) -> StoredDocument | None:
    """The document, or None."""
    return get_many(tx, tenant, kind, [name]).get(name)


def get_many(tx: Transaction, tenant: str, kind: str, names: Iterable[str]) -> dict[str, StoredDocument]:
    """Those of the documents that are there, by id."""
    found: dict[str, StoredDocument] = {}
    for part in chunks(names):
        query = select(document).where(document.c.tenant == tenant, document.c.kind == kind)
        found |= {entry.id: entry for entry in _opened(tx, query.where(document.c.id.in_(part)))}
    return found


def forget(tx: Transaction, tenant: str, kind: str, names: Iterable[str]) -> None:
    """These documents are as if they had never been."""
    ours = (document.c.tenant == tenant) & (document.c.kind == kind)
    for part in chunks(names):
        tx.conn.execute(delete(document).where(ours, document.c.id.in_(part)))


def put_off(tx: Transaction, tenant: str, kind: str, names: Iterable[str]) -> None:
    """The next night looks at these documents, though nothing changed in them."""
    ours = (document.c.tenant == tenant) & (document.c.kind == kind)
    for part in chunks(names):
        here = update(document).where(ours, document.c.id.in_(part))
        tx.conn.execute(here.values(changed_batch=NEXT_NIGHT))


def take_up(tx: Transaction, batch: Batch) -> None:
    """What was put off counts as changed in this batch."""
    here = (document.c.tenant == batch.tenant) & (document.c.changed_batch == NEXT_NIGHT)
    tx.conn.execute(update(document).where(here).values(changed_batch=batch.id))


def look_at(tx: Transaction, batch: Batch, kind: str, names: Iterable[str]) -> None:
    """These count as changed in this batch, though they are what they were."""
    ours = (document.c.tenant == batch.tenant) & (document.c.kind == kind)
    for part in chunks(names):
        tx.conn.execute(update(document).where(ours, document.c.id.in_(part)).values(changed_batch=batch.id))


def move(tx: Transaction, batch_id: str, into: str) -> None:
    """What the one batch brought or changed last counts as the other's."""
    theirs = document.c.changed_batch == batch_id
    tx.conn.execute(update(document).where(theirs).values(changed_batch=into))


def find(tx: Transaction, name: str) -> StoredDocument | None:
    """The document of that id, of whichever kind it is."""
    return next(_opened(tx, select(document).where(document.c.id == name)), None)


def of_kind(tx: Transaction, tenant: str, kind: str) -> Iterator[StoredDocument]:
    """Every document of the kind, ordered by id."""
    query = select(document).where(document.c.tenant == tenant, document.c.kind == kind)
    return _opened(tx, query.order_by(document.c.id))


def changed_in(tx: Transaction, batch_id: str, kind: str | None = None) -> Iterator[StoredDocument]:
    """The documents that this batch brought or changed, ordered by kind and id."""
    query = select(document).where(document.c.changed_batch == batch_id)
    if kind is not None:
        query = query.where(document.c.kind == kind)
    return _opened(tx, query.order_by(document.c.kind, document.c.id))


def by_subject(
    tx: Transaction, tenant: str, subject_refs: Iterable[str], kind: str | None = None
) -> list[StoredDocument]:
    """What is known about these people."""
    found: list[StoredDocument] = []
    for part in chunks(subject_refs):
        query = select(document).where(document.c.tenant == tenant, document.c.subject_ref.in_(part))
        if kind is not None:
            query = query.where(document.c.kind == kind)
        found += _opened(tx, query.order_by(document.c.kind, document.c.id))
    return found


def _opened(tx: Transaction, query: Select[Any]) -> Iterator[StoredDocument]:
    for row in tx.conn.execute(query.where(document.c.payload_enc.is_not(None))).mappings():
        yield _open(tx, row)


def _open(tx: Transaction, row: RowMapping) -> StoredDocument:
    return StoredDocument(
        kind=row["kind"],
        id=row["id"],
        document=tx.unseal(row["payload_enc"], _place(row["tenant"], row["kind"], row["id"])),
        fingerprint=row["fingerprint"],
        subject_ref=row["subject_ref"],
        mapping_version=row["mapping_version"],
        changed_batch=row["changed_batch"],
        changed_at=row["changed_at"],
    )


def _place(tenant: str, kind: str, name: str) -> str:
    return f"document|payload_enc|{tenant}/{kind}/{name}"
