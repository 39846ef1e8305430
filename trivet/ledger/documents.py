"""Canonical documents, sealed; the fingerprint that the caller computed tells what changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, delete, select, update

from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks, rows_in, run_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import document
from trivet.model import Document

NEXT_NIGHT = "next night"
"""In place of a batch: what the next night has to look at."""
BY_HAND = "by hand"
"""In place of a batch: what a person typed in; no run has anything to do for it."""


class NewDocument(NamedTuple):
    """A canonical document to keep; a named tuple, as what is read, because a night makes tens of thousands."""

    kind: str
    id: str
    document: Document
    fingerprint: str
    """Of `trivet.documents.canonical`; equal means unchanged."""
    subject_ref: str | None = None
    mapping_version: str | None = None


class Named(NamedTuple):
    """A kept document's name, and whom it is about."""

    kind: str
    id: str
    subject_ref: str | None


class StoredDocument(NamedTuple):
    """A kept document, opened."""

    kind: str
    id: str
    document: Document
    fingerprint: str
    subject_ref: str | None
    mapping_version: str | None
    changed_batch: str
    changed_at: str


_NAMES = (
    "tenant", "kind", "id", "fingerprint", "payload_enc", "subject_ref", "mapping_version", "changed_batch", "changed_at",
)  # fmt: skip
_SEALED = _NAMES.index("payload_enc")
_ALL = select(*(document.c[name] for name in _NAMES)).where(document.c.payload_enc.is_not(None))
_KEPT = _ALL.with_only_columns(document.c.kind, document.c.id, document.c.subject_ref)
_OURS = document.c.tenant == bindparam("tenant_")
_KIND = document.c.kind == bindparam("kind_")
_NAMED = document.c.id.in_(bindparam("ids", expanding=True))
_ABOUT = document.c.subject_ref.in_(bindparam("ids", expanding=True))
_PRINTS = select(document.c.id, document.c.fingerprint).where(_OURS, _KIND, _NAMED)
_GET = _ALL.where(_OURS, _KIND, _NAMED)
_FORGET = delete(document).where(_OURS, _KIND, _NAMED)
# by the person alone: asked for tenant or order as well, SQLite would rather read the tenant's every row
_BY_SUBJECT = _ALL.where(_ABOUT)
_KIND_BY_SUBJECT = _ALL.where(_ABOUT, _KIND)
_IDS_BY_SUBJECT = _KIND_BY_SUBJECT.with_only_columns(document.c.tenant, document.c.id)


def put_many(tx: Transaction, batch: Batch, documents: Sequence[NewDocument]) -> set[tuple[str, str]]:
    """Keeps the documents that are new or differ; their (kind, id)."""
    return _put(tx, batch.tenant, batch.id, documents)


def put_by_hand(tx: Transaction, tenant: str, documents: Sequence[NewDocument]) -> set[tuple[str, str]]:
    """As `put_many`, for what a person said outside of any batch."""
    return _put(tx, tenant, BY_HAND, documents)


def _put(
    tx: Transaction, tenant: str, batch_id: str, documents: Sequence[NewDocument]
) -> set[tuple[str, str]]:
    known: dict[tuple[str, str], str] = {}
    by_kind: dict[str, list[str]] = defaultdict(list)
    for entry in documents:
        by_kind[entry.kind].append(entry.id)
    for kind, names in by_kind.items():
        rows = rows_in(tx.conn, _PRINTS, names, {"tenant_": tenant, "kind_": kind})
        known |= {(kind, name): value for name, value in rows}
    changed = {
        (entry.kind, entry.id): entry
        for entry in documents
        if known.get((entry.kind, entry.id)) != entry.fingerprint
    }
    tx.prepare(entry.subject_ref for entry in changed.values())
    upsert(tx.conn, document, [_row(tx, tenant, batch_id, entry) for entry in changed.values()])
    return set(changed)


def _row(tx: Transaction, tenant: str, batch_id: str, entry: NewDocument) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "kind": entry.kind,
        "id": entry.id,
        "fingerprint": entry.fingerprint,
        "payload_enc": tx.seal(entry.document, _place(tenant, entry.kind, entry.id), entry.subject_ref),
        "key_id": tx.key_of(entry.subject_ref),
        "subject_ref": entry.subject_ref,
        "mapping_version": entry.mapping_version,
        "changed_batch": batch_id,
        "changed_at": tx.stamp,
    }


def get(tx: Transaction, tenant: str, kind: str, name: str) -> StoredDocument | None:
    """The document, or None."""
    return get_many(tx, tenant, kind, [name]).get(name)


def get_many(tx: Transaction, tenant: str, kind: str, names: Iterable[str]) -> dict[str, StoredDocument]:
    """Those of the documents that are there, by id."""
    rows = rows_in(tx.conn, _GET, names, {"tenant_": tenant, "kind_": kind})
    return {row[2]: _open(tx, row) for row in tx.opening(rows, _SEALED)}


def forget(tx: Transaction, tenant: str, kind: str, names: Iterable[str]) -> None:
    """These documents are as if they had never been."""
    run_in(tx.conn, _FORGET, names, {"tenant_": tenant, "kind_": kind})


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
    return next(_opened(tx, _ALL.where(document.c.id == name)), None)


def of_kind(tx: Transaction, tenant: str, kind: str) -> Iterator[StoredDocument]:
    """Every document of the kind, ordered by id."""
    query = _ALL.where(document.c.tenant == tenant, document.c.kind == kind)
    return _opened(tx, query.order_by(document.c.id))


def named(tx: Transaction, kind: str, name: str) -> list[tuple[str, str]]:
    """Tenant and id of the documents of the kind whose id is `name`, or ends with it after a slash; none is opened."""
    ends = document.c.id == name
    ends |= document.c.id.endswith(f"/{name}", autoescape=True)
    query = select(document.c.tenant, document.c.id).where(document.c.kind == kind, ends)
    return [(row.tenant, row.id) for row in tx.conn.execute(query.order_by(document.c.tenant, document.c.id))]


def tenants(tx: Transaction, kind: str) -> list[str]:
    """Who has documents of the kind."""
    query = select(document.c.tenant).where(document.c.kind == kind).distinct()
    return sorted(tx.conn.scalars(query))


def since(
    tx: Transaction, tenant: str, kind: str, moment: str, before: str | None = None, limit: int | None = None
) -> Iterator[StoredDocument]:
    """The documents of the kind that changed at the moment (a ledger's time) or later, newest first: only `before` that
    time, at most `limit`."""
    query = _ALL.where(document.c.tenant == tenant, document.c.kind == kind, document.c.changed_at >= moment)
    if before is not None:
        query = query.where(document.c.changed_at < before)
    return _opened(tx, query.order_by(document.c.changed_at.desc(), document.c.id).limit(limit))


def changed_in(tx: Transaction, batch_id: str, kind: str | None = None) -> list[Named]:
    """The documents that this batch brought or changed, ordered by kind and id; none is opened."""
    query = _KEPT.where(document.c.changed_batch == batch_id)
    if kind is not None:
        query = query.where(document.c.kind == kind)
    return [Named(*row) for row in tx.conn.execute(query.order_by(document.c.kind, document.c.id))]


def names_of(tx: Transaction, tenant: str, kind: str) -> list[Named]:
    """Every kept document of the kind; none is opened."""
    query = _KEPT.where(document.c.tenant == tenant, document.c.kind == kind)
    return [Named(*row) for row in tx.conn.execute(query)]


def ids_of(tx: Transaction, tenant: str, subject_refs: Iterable[str], kind: str) -> set[str]:
    """The ids of these people's documents of the kind; none is opened."""
    rows = rows_in(tx.conn, _IDS_BY_SUBJECT, subject_refs, {"kind_": kind})
    return {name for owner, name in rows if owner == tenant}


def by_subject(
    tx: Transaction, tenant: str, subject_refs: Iterable[str], kind: str | None = None
) -> list[StoredDocument]:
    """What is known about these people, ordered by kind and id."""
    query = _BY_SUBJECT if kind is None else _KIND_BY_SUBJECT
    rows = rows_in(tx.conn, query, subject_refs, {"kind_": kind})
    ours = sorted((row for row in rows if row[0] == tenant), key=itemgetter(1, 2))
    return [_open(tx, row) for row in tx.opening(ours, _SEALED)]


def _opened(tx: Transaction, query: Select[Any]) -> Iterator[StoredDocument]:
    for row in tx.opening(tx.conn.execute(query), _SEALED):
        yield _open(tx, row)


def _open(tx: Transaction, row: Sequence[Any]) -> StoredDocument:
    tenant, kind, name, fingerprint, sealed, *rest = row
    return StoredDocument(kind, name, tx.unseal(sealed, _place(tenant, kind, name)), fingerprint, *rest)


def _place(tenant: str, kind: str, name: str) -> str:
    return f"document|payload_enc|{tenant}/{kind}/{name}"
