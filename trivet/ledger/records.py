"""Vendor records as pulled: the newest version of each, sealed with the key of the person whom it is about."""

from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from trivet.ledger import tombstones
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import rows_in, run_in, upsert
from trivet.ledger.ledger import Transaction, written
from trivet.ledger.tables import record
from trivet.model import Document, Gone, Record
from trivet.quick_json import quick_value

GONE = "gone"


class StoredRecord(NamedTuple):
    """A record, opened; a named tuple, because a night reads tens of thousands."""

    id: str
    connection: str
    stream: str
    external_id: str
    version: str
    document: Document
    subject_ref: str | None
    state: str
    received_at: str
    written: bytes | None
    """The document as it is written down, so that it is encoded once; None where its contents are not to be kept."""


class Fresh(NamedTuple):
    """What of a vendor's list was not known, before anything of it is stored."""

    records: list[StoredRecord]
    """New, or in another version than the known one."""
    buried: Mapping[str, str]
    """Ids of records about people who were erased, with their pseudonyms: nothing of them is taken in."""


_NAMES = (
    "id", "connection", "stream", "external_id", "version", "payload_enc", "subject_ref", "state", "received_at",
)  # fmt: skip
_SEALED = _NAMES.index("payload_enc")
_ALL = select(*(record.c[name] for name in _NAMES))
_HERE = record.c.id.in_(bindparam("ids", expanding=True))
_VERSIONS = select(record.c.id, record.c.version, record.c.subject_ref).where(_HERE)
_KNOWN = _ALL.where(_HERE, record.c.state != GONE)
_FORGET = delete(record).where(_HERE)
_REPLAY = (
    update(record)
    .where(_HERE, record.c.payload_enc.is_not(None))
    .values(state="new", batch_id=bindparam("into"))
)


def record_id(tenant: str, connection: str, stream: str, external_id: str) -> str:
    """The ledger's id of a vendor object, the same every time it is pulled."""
    said = "\x1f".join(("record", tenant, connection, stream, external_id))
    # of 20 bytes, not all 32: what would be cut off again costs as much as the rest
    return b32encode(sha256(said.encode()).digest()[:20]).decode()[:26]


def fresh(tx: Transaction, batch: Batch, connection: str, stream: str, pulled: Sequence[Record]) -> Fresh:
    """What of these is new or changed; of one object that comes twice the later counts."""
    by_id = {record_id(batch.tenant, connection, stream, entry.external_id): entry for entry in pulled}
    names = (("record", key) for key in by_id)
    gone = {key: ref for (_, key), ref in tombstones.buried(tx, batch.tenant, names).items()}
    here = {key: entry for key, entry in by_id.items() if key not in gone} if gone else by_id
    known = {row[0]: (row[1], row[2]) for row in rows_in(tx.conn, _VERSIONS, here)}
    found = [
        StoredRecord(
            key, connection, stream, entry.external_id, entry.version, entry.document,
            known[key][1] if key in known else None, "new", tx.stamp, written(entry.document),
        )
        for key, entry in here.items()
        if key not in known or known[key][0] != entry.version
    ]  # fmt: skip
    return Fresh(found, gone)


def keep(tx: Transaction, batch: Batch, read: Sequence[StoredRecord]) -> None:
    """Stores the records as they stand here, in place of what was known of them."""
    # one about whom nobody knows yet whom it is about has the key ring's key
    tx.prepare(entry.subject_ref for entry in read if entry.written is not None)
    rows = [
        {
            "id": entry.id,
            "tenant": batch.tenant,
            "connection": entry.connection,
            "stream": entry.stream,
            "external_id": entry.external_id,
            "version": entry.version,
            "payload_enc": None
            if entry.written is None
            else tx.seal_bytes(entry.written, _place(entry.id), entry.subject_ref),
            "key_id": None if entry.written is None else tx.key_of(entry.subject_ref),
            "subject_ref": entry.subject_ref,
            "batch_id": batch.id,
            "state": entry.state,
            "received_at": entry.received_at,
        }
        for entry in read
    ]
    upsert(tx.conn, record, rows)


def mark_gone(tx: Transaction, batch: Batch, connection: str, stream: str, gone: Iterable[Gone]) -> int:
    """What we know of these waits, in this batch, for what follows from its being gone; how many those are."""
    named = {record_id(batch.tenant, connection, stream, entry.external_id): entry for entry in gone}
    marked = 0
    for row in list(tx.opening(rows_in(tx.conn, _KNOWN, named), _SEALED)):
        marked += 1
        key, sealed, subject_ref = row[0], row[_SEALED], row[6]
        if sealed is None:
            forget(tx, [key])
            continue
        entry = named[key]
        said = {"why": entry.why, "into": entry.into, "was": _opened(tx, row).document}
        values = {
            "state": GONE,
            "version": GONE,
            "batch_id": batch.id,
            "payload_enc": tx.seal(said, _place(key), subject_ref),
            "key_id": tx.key_of(subject_ref),
        }
        tx.conn.execute(update(record).where(record.c.id == key).values(values))
    return marked


def gone_in(tx: Transaction, batch_id: str) -> Iterator[StoredRecord]:
    """The records that are gone and of which nothing followed yet: `document` holds `why`, `into` and what it `was`."""
    return _all(tx, (record.c.batch_id == batch_id) & (record.c.state == GONE))


def known(tx: Transaction, tenant: str, connection: str, stream: str) -> set[str]:
    """The vendor's ids of everything that was pulled and is not gone."""
    query = select(record.c.external_id).filter_by(tenant=tenant, connection=connection, stream=stream)
    return set(tx.conn.scalars(query.where(record.c.state != GONE)))


def one(tx: Transaction, tenant: str, connection: str, stream: str, external_id: str) -> StoredRecord | None:
    """The record of that vendor's id, opened; None where it was not pulled, is gone, or its contents are not kept."""
    here = (record.c.id == record_id(tenant, connection, stream, external_id)) & (record.c.state != GONE)
    return next(_all(tx, here), None)


def untranslated(
    tx: Transaction,
    batch_id: str,
    stream: str | None = None,
    connection: str | None = None,
    *,
    limit: int = 1000,
) -> list[StoredRecord]:
    """The next records of the batch that wait for translation, opened, ordered by id."""
    query = _ALL.where(record.c.batch_id == batch_id, record.c.state == "new")
    if stream is not None:
        query = query.where(record.c.stream == stream)
    if connection is not None:
        query = query.where(record.c.connection == connection)
    rows = tx.conn.execute(query.order_by(record.c.id).limit(limit))
    return [_opened(tx, row) for row in tx.opening(rows, _SEALED)]


def of_batches(
    tx: Transaction, batch_ids: Iterable[str], connection: str, stream: str
) -> Iterator[StoredRecord]:
    """The records of the stream that these batches brought or changed last, opened, ordered by id."""
    here = (record.c.connection == connection) & (record.c.stream == stream)
    return _all(tx, here & record.c.batch_id.in_(list(batch_ids)))


def _all(tx: Transaction, where: ColumnElement[bool]) -> Iterator[StoredRecord]:
    query = _ALL.where(where, record.c.payload_enc.is_not(None)).order_by(record.c.id)
    for row in tx.opening(tx.conn.execute(query), _SEALED):
        yield _opened(tx, row)


def of_subject(tx: Transaction, tenant: str, subject_ref: str) -> list[StoredRecord]:
    """What was pulled about the person, opened."""
    return list(_all(tx, (record.c.tenant == tenant) & (record.c.subject_ref == subject_ref)))


def forget(tx: Transaction, ids: Iterable[str]) -> None:
    """These records are as if they had never been pulled."""
    run_in(tx.conn, _FORGET, ids)


def find(tx: Transaction, which: str) -> StoredRecord | None:
    """The record of that ledger id or vendor's id, opened; the newest where several systems use it."""
    named = (record.c.id == which) | (record.c.external_id == which)
    query = _ALL.where(named, record.c.payload_enc.is_not(None)).order_by(record.c.received_at.desc())
    row = tx.conn.execute(query.limit(1)).first()
    return None if row is None else _opened(tx, row)


def _opened(tx: Transaction, row: Sequence[Any]) -> StoredRecord:
    key, connection, stream, external_id, version, sealed, subject_ref, state, at = row
    plain = tx.unseal_bytes(sealed, _place(key))
    document = quick_value(plain)
    return StoredRecord(
        key, connection, stream, external_id, version, document, subject_ref, state, at, plain
    )


def _place(key: str) -> str:
    return f"record|payload_enc|{key}"


def move(tx: Transaction, batch_id: str, into: str) -> None:
    """What waits for something in the one batch waits for it in the other."""
    waits = (record.c.batch_id == batch_id) & record.c.state.in_(["new", GONE])
    tx.conn.execute(update(record).where(waits).values(batch_id=into))


def replay(tx: Transaction, batch_id: str, ids: Iterable[str]) -> None:
    """Those of these records whose contents are kept wait for translation again, in this batch: after a mapping was mended."""
    run_in(tx.conn, _REPLAY, ids, {"into": batch_id})
