"""What waits for a person: open cases, deliveries that were refused or are stuck, people without number, what was set aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, tuple_

from trivet.flow.access import of_flows
from trivet.flow.hub import Hub
from trivet.ledger.tables import batch, case, operation, set_aside

MOST = 100
KINDS = ("stuck", "conflict", "identity", "other")
"""In this order on the page."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """People of whom something waits for an employee number."""

    subject_ref: str
    target: str
    operations: int
    since: str
    flow: str | None


@dataclass(frozen=True, slots=True)
class Attention:
    """One page of cases, and the rest in numbers with the first of each."""

    cases: Sequence[Any]
    next: str | None
    open: int
    """Cases, all pages together."""
    waiting: Sequence[Waiting]
    waiting_people: int
    aside: Sequence[Any]
    """Per step and code: how many, since when, one example."""


_CASE = (
    select(
        case.c.id, case.c.opened_at, case.c.batch_id, case.c.operation_id, case.c.target, case.c.subject_ref, case.c.code,
        case.c.message, batch.c.flow, operation.c.state, operation.c.entity, operation.c.kind, operation.c.stuck_from,
        operation.c.reference, operation.c.remote_id, operation.c.error_code, operation.c.error_text,
    )
    .outerjoin(batch, batch.c.id == case.c.batch_id)
    .outerjoin(operation, operation.c.id == case.c.operation_id)
)  # fmt: skip


def attention(
    hub: Hub, flows: frozenset[str] | None = None, *, batch_id: str = "", flow: str = "", after: str = ""
) -> Attention:
    """What waits in these flows, of one batch or flow where it is named."""
    chosen = flows if not flow else frozenset({flow}) & (flows if flows is not None else frozenset({flow}))
    here = [case.c.state == "open", *([case.c.batch_id == batch_id] if batch_id else [])]
    if chosen is not None:
        here.append(of_flows(case.c.batch_id, chosen))
    page = list(here)
    if after:
        at, _, name = after.rpartition("_")
        page.append(tuple_(case.c.opened_at, case.c.id) < tuple_(at, name))
    with hub.ledger.read() as tx:
        query = _CASE.where(*page).order_by(case.c.opened_at.desc(), case.c.id.desc())
        rows = tx.conn.execute(query.limit(MOST + 1)).all()
        number = tx.conn.scalar(select(func.count()).select_from(case).where(*here)) or 0
        waits = [operation.c.state == "waiting_identity", *_of(operation.c.batch_id, chosen, batch_id)]
        waiting = tx.conn.execute(
            select(
                operation.c.subject_ref, operation.c.target, func.count(), func.min(operation.c.created_at),
                func.min(batch.c.flow),
            )
            .outerjoin(batch, batch.c.id == operation.c.batch_id)
            .where(*waits)
            .group_by(operation.c.subject_ref, operation.c.target)
            .order_by(func.min(operation.c.created_at))
            .limit(MOST)
        ).all()  # fmt: skip
        people = tx.conn.scalar(select(func.count(operation.c.subject_ref.distinct())).where(*waits)) or 0
        aside = tx.conn.execute(
            select(
                set_aside.c.stage, set_aside.c.code, func.count().label("number"),
                func.min(set_aside.c.created_at).label("since"), func.max(set_aside.c.batch_id).label("batch_id"),
                func.max(set_aside.c.place).label("place"), func.max(set_aside.c.message).label("message"),
            )
            .where(set_aside.c.resolved_at.is_(None), *_of(set_aside.c.batch_id, chosen, batch_id))
            .group_by(set_aside.c.stage, set_aside.c.code)
            .order_by(func.count().desc())
            .limit(MOST)
        ).all()  # fmt: skip
    shown = rows[:MOST]
    more = f"{shown[-1].opened_at}_{shown[-1].id}" if len(rows) > MOST else None
    return Attention(shown, more, number, [Waiting(*row) for row in waiting], people, aside)


def _of(column: Any, flows: frozenset[str] | None, batch_id: str) -> list[Any]:
    found = [column == batch_id] if batch_id else []
    return found if flows is None else [*found, of_flows(column, flows)]
