"""Moves out of the ledger what no later delivery, roll-back or count needs, a month's file at a time.

Stays: the newest revision of every record, the newest that was sent, and everything on which the record at the target
stands (its create and the updates since), because a roll-back goes back over each. Copied first, on the disk, then deleted, a
page at a time: a kill at any point leaves a page in both places, and the next run finishes it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, select

from trivet.delivery import history
from trivet.delivery.failpoints import reach
from trivet.delivery.states import BATCH_RESTING, RESTING
from trivet.errors import LedgerError
from trivet.ledger import operations
from trivet.ledger.archive_file import ArchiveFile, month_file
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import batch, case, content, decision_input, event, operation

PAGE = 200
EVENTS = 1000
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(slots=True)
class Moved:
    """What went into one month's file."""

    month: str
    file: Path
    batches: int = 0
    operations: int = 0
    events: int = 0


def archive(ledger: Ledger, folder: Path, before: str, *, actor: str) -> list[Moved]:
    """What was moved of the months before `before` (`YYYY-MM`), oldest first; months with nothing to move are left out."""
    with ledger.read() as tx:
        if not _MONTH.fullmatch(before) or before > tx.stamp[:7]:
            raise LedgerError(
                f"{before!r} is no past or present month", code="ARCHIVE_MONTH", cure="write it as 2026-01"
            )
    done = []
    for month, batch_ids in _months(ledger, before).items():
        moved = Moved(month, month_file(folder, month))
        with closing(ArchiveFile(moved.file)) as there:
            for batch_id in batch_ids:
                _move(ledger, there, batch_id, moved)
        if moved.batches:
            done.append(moved)
            note = f"{moved.operations} operations and {moved.events} events to {moved.file.name}"
            with ledger.begin() as tx:
                tx.events.append(Event(WHOLE_LEDGER, month, "ARCHIVED", actor=actor, note=note))
    return done


def _months(ledger: Ledger, before: str) -> dict[str, list[str]]:
    """The closed, resting batches by the month of their closing."""
    busy = select(operation.c.batch_id).where(
        operation.c.state.not_in(sorted(RESTING | {"waiting_identity"})) | operation.c.due_at.is_not(None)
    )
    asked = select(case.c.batch_id).where(case.c.state == "open", case.c.batch_id.is_not(None))
    query = (
        select(batch.c.id, batch.c.closed_at)
        .where(batch.c.closed_at < before, batch.c.state.in_(sorted(BATCH_RESTING)))
        .where(batch.c.id.not_in(busy), batch.c.id.not_in(asked))
        .order_by(batch.c.closed_at, batch.c.id)
    )
    months: dict[str, list[str]] = {}
    with ledger.read() as tx:
        for row in tx.conn.execute(query):
            months.setdefault(row.closed_at[:7], []).append(row.id)
    return months


def _move(ledger: Ledger, there: ArchiveFile, batch_id: str, moved: Moved) -> None:
    before = moved.operations, moved.events
    for ids in _pages(ledger, batch_id):
        with ledger.read() as tx:
            rows = [(batch, _rows(tx, batch, "id", [batch_id])), *_copies(tx, ids)]
        there.put(rows)
        reach("archive.after_copy")
        with ledger.begin() as tx:
            moved.operations += _delete(tx, ids)
        reach("archive.after_delete")
    while numbers := _events(ledger, batch_id, there):
        reach("archive.after_copy")
        here = (event.c.chain == batch_id) & event.c.n.between(numbers[0], numbers[-1])
        with ledger.begin() as tx:
            tx.conn.execute(delete(event).where(here))
        moved.events += len(numbers)
        reach("archive.after_delete")
    moved.batches += (moved.operations, moved.events) != before


def _pages(ledger: Ledger, batch_id: str) -> Iterator[list[str]]:
    """Ids of the batch's operations that may go, a page at a time."""
    after = ""
    while True:
        query = select(operation.c.id).where(operation.c.batch_id == batch_id, operation.c.id > after)
        with ledger.read() as tx:
            ids = tx.conn.scalars(query.order_by(operation.c.id).limit(PAGE)).all()
            if not ids:
                return
            after = ids[-1]
            may_go = _may_go(tx, ids)
        if may_go:
            yield may_go


def _may_go(tx: Transaction, ids: Sequence[str]) -> list[str]:
    entries = operations.by_ids(tx, ids, lock=True)
    known = operations.by_reference(tx, {entry.reference for entry in entries.values()})
    needed = {name for revisions in known.values() for name in _needed(revisions)}
    return [name for name, entry in entries.items() if entry.state in RESTING and name not in needed]


def _needed(revisions: Sequence[StoredOperation]) -> Iterator[str]:
    """The ids of those revisions of one record that must stay."""
    yield revisions[-1].id
    for entry in (history.sent(revisions), history.in_the_way(revisions)):
        if entry is not None:
            yield entry.id
    if history.live(revisions) is None:
        return
    for entry in reversed(revisions):
        if entry.state == "confirmed":
            yield entry.id
            if entry.kind == "create":
                return


def _copies(tx: Transaction, ids: Sequence[str]) -> list[tuple[Table, list[dict[str, Any]]]]:
    sealed = _rows(tx, content, "operation_id", ids)
    inputs = sorted({row["input_id"] for row in sealed if row["input_id"]})
    return [
        (operation, _rows(tx, operation, "id", ids)),
        (content, sealed),
        (decision_input, _rows(tx, decision_input, "id", inputs)),
    ]


def _rows(tx: Transaction, table: Table, column: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    return [_plain(row) for row in tx.conn.execute(select(table).where(table.c[column].in_(ids))).mappings()]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _delete(tx: Transaction, ids: Sequence[str]) -> int:
    ids = _may_go(tx, ids)  # somebody may have sent one of them again meanwhile
    gone = content.c.operation_id.in_(ids)
    used = set(tx.conn.scalars(select(content.c.input_id).where(gone, content.c.input_id.is_not(None))))
    tx.conn.execute(delete(content).where(gone))
    shared = select(content.c.input_id).where(content.c.input_id.in_(used))
    left = decision_input.c.id.in_(used) & decision_input.c.id.not_in(shared)
    tx.conn.execute(delete(decision_input).where(left))
    tx.conn.execute(delete(operation).where(operation.c.id.in_(ids)))
    return len(ids)


def _events(ledger: Ledger, batch_id: str, there: ArchiveFile) -> list[int]:
    """Copies the chain's next events; their numbers."""
    query = select(event).where(event.c.chain == batch_id).order_by(event.c.n).limit(EVENTS)
    with ledger.read() as tx:
        rows = [_plain(row) for row in tx.conn.execute(query).mappings()]
        if rows:
            there.put([(batch, _rows(tx, batch, "id", [batch_id])), (event, rows)])
    return [row["n"] for row in rows]
