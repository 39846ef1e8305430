"""What an ERP says became of a person goes back to the HR record: one entry a completion, result or goal, kept up to date."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trivet.delivery.plan import Planned, Wanted, plan
from trivet.documents.canonical import fingerprint
from trivet.flow.definition import Flow, WriteBack
from trivet.flow.gates.gating import gated
from trivet.flow.hub import Hub
from trivet.flow.identity import FEEDBACK
from trivet.ledger import documents, people, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.bulk import chunks
from trivet.ledger.documents import StoredDocument
from trivet.ledger.inputs import NewInput
from trivet.ledger.ledger import Transaction
from trivet.ledger.set_asides import SetAside
from trivet.mapping import Mapping
from trivet.model import Document

STAGE = "feedback"
PURPOSE = "share_erp"
"""Whoever let us carry results to the ERP let us carry the ERP's answer back."""
MOST = 500


@dataclass(slots=True)
class _Drafted:
    wanted: list[Wanted] = field(default_factory=list)
    refused: list[SetAside] = field(default_factory=list)


def give_back(hub: Hub, flow: Flow, batch: Batch, *, dry_run: bool = False) -> list[Planned]:
    """Plans what the batch's feedback documents, and those that could not go back earlier, change in the HR record."""
    assert flow.feedback is not None
    mapping = hub.files(flow).mapping(flow.feedback.mapping)
    planned: list[Planned] = []
    with hub.ledger.read() as tx:
        ids = _due(tx, batch)
    for part in chunks(ids, MOST):
        with hub.ledger.read() as tx:
            drafted = _drafts(hub, tx, flow, flow.feedback, mapping, part)
        planned += plan(hub.ledger, batch.id, gated(hub, flow, drafted.wanted), dry_run=dry_run)
        if not dry_run:
            with hub.ledger.begin() as tx:
                for kind in FEEDBACK:
                    names = [name for of, name in part if of == kind]
                    set_asides.resolve(tx, flow.tenant, STAGE, kind, names)
                set_asides.add_many(tx, batch, drafted.refused)
    return planned


def _due(tx: Transaction, batch: Batch) -> list[tuple[str, str]]:
    """Kind and id of the documents that go back now."""
    due = {(e.kind, e.id) for kind in FEEDBACK for e in documents.changed_in(tx, batch.id, kind)}
    due |= {(a.kind, a.item) for a in set_asides.find(tx, tenant=batch.tenant) if a.stage == STAGE}
    return sorted(due)


def _drafts(
    hub: Hub, tx: Transaction, flow: Flow, back: WriteBack, mapping: Mapping, part: Iterable[tuple[str, str]]
) -> _Drafted:
    entries = [
        entry
        for kind in FEEDBACK
        for entry in documents.get_many(tx, flow.tenant, kind, [n for k, n in part if k == kind]).values()
        if entry.subject_ref
    ]
    subjects = {str(entry.subject_ref) for entry in entries}
    sharing = people.allowed(tx, flow.tenant, subjects, PURPOSE)
    newest: dict[str, Document] = {}
    for known in documents.by_subject(tx, flow.tenant, subjects, "application"):
        at = newest.get(known.subject_ref or "")
        if at is None or at.get("updated_at", "") <= known.document.get("updated_at", ""):
            newest[known.subject_ref or ""] = known.document
    drafted = _Drafted()
    for entry in entries:
        subject = str(entry.subject_ref)
        if subject not in sharing:
            said = f"no consent for {PURPOSE}: the HR record is not told"
            drafted.refused.append(_refusal(entry, "CONSENT_MISSING", said))
        elif subject not in newest:
            said = "the person has no application in the HR system any more"
            drafted.refused.append(_refusal(entry, "REFERENCE_UNKNOWN", said))
        else:
            _draft(hub, flow, back, mapping, entry, newest[subject], drafted)
    return drafted


def _draft(
    hub: Hub,
    flow: Flow,
    back: WriteBack,
    mapping: Mapping,
    entry: StoredDocument,
    application: Document,
    into: _Drafted,
) -> None:
    given = {"kind": entry.kind, "feedback": entry.document, "application": application}
    if not hub.files(flow).holds(back.when, given, hub.now(), str(flow.file)):
        return
    mapped = mapping.apply(given, variables={}, now=hub.now())
    for problem in mapped.problems:
        into.refused.append(_refusal(entry, problem.code, problem.message, problem.pointer, problem.place))
    if mapped.problems or not mapped.documents:
        return
    into.wanted.append(
        Wanted(
            target=back.connection,
            entity=mapping.kind,
            business_key=f"feedback|{entry.kind}|{entry.id}",
            document=mapped.documents[0],
            decision={"kind": "feedback", "about": entry.kind, "document_id": entry.id},
            subject_ref=entry.subject_ref,
            mapping_version=mapping.version_id,
            scope=f"feedback|{application['id']}",
            independent=True,
            input=NewInput(fingerprint(given)[:26], given, entry.subject_ref),
        )
    )


def _refusal(
    entry: StoredDocument, code: str, message: str, pointer: str = "", place: str | None = None
) -> SetAside:
    return SetAside(
        STAGE, entry.kind, entry.id, code, message, pointer, place or entry.id, subject_ref=entry.subject_ref
    )
