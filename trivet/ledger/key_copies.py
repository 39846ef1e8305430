"""Copies of people's keys, apart from the backups that need them: erasing a key here and in these files erases every backup.

A file holds a JSON line a key, wrapped by the key ring as in the ledger, and beside the keys who was erased, buried or held, so
that it is so after a restoring, too. A backup made by `trivet ledger backup` has its own beside it, `<backup>.keys`.
"""

import base64
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, func, null, select, update

from trivet.errors import ConfigError
from trivet.ledger.bulk import run_many, upsert
from trivet.ledger.tables import erasure, legal_hold, subject_key, tombstone

SUFFIX = ".keys"
_TABLES = {table.name: table for table in (subject_key, tombstone, erasure, legal_hold)}
_FILL = (
    update(subject_key)
    .where(
        subject_key.c.id == bindparam("at_id"), subject_key.c.wrapped.is_(None), subject_key.c.erased_at.is_(None)
    )
    .values(wrapped=bindparam("sealed"))
)  # fmt: skip
_ERASED = (
    update(subject_key)
    .where(subject_key.c.id == bindparam("at_id"))
    .values(wrapped=null(), erased_at=bindparam("at"))
)
Rows = dict[str, list[dict[str, Any]]]
"""By table."""


def beside(backup: Path) -> Path:
    """Where the keys of a backup lie."""
    return backup.with_name(backup.name + SUFFIX)


def rows_of(conn: Connection) -> Rows:
    """What a copy holds."""
    return {
        name: [dict(row) for row in conn.execute(select(table)).mappings()] for name, table in _TABLES.items()
    }


def write(conn: Connection, file: Path) -> int:
    """Copies everything; how many keys that were not erased. The file is whole, or what it was before."""
    rows = rows_of(conn)
    _replace(file, rows)
    return sum(row["wrapped"] is not None for row in rows[subject_key.name])


def read(file: Path) -> Rows:
    """What the copy holds; `ConfigError` where it is none."""
    rows: Rows = {name: [] for name in _TABLES}
    try:
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            table = _TABLES[entry.pop("table")]
            if table is subject_key and entry["wrapped"] is not None:
                entry["wrapped"] = base64.b64decode(entry["wrapped"], validate=True)
            rows[table.name].append({column.name: entry[column.name] for column in table.c})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"no copy of people's keys: {type(error).__name__}", code="KEY_COPY_UNREADABLE", place=str(file),
            cure="name a file that `trivet ledger backup` or `trivet keys backup` wrote",
        ) from None  # fmt: skip
    return rows


def strip(file: Path, key_ids: Collection[str], at: str) -> bool:
    """The file holds none of these keys any more; False where it cannot be read or written."""
    try:
        rows = read(file)
        for row in rows[subject_key.name]:
            if row["id"] in key_ids:
                row |= {"wrapped": None, "erased_at": at}
        _overwrite(file)
        _replace(file, rows)
    except (ConfigError, OSError):
        return False
    return True


def fill(conn: Connection, rows: Rows) -> None:
    """Puts back the keys that are missing; who was erased, buried or held in the copy is so here, too."""
    keys = rows[subject_key.name]
    upsert(conn, subject_key, keys, keep=True)
    there = [(row["wrapped"], row["id"]) for row in keys if row["wrapped"] is not None]
    run_many(conn, _FILL, ("sealed", "at_id"), there)
    for row in keys:
        if row["erased_at"] is not None:
            conn.execute(_ERASED, {"at_id": row["id"], "at": row["erased_at"]})
    for name, table in _TABLES.items():
        if table is not subject_key:
            upsert(conn, table, rows[name], keep=table is not erasure)


def missing(conn: Connection) -> int:
    """How many people's keys are neither here nor erased."""
    query = select(func.count()).select_from(subject_key)
    return conn.scalar(query.where(subject_key.c.wrapped.is_(None), subject_key.c.erased_at.is_(None))) or 0


def _overwrite(file: Path) -> None:
    # what was there is written over first: a file system may give the old blocks away as they are
    with file.open("r+b") as stream:
        stream.write(bytes(file.stat().st_size))
        stream.flush()
        os.fsync(stream.fileno())


def _replace(file: Path, rows: Rows) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        for name, entries in rows.items():
            stream.writelines(f"{_line(name, entry)}\n" for entry in entries)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _line(table: str, row: Mapping[str, Any]) -> str:
    said = {name: base64.b64encode(v).decode() if isinstance(v, bytes) else v for name, v in row.items()}
    return json.dumps({"table": table, **said}, ensure_ascii=False)
