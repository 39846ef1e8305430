"""Scorers' answers by scoring key: equal work is asked and paid once; a ticket outlives the process."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import bindparam, literal_column, null, select, update

from trivet.ledger.bulk import rows_in, run_in, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import scoring
from trivet.ledger.times import stamp
from trivet.model import Document


class Scoring(NamedTuple):
    """One piece of a scorer's work: `done` has an answer, `pending` a ticket, `refused` a code."""

    key: str
    scorer: str
    """Id of its connection."""
    interview: str
    state: Literal["done", "pending", "refused"]
    subject_ref: str | None
    answer: Document | None = None
    ticket: str | None = None
    poll_at: str | None = None
    """When to ask for the ticket again (`times.stamp`)."""
    code: str | None = None
    message: str | None = None


_NAMES = (
    "tenant", "key", "answer_enc", "scorer", "interview", "state", "subject_ref", "ticket", "poll_at", "code", "message",
)  # fmt: skip
_SEALED = _NAMES.index("answer_enc")
_ALL = select(*(scoring.c[name] for name in _NAMES))
_BY_KEY = _ALL.where(
    scoring.c.tenant == bindparam("tenant_"), scoring.c.key.in_(bindparam("ids", expanding=True))
)
_BY_SUBJECT = _ALL.where(scoring.c.subject_ref.in_(bindparam("ids", expanding=True)))

_AWAITED = (
    select(scoring.c.subject_ref)
    .where(
        scoring.c.state == "pending", scoring.c.poll_at >= bindparam("since"), scoring.c.tenant == bindparam("tenant_")
    )
    .distinct()
)  # fmt: skip
_GIVE_UP = (
    update(scoring)
    .where(
        scoring.c.state == "pending", scoring.c.tenant == bindparam("tenant_"),
        scoring.c.subject_ref.in_(bindparam("ids", expanding=True)),
    )
    .values(
        state=literal_column("'refused'"), ticket=null(), code=literal_column("'CONSENT_MISSING'"),
        updated_at=bindparam("at"),
    )
)  # fmt: skip
FORGOTTEN = timedelta(days=14)
"""A ticket that nobody could ask for so long is not waited for: no service keeps its results longer."""


def put_many(tx: Transaction, tenant: str, scorings: Sequence[Scoring]) -> None:
    """Stores or replaces; the answers are sealed."""
    tx.prepare(entry.subject_ref for entry in scorings)
    rows = {
        entry.key: {
            "tenant": tenant,
            "key": entry.key,
            "scorer": entry.scorer,
            "interview": entry.interview,
            "state": entry.state,
            "ticket": entry.ticket,
            "poll_at": entry.poll_at,
            "answer_enc": _sealed(tx, tenant, entry),
            "key_id": tx.key_of(entry.subject_ref),
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
    rows = rows_in(tx.conn, _BY_KEY, keys, {"tenant_": tenant})
    return {entry.key: entry for entry in (_scoring(tx, row) for row in tx.opening(rows, _SEALED))}


def of_interviews(tx: Transaction, tenant: str, interviews: Mapping[str, str]) -> list[Scoring]:
    """Everything that scorers said about these interviews (with the pseudonym of whom each is about), opened."""
    # the person finds the rows: there is no index of interviews, and one person has few of them
    rows = rows_in(tx.conn, _BY_SUBJECT, set(interviews.values()))
    ours = (row for row in rows if row[0] == tenant and row[4] in interviews)
    return [_scoring(tx, row) for row in tx.opening(ours, _SEALED)]


def of_people(tx: Transaction, tenant: str, subject_refs: Iterable[str]) -> list[Scoring]:
    """Everything that scorers said about these people, opened."""
    ours = (row for row in rows_in(tx.conn, _BY_SUBJECT, subject_refs) if row[0] == tenant)
    return [_scoring(tx, row) for row in tx.opening(ours, _SEALED)]


def give_up(tx: Transaction, tenant: str, subject_refs: Iterable[str]) -> int:
    """Nobody waits any more for what scorers still work on about these people; how many tickets those were."""
    return run_in(tx.conn, _GIVE_UP, subject_refs, {"tenant_": tenant, "at": tx.stamp})


def of_scorer(tx: Transaction, tenant: str, scorer: str) -> list[Scoring]:
    """Every answer of one connection, opened, the oldest first."""
    query = _ALL.where(scoring.c.tenant == tenant, scoring.c.scorer == scorer, scoring.c.state == "done")
    rows = tx.conn.execute(query.order_by(scoring.c.updated_at))
    return [_scoring(tx, row) for row in tx.opening(rows, _SEALED)]


def awaited(tx: Transaction, tenant: str) -> set[str]:
    """Pseudonyms of whom a scorer still works on."""
    since = stamp(tx.now - FORGOTTEN)
    found = tx.conn.scalars(_AWAITED, {"tenant_": tenant, "since": since})
    return {ref for ref in found if ref is not None}


def _sealed(tx: Transaction, tenant: str, entry: Scoring) -> bytes | None:
    if entry.answer is None:
        return None
    return tx.seal(entry.answer, _place(tenant, entry.key), entry.subject_ref)


def _scoring(tx: Transaction, row: Sequence[Any]) -> Scoring:
    tenant, key, sealed, scorer, interview, state, subject_ref, *rest = row
    answer = None if sealed is None else tx.unseal(sealed, _place(tenant, key))
    return Scoring(key, scorer, interview, state, subject_ref, answer, *rest)


def _place(tenant: str, key: str) -> str:
    return f"scoring|answer_enc|{tenant}/{key}"
