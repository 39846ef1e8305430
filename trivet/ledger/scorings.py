"""Scorers' answers by scoring key: equal work is asked and paid once; a ticket outlives the process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, select

from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import scoring
from trivet.model import Document


@dataclass(frozen=True, slots=True)
class Scoring:
    """One piece of a scorer's work: `done` has an answer, `pending` a ticket, `refused` a code."""

    key: str
    scorer: str
    interview: str
    state: Literal["done", "pending", "refused"]
    subject_ref: str | None
    answer: Document | None = None
    ticket: str | None = None
    poll_at: str | None = None
    """When to ask for the ticket again (`times.stamp`)."""
    code: str | None = None
    message: str | None = None


def put_many(tx: Transaction, tenant: str, scorings: Sequence[Scoring]) -> None:
    """Stores or replaces; the answers are sealed."""
    rows = {
        entry.key: {
            "tenant": tenant,
            "key": entry.key,
            "scorer": entry.scorer,
            "interview": entry.interview,
            "state": entry.state,
            "ticket": entry.ticket,
            "poll_at": entry.poll_at,
            "answer_enc": None if entry.answer is None else tx.seal(entry.answer, _place(tenant, entry.key)),
            "key_id": tx.keys.newest,
            "code": entry.code,
            "message": entry.message,
            "subject_ref": entry.subject_ref,
            "updated_at": tx.stamp,
        }
        for entry in scorings
    }
    upsert(tx.conn, scoring, list(rows.values()))


def get_many(tx: Transaction, tenant: str, keys: Iterable[str]) -> dict[str, Scoring]:
    """Those that are known, opened, by key."""
    found: dict[str, Scoring] = {}
    for part in chunks(keys):
        query = select(scoring).where(scoring.c.tenant == tenant, scoring.c.key.in_(part))
        found |= {row.key: _scoring(tx, row) for row in tx.conn.execute(query)}
    return found


def of_interviews(tx: Transaction, tenant: str, interviews: Iterable[str]) -> list[Scoring]:
    """Everything that scorers said about these interviews, opened."""
    found: list[Scoring] = []
    for part in chunks(interviews):
        query = select(scoring).where(scoring.c.tenant == tenant, scoring.c.interview.in_(part))
        found += [_scoring(tx, row) for row in tx.conn.execute(query.order_by(scoring.c.key))]
    return found


def pending(tx: Transaction, tenant: str, *, due: bool = True) -> list[Scoring]:
    """The work whose ticket is to be asked for now (`due`), or all that is pending."""
    query = select(scoring).where(scoring.c.tenant == tenant, scoring.c.state == "pending")
    if due:
        query = query.where(scoring.c.poll_at <= tx.stamp)
    return [_scoring(tx, row) for row in tx.conn.execute(query.order_by(scoring.c.poll_at))]


def _scoring(tx: Transaction, row: Row[Any]) -> Scoring:
    return Scoring(
        key=row.key,
        scorer=row.scorer,
        interview=row.interview,
        state=row.state,
        subject_ref=row.subject_ref,
        answer=None if row.answer_enc is None else tx.unseal(row.answer_enc, _place(row.tenant, row.key)),
        ticket=row.ticket,
        poll_at=row.poll_at,
        code=row.code,
        message=row.message,
    )


def _place(tenant: str, key: str) -> str:
    return f"scoring|answer_enc|{tenant}/{key}"
