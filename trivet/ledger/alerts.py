"""Alerts and the messages about them: the same happening is one alert until it is over, and a message goes out once.

    alert     since ──► over_at
    notice    due ──► sending ──► sent
               ▲         ├──────► refused      the channel does not take it, or could not be reached for too long
               │         ├──────► unknown      sent, answer lost: not again, for twice is worse than a look at the page
               ├─────────┘                     provably not sent: again after a pause
               └──► dropped                    over before anybody was told

`sending` is committed before the first byte leaves, so that two tasks at once send one message.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from trivet.ledger.bulk import upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import alert, notice
from trivet.ledger.times import stamp

What = Literal["began", "over", "digest"]
State = Literal["due", "sending", "sent", "unknown", "refused", "dropped"]
ABANDONED = timedelta(minutes=15)
"""Longer than any message takes."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a person should know; no personal data stands in it."""

    key: str
    """Equal while it is the same."""
    kind: str
    code: str
    detail: str = ""
    """One line from our own error or counts."""
    flow: str | None = None
    system: str | None = None
    count: int = 1
    path: str = ""
    """Page below `/trivet/`."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of the alert table."""

    id: str
    happening: Happening
    since: str
    over_at: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """One row of the notice table."""

    id: str
    about: str
    what: What
    channel: str
    state: State
    code: str | None
    tries: int
    due_at: str
    changed_at: str


def reconcile(
    tx: Transaction, now: Iterable[Happening], judged: Iterable[str]
) -> tuple[list[Alert], list[Alert]]:
    """Alerts that began and that ended, now that of the `judged` kinds these happenings are all there are."""
    wanted = {entry.key: entry for entry in now}
    known = {entry.happening.key: entry for entry in open_ones(tx)}
    began = [_open(tx, entry) for key, entry in wanted.items() if key not in known]
    for key in wanted.keys() & known.keys():
        _refresh(tx, known[key], wanted[key])
    kinds = set(judged)
    over = [entry for key, entry in known.items() if key not in wanted and entry.happening.kind in kinds]
    for entry in over:
        tx.conn.execute(update(alert).where(alert.c.id == entry.id).values(over_at=tx.stamp))
    return began, over


def open_ones(tx: Transaction) -> list[Alert]:
    """What is wrong now, oldest first."""
    return _alerts(tx, alert.c.over_at.is_(None))


def recent(tx: Transaction, limit: int) -> list[Alert]:
    """What is or was wrong, newest first."""
    query = select(alert).order_by(alert.c.since.desc(), alert.c.id).limit(limit)
    return [_alert(row) for row in tx.conn.execute(query).mappings()]


def by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, Alert]:
    """Those alerts."""
    return {entry.id: entry for entry in _alerts(tx, alert.c.id.in_(list(ids)))}


def want(tx: Transaction, about: str, what: What, due_at: Mapping[str, str]) -> None:
    """These channels are to hear of it, each not before its time; who was noted before stays as noted."""
    rows = [
        {
            "id": f"{about}/{what}/{channel}",
            "about": about,
            "what": what,
            "channel": channel,
            "state": "due",
            "code": None,
            "tries": 0,
            "due_at": at,
            "changed_at": tx.stamp,
        }
        for channel, at in due_at.items()
    ]
    upsert(tx.conn, notice, rows, keep=True)


def heard(tx: Transaction, about: str) -> set[str]:
    """Channels that were told, or may have been; what waits for the others is dropped."""
    mine = notice.c.about == about
    waits = update(notice).where(mine, notice.c.what == "began", notice.c.state == "due")
    tx.conn.execute(waits.values(state="dropped", changed_at=tx.stamp))
    told = select(notice.c.channel).where(mine, notice.c.state.in_(("sent", "sending", "unknown")))
    return set(tx.conn.scalars(told))


def due(tx: Transaction) -> list[Told]:
    """What is to be sent now, oldest first."""
    query = select(notice).where(notice.c.state == "due", notice.c.due_at <= tx.stamp)
    return [Told(**row) for row in tx.conn.execute(query.order_by(notice.c.due_at, notice.c.id)).mappings()]


def claim(tx: Transaction, name: str) -> bool:
    """Whether the message is ours to send now; another process does not get it."""
    ours = update(notice).where(notice.c.id == name, notice.c.state == "due")
    done = tx.conn.execute(ours.values(state="sending", tries=notice.c.tries + 1, changed_at=tx.stamp))
    return done.rowcount == 1


def settle(tx: Transaction, name: str, state: State, code: str | None = None, due_at: str = "") -> None:
    """What became of a message that was being sent."""
    values = {"state": state, "code": code, "changed_at": tx.stamp} | ({"due_at": due_at} if due_at else {})
    tx.conn.execute(update(notice).where(notice.c.id == name, notice.c.state == "sending").values(values))


def give_up_abandoned(tx: Transaction) -> None:
    """Messages whose process died while it sent them become unknown."""
    old = (notice.c.state == "sending") & (notice.c.changed_at < stamp(tx.now - ABANDONED))
    lost = update(notice).where(old).values(state="unknown", code="ABANDONED", changed_at=tx.stamp)
    tx.conn.execute(lost)


def failing(tx: Transaction, since: str) -> dict[str, str]:
    """Channels whose newest outcome since then is none, with its code."""
    newest = (
        select(notice.c.channel, func.max(notice.c.changed_at).label("at"))
        .where(notice.c.changed_at >= since, notice.c.tries > 0, notice.c.state != "sending")
        .group_by(notice.c.channel)
        .subquery()
    )
    query = select(notice.c.channel, notice.c.state, notice.c.code).join(
        newest, (notice.c.channel == newest.c.channel) & (notice.c.changed_at == newest.c.at)
    )
    return {row.channel: row.code or "" for row in tx.conn.execute(query) if row.state in ("due", "refused")}


def told_of(tx: Transaction, about: Iterable[str]) -> dict[str, list[Told]]:
    """The messages by what they are about."""
    found: dict[str, list[Told]] = {}
    query = select(notice).where(notice.c.about.in_(list(about))).order_by(notice.c.channel, notice.c.what)
    for row in tx.conn.execute(query).mappings():
        found.setdefault(row["about"], []).append(Told(**row))
    return found


def _open(tx: Transaction, entry: Happening) -> Alert:
    name = "a" + secrets.token_hex(6)
    row = {field: getattr(entry, field) for field in Happening.__slots__}
    tx.conn.execute(insert(alert).values(row | {"id": name, "since": tx.stamp}))
    return Alert(name, entry, tx.stamp, None)


def _refresh(tx: Transaction, known: Alert, entry: Happening) -> None:
    if known.happening != entry:
        values = {field: getattr(entry, field) for field in ("code", "detail", "count", "path")}
        tx.conn.execute(update(alert).where(alert.c.id == known.id).values(values))


def _alerts(tx: Transaction, which: ColumnElement[bool]) -> list[Alert]:
    query = select(alert).where(which).order_by(alert.c.since, alert.c.id)
    return [_alert(row) for row in tx.conn.execute(query).mappings()]


def _alert(row: RowMapping) -> Alert:
    happening = Happening(**{field: row[field] for field in Happening.__slots__})
    return Alert(row["id"], happening, row["since"], row["over_at"])
