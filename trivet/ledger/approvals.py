"""Approvals: questions to a named person about what of one batch waits for her, and her answers.

waiting ─► approved     what waits may go             ─► rejected    it is cancelled, and not asked for again
        ─► expired      nobody answered: it stays planned, and the next run asks anew
        ─► replaced     nothing of it waits any more: decided anew, taken back, or not wanted
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import RowMapping, insert, select, update

from trivet.errors import LedgerError
from trivet.ledger.audit import ENGINE, Event
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import approval
from trivet.ledger.times import stamp


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an approval may wait, and when who is told again; hours."""

    expires: float
    remind: float | None
    escalate: float | None
    passkey: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """One row of the approval table."""

    id: str
    tenant: str
    flow: str
    batch_id: str
    state: str
    causes: tuple[str, ...]
    detail: dict[str, Any]
    """Counts and versions; no personal data."""
    passkey: bool
    """The answer has to be signed by the person's own device."""
    asked_at: str
    expires_at: str
    remind_at: str | None
    escalate_at: str | None
    """When to tell somebody again, and when somebody else; None where that was done or nobody wants it."""
    decided_by: str | None
    decided_at: str | None
    how: str | None
    """`cli`, `airflow`, `page` or `passkey`."""
    note: str | None

    @property
    def wish(self) -> str | None:
        """What a person wants done (`trivet.ledger.wishes`), where it is not about operations that wait to be sent."""
        verb: str | None = self.detail.get("wish")
        return verb


def ask(
    tx: Transaction, *, tenant: str, flow: str, batch_id: str, causes: Sequence[str], detail: dict[str, Any], terms: Terms,
    actor: str = ENGINE,
) -> Approval:  # fmt: skip
    """A new question about a batch; `actor` is who wants it answered, where that is a person."""

    def after(hours: float | None) -> str | None:
        return None if hours is None else stamp(tx.now + timedelta(hours=hours))

    row: dict[str, Any] = {
        "id": "a" + secrets.token_hex(6), "tenant": tenant, "flow": flow, "batch_id": batch_id, "state": "waiting",
        "causes": " ".join(causes), "detail": json.dumps(detail), "passkey": terms.passkey, "asked_at": tx.stamp,
        "expires_at": after(terms.expires), "remind_at": after(terms.remind), "escalate_at": after(terms.escalate),
    }  # fmt: skip
    tx.conn.execute(insert(approval).values(row))
    note = f"{', '.join(causes)}: {detail.get('operations', 0)} operations"
    tx.events.append(Event(batch_id, row["id"], "APPROVAL_ASKED", None, "waiting", actor=actor, note=note))
    return get(tx, row["id"])


def extend(tx: Transaction, known: Approval, causes: Sequence[str], detail: dict[str, Any]) -> Approval:
    """The open question, about what waits now; whoever looked at it earlier has to look again."""
    detail = {**detail, **{name: known.detail[name] for name in ("asked", "run") if name in known.detail}}
    values = {"causes": " ".join(causes), "detail": json.dumps(detail)}
    tx.conn.execute(update(approval).where(approval.c.id == known.id).values(values))
    note = f"{', '.join(causes)}: {detail.get('operations', 0)} operations"
    tx.events.append(Event(known.batch_id, known.id, "APPROVAL_EXTENDED", note=note))
    return get(tx, known.id)


def note_run(
    tx: Transaction, approval_id: str, what: Literal["asked", "run"], dag_id: str, run_id: str
) -> None:
    """Remembers a run in Airflow: the one that `asked`, or the one that waits for the answer."""
    detail = {**get(tx, approval_id, lock=True).detail, what: [dag_id, run_id]}
    tx.conn.execute(update(approval).where(approval.c.id == approval_id).values(detail=json.dumps(detail)))


def get(tx: Transaction, approval_id: str, *, lock: bool = False) -> Approval:
    """The approval; `LedgerError` APPROVAL_UNKNOWN where there is none of that id."""
    query = select(approval).where(approval.c.id == approval_id)
    row = tx.conn.execute(query.with_for_update() if lock and tx.locks else query).mappings().first()
    if row is None:
        raise LedgerError(
            f"no approval {approval_id!r}",
            code="APPROVAL_UNKNOWN",
            cure="`trivet approvals list` shows what waits",
        )
    return _approval(row)


def find(
    tx: Transaction,
    *,
    state: str | None = "waiting",
    batch_id: str | None = None,
    flow: str | None = None,
    tenant: str | None = None,
    limit: int | None = None,
) -> list[Approval]:
    """Those that match, newest first; the waiting ones unless told otherwise."""
    query = select(approval).order_by(approval.c.asked_at.desc(), approval.c.id)
    named = (("state", state), ("batch_id", batch_id), ("flow", flow), ("tenant", tenant))
    for name, value in named:
        if value is not None:
            query = query.where(approval.c[name] == value)
    return [_approval(row) for row in tx.conn.execute(query.limit(limit)).mappings()]


def decide(
    tx: Transaction,
    known: Approval,
    state: str,
    *,
    actor: str = ENGINE,
    how: str | None = None,
    note: str = "",
) -> None:
    """Ends a waiting approval; it is the caller's who has locked it."""
    values = {
        "state": state, "decided_by": actor, "decided_at": tx.stamp, "how": how, "note": note,
        "remind_at": None, "escalate_at": None,
    }  # fmt: skip
    tx.conn.execute(update(approval).where(approval.c.id == known.id).values(values))
    said = f"{note} (by {how})".strip() if how else note
    code = f"APPROVAL_{state.upper()}"
    tx.events.append(Event(known.batch_id, known.id, code, "waiting", state, actor=actor, note=said))


def told(tx: Transaction, known: Approval, *, escalated: bool) -> None:
    """Somebody was told again."""
    name, code = ("escalate_at", "APPROVAL_ESCALATED") if escalated else ("remind_at", "APPROVAL_REMINDED")
    tx.conn.execute(update(approval).where(approval.c.id == known.id).values({name: None}))
    tx.events.append(Event(known.batch_id, known.id, code, note=known.flow))


def _approval(row: RowMapping) -> Approval:
    return Approval(
        **{
            **row,
            "causes": tuple(row["causes"].split()),
            "detail": json.loads(row["detail"]),
            "passkey": bool(row["passkey"]),
        }
    )
