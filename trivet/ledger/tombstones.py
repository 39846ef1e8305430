"""Who was erased, as keyed hashes of ids: enough to keep the person from coming back, too little to say who it was."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select

from trivet.ledger.bulk import rows_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import tombstone

CODE = "SUBJECT_ERASED"
_KNOWN = select(tombstone.c.hash, tombstone.c.subject_ref).where(
    tombstone.c.hash.in_(bindparam("ids", expanding=True))
)
Name = tuple[str, str]
"""What kind of id, and the id: `("application", "beisen/application/7")`."""


def bury(tx: Transaction, tenant: str, subject_ref: str, names: Iterable[Name]) -> None:
    """Nothing of these ids is taken in any more."""
    rows = [
        {"hash": _hash(tx, tenant, name), "tenant": tenant, "subject_ref": subject_ref, "erased_at": tx.stamp}
        for name in sorted(set(names))
    ]
    upsert(tx.conn, tombstone, rows, keep=True)


def buried(tx: Transaction, tenant: str, names: Iterable[Name]) -> dict[Name, str]:
    """Those of the ids that were buried, with the pseudonym of whom they named."""
    # as a rule nobody was erased: then no hash is computed
    if tx.conn.execute(select(tombstone.c.hash).limit(1)).first() is None:
        return {}
    by_hash = {_hash(tx, tenant, name): name for name in names}
    return {by_hash[key]: subject_ref for key, subject_ref in rows_in(tx.conn, _KNOWN, by_hash)}


def lift(tx: Transaction, tenant: str, subject_ref: str) -> int:
    """The person may be taken in again; how many ids that were."""
    return tx.conn.execute(delete(tombstone).filter_by(tenant=tenant, subject_ref=subject_ref)).rowcount


def known(tx: Transaction, subject_ref: str) -> str | None:
    """The tenant in which this pseudonym was erased; None where it was not."""
    tenant: str | None = tx.conn.scalar(
        select(tombstone.c.tenant).filter_by(subject_ref=subject_ref).limit(1)
    )
    return tenant


def _hash(tx: Transaction, tenant: str, name: Name) -> str:
    return tx.blind("tombstone", tenant, *name)
