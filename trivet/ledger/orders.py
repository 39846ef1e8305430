"""Assessments that were ordered in HR systems: stored before the vendor is answered, once however often they come.

open ──► completed        there is a result: it stays, and may be replaced by a later one
  └────► cancelled        not wanted any more; the same order again is a new one
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, or_, select, update

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import assessment_order
from trivet.model import Document

OPEN, COMPLETED, CANCELLED = "open", "completed", "cancelled"


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order, opened."""

    id: str
    tenant: str
    connection: str
    package_id: str
    application_id: str | None
    """The canonical application, once it is known."""
    subject_ref: str | None
    status: str
    document: Document
    """The canonical order; empty where the person is gone."""
    result: Document | None
    """In the vendor's words."""
    ordered_at: str


def place(
    tx: Transaction, tenant: str, connection: str, key: str, document: Document, *, anew: bool = False
) -> tuple[str, bool]:
    """The order's id, a UUID, and whether it is new; `document` says all but `id`, `system`, `status` and `ordered_at`.

    The same order after one that was cancelled is another one; with `anew` it is so after one that is completed, too.
    """
    over = (CANCELLED, COMPLETED) if anew else (CANCELLED,)
    n = 0
    while True:
        n += 1
        digest = bytes.fromhex(tx.blind("order", tenant, connection, key, str(n)))
        order_id = str(UUID(bytes=digest[:16], version=5))
        status = tx.conn.scalar(select(assessment_order.c.status).filter_by(id=order_id))
        if status not in over:
            break
    if status is not None:
        return order_id, False
    row = {
        "id": order_id,
        "tenant": tenant,
        "connection": connection,
        "package_id": document["package_id"],
        "application_id": None,
        "subject_ref": None,
        "status": OPEN,
        "payload_enc": tx.seal(document, _place(order_id, "payload_enc")),
        "key_id": tx.keys.newest,
        "ordered_at": tx.stamp,
        "changed_at": tx.stamp,
    }
    # two copies of one call may arrive at the same moment
    upsert(tx.conn, assessment_order, [row], keep=True)
    tx.events.append(Event(WHOLE_LEDGER, order_id, "ORDER_PLACED", None, OPEN, note=connection))
    return order_id, True


def get(tx: Transaction, connection: str, order_id: str) -> StoredOrder | None:
    """The connection's order of that id."""
    return next(
        _opened(tx, assessment_order.c.id == order_id, assessment_order.c.connection == connection), None
    )


def due(
    tx: Transaction,
    tenant: str,
    connection: str,
    packages: Collection[str],
    batch_id: str,
    applications: Iterable[str],
) -> list[StoredOrder]:
    """The connection's orders of these packages that are open, that this batch completed, or completed ones of which the
    application is one of these; by id."""
    ours = (assessment_order.c.tenant == tenant) & (assessment_order.c.connection == connection)
    ours &= assessment_order.c.package_id.in_(sorted(packages))
    completed = assessment_order.c.status == COMPLETED
    now = or_(assessment_order.c.status == OPEN, completed & (assessment_order.c.batch_id == batch_id))
    found = {entry.id: entry for entry in _opened(tx, ours, now)}
    for part in chunks(applications):
        again = completed & assessment_order.c.application_id.in_(part)
        found |= {entry.id: entry for entry in _opened(tx, ours, again)}
    return [found[name] for name in sorted(found)]


def cancel(tx: Transaction, order: StoredOrder) -> str:
    """What the order's status is now: one that is completed stays so."""
    if order.status == OPEN and _change(tx, order.id, (OPEN,), status=CANCELLED):
        tx.events.append(Event(WHOLE_LEDGER, order.id, "ORDER_CANCELLED", OPEN, CANCELLED))
        return CANCELLED
    return order.status


def link(tx: Transaction, order_id: str, application_id: str, subject_ref: str) -> None:
    """It is known now what the order belongs to."""
    known = tx.conn.scalar(select(assessment_order.c.payload_enc).filter_by(id=order_id))
    # whom the order is about is known only now
    place = _place(order_id, "payload_enc")
    sealed = None if known is None else tx.seal_bytes(tx.unseal_bytes(known, place), place, subject_ref)
    _change(
        tx, order_id, (OPEN,), application_id=application_id, subject_ref=subject_ref, payload_enc=sealed,
        key_id=tx.key_of(subject_ref),
    )  # fmt: skip


def complete(tx: Transaction, order: StoredOrder, result: Document, batch_id: str) -> bool:
    """The order's result, or a later one in its place; False where it was cancelled meanwhile."""
    if order.status == COMPLETED and order.result == result:
        return True
    whose = tx.conn.scalar(select(assessment_order.c.subject_ref).filter_by(id=order.id))
    sealed = tx.seal(result, _place(order.id, "result_enc"), whose)
    change = {"status": COMPLETED, "result_enc": sealed, "batch_id": batch_id, "key_id": tx.key_of(whose)}
    if not _change(tx, order.id, (OPEN, COMPLETED), **change):
        return False
    tx.events.append(Event(WHOLE_LEDGER, order.id, "ORDER_COMPLETED", order.status, COMPLETED, note=batch_id))
    return True


def move(tx: Transaction, batch_id: str, to: str) -> None:
    """What the one batch completed is the other's to tell."""
    theirs = assessment_order.c.batch_id == batch_id
    tx.conn.execute(update(assessment_order).where(theirs).values(batch_id=to))


def forget(tx: Transaction, tenant: str, subject_ref: str) -> None:
    """The person is gone: what is open is cancelled, and nothing stays that tells who it was."""
    theirs = (assessment_order.c.tenant == tenant) & (assessment_order.c.subject_ref == subject_ref)
    for entry in list(_opened(tx, theirs)):
        cancel(tx, entry)
    tx.conn.execute(update(assessment_order).where(theirs).values(payload_enc=None, result_enc=None))


def recent(tx: Transaction, status: str | None, limit: int) -> list[StoredOrder]:
    """The newest orders."""
    query = select(assessment_order).order_by(assessment_order.c.ordered_at.desc(), assessment_order.c.id)
    if status is not None:
        query = query.where(assessment_order.c.status == status)
    return [_open(tx, row) for row in tx.conn.execute(query.limit(limit)).mappings()]


def _change(tx: Transaction, order_id: str, before: Sequence[str], **values: Any) -> bool:
    here = (assessment_order.c.id == order_id) & assessment_order.c.status.in_(before)
    changed = update(assessment_order).where(here).values(**values, changed_at=tx.stamp)
    return tx.conn.execute(changed).rowcount > 0


def _opened(tx: Transaction, *which: ColumnElement[bool]) -> Iterator[StoredOrder]:
    query = select(assessment_order).where(*which).order_by(assessment_order.c.id)
    for row in tx.conn.execute(query).mappings():
        yield _open(tx, row)


def _open(tx: Transaction, row: RowMapping) -> StoredOrder:
    document: Document = {}
    if row["payload_enc"] is not None:
        said = tx.unseal(row["payload_enc"], _place(row["id"], "payload_enc"))
        ours = {"id": row["id"], "system": row["connection"], "status": row["status"]}
        document = said | ours | {"ordered_at": row["ordered_at"]}
    sealed = row["result_enc"]
    return StoredOrder(
        document=document,
        result=tx.unseal(sealed, _place(row["id"], "result_enc")) if sealed is not None else None,
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN = ("id", "tenant", "connection", "package_id", "application_id", "subject_ref", "status", "ordered_at")


def _place(order_id: str, column: str) -> str:
    return f"assessment_order|{column}|{order_id}"
