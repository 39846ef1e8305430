"""Recordings by reference: what lies where, with which hash; the media itself is a file."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import bindparam, func, select

from trivet.ledger.bulk import rows_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import recording


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording; path, hash, type and size are known once it is `fetched`, a code once it is `refused`."""

    id: str
    state: Literal["fetched", "refused", "erased"]
    subject_ref: str | None
    sha256: str | None = None
    path: str | None = None
    media_type: str | None = None
    bytes: int | None = None
    code: str | None = None


_ALL = select(*(recording.c[name] for name in Recording.__slots__))
_NAMED = _ALL.where(
    recording.c.tenant == bindparam("tenant_"), recording.c.id.in_(bindparam("ids", expanding=True))
)


def put_many(tx: Transaction, tenant: str, recordings: Sequence[Recording]) -> None:
    """Stores or replaces."""
    rows = {entry.id: asdict(entry) | {"tenant": tenant, "updated_at": tx.stamp} for entry in recordings}
    upsert(tx.conn, recording, list(rows.values()))


def get_many(tx: Transaction, tenant: str, ids: Iterable[str]) -> dict[str, Recording]:
    """Those that are known, by id."""
    found = (Recording(*row) for row in rows_in(tx.conn, _NAMED, ids, {"tenant_": tenant}))
    return {entry.id: entry for entry in found}


def every(tx: Transaction) -> list[tuple[str, Recording]]:
    """Every recording with its tenant."""
    query = _ALL.add_columns(recording.c.tenant).order_by(recording.c.tenant, recording.c.id)
    return [(tenant, Recording(*row)) for *row, tenant in tx.conn.execute(query)]


def at_path(tx: Transaction, path: str) -> int:
    """How many recordings lie in that file."""
    return tx.conn.scalar(select(func.count()).select_from(recording).where(recording.c.path == path)) or 0


def of_subject(tx: Transaction, tenant: str, subject_ref: str) -> list[Recording]:
    """The person's recordings."""
    query = _ALL.filter_by(tenant=tenant, subject_ref=subject_ref).order_by(recording.c.id)
    return [Recording(*row) for row in tx.conn.execute(query)]


def fetched(tx: Transaction, tenant: str, subject_ref: str) -> list[tuple[str, Recording]]:
    """The person's recordings that lie on disk, with the time of their fetching."""
    query = _ALL.add_columns(recording.c.updated_at).filter_by(
        tenant=tenant, subject_ref=subject_ref, state="fetched"
    )
    return [(at, Recording(*row)) for *row, at in tx.conn.execute(query.order_by(recording.c.id))]
