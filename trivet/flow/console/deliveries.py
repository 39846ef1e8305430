"""Deliveries as people look for them: narrowed, the newest planned first, a page at a time however many there are.

A page goes on from the last row of the one before (keyset), so that the thousandth costs what the first does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, text, tuple_

from trivet.errors import ConfigError
from trivet.flow.console.access import of_flows
from trivet.flow.hub import Hub
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import UNSETTLED, UNSETTLED_SQL, batch, operation
from trivet.spreadsheet import csv_text

PAGE = 50
_TOGETHER = 2_000
"""Rows of an export that are read in one transaction."""
GROUPS = {
    "trouble": ("rejected", "stuck"),
    "in_the_air": ("intent", "accepted", "unknown", "comp_planned", "comp_intent", "comp_unknown"),
}
"""Several states under one name."""
_FEW = frozenset({*UNSETTLED, *GROUPS})
"""Asked for one of these, the state finds the rows, not the system."""
COLUMNS = (
    "created_at", "flow", "batch_id", "target", "entity", "kind", "state", "subject_ref", "reference", "revision", "remote_id",
    "sent_at", "verified_at", "error_code", "error_field", "error_text", "mapping_version", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to show; everything empty is everything."""

    flow: str = ""
    target: str = ""
    state: str = ""
    """One of the ledger's states, or of `GROUPS`."""
    person: str = ""
    """A pseudonym."""
    batch_id: str = ""
    first: date | None = None
    last: date | None = None
    """Both days count, in the zone."""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the next ones begin."""

    rows: tuple[Any, ...]
    next: str | None


_ROW = select(
    operation.c.id,
    operation.c.seq,
    batch.c.flow,
    *(operation.c[name] for name in COLUMNS if name != "flow"),
).outerjoin(batch, batch.c.id == operation.c.batch_id)


def deliveries(
    hub: Hub, wanted: Wanted, flows: frozenset[str] | None = None, after: str = "", most: int = PAGE
) -> Page:
    """The rows after the mark `after`, of these `flows` only where they are given."""
    with hub.ledger.read() as tx:
        rows = _rows(tx, wanted, flows, after, most + 1)
    more = len(rows) > most
    shown = rows[:most]
    return Page(tuple(shown), f"{shown[-1].seq}.{shown[-1].id}" if more else None)


def export(hub: Hub, wanted: Wanted, flows: frozenset[str] | None = None) -> Iterator[str]:
    """The rows as lines of CSV, all of them, read part by part; no cell can become a formula."""
    # excel takes a file without this mark for the machine's own encoding, and shows no Chinese
    yield "\ufeff" + csv_text([COLUMNS])
    after: str | None = ""
    while after is not None:
        page = deliveries(hub, wanted, flows, after, _TOGETHER)
        yield csv_text([getattr(row, name) for name in COLUMNS] for row in page.rows)
        after = page.next


def targets(hub: Hub) -> list[str]:
    """Every system that something was ever planned for."""
    # one step through the index a system: a plain DISTINCT reads all of it
    found: list[str] = []
    with hub.ledger.read() as tx:
        query = select(operation.c.target).order_by(operation.c.target).limit(1)
        name = tx.conn.scalar(query)
        while name is not None:
            found.append(name)
            name = tx.conn.scalar(query.where(operation.c.target > name))
    return found


def _rows(
    tx: Transaction, wanted: Wanted, flows: frozenset[str] | None, after: str, most: int
) -> Sequence[Any]:
    found: list[Any] = []
    for state in GROUPS.get(wanted.state, (wanted.state,)):
        query = _ROW.where(*_conditions(replace(wanted, state=state), flows, after))
        by_seq: ColumnElement[Any] = operation.c.seq
        if state in UNSETTLED:
            # few rows among very many: sorted from their own index; a walk along the order would pass all that went well
            query = query.where(text(UNSETTLED_SQL))
            by_seq = operation.c.seq + 0
        found += tx.conn.execute(query.order_by(by_seq.desc(), operation.c.id.desc()).limit(most))
    return sorted(found, key=lambda row: (row.seq, row.id), reverse=True)[:most]


def _conditions(wanted: Wanted, flows: frozenset[str] | None, after: str) -> Iterator[ColumnElement[bool]]:
    if flows is not None:
        yield of_flows(operation.c.batch_id, flows)
    if wanted.flow:
        yield of_flows(operation.c.batch_id, frozenset({wanted.flow}))
    for column, value in (
        (operation.c.target + "" if wanted.state in _FEW else operation.c.target, wanted.target),
        (operation.c.subject_ref, wanted.person),
        (operation.c.batch_id, wanted.batch_id),
    ):
        if value:
            yield column == value
    if wanted.state:
        # an unknown state matches nothing
        yield operation.c.state == wanted.state
    if wanted.first:
        yield operation.c.seq >= _micros(wanted.first, wanted.zone)
    if wanted.last:
        yield operation.c.seq < _micros(wanted.last + timedelta(days=1), wanted.zone)
    if after:
        seq, _, row_id = after.partition(".")
        if not seq.isdecimal():
            raise ConfigError("not a page of this list", code="PAGE_UNKNOWN", cure="begin at the first page")
        yield tuple_(operation.c.seq, operation.c.id) < tuple_(int(seq), row_id)


def _micros(day: date, zone: str) -> int:
    """A day's first moment as operations are numbered: `seq` begins with the microseconds of its planning."""
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp() * 1_000_000)
