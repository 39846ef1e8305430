"""Answers for people: what was delivered, what is known and was sent about one person, what a batch came to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from trivet.ledger import batches, cases, contents, documents, operations, people, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.cases import Case
from trivet.ledger.contents import Contents
from trivet.ledger.ledger import Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.set_asides import SetAside
from trivet.ledger.tables import event, operation
from trivet.model import Document


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to an operation; a step that sends has the fence of its worker."""

    at: str
    from_state: str | None
    to_state: str | None
    code: str
    actor: str
    note: str
    fence: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One operation with its contents, for `explain`: the document, the decision and mapping that made it."""

    operation: StoredOperation
    document: Document | None
    decision: Document | None
    before: Document | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a person's timeline."""

    at: str
    what: str
    """`document`, `operation`, `set_aside`, `consent` or `case`."""
    about: str
    state: str
    actor: str
    code: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What a batch came to: operations by target and state, what was set aside, what a person has to decide."""

    batch: Batch
    deliveries: Mapping[str, Mapping[str, int]]
    set_asides: tuple[SetAside, ...]
    refused: tuple[StoredOperation, ...]
    cases: tuple[Case, ...]


def deliveries(
    tx: Transaction,
    *,
    batch_id: str | None = None,
    target: str | None = None,
    state: str | None = None,
    subject_ref: str | None = None,
    reference: str | None = None,
    limit: int = 200,
) -> list[StoredOperation]:
    """The operations that match, last changed first; without their sealed contents."""
    named = (
        (operation.c.batch_id, batch_id),
        (operation.c.target, target),
        (operation.c.state, state),
        (operation.c.subject_ref, subject_ref),
        (operation.c.reference, reference),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in named if value is not None]
    return operations.find(tx, *conditions, limit=limit, newest=True)


def delivery(tx: Transaction, operation_id: str, older: Sequence[Transaction] = ()) -> Delivery | None:
    """One operation with its contents and everything that happened to it, in the archives `older`, too."""
    entry = operations.by_ids(tx, [operation_id]).get(operation_id)
    if entry is None:
        return None
    opened = contents.get(tx, [operation_id])[operation_id]
    steps = tuple(
        Step(row.at, row.from_state, row.to_state, row.code, row.actor, row.note, row.fence)
        for row in _happened([*older, tx], [operation_id])
    )
    return Delivery(entry, opened.document, opened.decision, opened.before, steps)


def person(
    tx: Transaction, tenant: str, subject_ref: str, older: Sequence[Transaction] = ()
) -> list[Happening]:
    """Everything known and sent about one person, in order of time, out of the archives `older`, too."""
    lines = [*_known(tx, tenant, subject_ref), *_sent([*older, tx], tenant, subject_ref)]
    for aside in set_asides.find(tx, tenant=tenant, subject_ref=subject_ref, resolved=True):
        state = "resolved" if aside.resolved_at else "open"
        detail = {
            "stage": aside.stage,
            "pointer": aside.pointer,
            "message": aside.message,
            "place": aside.place,
        }
        lines.append(
            Happening(aside.created_at, "set_aside", aside.item, state, "trivet", aside.code, detail)
        )
    for case in cases.find(tx, state=None, subject_ref=subject_ref):
        detail = {"operation": case.operation_id, "message": case.message, "decision": case.decision}
        lines.append(Happening(case.opened_at, "case", case.id, case.state, "trivet", case.code, detail))
    return sorted(lines, key=lambda line: line.at)


def _known(tx: Transaction, tenant: str, subject_ref: str) -> list[Happening]:
    lines = [
        Happening(
            entry.changed_at,
            "document",
            f"{entry.kind}/{entry.id}",
            "known",
            "trivet",
            "",
            {
                "document": entry.document,
                "mapping_version": entry.mapping_version,
                "batch": entry.changed_batch,
            },
        )
        for entry in documents.by_subject(tx, tenant, [subject_ref])
    ]
    for word in people.consents_of(tx, tenant, subject_ref):
        state = "withdrawn" if word.withdrawn_at else "granted" if word.granted_at else "not granted"
        at = word.withdrawn_at or word.granted_at or ""
        detail = {"notice_version": word.notice_version}
        lines.append(Happening(at, "consent", word.purpose, state, "person", "", detail))
    return lines


def _happened(ledgers: Sequence[Transaction], ids: Iterable[str]) -> list[Any]:
    """The events about these operations, in order; what lies in two places while it is archived comes once."""
    query = select(event).where(event.c.about.in_(list(ids)))
    rows = {(row.chain, row.n): row for one in ledgers for row in one.conn.execute(query)}
    return sorted(rows.values(), key=lambda row: (row.at, row.n))


def _sent(ledgers: Sequence[Transaction], tenant: str, subject_ref: str) -> list[Happening]:
    by_id: dict[str, StoredOperation] = {}
    opened: dict[str, Contents] = {}
    for one in ledgers:
        mine = operations.find(one, operation.c.subject_ref == subject_ref, operation.c.tenant == tenant)
        by_id |= {entry.id: entry for entry in mine}
        opened |= contents.get(one, [entry.id for entry in mine])
    lines = []
    for row in _happened(ledgers, by_id):
        entry = by_id[row.about]
        detail: dict[str, Any] = {
            "target": entry.target,
            "entity": entry.entity,
            "kind": entry.kind,
            "reference": entry.reference,
            "batch": row.chain,
        }
        if row.code == "PLANNED":
            detail |= {"document": opened[entry.id].document, "decision": opened[entry.id].decision}
            detail["mapping_version"] = entry.mapping_version
        if row.to_state in {"rejected", "stuck"}:
            detail |= {"field": entry.error_field, "message": entry.error_text}
        lines.append(
            Happening(row.at, "operation", entry.id, row.to_state or "", row.actor, row.code, detail)
        )
    return lines


def batch_summary(tx: Transaction, batch_id: str) -> BatchSummary:
    """What the batch has come to so far."""
    by_target: dict[str, dict[str, int]] = {}
    for (target, state), number in operations.tally(tx, operation.c.batch_id == batch_id).items():
        by_target.setdefault(target, {})[state] = number
    here = operation.c.batch_id == batch_id
    return BatchSummary(
        batch=batches.get(tx, batch_id),
        deliveries=by_target,
        set_asides=tuple(set_asides.find(tx, batch_id=batch_id)),
        refused=tuple(operations.find(tx, here, operation.c.state == "rejected")),
        cases=tuple(cases.find(tx, batch_id=batch_id)),
    )
