"""Copies of people's keys, apart from the backups that need them: erasing a key here and in these files erases every backup.

A file holds a JSON line a key, wrapped by the key ring as in the ledger. A backup made by `trivet ledger backup` has its own
beside it, `<backup>.keys`.
"""

import base64
import json
import os
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, bindparam, func, select, update

from trivet.errors import ConfigError
from trivet.ledger import subject_keys
from trivet.ledger.bulk import run_many, upsert
from trivet.ledger.tables import erasure, legal_hold, subject_key, tombstone

SUFFIX = ".keys"
_FILL = (
    update(subject_key)
    .where(
        subject_key.c.id == bindparam("at_id"), subject_key.c.wrapped.is_(None), subject_key.c.erased_at.is_(None)
    )
    .values(wrapped=bindparam("sealed"))
)  # fmt: skip


def beside(backup: Path) -> Path:
    """Where the keys of a backup lie."""
    return backup.with_name(backup.name + SUFFIX)


def write(conn: Connection, file: Path) -> int:
    """Every key that was not erased; how many. The file is whole, or what it was before."""
    keys = dict(subject_keys.every(conn))
    _replace(file, keys)
    return len(keys)


def read(file: Path) -> dict[str, bytes]:
    """The keys by id; `ConfigError` where it is no such file."""
    try:
        entries = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
        return {entry["id"]: base64.b64decode(entry["wrapped"], validate=True) for entry in entries}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"no copy of people's keys: {type(error).__name__}", code="KEY_COPY_UNREADABLE", place=str(file),
            cure="name a file that `trivet ledger backup` or `trivet keys backup` wrote",
        ) from None  # fmt: skip


def strip(file: Path, key_ids: Collection[str]) -> bool:
    """The file holds none of these keys any more; False where it cannot be read or written."""
    try:
        known = read(file)
        kept = {key_id: wrapped for key_id, wrapped in known.items() if key_id not in key_ids}
        if len(kept) < len(known):
            _overwrite(file)
            _replace(file, kept)
    except (ConfigError, OSError):
        return False
    return True


def fill(conn: Connection, keys: dict[str, bytes]) -> None:
    """Puts back the keys that are missing; one that was erased stays erased."""
    run_many(conn, _FILL, ("sealed", "at_id"), [(wrapped, key_id) for key_id, wrapped in keys.items()])


def missing(conn: Connection) -> int:
    """How many people's keys are neither here nor erased."""
    query = select(func.count()).select_from(subject_key)
    return conn.scalar(query.where(subject_key.c.wrapped.is_(None), subject_key.c.erased_at.is_(None))) or 0


def carry_over(here: Connection, there: Connection) -> None:
    """What was erased, buried or held since a backup was made counts in it, too."""
    gone = select(subject_key.c.id, subject_key.c.erased_at).where(subject_key.c.erased_at.is_not(None))
    statement = (
        update(subject_key)
        .where(subject_key.c.id == bindparam("at_id"))
        .values(wrapped=None, erased_at=bindparam("at"))
    )
    # by the driver's own parameters: `wrapped` is a constant, which `run_many` does not know
    rows = [{"at_id": row.id, "at": row.erased_at} for row in here.execute(gone)]
    if rows:
        there.execute(statement, rows)
    for table in (tombstone, erasure, legal_hold):
        upsert(there, table, [dict(row) for row in here.execute(select(table)).mappings()])


def _overwrite(file: Path) -> None:
    # what was there is written over first: a file system may give the old blocks away as they are
    with file.open("r+b") as stream:
        stream.write(bytes(file.stat().st_size))
        stream.flush()
        os.fsync(stream.fileno())


def _replace(file: Path, keys: dict[str, bytes]) -> None:
    lines = [
        json.dumps({"id": key_id, "wrapped": base64.b64encode(wrapped).decode()}) for key_id, wrapped in keys.items()
    ]  # fmt: skip
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.writelines(f"{line}\n" for line in lines)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
