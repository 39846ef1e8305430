"""Reports that a person asks for: as a file, or once more as a letter."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.errors import ConfigError, LedgerError
from trivet.flow.definition import Flow, flow_files, load_flow
from trivet.flow.hub import Hub
from trivet.flow.mailing import Post
from trivet.flow.privacy import opened
from trivet.flow.report import find_person
from trivet.flow.reports import Assessed, assessed
from trivet.ledger import batches, documents
from trivet.ledger.audit import ENGINE
from trivet.ledger.ledger import Transaction
from trivet.reporting.render import Audience, Form, rendered
from trivet.reporting.words import Language

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which form of a report."""

    language: Language | None = None
    audience: Audience = "recruiter"
    form: Form = "html"


def write(hub: Hub, what: str, wanted: Wanted, folder: Path, *, actor: str = ENGINE) -> list[Row]:
    """The files that were written, one an interview; `ConfigError` REPORT_POLICY where a candidate is not to be told."""
    found = list(_found(hub, what))
    if wanted.audience == "candidate":
        for flow, _ in found:
            _allowed(flow)
    opened.note(hub, [entry.case.subject_ref for _, entry in found], "report", actor=actor)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for flow, entry in found:
        made = entry.report(hub, flow, wanted.language)
        contact = flow.reports.contact if flow.reports else None
        content = rendered(made, wanted.form, wanted.audience, contact)
        kind = "feedback" if wanted.audience == "candidate" else "report"
        file = folder / f"{kind}-{made.reference}.{made.language}.{wanted.form}"
        file.touch(mode=0o600)
        file.write_bytes(content)
        rows.append(
            {
                "interview": entry.interview["id"],
                "reference": made.reference,
                "language": made.language,
                "file": str(file),
                "bytes": len(content),
            }
        )
    return rows


def send(hub: Hub, what: str, *, again: bool) -> list[Row]:
    """What became of each report's letters; `ConfigError` REPORT_MAIL where the flow mails none."""
    rows = []
    for flow, entry in list(_found(hub, what)):
        if flow.reports is None or flow.reports.mail is None:
            raise ConfigError(
                "this flow mails no reports", code="REPORT_MAIL", place=str(flow.file),
                cure="write `reports: {mail: {connection, to}}` into the flow file",
            )  # fmt: skip
        with Post(hub, flow, flow.reports.mail) as post:
            made = entry.report(hub, flow)
            parcel = entry.parcel(made)
            if again:
                post.again(parcel)
            trouble = post.send(parcel)
            rows.append(
                {
                    "interview": entry.interview["id"],
                    "reference": made.reference,
                    "letters": post.states(parcel),
                    "code": trouble.code if trouble else None,
                    "message": trouble.message if trouble else None,
                }
            )
    return rows


def _found(hub: Hub, what: str) -> Iterator[tuple[Flow, Assessed]]:
    """Every assessment that is meant, with its flow; `LedgerError` REPORT_NONE where there is none to show."""
    with hub.ledger.read() as tx:
        tenant, names = _named(tx, hub, what)
        by_flow: dict[str, list[str]] = defaultdict(list)
        for entry in documents.get_many(tx, tenant, "assessment", names).values():
            by_flow[_flow_of(tx, hub, tenant, entry.changed_batch)].append(entry.id)
    found = [
        (hub.flow(name), entry)
        for name, ids in by_flow.items()
        for entry in assessed(hub, tenant, sorted(ids))
    ]
    if not found:
        raise LedgerError(
            "there is no assessment to report", code="REPORT_NONE",
            cure="it needs a scored interview, an open application and the consent `ai_score`; `trivet person` shows why",
        )  # fmt: skip
    yield from found


def _named(tx: Transaction, hub: Hub, what: str) -> tuple[str, set[str]]:
    """Tenant and ids of the assessments of a person, an application or an interview."""
    known = documents.find(tx, what)
    if known is None or known.subject_ref is None or known.kind == "candidate":
        person = find_person(tx, what)
        return person.tenant, documents.ids_of(tx, person.tenant, [person.subject_ref], "assessment")
    for tenant in sorted(
        {load_flow(hub.settings.home, file.stem).tenant for file in flow_files(hub.settings.home)}
    ):
        theirs = documents.by_subject(tx, tenant, [known.subject_ref], "assessment")
        field = {"interview": "interview_id", "application": "application_id"}.get(known.kind, "id")
        names = {entry.id for entry in theirs if entry.document[field] == what}
        if names:
            return tenant, names
    return "", set()


def _flow_of(tx: Transaction, hub: Hub, tenant: str, batch_id: str) -> str:
    """The flow that assessed it; where the batch is not told, the tenant's first that assesses."""
    try:
        return batches.get(tx, batch_id).flow
    except LedgerError:
        flows = [load_flow(hub.settings.home, file.stem) for file in flow_files(hub.settings.home)]
        return next(flow.name for flow in flows if flow.tenant == tenant and flow.assessment)


def _allowed(flow: Flow) -> None:
    if flow.reports is None or not flow.reports.candidate:
        raise ConfigError(
            "this flow's policy makes no version for candidates", code="REPORT_POLICY", place=str(flow.file),
            cure="where law and company allow it, write `reports: {candidate: true}` into the flow file",
        )  # fmt: skip
