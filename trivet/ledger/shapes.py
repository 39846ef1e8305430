"""What vendors' records, scorers and targets have looked like so far: paths and counts, never a value."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, delete, select

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.bulk import upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import shape


@dataclass(frozen=True, slots=True)
class Shape:
    """One path of one source: `jobs /title`, a scorer's version, a target's property."""

    source: str
    path: str
    first_batch: str
    last_batch: str
    records: int
    """How many records had it; the row of the empty path counts all."""
    state: str
    """known, or new or vanished and not accepted yet."""
    noticed_batch: str | None = None
    example: str | None = None
    """The vendor's id of the first record that showed it."""


def known(tx: Transaction, *, tenant: str, flow: str, source: str) -> dict[str, Shape]:
    """What the source has looked like, by path."""
    query = select(shape).filter_by(tenant=tenant, flow=flow, source=source)
    return {row["path"]: _shape(row) for row in tx.conn.execute(query).mappings()}


def put_many(tx: Transaction, shapes: Sequence[Shape], *, tenant: str, flow: str) -> None:
    """Stores or replaces."""
    rows = [
        {"tenant": tenant, "flow": flow} | {name: getattr(entry, name) for name in Shape.__slots__}
        for entry in shapes
    ]
    upsert(tx.conn, shape, rows)


def noticed(
    tx: Transaction, *, tenant: str | None = None, flow: str | None = None, batch_id: str | None = None
) -> list[Shape]:
    """What is new or has vanished and was not accepted, by source and path."""
    query = select(shape).where(shape.c.state != "known").order_by(shape.c.source, shape.c.path)
    for column, value in ((shape.c.tenant, tenant), (shape.c.flow, flow), (shape.c.noticed_batch, batch_id)):
        if value is not None:
            query = query.where(column == value)
    return [_shape(row) for row in tx.conn.execute(query).mappings()]


def accept(tx: Transaction, *, tenant: str, flow: str, actor: str) -> list[Shape]:
    """What was noticed is how things are from now on; what was accepted."""
    found = noticed(tx, tenant=tenant, flow=flow)
    ours = (shape.c.tenant == tenant) & (shape.c.flow == flow)
    tx.conn.execute(delete(shape).where(ours, shape.c.state == "vanished"))
    tx.conn.execute(shape.update().where(ours, shape.c.state == "new").values(state="known"))
    tx.events += [
        Event(
            WHOLE_LEDGER,
            f"{tenant}/{flow}",
            "DRIFT_ACCEPTED",
            actor=actor,
            note=f"{s.state} {s.source} {s.path}"[:200],
        )
        for s in found
    ]
    return found


def _shape(row: RowMapping) -> Shape:
    return Shape(**{name: row[name] for name in Shape.__slots__})
