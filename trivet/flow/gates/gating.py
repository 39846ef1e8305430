"""Marks what must not go before a named person has approved it.

    sensitive     a focus for the probation, a weight, a talent pool: unless the site's policy lets it flow, which it never
                  can in the EU and the EEA; a site that nobody described lets nothing flow outside of a sandbox
    verdict       a document that marks a person as rejected, promoted or dismissed, wherever it goes
    new_version   the first run of a mapping or rules version          drift    something looks different, or scores moved
    people        more people than the flow's policy lets go unseen

The first two are marked operation by operation, with the plan and in its transaction; the others are of whole batches and
looked at again before each sending.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select

from trivet.delivery.plan import Wanted
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.sites import Site, load_sites
from trivet.ledger import approvals, gates, shapes
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import gate, operation
from trivet.model import Document

SENSITIVE = frozenset({"performance_focus", "kpi_weight", "talent_pool_entry"})
SANDBOX = "sandbox"
_FATE = frozenset(
    {
        "status", "state", "stage", "outcome", "decision", "disposition", "result", "verdict", "action", "eventtype",
        "applicationstatus", "employmentstatus", "event", "archivereason",
    }
)  # fmt: skip
"""Names of fields, without their blanks and dashes, whose value says what becomes of a person."""
_VERDICTS = frozenset(
    {
        "reject", "rejected", "declined", "disqualified", "notselected", "nothired", "fail", "failed", "dismiss", "dismissed",
        "terminate", "terminated", "termination", "fired", "laidoff", "promote", "promoted", "promotion", "demoted",
        "demotion", "hire", "hired", "淘汰", "已淘汰", "拒绝", "不录用", "录用", "辞退", "解雇", "开除", "晋升", "降职",
    }
)  # fmt: skip


def gated(hub: Hub, flow: Flow, wanted: Sequence[Wanted]) -> list[Wanted]:
    """The same, each with what it has to wait for."""
    if not wanted:
        return []
    sites = load_sites(hub.settings.home)
    return [replace(entry, awaits=" ".join(_causes(flow, sites, entry))) for entry in wanted]


def _causes(flow: Flow, sites: Mapping[str, Site], entry: Wanted) -> Iterator[str]:
    kind = str(entry.decision.get("kind", ""))
    if kind in SENSITIVE and not _flows(flow, sites, entry, kind):
        yield "sensitive"
    if entry.subject_ref is not None and marks_person(entry.document):
        yield "verdict"


def _flows(flow: Flow, sites: Mapping[str, Site], entry: Wanted, kind: str) -> bool:
    given = entry.input.document if entry.input else {}
    site = sites.get(str((given.get("requisition") or {}).get("site")))
    if site is not None and site.in_eea:
        return False
    if site is None or site.flows is None:
        # the people of a sandbox are made up
        return flow.environment == SANDBOX
    return kind in site.flows


def marks_person(document: Any) -> bool:
    """True where some field of the document that tells a person's fate holds a word for an end, a rise or a fall."""
    if isinstance(document, dict):
        return any(
            marks_person(value)
            if isinstance(value, dict | list)
            else isinstance(value, str) and _fate(name) and _plain(value) in _VERDICTS
            for name, value in document.items()
        )
    return isinstance(document, list) and any(map(marks_person, document))


@lru_cache(maxsize=4096)
def _fate(name: str) -> bool:
    # a night asks about the same few names thousands of times
    return _plain(name) in _FATE


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def mark(hub: Hub, flow: Flow, batch: Batch) -> int:
    """Shuts the gate before the batch's planned operations where the flow's policy marks the batch; before how many."""
    policy = flow.policy.approval
    if not (policy.new_versions or policy.drift or policy.people is not None):
        return 0
    versions = _versions(hub, flow) if policy.new_versions else {}
    with hub.ledger.begin() as tx:
        causes = list(_of_batch(tx, flow, batch, versions))
        if not causes:
            return 0
        free = (
            select(operation.c.id)
            .outerjoin(gate, gate.c.operation_id == operation.c.id)
            .where(
                operation.c.batch_id == batch.id,
                operation.c.state == "planned",
                gate.c.operation_id.is_(None),
            )
        )
        return gates.put(tx, dict.fromkeys(tx.conn.scalars(free), " ".join(causes)))


def _of_batch(tx: Transaction, flow: Flow, batch: Batch, versions: Mapping[str, str]) -> Iterator[str]:
    policy = flow.policy.approval
    if policy.people is not None:
        alive = operation.c.state.not_in(["superseded", "cancelled", "waiting_identity"])
        counted = select(func.count(operation.c.subject_ref.distinct())).where(
            operation.c.batch_id == batch.id, alive
        )
        if (tx.conn.scalar(counted) or 0) > policy.people:
            yield "people"
    if policy.new_versions and set(versions.values()) - approved_versions(tx, flow):
        yield "new_version"
    if policy.drift and shapes.noticed(tx, tenant=flow.tenant, flow=flow.name):
        yield "drift"


def approved_versions(tx: Transaction, flow: Flow) -> set[str]:
    """The mapping and rules versions that a person has let run."""
    told = approvals.find(tx, state="approved", flow=flow.name, tenant=flow.tenant)
    return {version for one in told for version in one.detail.get("versions", ())}


def new_versions(hub: Hub, tx: Transaction, flow: Flow) -> list[str]:
    """The versions in use that no person has let run yet."""
    return sorted(set(_versions(hub, flow).values()) - approved_versions(tx, flow))


def _versions(hub: Hub, flow: Flow) -> Document:
    files = hub.files(flow)
    return {name: files.version(name).id for name in flow.mappings()}
