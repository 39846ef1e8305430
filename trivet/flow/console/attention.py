"""What waits for a person: open cases, deliveries that were refused or are stuck, people without number, what was set aside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text, tuple_

from trivet.flow.console.access import of_flows
from trivet.flow.hub import Hub
from trivet.ledger.tables import UNSETTLED_SQL, batch, case, operation, set_aside

MOST = 100


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
        waits = [
            operation.c.state == "waiting_identity",
            text(UNSETTLED_SQL),
            *_of(operation.c.batch_id, chosen, batch_id),
        ]
        named = select(operation.c.subject_ref, operation.c.target, operation.c.created_at, batch.c.flow)
        named = named.outerjoin(batch, batch.c.id == operation.c.batch_id).where(*waits)
        waiting = _together(tx.conn.execute(named))
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
    people = len({one.subject_ref for one in waiting})
    return Attention(shown, more, number, waiting[:MOST], people, aside)


def _together(rows: Iterable[Any]) -> list[Waiting]:
    """A row a person and system, who waits longest first."""
    # counted here: a database that groups by person reads every delivery there is, in the order of people
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        found.setdefault((row.subject_ref or "", row.target), []).append(row)
    waiting = [
        Waiting(ref, target, len(same), min(row.created_at for row in same), same[0].flow)
        for (ref, target), same in found.items()
    ]
    return sorted(waiting, key=lambda one: (one.since, one.subject_ref))


def _of(column: Any, flows: frozenset[str] | None, batch_id: str) -> list[Any]:
    found = [column == batch_id] if batch_id else []
    return found if flows is None else [*found, of_flows(column, flows)]
