"""What a person's decisions were made from, sealed: every operation can be explained from the very input it came from."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from trivet.ledger.bulk import chunks, upsert
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import content, decision_input
from trivet.model import Document


@dataclass(frozen=True, slots=True)
class NewInput:
    """One input to keep; equal inputs have equal ids."""

    id: str
    document: Document
    subject_ref: str | None


def put_many(tx: Transaction, tenant: str, inputs: Iterable[NewInput]) -> None:
    """Keeps those that are not kept yet."""
    fresh = {one.id: one for one in inputs}
    tx.prepare(entry.subject_ref for entry in fresh.values())
    rows = [
        {
            "id": entry.id,
            "tenant": tenant,
            "subject_ref": entry.subject_ref,
            "payload_enc": tx.seal(entry.document, _place(entry.id), entry.subject_ref),
            "key_id": tx.key_of(entry.subject_ref),
            "created_at": tx.stamp,
        }
        for entry in fresh.values()
    ]
    upsert(tx.conn, decision_input, rows, keep=True)


def of_operations(tx: Transaction, operation_ids: Iterable[str]) -> dict[str, Document]:
    """The inputs by operation; nothing for one whose input was erased."""
    found: dict[str, Document] = {}
    for part in chunks(operation_ids):
        query = (
            select(content.c.operation_id, decision_input.c.id, decision_input.c.payload_enc)
            .join(decision_input, decision_input.c.id == content.c.input_id)
            .where(content.c.operation_id.in_(part))
        )
        for operation_id, input_id, sealed in tx.opening(tx.conn.execute(query), 2):
            given = tx.unseal_left(sealed, _place(input_id))
            if given is not None:
                found[operation_id] = given
    return found


def _place(input_id: str) -> str:
    return f"decision_input|payload_enc|{input_id}"
