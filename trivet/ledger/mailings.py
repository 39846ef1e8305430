"""Letters about reports, one row a recipient and version of a report: sent once, never lost, never twice.

due ──► sending ──► sent
 ▲         ├──────► refused      the mail server does not take this recipient
 │         ├──────► unknown      handed in, answer lost: a person looks, for sending again could be once too often
 └─────────┘                     provably not handed in: the next run tries again

`sending` is committed before the first byte leaves; who finds it long after its process died cannot know.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import select, update

from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import mailing
from trivet.ledger.times import stamp

State = Literal["due", "sending", "sent", "unknown", "refused"]
ABANDONED = timedelta(hours=1)
"""Longer than any letter takes."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """One recipient's letter."""

    id: str
    report: str
    """The assessment's id."""
    version: str
    """Of what the report says: the assessment's fingerprint."""
    subject_ref: str | None
    state: State
    code: str | None
    changed_at: str


def mailing_id(tx: Transaction, tenant: str, report: str, version: str, address: str) -> str:
    """The row of that letter, which does not tell the address."""
    return tx.blind("mailing", tenant, report, version, address.lower())


def want(
    tx: Transaction, tenant: str, report: str, version: str, subject_ref: str, addresses: Iterable[str]
) -> None:
    """These are to get this version of the report; who was noted before stays as noted."""
    rows = [
        {
            "id": mailing_id(tx, tenant, report, version, address),
            "tenant": tenant,
            "report": report,
            "version": version,
            "subject_ref": subject_ref,
            "state": "due",
            "code": None,
            "changed_at": tx.stamp,
        }
        for address in addresses
    ]
    upsert(tx.conn, mailing, list({row["id"]: row for row in rows}.values()), keep=True)


def claim(tx: Transaction, ids: Iterable[str]) -> set[str]:
    """Those of the letters that are due and are ours to send now; another process gets none of them."""
    return {name for name in ids if _move(tx, [name], ("due",), "sending")}


def settle(tx: Transaction, ids: Sequence[str], state: State, code: str | None = None) -> None:
    """What became of letters that were being sent."""
    _move(tx, ids, ("sending",), state, code)
    if state in ("sent", "unknown", "refused"):
        tx.events += [
            Event(WHOLE_LEDGER, name[:16], f"REPORT_{state.upper()}", "sending", state, note=code or "")
            for name in ids
        ]


def give_up_abandoned(tx: Transaction, tenant: str) -> set[str]:
    """Letters whose process died while it sent them become unknown; the reports that they were about."""
    old = (mailing.c.tenant == tenant) & (mailing.c.state == "sending")
    old &= mailing.c.changed_at < stamp(tx.now - ABANDONED)
    found = set(tx.conn.scalars(select(mailing.c.report).where(old)))
    if found:
        tx.conn.execute(
            update(mailing).where(old).values(state="unknown", code="ABANDONED", changed_at=tx.stamp)
        )
    return found


def again(tx: Transaction, tenant: str, report: str) -> int:
    """A person wants the report's unknown and refused letters sent once more; how many that are."""
    ours = (mailing.c.tenant == tenant) & (mailing.c.report == report)
    here = update(mailing).where(ours, mailing.c.state.in_(("unknown", "refused")))
    return tx.conn.execute(here.values(state="due", code=None, changed_at=tx.stamp)).rowcount


def forget_due(tx: Transaction, tenant: str, report: str, version: str | None = None) -> None:
    """Nobody waits for the report any more, or only for this version of it."""
    here = (mailing.c.tenant == tenant) & (mailing.c.report == report) & (mailing.c.state == "due")
    if version is not None:
        here &= mailing.c.version != version
    tx.conn.execute(mailing.delete().where(here))


def due_reports(tx: Transaction, tenant: str) -> set[str]:
    """Reports of which somebody waits for a letter."""
    query = select(mailing.c.report).where(mailing.c.tenant == tenant, mailing.c.state == "due")
    return set(tx.conn.scalars(query.distinct()))


def of_reports(tx: Transaction, tenant: str, reports: Iterable[str]) -> list[Mailing]:
    """Every letter about these reports."""
    found = []
    for part in chunks(reports):
        query = select(mailing).where(mailing.c.tenant == tenant, mailing.c.report.in_(part))
        for row in tx.conn.execute(query.order_by(mailing.c.report, mailing.c.id)).mappings():
            found.append(Mailing(**{name: row[name] for name in Mailing.__slots__}))
    return found


def _move(
    tx: Transaction, ids: Sequence[str], before: Sequence[str], state: State, code: str | None = None
) -> int:
    here = update(mailing).where(mailing.c.id.in_(ids), mailing.c.state.in_(before))
    return tx.conn.execute(here.values(state=state, code=code, changed_at=tx.stamp)).rowcount
