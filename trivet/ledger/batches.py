"""Batches: one night of one flow, or its fresh results. A run that died is continued, never restarted."""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import RowMapping, bindparam, func, insert, select, update

from trivet.errors import LedgerError
from trivet.ledger import gates
from trivet.ledger.audit import ENGINE, Event
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, document, event, operation

Atomic = Literal["person", "batch", "independent"]
TooMany = Literal["hold", "roll_back"]
Kind = Literal["night", "event"]
WHOLE = "all"
_AND = ", "
_ID_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Batch:
    """One row of the batch table."""

    id: str
    tenant: str
    flow: str
    kind: Kind
    """A night reads everything, an event only what a vendor told of."""
    run_key: str
    environment: str
    atomic: Atomic
    """What a refusal takes with it: the person's other operations, the whole batch, or nothing."""
    max_failed_share: float
    too_many: TooMany
    """What follows when a larger share was refused: the rest waits for a person, or all of it is taken back."""
    state: str
    rollback_reason: str | None
    opened_at: str
    closed_at: str | None
    counters: Mapping[str, int]
    through: tuple[str, ...]
    """The steps of its run that came to their end; `WHOLE` where nothing is left to do for what the batch brought."""

    @property
    def left_work(self) -> bool:
        """Closed though a step had not come to its end; until the next night takes over what the batch brought."""
        return self.closed_at is not None and WHOLE not in self.through


def open_or_resume(
    tx: Transaction,
    *,
    tenant: str,
    flow: str,
    run_key: str,
    environment: str,
    kind: Kind = "night",
    atomic: Atomic = "person",
    max_failed_share: float = 1.0,
    too_many: TooMany = "hold",
) -> tuple[Batch, bool]:
    """The flow's unfinished batch of that kind with True, or a new one with False.

    A new night takes over the operations of the flow's closed batches that are still planned (target down, cap,
    cut-over date); those that somebody is being asked about stay where they are. The policy of the call replaces the
    stored one: the flow file is the truth.
    """
    ours = (batch.c.tenant == tenant) & (batch.c.flow == flow)
    unfinished = ours & (batch.c.kind == kind) & batch.c.closed_at.is_(None)
    known = tx.conn.scalar(select(batch.c.id).where(unfinished).with_for_update())
    if known is not None:
        # this run may bring more: its steps have to look at that, too
        policy = {"atomic": atomic, "max_failed_share": max_failed_share, "too_many": too_many, "through": ""}
        tx.conn.execute(update(batch).where(batch.c.id == known).values(policy))
        tx.events.append(Event(known, known, "BATCH_RESUMED", note=run_key))
        return get(tx, known), True
    batch_id = f"{tx.now:%Y%m%d-%H%M%S}-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(4))
    row = {
        "id": batch_id,
        "tenant": tenant,
        "flow": flow,
        "kind": kind,
        "run_key": run_key,
        "environment": environment,
        "atomic": atomic,
        "max_failed_share": max_failed_share,
        "too_many": too_many,
        "state": "open",
        "opened_at": tx.stamp,
        "counters": "{}",
        "through": "",
    }
    tx.conn.execute(insert(batch).values(row))
    tx.events.append(Event(batch_id, batch_id, "BATCH_OPENED", to_state="open", note=run_key))
    if kind == "night":
        _carry_over(tx, tenant, flow, batch_id)
    return get(tx, batch_id), False


def _carry_over(tx: Transaction, tenant: str, flow: str, batch_id: str) -> None:
    closed = (batch.c.tenant == tenant) & (batch.c.flow == flow) & batch.c.closed_at.is_not(None)
    of_closed = operation.c.batch_id.in_(select(batch.c.id).where(closed))
    query = select(operation.c.id, operation.c.batch_id).where(
        of_closed, operation.c.state == "planned", operation.c.id.not_in(gates.parked(tx))
    )
    left = [(row.id, row.batch_id) for row in tx.conn.execute(query.with_for_update())]
    for part in chunks(name for name, _ in left):
        tx.conn.execute(update(operation).where(operation.c.id.in_(part)).values(batch_id=batch_id))
    tx.events += [Event(batch_id, name, "CARRIED_OVER", note=f"from batch {old}") for name, old in left]


def close(tx: Transaction, batch_id: str, *, missing: Sequence[str] = ()) -> None:
    """The run ended: the flow's next run opens a new batch. What is still unsettled is settled all the same.

    `missing` are the steps that did not come to their end: the next night takes over what this batch brought.
    """
    brought = select(document.c.id).where(document.c.changed_batch == batch_id).limit(1)
    left = bool(missing) and tx.conn.execute(brought).first() is not None
    values = {"closed_at": tx.stamp} if left else {"closed_at": tx.stamp, "through": WHOLE}
    open_row = (batch.c.id == batch_id) & batch.c.closed_at.is_(None)
    if tx.conn.execute(update(batch).where(open_row).values(values)).rowcount:
        tx.events.append(Event(batch_id, batch_id, "BATCH_CLOSED"))
        if left:
            tx.events.append(Event(batch_id, batch_id, "BATCH_LEFT_WORK", note=_AND.join(missing)))


def passed(tx: Transaction, batch_id: str, step: str) -> None:
    """Notes that the step of the batch's run came to its end; shards may do so at once."""
    through = get(tx, batch_id, lock=True).through
    if step not in through and WHOLE not in through:
        said = _AND.join([*through, step])
        tx.conn.execute(update(batch).where(batch.c.id == batch_id).values(through=said))


def take_over(tx: Transaction, into: Batch) -> list[str]:
    """The flow's closed batches that left work; it is `into`'s from now on."""
    ours = (batch.c.tenant == into.tenant) & (batch.c.flow == into.flow) & (batch.c.id != into.id)
    left = ours & batch.c.closed_at.is_not(None) & (batch.c.through != WHOLE)
    found = list(tx.conn.scalars(select(batch.c.id).where(left).order_by(batch.c.id).with_for_update()))
    for part in chunks(found):
        tx.conn.execute(update(batch).where(batch.c.id.in_(part)).values(through=WHOLE))
    tx.events += [Event(into.id, name, "WORK_TAKEN_OVER", note=f"from batch {name}") for name in found]
    return found


def flows(tx: Transaction, ids: Collection[str]) -> dict[str, str]:
    """The flow of each of these batches."""
    found: dict[str, str] = {}
    for part in chunks(sorted(ids)):
        found |= {
            row.id: row.flow
            for row in tx.conn.execute(select(batch.c.id, batch.c.flow).where(batch.c.id.in_(part)))
        }
    return found


_ONE = select(batch).where(batch.c.id == bindparam("id_"))


def get(tx: Transaction, batch_id: str, *, lock: bool = False) -> Batch:
    """The batch; `LedgerError` BATCH_UNKNOWN where there is none of that id."""
    query = _ONE.with_for_update() if lock and tx.locks else _ONE
    row = tx.conn.execute(query, {"id_": batch_id}).mappings().first()
    if row is None:
        raise LedgerError(
            f"no batch {batch_id!r}", code="BATCH_UNKNOWN", cure="`trivet status` lists the batches"
        )
    return _batch(row)


def recent(
    tx: Transaction, *, tenant: str | None = None, flow: str | None = None, limit: int = 20
) -> list[Batch]:
    """The newest batches first."""
    query = select(batch).order_by(batch.c.opened_at.desc(), batch.c.id.desc()).limit(limit)
    if tenant is not None:
        query = query.where(batch.c.tenant == tenant)
    if flow is not None:
        query = query.where(batch.c.flow == flow)
    return [_batch(row) for row in tx.conn.execute(query).mappings()]


def unfinished(tx: Transaction, *, tenant: str, flow: str, kind: Kind = "night") -> Batch | None:
    """The flow's open batch of that kind, if a run is under way or died."""
    ours = (batch.c.tenant == tenant) & (batch.c.flow == flow) & (batch.c.kind == kind)
    row = tx.conn.execute(select(batch).where(ours, batch.c.closed_at.is_(None))).mappings().first()
    return _batch(row) if row else None


def abandoned(tx: Transaction, *, tenant: str, flow: str, before: str) -> list[Batch]:
    """The flow's unfinished event batches that were opened before that time: nobody seems to be at work in them."""
    ours = (batch.c.tenant == tenant) & (batch.c.flow == flow) & (batch.c.kind == "event")
    query = select(batch).where(ours, batch.c.closed_at.is_(None), batch.c.opened_at < before)
    return [_batch(row) for row in tx.conn.execute(query).mappings()]


def last_runs(tx: Transaction) -> dict[tuple[str, str, str], tuple[str, str]]:
    """By tenant, flow and kind when a run last opened or took up its newest batch, and that run's key."""
    newest = select(func.max(batch.c.id).label("id")).group_by(batch.c.tenant, batch.c.flow, batch.c.kind)
    query = (
        select(batch.c.tenant, batch.c.flow, batch.c.kind, event.c.at, event.c.note)
        .join(event, event.c.chain == batch.c.id)
        .where(batch.c.id.in_(newest), event.c.code.in_(("BATCH_OPENED", "BATCH_RESUMED")))
        .order_by(event.c.at)
    )
    return {(tenant, flow, kind): (at, note) for tenant, flow, kind, at, note in tx.conn.execute(query)}


def count(tx: Transaction, batch_id: str, **more: int) -> None:
    """Adds to the batch's counters (`records=100`); shards may count at once."""
    counters = dict(get(tx, batch_id, lock=True).counters)
    for name, amount in more.items():
        counters[name] = counters.get(name, 0) + amount
    tx.conn.execute(update(batch).where(batch.c.id == batch_id).values(counters=json.dumps(counters)))


def shared(tx: Transaction, batch_id: str) -> bool:
    """True where a second run took the batch up: it is not for the first one to close."""
    resumed = (event.c.chain == batch_id) & (event.c.code == "BATCH_RESUMED")
    get(tx, batch_id, lock=True)
    return tx.conn.scalar(select(func.count()).where(resumed)) != 0


def set_state(
    tx: Transaction, known: Batch, state: str, *, reason: str | None = None, actor: str = ENGINE
) -> None:
    """Writes the state with its audit event; `trivet.delivery.progress` knows which edges are legal."""
    values: dict[str, Any] = {"state": state}
    if reason is not None:
        values["rollback_reason"] = reason
    tx.conn.execute(update(batch).where(batch.c.id == known.id).values(values))
    event = Event(known.id, known.id, "BATCH_STATE", known.state, state, actor=actor, note=reason or "")
    tx.events.append(event)


def _batch(row: RowMapping) -> Batch:
    # empty in an archive of an older program
    through = WHOLE if row["through"] is None else row["through"]
    return Batch(
        **{
            **row,
            "counters": json.loads(row["counters"]),
            "through": tuple(filter(None, through.split(_AND))),
        }
    )
