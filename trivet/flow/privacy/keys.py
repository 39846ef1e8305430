"""The keys under which data lies: which are in use, a new one, everything moved to the newest, an old one taken away."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trivet.errors import LedgerError
from trivet.flow.fetch import seal_plain
from trivet.flow.hub import Hub
from trivet.ledger import archive_file, rotation
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.key_service import find_service
from trivet.ledger.keyring import KEY_FILE, VARIABLE, entries_of, new_entry, write_key_file
from trivet.ledger.ledger import Transaction
from trivet.settings import Settings

Row = dict[str, Any]
Progress = Callable[[str, int], None]
"""Told what is moved, and how many so far."""
UNKNOWN = "?"


def status(hub: Hub) -> list[Row]:
    """A row a key: what it seals, and whether it can be taken away."""
    sealed: dict[str | None, Counter[str]] = defaultdict(Counter)
    with hub.ledger.read() as tx:
        for table, key_id, number in rotation.counted(tx):
            sealed[key_id][table] += number
        wraps = rotation.wrapped_by(tx)
        newest, ids = tx.keys.newest, tx.keys.ids
    with archive_file.connections(hub.settings.archive) as older, hub.ledger.read() as tx:
        for conn in older:
            there = hub.ledger.transaction(conn, tx.conn)
            for table, key_id, number in rotation.counted(there, rotation.ARCHIVED):
                sealed[key_id][f"archived {table}"] += number
    rows = [
        _row(key_id, "newest" if key_id == newest else "older", sealed[key_id], wraps.get(key_id, 0)) for key_id in ids
    ]  # fmt: skip
    for key_id, number in wraps.items():
        if key_id not in ids:
            rows.append(_row(key_id, "missing", Counter(), number))
    if sealed[UNKNOWN]:
        rows.append(_row(UNKNOWN, "missing", sealed[UNKNOWN], 0))
    return [*rows, _row("people's own", "own", sealed[None], 0)]


def _row(key_id: str, state: str, sealed: Mapping[str, int], wraps: int) -> Row:
    total = sum(sealed.values())
    return {
        "key": key_id,
        "state": state,
        "values": total,
        "people_keys": wraps,
        "needed": state in ("newest", "own") or bool(total or wraps),
        "where": dict(sealed),
    }


def rotate(hub: Hub, progress: Progress, *, actor: str) -> Row:
    """What was moved to the newest key and to people's own; `troubles` are values that do not open, and stay.

    Interrupted it has lost nothing; the next run goes on with what is left.
    """
    so_far: Counter[str] = Counter()

    def told(what: str, number: int) -> None:
        so_far[what] += number
        progress(what, so_far[what])

    moved, troubles = rotation.rotate(hub.ledger, told)
    for there in _archives(hub):
        also, more = rotation.rotate(hub.ledger, told, archive=there)
        moved += Counter({f"archived {name}": number for name, number in also.items()})
        troubles += more
    moved["recording files"] = sum(seal_plain(hub, told))
    moved = +moved
    newest = hub.ledger.keys.newest
    if moved:
        with hub.ledger.begin() as tx:
            note = f"{sum(moved.values())} values to {newest}, {len(troubles)} do not open"
            tx.events.append(Event(WHOLE_LEDGER, newest, "KEYS_ROTATED", actor=actor, note=note))
    return {"newest": newest, "moved": dict(moved), "troubles": [entry._asdict() for entry in troubles]}


def _archives(hub: Hub) -> Iterator[Transaction]:
    """Each archive, to be written in; what its people need is in the ledger before anything is sealed with it."""
    for file in archive_file.files(hub.settings.archive):
        with archive_file.writing(hub.ledger, file) as there:
            people = rotation.owners(there)
        with hub.ledger.begin() as tx:
            tx.prepare(people)
        with archive_file.writing(hub.ledger, file) as there:
            yield there


def new(settings: Settings, environ: Mapping[str, str]) -> str:
    """The id of a new key, first in the key file; what seals from now on. `LedgerError` where keys are not in the file."""
    with _key_file(settings, environ) as file:
        entries = entries_of(file.read_text(encoding="ascii"))
        entry = new_entry(find_service(environ))
        write_key_file(file, [entry, *entries], replace=True)
        return entry.partition(":")[0]


def drop(hub: Hub, key_id: str, environ: Mapping[str, str], *, actor: str) -> None:
    """Takes an old key out of the key file; `LedgerError` KEY_NEEDED where anything is still sealed with it."""
    row = next(
        (row for row in status(hub) if row["key"] == key_id and row["state"] in ("newest", "older")), None
    )
    if row is None:
        raise LedgerError(
            f"no key {key_id!r} in the ring",
            code="CRYPTO_KEY_MISSING",
            cure="`trivet keys status` lists them",
        )
    if row["needed"]:
        said = (
            "it is the newest"
            if row["state"] == "newest"
            else f"{row['values'] + row['people_keys']} values need it"
        )
        raise LedgerError(
            f"key {key_id!r} stays: {said}", code="KEY_NEEDED", cure="`trivet keys new`, `trivet keys rotate`, then again"
        )  # fmt: skip
    with _key_file(hub.settings, environ) as file:
        entries = entries_of(file.read_text(encoding="ascii"))
        write_key_file(file, [e for e in entries if e.partition(":")[0] != key_id], replace=True)
    with hub.ledger.begin() as tx:
        tx.events.append(Event(WHOLE_LEDGER, key_id, "KEY_DROPPED", actor=actor))


@contextmanager
def _key_file(settings: Settings, environ: Mapping[str, str]) -> Iterator[Path]:
    file = settings.state / KEY_FILE
    if environ.get(VARIABLE) or not file.exists():
        raise LedgerError(
            "the keys are not in the key file", code="KEYS_ELSEWHERE", place=f"variable {VARIABLE}",
            cure=f"change them where {VARIABLE} is set, newest first: `id:base64 of 32 bytes`, comma between",
        )  # fmt: skip
    yield file
