"""The last nights of every flow in a few queries: what was pulled, scored, delivered, what waits, what it cost, how old it is."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select

from trivet.documents.yaml_file import read_yaml
from trivet.errors import ConfigError
from trivet.flow.definition import flow_files
from trivet.flow.hub import Hub
from trivet.flow.scored import MICRO
from trivet.ledger import batches
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import batch, case, event, operation, set_aside
from trivet.ledger.times import instant

NIGHTS = 14
"""Shown of each flow."""
LATE = 1.5
"""A flow is stale when its last night is older than so many of its usual gaps."""
_USUAL = 86_400.0
_GROUPS = {
    "confirmed": "delivered",
    "rejected": "refused",
    "stuck": "stuck",
    "compensated": "taken_back",
    "cancelled": "cancelled",
    "written_off": "written_off",
    "waiting_identity": "waiting",
    "planned": "waiting",
}
"""What a person wants to hear of a state; every other one is in the air."""


@dataclass(frozen=True, slots=True)
class Night:
    """One batch in numbers."""

    batch: str
    flow: str
    kind: str
    state: str
    opened_at: str
    closed_at: str | None
    run_key: str
    seconds: float
    """So far, where it is under way."""
    pulled: int
    recordings: int
    audio_minutes: float
    scored: int
    cost: float
    delivered: int
    waiting: int
    in_the_air: int
    refused: int
    stuck: int
    taken_back: int
    set_aside: int
    left_work: bool
    """A failed step did not look at everything; the next night does."""

    @property
    def trouble(self) -> int:
        """What a person should look at."""
        return self.refused + self.stuck + self.set_aside + self.left_work


@dataclass(frozen=True, slots=True)
class FlowNights:
    """One flow with its newest nights."""

    flow: str
    title: str
    environment: str
    nights: tuple[Night, ...]
    """Newest first."""
    last_event: Night | None
    """The newest batch of fresh results."""
    stale: bool
    """The last night is older than it should be."""
    cases: int
    """Open, of all its batches."""

    @property
    def needs_a_look(self) -> bool:
        """Whether somebody should do something."""
        return self.stale or self.cases > 0 or any(night.trouble for night in self.nights[:1])


def overview(hub: Hub, flows: frozenset[str] | None = None, nights: int = NIGHTS) -> list[FlowNights]:
    """Every flow that has a file or a batch, of these `flows` only where they are given; those with trouble first."""
    heads = {name: head for name, head in _heads(hub).items() if flows is None or name in flows}
    with hub.ledger.read() as tx:
        names = set(heads) | set(tx.conn.scalars(select(batch.c.flow).distinct()))
        if flows is not None:
            names &= flows
        found = {name: _newest(tx, name, nights) for name in names}
        of_events = {name: _newest(tx, name, 1, kind="event") for name in names}
        every = [one for group in (*found.values(), *of_events.values()) for one in group]
        counted = {one.batch: one for one in _nights(tx, every, hub.now())}
        cases = _open_cases(tx)
    rows = []
    for name in sorted(names):
        mine = tuple(counted[one.id] for one in found[name])
        events = [counted[one.id] for one in of_events[name]]
        head = heads.get(name, {})
        rows.append(
            FlowNights(
                flow=name,
                title=str((head.get("metadata") or {}).get("title", name)),
                environment=str(head.get("environment", "")),
                nights=mine,
                last_event=events[0] if events else None,
                stale="schedule" in head and _stale([night.opened_at for night in mine], hub.now()),
                cases=cases.get(name, 0),
            )
        )
    return rows


def nights(hub: Hub, *, flow: str, most: int) -> list[Night]:
    """The newest nights of one flow."""
    with hub.ledger.read() as tx:
        return _nights(tx, _newest(tx, flow, most), hub.now())


def night(tx: Transaction, batch_id: str, now: datetime) -> Night:
    """One batch; `LedgerError` BATCH_UNKNOWN where there is none of that id."""
    return _nights(tx, [batches.get(tx, batch_id)], now)[0]


def zone(hub: Hub) -> str:
    """The time zone that the flows' schedules name, the first by name; UTC where none does."""
    for head in _heads(hub).values():
        named = (head.get("schedule") or {}).get("timezone")
        try:
            return ZoneInfo(str(named)).key if named else "UTC"
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return "UTC"


def _heads(hub: Hub) -> dict[str, Mapping[str, Any]]:
    """The data of every flow file that can be read."""
    found: dict[str, Mapping[str, Any]] = {}
    for file in flow_files(hub.settings.home):
        try:
            data = read_yaml(file).data
        except ConfigError:
            data = None
        found[file.stem] = data if isinstance(data, dict) else {}
    return found


def _newest(tx: Transaction, flow: str, most: int, kind: str = "night") -> list[Batch]:
    query = select(batch.c.id).where(batch.c.flow == flow, batch.c.kind == kind)
    ids = tx.conn.scalars(query.order_by(batch.c.opened_at.desc(), batch.c.id.desc()).limit(most)).all()
    return [batches.get(tx, batch_id) for batch_id in ids]


def _nights(tx: Transaction, found: Sequence[Batch], now: datetime) -> list[Night]:
    ids = [one.id for one in found]
    tallies, aside = _tallies(tx, ids), _asides(tx, ids)
    return [_night(one, tallies[one.id], aside[one.id], now) for one in found]


def _night(known: Batch, tally: Mapping[str, int], aside: int, now: datetime) -> Night:
    counts, ended = known.counters, instant(known.closed_at) if known.closed_at else now
    return Night(
        batch=known.id,
        flow=known.flow,
        kind=known.kind,
        state=known.state,
        opened_at=known.opened_at,
        closed_at=known.closed_at,
        run_key=known.run_key,
        seconds=(ended - instant(known.opened_at)).total_seconds(),
        pulled=counts.get("records", 0),
        recordings=counts.get("recordings", 0),
        audio_minutes=counts.get("audio_ms", 0) / 60_000,
        scored=counts.get("scored", 0),
        cost=counts.get("cost_micro", 0) / MICRO,
        delivered=tally["delivered"],
        waiting=tally["waiting"],
        in_the_air=tally["in_the_air"],
        refused=tally["refused"],
        stuck=tally["stuck"],
        taken_back=tally["taken_back"],
        set_aside=aside,
        left_work=known.left_work,
    )


def _tallies(tx: Transaction, ids: Iterable[str]) -> dict[str, Counter[str]]:
    """How many operations of each group the batches have."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for part in chunks(ids):
        query = select(operation.c.batch_id, operation.c.state, func.count()).where(
            operation.c.batch_id.in_(part)
        )
        for batch_id, state, number in tx.conn.execute(
            query.group_by(operation.c.batch_id, operation.c.state)
        ):
            if state != "superseded":
                found[batch_id][_GROUPS.get(state, "in_the_air")] += number
    return found


def _asides(tx: Transaction, ids: Iterable[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in chunks(ids):
        here = set_aside.c.batch_id.in_(part) & set_aside.c.resolved_at.is_(None)
        query = select(set_aside.c.batch_id, func.count()).where(here).group_by(set_aside.c.batch_id)
        found.update(dict(map(tuple, tx.conn.execute(query))))
    return found


def _open_cases(tx: Transaction) -> dict[str, int]:
    query = select(batch.c.flow, func.count()).join(case, case.c.batch_id == batch.c.id)
    rows = tx.conn.execute(query.where(case.c.state == "open").group_by(batch.c.flow))
    return dict(map(tuple, rows))


def _stale(opened: Sequence[str], now: datetime) -> bool:
    """Whether the newest of these times is longer ago than nights usually lie apart."""
    at = [instant(one) for one in opened]
    if not at:
        return False
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(at)]
    usual = median(gaps) if len(gaps) > 2 else _USUAL
    return (now - at[0]).total_seconds() > max(usual, 3600) * LATE


def batch_of_run(hub: Hub, *, flow: str, run_key: str) -> str | None:
    """The batch that this run opened or took up, the newest; None where it made none."""
    with hub.ledger.read() as tx:
        opened = select(batch.c.id).where(batch.c.flow == flow, batch.c.run_key == run_key)
        # a run that died is taken up by the next, whose key stands in the batch's chain
        taken_up = (
            select(batch.c.id)
            .join(event, event.c.about == batch.c.id)
            .where(batch.c.flow == flow, event.c.code == "BATCH_RESUMED", event.c.note == run_key)
        )
        for query in (opened, taken_up):
            found: str | None = tx.conn.scalar(query.order_by(batch.c.opened_at.desc()).limit(1))
            if found is not None:
                return found
    return None
