"""Events that vendors told us: stored before they are answered, once however often they come, until a batch takes them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import func, select, update

from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import inbound
from trivet.model import Event, Gone


@dataclass(slots=True)
class Told:
    """What events came to."""

    about: set[tuple[str, str]] = field(default_factory=set)
    """Stream and external id of what is worth asking for."""
    gone: list[tuple[str, Gone]] = field(default_factory=list)


def word(kind: str) -> str:
    """The vendor's word; half a character and NUL, which neither databases nor logs take as text, are written out."""
    return kind.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")[:200]


def put(tx: Transaction, connection: str, events: Sequence[Event]) -> int:
    """How many of the events are new."""
    rows = {}
    for entry in events:
        key = tx.blind("event", connection, entry.id)
        said = {"about": entry.about, "gone": [[stream, asdict(lost)] for stream, lost in entry.gone]}
        rows[key] = {
            "id": key,
            "connection": connection,
            "kind": word(entry.kind),
            "payload_enc": tx.seal(said, _place(key)),
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


def count(tx: Transaction) -> int:
    """How many events are kept, taken or not."""
    return tx.conn.scalar(select(func.count()).select_from(inbound)) or 0


def oldest(tx: Transaction, connection: str) -> tuple[str, str] | None:
    """Id and time of the event that has waited longest, of those that no batch has taken yet."""
    here = (inbound.c.connection == connection) & inbound.c.batch_id.is_(None)
    query = select(inbound.c.id, inbound.c.received_at).where(here)
    row = tx.conn.execute(query.order_by(inbound.c.received_at, inbound.c.id).limit(1)).first()
    return None if row is None else (row.id, row.received_at)


def take(tx: Transaction, connection: str, batch_id: str) -> int:
    """The batch takes every event of the connection that waits; how many those are."""
    here = (inbound.c.connection == connection) & inbound.c.batch_id.is_(None)
    return tx.conn.execute(update(inbound).where(here).values(batch_id=batch_id)).rowcount


def told(tx: Transaction, connection: str, batch_id: str) -> Told:
    """What the events say that the batch has taken."""
    here = (inbound.c.connection == connection) & (inbound.c.batch_id == batch_id)
    said = Told()
    for row in tx.conn.execute(select(inbound.c.id, inbound.c.payload_enc).where(here)):
        body = tx.unseal(row.payload_enc, _place(row.id))
        # events from before they told what they are about have no word of it
        said.about.update((stream, name) for stream, name in body.get("about", ()))
        said.gone += [(stream, Gone(**lost)) for stream, lost in body["gone"]]
    return said


def give_back(tx: Transaction, batch_id: str) -> None:
    """The events that the batch has taken wait again."""
    tx.conn.execute(update(inbound).where(inbound.c.batch_id == batch_id).values(batch_id=None))


def _place(key: str) -> str:
    return f"inbound|payload_enc|{key}"
