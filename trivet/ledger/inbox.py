"""Events that vendors told us: stored before they are answered, once however often they come, until a batch takes them."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import func, select, update

from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import inbound
from trivet.model import Event, Gone


def put(tx: Transaction, connection: str, events: Sequence[Event]) -> int:
    """How many of the events are new."""
    rows = {}
    for entry in events:
        key = tx.blind("event", connection, entry.id)
        gone = [[stream, asdict(lost)] for stream, lost in entry.gone]
        rows[key] = {
            "id": key,
            "connection": connection,
            "kind": entry.kind[:200],
            "payload_enc": tx.seal({"gone": gone}, _place(key)),
            "key_id": tx.keys.newest,
            "received_at": tx.stamp,
        }
    known: set[str] = set()
    for part in chunks(rows):
        known |= set(tx.conn.scalars(select(inbound.c.id).where(inbound.c.id.in_(part))))
    upsert(tx.conn, inbound, list(rows.values()), keep=True)
    return len(rows) - len(known)


def waiting(tx: Transaction) -> dict[str, int]:
    """How many events no batch has taken yet, by connection."""
    query = select(inbound.c.connection, func.count()).where(inbound.c.batch_id.is_(None))
    return {row[0]: row[1] for row in tx.conn.execute(query.group_by(inbound.c.connection))}


def take(tx: Transaction, connection: str, batch_id: str) -> list[tuple[str, Gone]]:
    """The batch takes every event of the connection that waits; what they say is no more, by stream."""
    here = (inbound.c.connection == connection) & inbound.c.batch_id.is_(None)
    rows = tx.conn.execute(select(inbound.c.id, inbound.c.payload_enc).where(here)).all()
    for part in chunks(row.id for row in rows):
        tx.conn.execute(update(inbound).where(inbound.c.id.in_(part)).values(batch_id=batch_id))
    told = [tx.unseal(row.payload_enc, _place(row.id))["gone"] for row in rows]
    return [(stream, Gone(**lost)) for gone in told for stream, lost in gone]


def _place(key: str) -> str:
    return f"inbound|payload_enc|{key}"
