"""A plan on paper: what is wanted, and the rows that a judged plan adds, moves and ends, written together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trivet.delivery import history
from trivet.delivery.keys import operation_key
from trivet.delivery.transitions import ask_back, move
from trivet.ledger import contents, gates, inputs, operations, set_asides
from trivet.ledger.audit import Event
from trivet.ledger.batches import Batch
from trivet.ledger.contents import Contents
from trivet.ledger.inputs import NewInput
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.set_asides import SetAside
from trivet.model import Document, OperationKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """One record that should be at a target, with the decision that wants it."""

    target: str
    entity: str
    business_key: str
    """What makes it this record, for ever: people by pseudonym; no run, no time, no employee number."""
    document: Document | None
    """In the vendor's words; None while the person's number there is not known."""
    decision: Document
    subject_ref: str | None
    mapping_version: str
    scope: str | None = None
    """What it belongs to (an application): see `scopes` of `plan`."""
    order: int = 0
    """Within the person: a later one is sent when the earlier ones are confirmed. The irreversible comes last."""
    independent: bool = False
    """Outside the person's or batch's all-or-nothing."""
    input: NewInput | None = None
    """What the decision was made from."""
    adopts: str | None = None
    """The target's id of somebody else's record that is to change; see `Operation.adopted`."""
    awaits: str = ""
    """Why it must not go before a named person has approved it; see `trivet.ledger.gates`."""


class Drafts:
    """What one plan will write."""

    def __init__(self, tx: Transaction, batch: Batch) -> None:
        self.batch = batch
        self.stamp = tx.stamp
        self.first = int(tx.now.timestamp() * 1_000_000)
        self.fresh: dict[str, tuple[StoredOperation, Contents]] = {}
        self.released: list[tuple[StoredOperation, StoredOperation, Contents]] = []
        self.superseded: list[StoredOperation] = []
        self.cancelled: list[StoredOperation] = []
        self.given_back: list[StoredOperation] = []
        self.asides: dict[str, SetAside] = {}
        self.inputs: dict[str, NewInput] = {}
        """By operation id."""
        self.gates: dict[str, str] = {}
        """What each operation that must not go yet waits for."""

    def revise(
        self, reference: str, revisions: Sequence[StoredOperation], wish: Wanted, print_: str
    ) -> StoredOperation:
        """The record's next revision."""
        kind = "update" if wish.adopts else history.kind_for(revisions)
        revision = revisions[-1].revision + 1 if revisions else 1
        state = "waiting_identity" if wish.document is None else "planned"
        row = self._row(reference, revision, kind, wish, state, print_)
        self.fresh[row.id] = (row, Contents(wish.document, wish.decision))
        self._from(row, wish)
        return row

    def release(
        self, waiting: StoredOperation, revisions: Sequence[StoredOperation], wish: Wanted, print_: str
    ) -> StoredOperation:
        """The person's number is known now: the same revision goes on."""
        kind = history.kind_for(revisions)
        row = self._row(waiting.reference, waiting.revision, kind, wish, "planned", print_)
        self.released.append((waiting, row, Contents(wish.document, wish.decision)))
        self._from(row, wish)
        return row

    def withdraw(self, revisions: Sequence[StoredOperation]) -> StoredOperation:
        """The revision that takes the record away."""
        newest = revisions[-1]
        revision = newest.revision + 1
        row = newest._replace(
            id=operations.operation_id(newest.reference, revision),
            key=operation_key(newest.reference, "delete", revision),
            revision=revision,
            kind="delete",
            batch_id=self.batch.id,
            planned_in=self.batch.id,
            fingerprint="",
            seq=self._seq(),
            **_blank(self.stamp),
        )
        self.fresh[row.id] = (row, Contents())
        return row

    def _from(self, row: StoredOperation, wish: Wanted) -> None:
        self.shut(row, wish)
        if wish.input is not None:
            self.inputs[row.id] = wish.input

    def shut(self, row: StoredOperation, wish: Wanted) -> None:
        """It waits for a person, if it was decided so."""
        if wish.awaits:
            self.gates[row.id] = wish.awaits

    def _seq(self) -> int:
        return self.first + len(self.fresh)

    def _row(
        self, reference: str, revision: int, kind: OperationKind, wish: Wanted, state: str, print_: str
    ) -> StoredOperation:
        return StoredOperation(
            id=operations.operation_id(reference, revision),
            batch_id=self.batch.id,
            planned_in=self.batch.id,
            tenant=self.batch.tenant,
            target=wish.target,
            entity=wish.entity,
            kind=kind,
            reference=reference,
            revision=revision,
            key=operation_key(reference, kind, revision),
            subject_ref=wish.subject_ref,
            scope=wish.scope,
            position=wish.order,
            seq=self._seq(),
            independent=wish.independent,
            adopted=wish.adopts is not None,
            fingerprint=print_,
            mapping_version=wish.mapping_version,
            **(_blank(self.stamp) | {"state": state, "remote_id": wish.adopts}),
        )

    @property
    def sends(self) -> bool:
        """Whether something of it is to be sent."""
        return bool(self.released or self.given_back) or any(
            row.state == "planned" for row, _ in self.fresh.values()
        )

    def write(self, tx: Transaction) -> None:
        """Writes everything."""
        move(tx, self.superseded, "superseded", code="REPLACED")
        move(tx, self.cancelled, "cancelled", code="NOT_WANTED")
        ask_back(tx, self.given_back, "NOT_WANTED")
        new = [row for _, row, _ in self.released]
        each = {name: [getattr(row, name) for row in new] for name in _RELEASED}
        move(tx, [waiting for waiting, _, _ in self.released], "planned", code="IDENTITY_KNOWN", each=each)
        whose = {row.id: row.subject_ref for _, row, _ in self.released}
        contents.put(tx, "document", {row.id: one.document for _, row, one in self.released}, whose)
        contents.put(tx, "decision", {row.id: one.decision for _, row, one in self.released}, whose)
        rows = [row for row, _ in self.fresh.values()]
        operations.add_many(tx, rows)
        gates.put(tx, self.gates)
        named = {row_id: entry.id for row_id, entry in self.inputs.items()}
        inputs.put_many(tx, self.batch.tenant, self.inputs.values())
        whose = {row.id: row.subject_ref for row, _ in self.fresh.values()}
        contents.add_many(tx, {row.id: one for row, one in self.fresh.values()}, named, whose)
        contents.put_input(tx, {row.id: named[row.id] for row in new if row.id in named})
        tx.events += [Event(self.batch.id, row.id, "PLANNED", None, row.state, note=row.kind) for row in rows]
        set_asides.add_many(tx, self.batch, list(self.asides.values()))


_RELEASED = ("kind", "key", "batch_id", "planned_in", "fingerprint", "mapping_version")


def _blank(stamp: str) -> dict[str, Any]:
    """The columns of an operation that nothing has happened to yet."""
    return {
        "state": "planned",
        "stuck_from": None,
        "remote_id": None,
        "ticket": None,
        "attempts": 0,
        "failures": 0,
        "due_at": None,
        "sent_at": None,
        "verified_at": None,
        "undo_reason": None,
        "error_code": None,
        "error_field": None,
        "error_text": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
