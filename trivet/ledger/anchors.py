"""Heads of the audit chains, noted in a file outside the database: one JSON line per chain that grew since the last note.

Whoever can write the database cannot take these back, and a chain whose tail was cut no longer reaches them.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from trivet.errors import ConfigError, LedgerError
from trivet.ledger import audit


class Anchor(NamedTuple):
    """One noted head."""

    at: str
    chain: str
    n: int
    mac: str


def append(conn: Connection, file: Path, at: str) -> tuple[int, int]:
    """How many chains there are, and how many heads were appended; on the disk when it returns."""
    known = {entry.chain: (entry.n, entry.mac) for entry in read(file)} if file.exists() else {}
    heads = audit.heads(conn)
    lines = [
        json.dumps({"at": at, "chain": name, "n": n, "mac": mac}, ensure_ascii=False)
        for name, (n, mac) in sorted(heads.items())
        if n and known.get(name) != (n, mac)
    ]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise LedgerError(
            f"the anchors cannot be written: {error.strerror}", code="ANCHORS_UNWRITABLE", place=str(file),
            cure="give this user a folder to write in, outside the database's own disk if possible",
        ) from None  # fmt: skip
    return len(heads), len(lines)


def read(file: Path) -> Iterator[Anchor]:
    """The notes, oldest first; `ConfigError` where the file cannot be read. A last line that was cut short is left out."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the anchors cannot be read: {type(error).__name__}", code="ANCHORS_UNREADABLE", place=str(file),
            cure="name the file that `trivet audit anchor` appends to",
        ) from None  # fmt: skip
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1], start=1):  # a killed append leaves a line without its end
        try:
            entry = Anchor(**json.loads(line))
            entry.chain.encode()
            yield entry._replace(n=int(entry.n))
        except (TypeError, ValueError, AttributeError):
            raise ConfigError(
                "not a noted head", code="ANCHORS_UNREADABLE", place=f"{file}:{number}",
                cure="the file was edited: compare it with a copy of your own",
            ) from None  # fmt: skip
