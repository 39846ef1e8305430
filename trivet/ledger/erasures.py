"""Erasing a person, place by place: each is confirmed, listed because nothing can be called back there, or a person's case.

due ──► confirmed
 ├────► listed      out of our hands: a letter that was sent, what a scorer heard, the HR system's own record
 └────► case        could not be taken back: somebody has to do it by hand
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Delete, Table, delete, select, text, update

from trivet.ledger import contents, orders, subject_keys
from trivet.ledger.bulk import upsert
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.tables import (
    case,
    crosswalk,
    decision_input,
    document,
    erasure,
    legal_hold,
    mailing,
    operation,
    record,
    recording,
    scoring,
    set_aside,
    wish,
)

State = Literal["due", "confirmed", "listed", "case", "held"]
PERSONAL = (record, document, crosswalk, scoring, decision_input, recording, set_aside, mailing, wish)
"""Tables whose rows about a person go with the person."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something of the person is or was."""

    place: str
    state: State
    detail: str
    changed_at: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing of the person may be erased for now."""

    reason: str
    said_by: str
    since: str


def put(
    tx: Transaction, tenant: str, subject_ref: str, places: Iterable[Place], *, keep: bool = False
) -> None:
    """Notes the places' states; with `keep` a place that was noted before stays as it was."""
    rows = [
        {
            "id": f"{subject_ref}/{entry.place}",
            "tenant": tenant,
            "subject_ref": subject_ref,
            "place": entry.place,
            "state": entry.state,
            "detail": entry.detail,
            "changed_at": tx.stamp,
        }
        for entry in places
    ]
    upsert(tx.conn, erasure, rows, keep=keep)


def places(tx: Transaction, subject_ref: str) -> list[Place]:
    """The places of the person's erasure, by name; empty where none was begun."""
    query = select(erasure).filter_by(subject_ref=subject_ref).order_by(erasure.c.place)
    return [Place(row.place, row.state, row.detail, row.changed_at) for row in tx.conn.execute(query)]


def unfinished(tx: Transaction) -> list[tuple[str, str]]:
    """Tenant and pseudonym of everybody whose erasure has a place that is due."""
    query = select(erasure.c.tenant, erasure.c.subject_ref).where(erasure.c.state == "due").distinct()
    return [(row.tenant, row.subject_ref) for row in tx.conn.execute(query.order_by(erasure.c.subject_ref))]


def close(tx: Transaction, subject_ref: str) -> None:
    """The erasure is over and done with: another one may begin."""
    tx.conn.execute(delete(erasure).filter_by(subject_ref=subject_ref))


def hold(tx: Transaction, tenant: str, subject_ref: str, reason: str, said_by: str) -> None:
    """Nothing of the person is erased until the hold ends."""
    row = {
        "tenant": tenant, "subject_ref": subject_ref, "reason": reason, "said_by": said_by, "since": tx.stamp
    }  # fmt: skip
    upsert(tx.conn, legal_hold, [row])


def release(tx: Transaction, tenant: str, subject_ref: str) -> bool:
    """Ends the hold; whether there was one."""
    gone = delete(legal_hold).filter_by(tenant=tenant, subject_ref=subject_ref)
    return tx.conn.execute(gone).rowcount > 0


def held(tx: Transaction, tenant: str, subject_ref: str) -> Hold | None:
    """The hold on the person, if there is one."""
    row = tx.conn.execute(select(legal_hold).filter_by(tenant=tenant, subject_ref=subject_ref)).first()
    return None if row is None else Hold(row.reason, row.said_by, row.since)


def holds(tx: Transaction) -> list[tuple[str, str, Hold]]:
    """Every hold, with tenant and pseudonym."""
    query = select(legal_hold).order_by(legal_hold.c.since, legal_hold.c.subject_ref)
    return [
        (row.tenant, row.subject_ref, Hold(row.reason, row.said_by, row.since)) for row in tx.conn.execute(query)
    ]  # fmt: skip


def forget(tx: Transaction, tenant: str, subject_ref: str) -> int:
    """Everything of the person leaves the ledger; of operations stays that they were, as proof. How many rows went."""
    if tx.conn.dialect.name == "sqlite":
        # what is deleted is written over, not only forgotten
        tx.conn.exec_driver_sql("PRAGMA secure_delete = ON")
    theirs = (operation.c.tenant == tenant) & (operation.c.subject_ref == subject_ref)
    ids = list(tx.conn.scalars(select(operation.c.id).where(theirs)))
    contents.erase(tx, ids)
    tx.conn.execute(update(operation).where(theirs).values(error_text=None, scope=None))
    orders.forget(tx, tenant, subject_ref)
    gone = len(ids)
    for table in PERSONAL:
        gone += tx.conn.execute(_of(table, tenant, subject_ref)).rowcount
    said = update(case).where(case.c.tenant == tenant, case.c.subject_ref == subject_ref)
    tx.conn.execute(said.where(case.c.code != "ERASURE_BY_HAND").values(message="(erased)", note=None))
    return gone


def erase_keys(tx: Transaction, subject_ref: str) -> list[str]:
    """The ids of the person's keys, which are no more."""
    if tx.conn.dialect.name == "sqlite":
        tx.conn.exec_driver_sql("PRAGMA secure_delete = ON")
    ids = subject_keys.ids_of(tx.conn, subject_ref)
    subject_keys.erase(tx.conn, [subject_ref], tx.stamp)
    return ids


def forget_archived(archive: Transaction, tenant: str, subject_ref: str) -> int:
    """The person's contents leave an archive; how many operations that were."""
    archive.conn.exec_driver_sql("PRAGMA secure_delete = ON")
    theirs = (operation.c.tenant == tenant) & (operation.c.subject_ref == subject_ref)
    ids = list(archive.conn.scalars(select(operation.c.id).where(theirs)))
    contents.erase(archive, ids)
    archive.conn.execute(update(operation).where(theirs).values(error_text=None, scope=None))
    archive.conn.execute(_of(decision_input, tenant, subject_ref))
    return len(ids)


def write_over(ledger: Ledger) -> None:
    """Nothing of what was deleted stays in the database's own log or free space."""
    if ledger.engine.dialect.name == "sqlite":
        with closing(ledger.engine.raw_connection()) as conn:
            conn.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as there:
        there.execute(text("VACUUM subject_key"))


def _of(table: Table, tenant: str, subject_ref: str) -> Delete:
    return delete(table).where(table.c.tenant == tenant, table.c.subject_ref == subject_ref)
