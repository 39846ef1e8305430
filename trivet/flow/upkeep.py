"""The care of the ledger: prove and anchor its audit chains, back it up, put it back, archive what is old."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from trivet.delivery import archive as archiving
from trivet.errors import LedgerError
from trivet.flow.hub import Hub
from trivet.ledger import Ledger, anchors, archive_file, audit, key_copies, open_ledger
from trivet.ledger import backup as copies
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.tables import batch, event, operation
from trivet.settings import Settings

Row = dict[str, Any]
_RESTORED = "RESTORED"
KEYS_COPIED = "KEYS_COPIED"
"""The event whose note is where a copy of people's keys lies."""


def anchor_file(hub: Hub) -> Path | None:
    """The file of the configured folder; None where none is configured."""
    folder = hub.settings.anchors
    return None if folder is None else folder / "trivet-heads.jsonl"


def verify(hub: Hub, noted: Path | None = None) -> list[Row]:
    """Every break in the audit chains, archives included; heads that were noted in a file also show a cut tail."""
    missing = noted is not None and noted == anchor_file(hub) and not noted.exists()
    return _verify(hub.ledger, hub.settings, None if missing else noted)


def _verify(ledger: Ledger, settings: Settings, noted: Path | None) -> list[Row]:
    with ledger.read() as tx, archive_file.connections(settings.archive) as archives:
        undone = select(event).where(event.c.chain == WHOLE_LEDGER, event.c.code == _RESTORED)
        gaps = [(json.loads(row.note)["backup_at"], row.at) for row in tx.conn.execute(undone)]
        heads = {
            (entry.chain, entry.n): entry.mac
            for entry in (anchors.read(noted) if noted else ())
            # what was noted between a backup and its restoring is gone, and the restoring itself is in the chain
            if not any(backup_at < entry.at <= restored_at for backup_at, restored_at in gaps)
        }
        breaks = audit.verify(tx.conn, ledger.audit_key, noted=heads, archives=archives)
    return [asdict(found) for found in breaks]


def anchor(hub: Hub, file: Path) -> Row:
    """Appends the heads of all chains that grew."""
    with hub.ledger.read() as tx:
        chains, appended = anchors.append(tx.conn, file, tx.stamp)
    return {"file": str(file), "chains": chains, "appended": appended}


def archive(hub: Hub, before: str, *, actor: str) -> list[Row]:
    """What was moved, a row per month."""
    return [
        asdict(moved) for moved in archiving.archive(hub.ledger, hub.settings.archive, before, actor=actor)
    ]


def backup(hub: Hub, file: Path) -> Row:
    """Copies the ledger while others work in it."""
    copies.file_of(hub.settings.ledger_url, file)
    copies.copy(hub.ledger, file)
    keys = key_copies.beside(file)
    _remember(hub, keys)
    return {"file": str(file), "keys": str(keys), "bytes": file.stat().st_size, **_size(hub.ledger)}


def backup_keys(hub: Hub, file: Path) -> Row:
    """Copies people's keys alone, in place of an earlier copy: what the backup of a PostgreSQL ledger needs."""
    with hub.ledger.read() as tx:
        number = key_copies.write(tx.conn, file)
    _remember(hub, file)
    return {"file": str(file), "keys": number}


def restore_keys(hub: Hub, file: Path, *, actor: str) -> Row:
    """Puts people's keys back that are missing; one that was erased stays erased."""
    keys = key_copies.read(file)
    with hub.ledger.begin() as tx:
        before = key_copies.missing(tx.conn)
        key_copies.fill(tx.conn, keys)
        after = key_copies.missing(tx.conn)
        note = f"{before - after} from {file.name}"
        tx.events.append(Event(WHOLE_LEDGER, WHOLE_LEDGER, "KEYS_RESTORED", actor=actor, note=note))
    return {"file": str(file), "restored": before - after, "missing": after}


def _remember(hub: Hub, keys: Path) -> None:
    """Erasing a person looks there."""
    with hub.ledger.begin() as tx:
        tx.events.append(Event(WHOLE_LEDGER, WHOLE_LEDGER, KEYS_COPIED, note=str(keys.resolve())))


def restore(settings: Settings, file: Path, *, yes: bool, actor: str, keys: Path | None = None) -> Row:
    """Puts a proven backup in the ledger's place; what was there is kept beside it.

    People's keys come from the ledger that is there and from the file beside the backup, or `keys`; the erased stay erased.
    """
    ledger_file = copies.file_of(settings.ledger_url, file, restoring=True)
    if not file.is_file():
        raise LedgerError("no such file", code="BACKUP_MISSING", place=str(file), cure="name a backup")
    draft = ledger_file.with_name(f"{ledger_file.name}.proof")
    try:
        size = _proven(settings, file, draft, actor, keys)
        kept = _make_room(settings, ledger_file, size, yes=yes)
        copies.put_back(draft, ledger_file)
    finally:
        for rest in ("", "-wal", "-shm"):
            draft.with_name(draft.name + rest).unlink(missing_ok=True)
    return {"ledger": str(ledger_file), "from": str(file), "kept": kept, **size}


def _proven(settings: Settings, file: Path, draft: Path, actor: str, keys: Path | None) -> Row:
    """A copy of the backup that opens with our keys, brought to this version, its chains whole, the restoring noted."""
    copies.proof(file, draft)
    ledger = open_ledger(f"sqlite:///{draft}", settings.state)
    try:
        breaks = _verify(ledger, settings, None)
        if breaks:
            raise LedgerError(
                f"{len(breaks)} breaks in its audit chains, the first: {breaks[0]}", code="AUDIT_BROKEN",
                place=str(file), cure="take an older backup; this one was changed",
            )  # fmt: skip
        with ledger.begin() as tx:
            backup_at = tx.conn.scalar(select(func.max(event.c.at))) or ""
            note = json.dumps({"backup_at": backup_at, "file": file.name})
            tx.events.append(Event(WHOLE_LEDGER, WHOLE_LEDGER, _RESTORED, actor=actor, note=note))
        _keys_back(settings, ledger, file, keys)
        with ledger.read() as tx:
            missing = key_copies.missing(tx.conn)
        return {"backup_at": backup_at, **_size(ledger), "keys_missing": missing}
    finally:
        ledger.close()


def _keys_back(settings: Settings, ledger: Ledger, file: Path, keys: Path | None) -> None:
    known = None
    if keys is not None or key_copies.beside(file).exists():
        known = key_copies.read(keys or key_copies.beside(file))
    here = None
    if copies.file_of(settings.ledger_url, file).exists():
        with suppress(LedgerError):  # what does not open is to be replaced
            here = open_ledger(settings.ledger_url, settings.state)
    with ledger.begin() as tx:
        if known is not None:
            key_copies.fill(tx.conn, known)
        if here is not None:
            # last: what is so now counts before what was so when the copy was made
            with here.read() as present:
                key_copies.fill(tx.conn, key_copies.rows_of(present.conn))
    if here is not None:
        here.close()


def _make_room(settings: Settings, ledger_file: Path, size: Row, *, yes: bool) -> str | None:
    """Keeps what is there beside it; `LedgerError` LEDGER_NOT_EMPTY where it holds something and nobody said yes."""
    if not ledger_file.exists():
        return None
    try:
        here = open_ledger(settings.ledger_url, settings.state)
    except LedgerError as error:
        if not yes:
            raise LedgerError(
                f"the ledger here cannot be opened ({error.code}); --yes replaces it", code="LEDGER_NOT_EMPTY",
                place=str(ledger_file), cure=error.cure,
            ) from None  # fmt: skip
        kept = _aside(ledger_file)
        for rest in ("", "-wal", "-shm"):  # a log that stayed would be played into the new file
            there = ledger_file.with_name(ledger_file.name + rest)
            if there.exists():
                there.rename(kept.with_name(kept.name + rest))
        return str(kept)
    try:
        with here.read() as tx:
            newest = tx.conn.scalar(select(func.max(event.c.at)))
        if newest is None:
            return None
        if not yes:
            raise LedgerError(
                f"the ledger here holds {_size(here)['batches']} batches, its last event of {newest[:16]}Z; the "
                f"backup's is of {size['backup_at'][:16]}Z", code="LEDGER_NOT_EMPTY", place=str(ledger_file),
                cure="--yes replaces it and keeps a copy; what was sent since the backup is then unknown here",
            )  # fmt: skip
        kept = _aside(ledger_file)
        copies.copy(here, kept)
        return str(kept)
    finally:
        here.close()


def _aside(ledger_file: Path) -> Path:
    number = 1
    while (kept := ledger_file.with_name(f"{ledger_file.name}.before-restore-{number}")).exists():
        number += 1
    return kept


def _size(ledger: Ledger) -> Row:
    with ledger.read() as tx:
        counts = {
            table.name: tx.conn.scalar(select(func.count()).select_from(table))
            for table in (batch, operation)
        }
    return {"batches": counts["batch"], "operations": counts["operation"]}
