"""Who changed what, when: append-only events in one hash chain per batch, committed with the change itself.

Each event's MAC covers the one before it, so an edited, removed or swapped event breaks the chain; the chain's head is
kept apart (`chain`), and cutting the tail shows against a head that was noted elsewhere.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from trivet.ledger.bulk import run_many, upsert
from trivet.ledger.tables import chain, event

ENGINE = "trivet"
"""The actor of what no person asked for."""
WHOLE_LEDGER = "ledger"
"""The chain of events that belong to no batch."""


class Event(NamedTuple):
    """One thing that happened; a named tuple, because a night makes tens of thousands."""

    chain: str
    about: str
    """An operation's, a batch's or a case's id."""
    code: str
    from_state: str | None = None
    to_state: str | None = None
    actor: str = ENGINE
    note: str = ""
    fence: int | None = None
    """Of the worker that was about to send."""


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold."""

    chain: str
    n: int
    reason: str


_COVERED = ("chain", "about", "code", "from_state", "to_state", "actor", "note", "fence", "n", "at")
_COLUMNS = (*_COVERED, "mac")
_APPEND = insert(event)


def flush(conn: Connection, events: Sequence[Event], at: str, key: bytes) -> None:
    """Appends the events to their chains; the chains stay locked until the commit."""
    heads = _heads(conn, {entry.chain for entry in events})
    # asked for when the chains are locked: another process may have appended while this one waited
    last: dict[str, str] = {row.chain: row.at for row in conn.execute(_LAST, {"ids": sorted(heads)})}
    rows = []
    for entry in events:
        n, mac = heads[entry.chain]
        if "\x1f" in entry.note:
            entry = entry._replace(note=entry.note.replace("\x1f", " "))  # noqa: PLW2901 - what is written is what is signed
        # a clock that was set back must not tell another order than the numbers
        row = (*entry, n + 1, max(at, last.get(entry.chain, at)))
        mac = _mac(key, mac, row)
        heads[entry.chain] = (n + 1, mac)
        rows.append((*row, mac))
    run_many(conn, _APPEND, _COLUMNS, rows)
    upsert(conn, chain, [{"id": name, "n": n, "mac": mac} for name, (n, mac) in heads.items()])


_HEADS = (
    select(chain.c.id, chain.c.n, chain.c.mac)
    .where(chain.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(chain.c.id)
    .with_for_update()
)
_LAST = (
    select(event.c.chain, event.c.at)
    .join(chain, (event.c.chain == chain.c.id) & (event.c.n == chain.c.n))
    .where(chain.c.id.in_(bindparam("ids", expanding=True)))
)


def _heads(conn: Connection, names: set[str]) -> dict[str, tuple[int, str]]:
    # sorted: two transactions that append to the same chains lock them in the same order
    ordered = sorted(names)
    upsert(conn, chain, [{"id": name, "n": 0, "mac": ""} for name in ordered], keep=True)
    rows = conn.execute(_HEADS, {"ids": ordered})
    return {name: (n, mac) for name, n, mac in rows}


def _mac(key: bytes, before: str, covered: Iterable[object]) -> str:
    # a separator that no value holds keeps ("a", "bc") and ("ab", "c") apart
    said = "\x1f".join([before, *map(str, covered)])
    return hmac.digest(key, said.encode(), "sha256").hex()


def heads(conn: Connection) -> dict[str, tuple[int, str]]:
    """Every chain's length and last MAC: what to note outside the database."""
    return {name: (n, mac) for name, n, mac in conn.execute(select(chain.c.id, chain.c.n, chain.c.mac))}


def verify(
    conn: Connection,
    key: bytes,
    anchored: Mapping[str, tuple[int, str]] | None = None,
    *,
    noted: Mapping[tuple[str, int], str] | None = None,
    archives: Iterable[Connection] = (),
) -> list[Break]:
    """Every break in every chain; `anchored` heads, noted earlier outside, also show a cut tail.

    `noted` are such heads by chain and number, any number of each chain; `archives` hold the chains' earlier events.
    """
    unseen = {(name, n): mac for name, (n, mac) in (anchored or {}).items()} | dict(noted or {})
    reached: dict[str, tuple[int, str]] = {}
    breaks: list[Break] = []
    for one in (*archives, conn):
        breaks += _follow(one, key, reached, unseen)
    breaks += [Break(name, n, "cut before the anchored head") for name, n in unseen if n]
    return breaks + _against_heads(heads(conn).items(), reached)


def _follow(
    conn: Connection, key: bytes, reached: dict[str, tuple[int, str]], unseen: dict[tuple[str, int], str]
) -> list[Break]:
    """Reads on from where the chains were left; `reached` and `unseen` tell the state afterwards."""
    breaks: list[Break] = []
    before = dict(reached)
    rows = conn.execution_options(yield_per=1000).execute(select(event).order_by(event.c.chain, event.c.n))
    for row in rows.mappings():
        name, at = row["chain"], row["n"]
        if at == 1:
            before.pop(name, None)
            reached[name] = (0, "")  # the whole chain is here, whatever an archive holds of it, too
        elif at <= before.get(name, (0, ""))[0]:
            continue  # copied into an archive and not deleted yet
        n, mac = reached.get(name, (0, ""))
        if at != n + 1:
            breaks.append(Break(name, n + 1, "event missing"))
        elif not hmac.compare_digest(_mac(key, mac, [row[column] for column in _COVERED]), row["mac"]):
            breaks.append(Break(name, at, "event changed"))
        if unseen.pop((name, at), row["mac"]) != row["mac"]:
            breaks.append(Break(name, at, "differs from the anchored head"))
        reached[name] = (at, row["mac"])
    return breaks


def _against_heads(
    kept: Iterable[tuple[str, tuple[int, str]]], reached: Mapping[str, tuple[int, str]]
) -> list[Break]:
    return [
        Break(name, head[0], "chain does not end at its head")
        for name, head in kept
        if reached.get(name, (0, "")) != head
    ]
