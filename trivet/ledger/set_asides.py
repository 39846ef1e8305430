"""What did not go on, and why: one entry per item with code, JSON pointer and place; never a payload."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from trivet.ledger.batches import Batch
from trivet.ledger.bulk import run_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import set_aside


@dataclass(frozen=True, slots=True)
class SetAside:
    """One item that was set aside at a stage (`translate`, `score`, `decide`, `map`, `plan`)."""

    stage: str
    kind: str
    item: str
    """The item's id: a record, document or interview id; equal item and stage means the same trouble."""
    code: str
    message: str
    """Redacted: field names and limits, no values."""
    pointer: str = ""
    place: str | None = None
    subject_ref: str | None = None
    batch_id: str = ""
    created_at: str = ""
    resolved_at: str | None = None


_RESOLVE = (
    update(set_aside)
    .where(
        set_aside.c.tenant == bindparam("tenant_"),
        set_aside.c.stage == bindparam("stage_"),
        set_aside.c.kind == bindparam("kind_"),
        set_aside.c.item.in_(bindparam("ids", expanding=True)),
        set_aside.c.resolved_at.is_(None),
    )
    .values(resolved_at=bindparam("at"))
)


def add_many(tx: Transaction, batch: Batch, entries: Sequence[SetAside]) -> None:
    """Stores the entries for the batch; earlier open ones for the same items are replaced."""
    items = {(entry.stage, entry.kind, entry.item) for entry in entries}
    for stage, kind in {(stage, kind) for stage, kind, _ in items}:
        resolve(tx, batch.tenant, stage, kind, [name for s, k, name in items if (s, k) == (stage, kind)])
    rows = [
        {
            "id": secrets.token_hex(8),
            "tenant": batch.tenant,
            "batch_id": batch.id,
            "stage": entry.stage,
            "kind": entry.kind,
            "item": entry.item,
            "subject_ref": entry.subject_ref,
            "code": entry.code,
            "pointer": entry.pointer,
            "message": entry.message[:500],
            "place": entry.place,
            "created_at": tx.stamp,
        }
        for entry in entries
    ]
    upsert(tx.conn, set_aside, rows)


def resolve(tx: Transaction, tenant: str, stage: str, kind: str, items: Iterable[str]) -> None:
    """These items passed the stage after all."""
    given = {"tenant_": tenant, "stage_": stage, "kind_": kind, "at": tx.stamp}
    run_in(tx.conn, _RESOLVE, items, given)


def find(
    tx: Transaction,
    *,
    batch_id: str | None = None,
    tenant: str | None = None,
    subject_ref: str | None = None,
    resolved: bool = False,
) -> list[SetAside]:
    """The entries that match, oldest first; resolved ones only on request."""
    query = select(set_aside).order_by(set_aside.c.created_at, set_aside.c.item)
    named = (
        (set_aside.c.batch_id, batch_id),
        (set_aside.c.tenant, tenant),
        (set_aside.c.subject_ref, subject_ref),
    )
    for column, value in named:
        if value is not None:
            query = query.where(column == value)
    if not resolved:
        query = query.where(set_aside.c.resolved_at.is_(None))
    rows = tx.conn.execute(query).mappings()
    return [SetAside(**{name: row[name] for name in SetAside.__slots__}) for row in rows]
