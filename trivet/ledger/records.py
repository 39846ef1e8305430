"""Vendor records as pulled: newest version each, sealed; a page and its cursor are stored together."""

from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, func, null, select, update

from trivet.ledger import cursors, tombstones
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import rows_in, run_in, run_many, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import record
from trivet.model import Document, Gone, Page, Record
from trivet.quick_json import quick_value

GONE = "gone"


@dataclass(frozen=True, slots=True)
class StoredPage:
    """What a page brought."""

    new: int
    changed: int
    unchanged: int
    buried: Mapping[str, str] = field(default_factory=dict)
    """Ids of records about people who were erased, with their pseudonyms: nothing of them was stored."""


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
    written: bytes
    """The document as it was written down: to seal it anew nothing has to be encoded."""


_NAMES = ("id", "connection", "stream", "external_id", "version", "payload_enc", "subject_ref", "state")
_SEALED = _NAMES.index("payload_enc")
_ALL = select(*(record.c[name] for name in _NAMES))
_HERE = record.c.id.in_(bindparam("ids", expanding=True))
_VERSIONS = select(record.c.id, record.c.version, record.c.subject_ref).where(_HERE)
_KNOWN = _ALL.where(_HERE, record.c.state != GONE)
_MARK = (
    update(record)
    .where(record.c.id == bindparam("at_id"))
    .values(
        state=bindparam("to_state"),
        subject_ref=func.coalesce(
            bindparam("subject", type_=record.c.subject_ref.type), record.c.subject_ref
        ),
    )
)
_REMARK = (
    update(record)
    .where(record.c.id == bindparam("at_id"))
    .values(
        payload_enc=bindparam("sealed"), key_id=bindparam("by"), subject_ref=bindparam("subject"),
        state=bindparam("to_state"),
    )
)  # fmt: skip
_FORGET = delete(record).where(_HERE)
_ERASE = update(record).where(_HERE).values(payload_enc=null(), key_id=null())
_REPLAY = update(record).where(_HERE).values(state="new", batch_id=bindparam("into"))


def record_id(tenant: str, connection: str, stream: str, external_id: str) -> str:
    """The ledger's id of a vendor object, the same every time it is pulled."""
    said = "\x1f".join(("record", tenant, connection, stream, external_id))
    # of 20 bytes, not all 32: what would be cut off again costs as much as the rest
    return b32encode(sha256(said.encode()).digest()[:20]).decode()[:26]


def store_page(tx: Transaction, batch: Batch, connection: str, stream: str, page: Page) -> StoredPage:
    """Stores the page's records and its cursor in this transaction."""
    kept = store(tx, batch, connection, stream, page.records)
    cursors.put(
        tx, tenant=batch.tenant, flow=batch.flow, connection=connection, stream=stream, value=page.cursor
    )
    return kept


def store(
    tx: Transaction, batch: Batch, connection: str, stream: str, pulled: Sequence[Record]
) -> StoredPage:
    """Stores the records in this transaction; a version that is known already changes nothing.

    New and changed records wait for translation in this batch. Of one object that comes twice the later counts.
    """
    fresh = {record_id(batch.tenant, connection, stream, entry.external_id): entry for entry in pulled}
    gone = {
        key: ref
        for (_, key), ref in tombstones.buried(tx, batch.tenant, (("record", key) for key in fresh)).items()
    }
    fresh = {key: entry for key, entry in fresh.items() if key not in gone}
    known = list(rows_in(tx.conn, _VERSIONS, fresh))
    versions: dict[str, str] = {row[0]: row[1] for row in known}
    # whom a new record is about is known once it is translated: until then it has the key ring's key
    whose: dict[str, str | None] = {
        row[0]: row[2] for row in known if versions[row[0]] != fresh[row[0]].version
    }
    tx.prepare(whose.values())
    rows = [
        {
            "id": key,
            "tenant": batch.tenant,
            "connection": connection,
            "stream": stream,
            "external_id": entry.external_id,
            "version": entry.version,
            "payload_enc": tx.seal(entry.document, _place(key), whose.get(key)),
            "key_id": tx.key_of(whose.get(key)),
            "batch_id": batch.id,
            "state": "new",
            "received_at": tx.stamp,
        }
        for key, entry in fresh.items()
        if versions.get(key) != entry.version
    ]
    upsert(tx.conn, record, rows)
    changed = sum(row["id"] in versions for row in rows)
    return StoredPage(len(rows) - changed, changed, len(fresh) - len(rows), gone)


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
    after: str = "",
    limit: int = 1000,
) -> list[StoredRecord]:
    """The next records of the batch that wait for translation, opened, ordered by id; `after` is the last id seen."""
    query = _ALL.where(record.c.batch_id == batch_id, record.c.state == "new", record.c.id > after)
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


def erase(tx: Transaction, ids: Iterable[str]) -> None:
    """Of these records stays that they were pulled, and in which version; their contents are gone."""
    run_in(tx.conn, _ERASE, ids)


def find(tx: Transaction, which: str) -> StoredRecord | None:
    """The record of that ledger id or vendor's id, opened; the newest where several systems use it."""
    named = (record.c.id == which) | (record.c.external_id == which)
    query = _ALL.where(named, record.c.payload_enc.is_not(None)).order_by(record.c.received_at.desc())
    row = tx.conn.execute(query.limit(1)).first()
    return None if row is None else _opened(tx, row)


def _opened(tx: Transaction, row: Sequence[Any]) -> StoredRecord:
    key, connection, stream, external_id, version, sealed, subject_ref, state = row
    written = tx.unseal_bytes(sealed, _place(key))
    document = quick_value(written)
    return StoredRecord(key, connection, stream, external_id, version, document, subject_ref, state, written)


def _place(key: str) -> str:
    return f"record|payload_enc|{key}"


def waiting(tx: Transaction, batch_id: str) -> int:
    """How many records of the batch wait for translation."""
    query = select(func.count()).where(record.c.batch_id == batch_id, record.c.state == "new")
    return tx.conn.scalar(query) or 0


def mark_translated(
    tx: Transaction, subjects: Mapping[str, str | None], read: Iterable[StoredRecord] = ()
) -> None:
    """These records (id → pseudonym of the person, or None) have become canonical documents.

    Those of them that were `read` are sealed anew where it is known only now whom they are about.
    """
    theirs = [entry for entry in read if entry.subject_ref is None and subjects.get(entry.id)]
    tx.prepare(subjects[entry.id] for entry in theirs)
    sealed = [
        (
            tx.seal_bytes(entry.written, _place(entry.id), subjects[entry.id]),
            tx.key_of(subjects[entry.id]),
            subjects[entry.id],
            "translated",
            entry.id,
        )
        for entry in theirs
    ]
    run_many(tx.conn, _REMARK, ("sealed", "by", "subject", "to_state", "at_id"), sealed)
    done = {entry.id for entry in theirs}
    _mark(tx, {key: subject for key, subject in subjects.items() if key not in done}, "translated")


def mark_set_aside(tx: Transaction, ids: Iterable[str]) -> None:
    """These records could not be translated; a set-aside entry says why."""
    _mark(tx, dict.fromkeys(ids), "set_aside")


def move(tx: Transaction, batch_id: str, into: str) -> None:
    """What waits for something in the one batch waits for it in the other."""
    waits = (record.c.batch_id == batch_id) & record.c.state.in_(["new", GONE])
    tx.conn.execute(update(record).where(waits).values(batch_id=into))


def replay(tx: Transaction, batch_id: str, ids: Iterable[str]) -> None:
    """These records wait for translation again, in this batch: after a mapping was mended."""
    run_in(tx.conn, _REPLAY, ids, {"into": batch_id})


def _mark(tx: Transaction, subjects: Mapping[str, str | None], state: str) -> None:
    rows = [(key, subject, state) for key, subject in subjects.items()]
    run_many(tx.conn, _MARK, ("at_id", "subject", "to_state"), rows)
