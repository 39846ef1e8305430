"""Compares what is wanted with what the ledger knows, and plans the difference.

never sent before            create                 equal to the newest revision       nothing
newest not sent yet          superseded, planned    identity not known yet             waiting_identity
confirmed before             update, revision + 1   confirmed, not wanted any more     delete
compensated or deleted       create, revision + 1   refused before, unchanged          nothing; siblings are held
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trivet.delivery import history, progress
from trivet.delivery.keys import operation_key, record_reference
from trivet.delivery.states import UNSENT
from trivet.delivery.transitions import move
from trivet.documents.canonical import fingerprint
from trivet.errors import LedgerError
from trivet.ledger import batches, operations, set_asides
from trivet.ledger.audit import Event
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.set_asides import SetAside
from trivet.ledger.tables import operation
from trivet.model import Document, OperationKind

Action = Literal[
    "create", "update", "delete", "wait", "cancel", "unchanged", "refused_before", "held", "duplicate"
]
DUPLICATE = "BATCH_DUPLICATE_SUBJECT"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One record that should be at a target, with the decision that wants it."""

    target: str
    entity: str
    business_key: str
    """What makes it this record, for ever: people by pseudonym, no run, no time, no employee number."""
    document: Document | None
    """In the vendor's words; None while the person's number there is not known."""
    decision: Document
    subject_ref: str | None
    mapping_version: str
    scope: str | None = None
    """What it belongs to (an application): see `scopes` of `plan`."""
    order: int = 0
    """Within the person; a later order is sent when the earlier ones are confirmed. The irreversible comes last."""
    independent: bool = False
    """Outside the person's or batch's all-or-nothing."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan says about one record."""

    action: Action
    target: str
    entity: str
    reference: str
    operation_id: str | None
    key: str | None
    subject_ref: str | None
    document: Document | None
    """What would be sent; None for a delete and for what waits."""


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


def plan(
    ledger: Ledger,
    batch_id: str,
    wanted: Sequence[Wanted],
    *,
    scopes: Collection[str] = (),
    targets: Collection[str] | None = None,
    vanished: Literal["withdraw", "keep"] = "withdraw",
    dry_run: bool = False,
) -> list[Planned]:
    """Plans the operations that bring the targets to what is wanted; what it says about each, in the order of `wanted`.

    `scopes` are those whose wanted records are complete in this call: what was delivered for them at `targets` (default:
    those that `wanted` names) and is not wanted any more is withdrawn, or kept. A dry run says the same and writes nothing.
    """
    said: list[Planned] = []
    at = set(targets) if targets is not None else {entry.target for entry in wanted}
    try:
        with ledger.begin() as tx:
            planner = _Planner(tx, _open_batch(tx, batch_id, wanted))
            said += planner.wanted(wanted)
            said += planner.vanished(scopes, at, withdraw=vanished == "withdraw")
            planner.write()
            progress.carried_away(tx, planner.batch.tenant, planner.batch.flow)
            progress.judge(tx, [batch_id])
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return said


def _open_batch(tx: Transaction, batch_id: str, wanted: Sequence[Wanted]) -> Batch:
    batch = batches.get(tx, batch_id, lock=True)
    if batch.closed_at or (batch.rollback_reason and not all(entry.independent for entry in wanted)):
        raise LedgerError(
            f"batch {batch_id} is {'rolled back' if batch.rollback_reason else 'closed'}",
            code="BATCH_CLOSED",
            cure="run the flow: it opens a new batch",
        )
    return batch


class _Planner:
    """The plan of one call: judges record by record, collects the rows, writes them together."""

    def __init__(self, tx: Transaction, batch: Batch) -> None:
        self.tx = tx
        self.batch = batch
        self.seen: set[str] = set()
        self.fresh: list[dict[str, Any]] = []
        self.released: dict[str, dict[str, Any]] = {}
        self.gone: list[StoredOperation] = []
        self.dropped: list[StoredOperation] = []
        self.doubles: list[SetAside] = []

    def wanted(self, wanted: Sequence[Wanted]) -> list[Planned]:
        """Judges what is wanted."""
        named = [
            (record_reference(self.batch.tenant, entry.target, entry.entity, entry.business_key), entry)
            for entry in wanted
        ]
        known = operations.by_reference(self.tx, {reference for reference, _ in named}, lock=True)
        prints = {id(entry): fingerprint(_content(entry)) for entry in wanted}
        doubles = {
            reference for reference, n in Counter(reference for reference, _ in named).items() if n > 1
        }
        self.seen |= {reference for reference, _ in named}
        held = self._held(named, known, prints)
        said = []
        for reference, entry in named:
            if reference in doubles:
                said.append(self._double(reference, entry))
            else:
                revisions = known.get(reference, [])
                holds = entry.subject_ref in held and not entry.independent
                said.append(self._one(reference, entry, revisions, prints[id(entry)], holds=holds))
        return said

    def _held(
        self,
        named: Sequence[tuple[str, Wanted]],
        known: Mapping[str, list[StoredOperation]],
        prints: Mapping[int, str],
    ) -> set[str | None]:
        """The people of whom something was refused and has not changed: all of theirs, or nothing."""
        if self.batch.atomic == "independent":
            return set()
        return {
            entry.subject_ref
            for reference, entry in named
            if not entry.independent
            and entry.subject_ref
            and _refused_before(known.get(reference), prints[id(entry)])
        }

    def _double(self, reference: str, entry: Wanted) -> Planned:
        message = f"two decisions want the same {entry.entity} record; neither is sent"
        aside = SetAside("plan", entry.entity, reference, DUPLICATE, message, subject_ref=entry.subject_ref)
        self.doubles.append(aside)
        return _said("duplicate", reference, entry)

    def _one(
        self, reference: str, entry: Wanted, revisions: list[StoredOperation], print_: str, *, holds: bool
    ) -> Planned:
        newest, life = revisions[-1] if revisions else None, history.live(revisions)
        waits = entry.document is None
        if newest and newest.state in UNSENT:
            if (
                newest.fingerprint == print_
                and newest.kind != "delete"
                and waits == (newest.state == "waiting_identity")
            ):
                return _said("unchanged", reference, entry, newest)
            if holds:
                self.dropped.append(newest)
                return _said("held", reference, entry)
            if newest.state == "waiting_identity" and not waits:
                return self._release(reference, entry, revisions, print_)
            self.gone.append(newest)
            newest = next(
                (past for past in reversed(revisions) if past.state not in {*UNSENT, "superseded"}), None
            )
        if _refused_before(revisions, print_):
            return _said("refused_before", reference, entry, newest)
        if (
            newest
            and newest.state in history.OPEN_FORWARD
            and newest.kind != "delete"
            and newest.fingerprint == print_
        ):
            return _said("unchanged", reference, entry, newest)
        if life and life.fingerprint == print_ and history.in_the_way(revisions) is None:
            return _said("unchanged", reference, entry, life)
        if holds:
            return _said("held", reference, entry)
        return self._add(reference, entry, revisions, print_)

    def _release(
        self, reference: str, entry: Wanted, revisions: list[StoredOperation], print_: str
    ) -> Planned:
        """The person's number is known now: the same revision goes on."""
        newest, kind = revisions[-1], history.kind_for(revisions)
        key = operation_key(reference, kind, newest.revision)
        self.released[newest.id] = {
            "kind": kind,
            "key": key,
            "batch_id": self.batch.id,
            "fingerprint": print_,
            "mapping_version": entry.mapping_version,
            "document": entry.document,
            "decision": entry.decision,
        }
        return Planned(
            kind, entry.target, entry.entity, reference, newest.id, key, entry.subject_ref, entry.document
        )

    def _add(self, reference: str, entry: Wanted, revisions: list[StoredOperation], print_: str) -> Planned:
        kind = history.kind_for(revisions)
        row = self._row(reference, revisions, kind, entry.target, entry.entity, print_)
        row |= {
            "subject_ref": entry.subject_ref,
            "scope": entry.scope,
            "position": entry.order,
            "independent": entry.independent,
            "state": "waiting_identity" if entry.document is None else "planned",
            "mapping_version": entry.mapping_version,
            "document": entry.document,
            "decision": entry.decision,
        }
        self.fresh.append(row)
        action: Action = "wait" if entry.document is None else kind
        return Planned(
            action,
            entry.target,
            entry.entity,
            reference,
            row["id"],
            row["key"],
            entry.subject_ref,
            entry.document,
        )

    def _row(
        self,
        reference: str,
        revisions: list[StoredOperation],
        kind: OperationKind,
        target: str,
        entity: str,
        print_: str,
    ) -> dict[str, Any]:
        revision = revisions[-1].revision + 1 if revisions else 1
        return {
            "id": operations.operation_id(reference, revision),
            "key": operation_key(reference, kind, revision),
            "reference": reference,
            "revision": revision,
            "kind": kind,
            "batch_id": self.batch.id,
            "tenant": self.batch.tenant,
            "target": target,
            "entity": entity,
            "fingerprint": print_,
        }

    def vanished(self, scopes: Collection[str], targets: set[str], *, withdraw: bool) -> list[Planned]:
        """Judges what was planned or delivered for the scopes and is not wanted any more."""
        known: set[str] = set()
        for part in chunks(scopes):
            here = operation.c.scope.in_(part) & operation.c.target.in_(targets)
            here &= operation.c.tenant == self.batch.tenant
            known |= {entry.reference for entry in operations.find(self.tx, here)}
        said = []
        for revisions in operations.by_reference(self.tx, known - self.seen, lock=True).values():
            said += self._vanished(revisions, withdraw=withdraw)
        return said

    def _vanished(self, revisions: list[StoredOperation], *, withdraw: bool) -> list[Planned]:
        newest, open_one = revisions[-1], history.in_the_way(revisions)
        if newest.state in UNSENT and newest.kind != "delete":
            self.dropped.append(newest)
            said = [_about(newest, "cancel")]
        elif newest.kind == "delete" and newest.state != "compensated":
            return []
        else:
            said = []
        coming = open_one is not None and open_one.kind != "delete" and open_one.state in history.OPEN_FORWARD
        if not withdraw or not (coming or history.live(revisions)):
            return said
        row = self._row(newest.reference, revisions, "delete", newest.target, newest.entity, "")
        row |= {
            "subject_ref": newest.subject_ref,
            "scope": newest.scope,
            "position": newest.position,
            "independent": newest.independent,
            "state": "planned",
            "mapping_version": newest.mapping_version,
            "document": None,
            "decision": None,
        }
        self.fresh.append(row)
        return [*said, _about(newest, "delete", row["id"], row["key"])]

    def write(self) -> None:
        """Writes the judged plan."""
        tx = self.tx
        move(tx, self.gone, "superseded", code="REPLACED")
        move(tx, self.dropped, "cancelled", code="NOT_WANTED")
        locked = operations.by_ids(tx, self.released, lock=True)
        for row_id, change in self.released.items():
            move(tx, [locked[row_id]], "planned", code="IDENTITY_KNOWN", each={row_id: change}, due_at=None)
        operations.add_many(tx, self.fresh)
        tx.events += [
            Event(self.batch.id, row["id"], "PLANNED", to_state=row["state"], note=row["kind"])
            for row in self.fresh
        ]
        set_asides.add_many(tx, self.batch, self.doubles)


def _content(entry: Wanted) -> Document:
    # a waiting decision and a document that happens to equal it must not be taken for each other
    return entry.document if entry.document is not None else {"waiting": entry.decision}


def _refused_before(revisions: Sequence[StoredOperation] | None, print_: str) -> bool:
    """True where the newest revision that was sent is this very document, and the target refused it."""
    sent = [past for past in revisions or () if past.state not in {*UNSENT, "superseded"}]
    return bool(sent) and sent[-1].state == "rejected" and sent[-1].fingerprint == print_


def _said(action: Action, reference: str, entry: Wanted, of: StoredOperation | None = None) -> Planned:
    row_id, key = (of.id, of.key) if of else (None, None)
    return Planned(
        action, entry.target, entry.entity, reference, row_id, key, entry.subject_ref, entry.document
    )


def _about(of: StoredOperation, action: Action, row_id: str | None = None, key: str | None = None) -> Planned:
    return Planned(
        action, of.target, of.entity, of.reference, row_id or of.id, key or of.key, of.subject_ref, None
    )
