"""What operations carry, sealed: the vendor's document, the decision that wants it, and what was there before."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, UpdateBase, bindparam, delete, insert, null, select, update

from trivet.ledger.bulk import chunks, rows_in, run_many
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import content, decision_input, operation
from trivet.model import Document

Part = Literal["document", "decision", "before"]


class Contents(NamedTuple):
    """One operation's contents, opened; None where there is none, it was not asked for, or it was erased."""

    document: Document | None = None
    decision: Document | None = None
    before: Document | None = None


_PARTS: dict[Part, str] = {"document": "document_enc", "decision": "decision_enc", "before": "before_enc"}
_COLUMNS = ("operation_id", "document_enc", "decision_enc", "key_id", "input_id")
_INSERT = insert(content)
_PUT_INPUT = (
    update(content).where(content.c.operation_id == bindparam("at_id")).values(input_id=bindparam("id"))
)
_ERASED = Contents()


def add_many(
    tx: Transaction, rows: Mapping[str, Contents], inputs: Mapping[str, str], people: Mapping[str, str | None]
) -> None:
    """Stores documents and decisions of new operations, by operation id, with the ids of their inputs and the people whom
    they are about."""
    tx.prepare(people.values())
    sealed = [
        (
            row_id,
            _seal(tx, row_id, "document", one.document, people.get(row_id)),
            _seal(tx, row_id, "decision", one.decision, people.get(row_id)),
            tx.key_of(people.get(row_id)),
            inputs.get(row_id),
        )
        for row_id, one in rows.items()
    ]
    run_many(tx.conn, _INSERT, _COLUMNS, sealed)


def put(
    tx: Transaction, part: Part, documents: Mapping[str, Document | None], people: Mapping[str, str | None]
) -> None:
    """Replaces one part of these operations' contents; `people` are those whom the operations are about."""
    tx.prepare(people.values())
    rows = [
        (_seal(tx, row_id, part, document, people.get(row_id)), tx.key_of(people.get(row_id)), row_id)
        for row_id, document in documents.items()
    ]
    run_many(tx.conn, _put(part), ("sealed", "by", "at_id"), rows)


def put_input(tx: Transaction, inputs: Mapping[str, str]) -> None:
    """Replaces the ids of these operations' inputs."""
    run_many(tx.conn, _PUT_INPUT, ("id", "at_id"), [(name, row_id) for row_id, name in inputs.items()])


def get(tx: Transaction, ids: Iterable[str], *only: Part) -> dict[str, Contents]:
    """The opened contents by operation id; `only` the parts named."""
    query = _get(only or tuple(_PARTS))
    found = dict.fromkeys(ids, _ERASED)
    for row_id, *parts in tx.opening(rows_in(tx.conn, query, found), 1, 2, 3):
        opened = (
            None if sealed is None else tx.unseal_left(sealed, f"content|{column}|{row_id}")
            for column, sealed in zip(_PARTS.values(), parts, strict=True)
        )
        found[row_id] = Contents(*opened)
    return found


def erase(tx: Transaction, ids: Iterable[str]) -> None:
    """Removes contents, fingerprints and inputs that no one else has; the operations stay as proof of what happened."""
    for part in chunks(ids):
        gone = content.c.operation_id.in_(part)
        used = set(tx.conn.scalars(select(content.c.input_id).where(gone, content.c.input_id.is_not(None))))
        tx.conn.execute(delete(content).where(gone))
        shared = select(content.c.input_id).where(content.c.input_id.in_(used))
        tx.conn.execute(
            delete(decision_input).where(decision_input.c.id.in_(used), decision_input.c.id.not_in(shared))
        )
        tx.conn.execute(update(operation).where(operation.c.id.in_(part)).values(fingerprint=""))


def _seal(
    tx: Transaction, row_id: str, part: Part, document: Document | None, subject_ref: str | None
) -> bytes | None:
    if document is None:
        return None
    return tx.seal(document, f"content|{_PARTS[part]}|{row_id}", subject_ref)


@lru_cache
def _put(part: Part) -> UpdateBase:
    values: dict[str, Any] = {_PARTS[part]: bindparam("sealed"), "key_id": bindparam("by")}
    return update(content).where(content.c.operation_id == bindparam("at_id")).values(values)


@lru_cache
def _get(parts: tuple[Part, ...]) -> Select[Any]:
    columns = [content.c[column] if part in parts else null() for part, column in _PARTS.items()]
    chosen = content.c.operation_id.in_(bindparam("ids", expanding=True))
    return select(content.c.operation_id, *columns).where(chosen)
