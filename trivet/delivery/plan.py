"""Compares what is wanted with what the ledger knows, and plans the difference.

never sent before            create                 equal to the newest revision       nothing
newest not sent yet          superseded, planned    identity not known yet             waiting_identity
confirmed before             update, revision + 1   confirmed, not wanted any more     delete
compensated or deleted       create, revision + 1   refused before, unchanged          nothing, siblings held
declined by a person     nothing, until it changes
another flow's, and still on its way there             nothing: set aside with that flow's batch
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from trivet.delivery import history, progress
from trivet.delivery.drafts import Drafts, Wanted
from trivet.delivery.keys import record_reference
from trivet.delivery.states import BLOCKING, FLYING, UNSENT
from trivet.documents.canonical import fingerprint
from trivet.errors import LedgerError
from trivet.ledger import batches, operations, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Ledger, Transaction
from trivet.ledger.operations import StoredOperation
from trivet.ledger.set_asides import SetAside
from trivet.model import Document

Action = Literal[
    "create",
    "update",
    "delete",
    "give_back",
    "wait",
    "cancel",
    "unchanged",
    "refused_before",
    "held",
    "duplicate",
    "elsewhere",
]
__all__ = ["DECLINED", "DUPLICATE", "ELSEWHERE", "Action", "Planned", "Wanted", "plan"]
DUPLICATE = "BATCH_DUPLICATE_SUBJECT"
ELSEWHERE = "BATCH_ALREADY_EXISTS"
DECLINED = "APPROVAL_REJECTED"
_UNDER_WAY = UNSENT | BLOCKING


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
    """Plans what brings the targets to what is wanted; what it says about each, `wanted` first and in its order.

    `scopes` are those whose wanted records are complete in this call: what was delivered for them at `targets`
    (default: those that `wanted` names) and is not wanted any more is withdrawn, or kept. A dry run says the same and
    writes nothing.
    """
    said: list[Planned] = []
    at = set(targets) if targets is not None else {entry.target for entry in wanted}
    try:
        with ledger.begin() as tx:
            judge = _Judge(tx, _open_batch(tx, batch_id, wanted))
            said += judge.wanted(wanted)
            said += judge.vanished(scopes, at, withdraw=vanished == "withdraw")
            judge.resolve()
            judge.drafts.write(tx)
            progress.carried_away(tx, judge.batch.tenant, judge.batch.flow)
            progress.planned(tx, judge.batch, sends=judge.drafts.sends)
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


class _Judge:
    """Says record by record what is to be done, and drafts it."""

    def __init__(self, tx: Transaction, batch: Batch) -> None:
        self.tx = tx
        self.batch = batch
        self.drafts = Drafts(tx, batch)
        self.seen: set[str] = set()
        self.entities: dict[str, str] = {}

    def wanted(self, wanted: Sequence[Wanted]) -> list[Planned]:
        """Judges what is wanted."""
        tenant = self.batch.tenant
        named = [(record_reference(tenant, e.target, e.entity, e.business_key), e) for e in wanted]
        prints = [fingerprint(_content(entry)) for entry in wanted]
        known = operations.by_reference(self.tx, {reference for reference, _ in named}, lock=True)
        times = Counter(reference for reference, _ in named)
        self.seen |= set(times)
        self.entities |= {reference: entry.entity for reference, entry in named}
        elsewhere = self._elsewhere(known)
        held = self._held(named, known, prints)
        return [
            self._double(reference, entry)
            if times[reference] > 1
            else self._other(reference, entry, elsewhere[reference])
            if reference in elsewhere
            else self._one(reference, entry, known.get(reference, []), print_, held)
            for (reference, entry), print_ in zip(named, prints, strict=True)
        ]

    def _held(
        self,
        named: Sequence[tuple[str, Wanted]],
        known: Mapping[str, list[StoredOperation]],
        prints: Sequence[str],
    ) -> set[str]:
        """The people of whom something was refused and has not changed: all of theirs, or nothing."""
        if self.batch.atomic == "independent":
            return set()
        return {
            entry.subject_ref
            for (reference, entry), print_ in zip(named, prints, strict=True)
            if entry.subject_ref
            and not entry.independent
            and _refused_before(known.get(reference, ()), print_)
        }

    def _elsewhere(self, known: Mapping[str, list[StoredOperation]]) -> dict[str, str]:
        """The batch in which another flow has the record under way, by reference: two flows would take turns at it."""
        open_ones = {
            reference: entry.batch_id
            for reference, revisions in known.items()
            for entry in revisions
            if entry.state in _UNDER_WAY and entry.batch_id != self.batch.id
        }
        flows = batches.flows(self.tx, set(open_ones.values())) if open_ones else {}
        return {name: at for name, at in open_ones.items() if flows[at] != self.batch.flow}

    def _other(self, reference: str, entry: Wanted, batch_id: str) -> Planned:
        message = f"batch {batch_id} of another flow has this {entry.entity} record under way; nothing is planned here"
        aside = SetAside("plan", entry.entity, reference, ELSEWHERE, message, subject_ref=entry.subject_ref)
        self.drafts.asides[reference] = aside
        return _said("elsewhere", reference, entry)

    def resolve(self) -> None:
        """What was set aside by an earlier plan and is in order now."""
        fine: dict[str, list[str]] = {}
        for reference, entity in self.entities.items():
            if reference not in self.drafts.asides:
                fine.setdefault(entity, []).append(reference)
        for entity, references in fine.items():
            set_asides.resolve(self.tx, self.batch.tenant, "plan", entity, references)

    def _double(self, reference: str, entry: Wanted) -> Planned:
        message = f"two decisions want the same {entry.entity} record; neither is sent"
        aside = SetAside("plan", entry.entity, reference, DUPLICATE, message, subject_ref=entry.subject_ref)
        self.drafts.asides[reference] = aside
        return _said("duplicate", reference, entry)

    def _one(
        self,
        reference: str,
        entry: Wanted,
        revisions: list[StoredOperation],
        print_: str,
        held: Collection[str],
    ) -> Planned:
        newest, sent = history.unsent(revisions), history.sent(revisions)
        stays = _unchanged(entry, revisions, newest, sent, print_)
        if stays:
            if newest and stays is not newest:
                self.drafts.superseded.append(newest)
            if stays.state in UNSENT:
                # the site's policy may have changed since it was planned
                self.drafts.shut(stays, entry)
            return _said("unchanged", reference, entry, stays)
        if _refused_before(revisions, print_) or _declined(revisions, print_):
            return _said("refused_before", reference, entry, sent)
        if entry.subject_ref in held and not entry.independent:
            if newest:
                self.drafts.cancelled.append(newest)
            return _said("held", reference, entry)
        if newest and newest.state == "waiting_identity" and entry.document is not None:
            row = self.drafts.release(newest, revisions, entry, print_)
        else:
            if newest:
                self.drafts.superseded.append(newest)
            row = self.drafts.revise(reference, revisions, entry, print_)
        action: Action = "wait" if entry.document is None else row.kind
        return _said(action, reference, entry, row)

    def vanished(self, scopes: Collection[str], targets: set[str], *, withdraw: bool) -> list[Planned]:
        """Judges what was planned or delivered for the scopes and is not wanted any more."""
        references = operations.references(self.tx, self.batch.tenant, scopes, targets)
        known = operations.by_reference(self.tx, references - self.seen, lock=True)
        others = self._elsewhere(known)
        said: list[Planned] = []
        for reference, revisions in known.items():
            if reference not in others:
                said += self._vanished(revisions, withdraw=withdraw)
        return said

    def _vanished(self, revisions: list[StoredOperation], *, withdraw: bool) -> list[Planned]:
        newest, open_one = revisions[-1], history.in_the_way(revisions)
        said = []
        if newest.state in UNSENT and newest.kind != "delete":
            self.drafts.cancelled.append(newest)
            said.append(_about(newest, "cancel"))
        elif newest.kind == "delete" and newest.state not in {"compensated", "cancelled"}:
            return []
        if newest.adopted:
            theirs = [e for e in revisions if e.state == "confirmed" or e.state in FLYING] if withdraw else []
            self.drafts.given_back += theirs
            return said + [_about(e, "give_back") for e in theirs[-1:]]
        coming = open_one is not None and open_one.kind != "delete" and open_one.state in history.OPEN_FORWARD
        if withdraw and (coming or history.live(revisions)):
            said.append(_about(self.drafts.withdraw(revisions), "delete"))
        return said


def _unchanged(
    entry: Wanted,
    revisions: Sequence[StoredOperation],
    newest: StoredOperation | None,
    sent: StoredOperation | None,
    print_: str,
) -> StoredOperation | None:
    """The revision that is what is wanted, if there is one: planned, on its way, or at the target."""
    waits = entry.document is None
    if newest and newest.kind != "delete" and newest.fingerprint == print_:
        return newest if waits == (newest.state == "waiting_identity") else None
    if sent and sent.state in history.OPEN_FORWARD and sent.kind != "delete" and sent.fingerprint == print_:
        return sent
    life = history.live(revisions)
    if life and life.fingerprint == print_ and history.in_the_way(revisions) is None:
        return life
    return None


def _refused_before(revisions: Sequence[StoredOperation], print_: str) -> bool:
    """True where the newest revision that was sent is this very document, and the target refused it."""
    sent = history.sent(revisions)
    return sent is not None and sent.state == "rejected" and sent.fingerprint == print_


def _declined(revisions: Sequence[StoredOperation], print_: str) -> bool:
    """True where a person was asked about this very document last, and rejected it."""
    last = revisions[-1] if revisions else None
    return last is not None and (last.state, last.error_code, last.fingerprint) == (
        "cancelled",
        DECLINED,
        print_,
    )


def _content(entry: Wanted) -> Document:
    # a waiting decision and a document that happens to equal it must not be taken for each other
    return entry.document if entry.document is not None else {"waiting": entry.decision}


def _said(action: Action, reference: str, entry: Wanted, of: StoredOperation | None = None) -> Planned:
    row_id, key = (of.id, of.key) if of else (None, None)
    return Planned(
        action, entry.target, entry.entity, reference, row_id, key, entry.subject_ref, entry.document
    )


def _about(of: StoredOperation, action: Action) -> Planned:
    return Planned(action, of.target, of.entity, of.reference, of.id, of.key, of.subject_ref, None)
