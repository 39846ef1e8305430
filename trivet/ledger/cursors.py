"""Where each stream resumes; written in the transaction that stores the page."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.bulk import upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import cursor
from trivet.model import Cursor


@dataclass(frozen=True, slots=True)
class StoredCursor:
    """One stream's position."""

    tenant: str
    flow: str
    connection: str
    stream: str
    value: Cursor
    updated_at: str
    whole_at: str | None
    """When the stream was last read from its beginning to its end."""


def get(tx: Transaction, *, tenant: str, flow: str, connection: str, stream: str) -> StoredCursor | None:
    """The stored position, or None for a stream that starts from the beginning."""
    query = select(cursor).filter_by(tenant=tenant, flow=flow, connection=connection, stream=stream)
    row = tx.conn.execute(query).mappings().first()
    return None if row is None else StoredCursor(**row)


def put(tx: Transaction, *, tenant: str, flow: str, connection: str, stream: str, value: Cursor) -> None:
    """Stores the cursor."""
    key = {"tenant": tenant, "flow": flow, "connection": connection, "stream": stream}
    upsert(tx.conn, cursor, [key | {"value": value, "updated_at": tx.stamp}])


def read_whole(tx: Transaction, *, tenant: str, flow: str, connection: str, stream: str, at: str) -> None:
    """The stream was read whole by a read that began then."""
    here = cursor.c.stream == stream
    for column, value in (
        (cursor.c.tenant, tenant),
        (cursor.c.flow, flow),
        (cursor.c.connection, connection),
    ):
        here &= column == value
    tx.conn.execute(update(cursor).where(here).values(whole_at=at))


def show(tx: Transaction, *, tenant: str, flow: str) -> list[StoredCursor]:
    """Every cursor of the flow."""
    query = select(cursor).filter_by(tenant=tenant, flow=flow)
    rows = tx.conn.execute(query.order_by(cursor.c.connection, cursor.c.stream)).mappings()
    return [StoredCursor(**row) for row in rows]


def reset(
    tx: Transaction, *, tenant: str, flow: str, streams: Iterable[str] | None = None, actor: str
) -> list[tuple[str, str]]:
    """Forgets the cursors of these streams (None: all), so that the next run pulls from the beginning; connection and
    stream of each."""
    ours = (cursor.c.tenant == tenant) & (cursor.c.flow == flow)
    if streams is not None:
        ours &= cursor.c.stream.in_(list(streams))
    rows = tx.conn.execute(select(cursor.c.connection, cursor.c.stream).where(ours))
    gone = [(row.connection, row.stream) for row in rows]
    tx.conn.execute(delete(cursor).where(ours))
    for _, stream in gone:
        event = Event(WHOLE_LEDGER, f"{tenant}/{flow}/{stream}", "CURSOR_RESET", actor=actor)
        tx.events.append(event)
    return gone
