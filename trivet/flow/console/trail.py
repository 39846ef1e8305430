"""The audit trail for people: events of a batch, of a person, of days, newest first, a page at a time; and whether it holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, TextClause, select, text, tuple_

from trivet.errors import ConfigError
from trivet.flow.console.access import of_flows
from trivet.flow.hub import Hub
from trivet.ledger.audit import ENGINE
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import case, event, operation
from trivet.ledger.times import stamp

PAGE = 100


@dataclass(frozen=True, slots=True)
class Sought:
    """Which events; everything empty is everything."""

    batch_id: str = ""
    person: str = ""
    """A pseudonym."""
    actor: str = ""
    code: str = ""
    first: date | None = None
    last: date | None = None
    zone: str = "UTC"


def events(
    hub: Hub, sought: Sought, flows: frozenset[str] | None = None, after: str = ""
) -> tuple[list[Any], str | None]:
    """A page of events and the mark of the next; of these flows' batches only where they are given."""
    columns = ("chain", "n", "at", "actor", "about", "from_state", "to_state", "code", "note")
    query = select(*(event.c[name] for name in columns))
    with hub.ledger.read() as tx:
        query = query.where(*_conditions(sought, flows, after))
        if sought.person:
            query = query.where(event.c.about.in_(_about(tx, sought.person)))
        order = (event.c.at.desc(), event.c.chain.desc(), event.c.n.desc())
        rows = list(tx.conn.execute(query.order_by(*order).limit(PAGE + 1)))
    shown = rows[:PAGE]
    last = shown[-1] if len(rows) > PAGE else None
    return shown, f"{last.at}~{last.chain}~{last.n}" if last else None


def _conditions(
    sought: Sought, flows: frozenset[str] | None, after: str
) -> Iterator[ColumnElement[bool] | TextClause]:
    if flows is not None:
        yield of_flows(event.c.chain, flows)
    if sought.batch_id:
        yield event.c.chain == sought.batch_id
    if sought.actor:
        yield event.c.actor == sought.actor
        if sought.actor != ENGINE:
            yield text(f"event.actor <> '{ENGINE}'")
    if sought.code:
        yield event.c.code == sought.code
    if sought.first:
        yield event.c.at >= _begin(sought.first, sought.zone)
    if sought.last:
        yield event.c.at < _begin(sought.last + timedelta(days=1), sought.zone)
    if after:
        at, _, rest = after.partition("~")
        chain, _, n = rest.rpartition("~")
        if not n.isdecimal():
            raise ConfigError("not a page of this list", code="PAGE_UNKNOWN", cure="begin at the first page")
        yield tuple_(event.c.at, event.c.chain, event.c.n) < tuple_(at, chain, int(n))


def _about(tx: Transaction, person: str) -> list[str]:
    """What events about the person name: herself, her deliveries and cases."""
    # asked for first: with a subquery in an OR no database uses its index
    named = [select(table.c.id).where(table.c.subject_ref == person) for table in (operation, case)]
    return [person, *(name for query in named for name in tx.conn.scalars(query))]


def _begin(day: date, zone: str) -> str:
    return stamp(datetime.combine(day, time(), ZoneInfo(zone)))
