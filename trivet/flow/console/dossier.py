"""One person's page: what was known, scored, decided and sent, in order of time, each operation with its answer.

Whoever has not the right to personal data gets the same lines with every document masked as its schema says, and no id but
the pseudonym.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trivet.delivery import report as delivered
from trivet.delivery.report import Happening
from trivet.documents.redact import pseudonymous
from trivet.errors import LedgerError
from trivet.flow.console.access import Visitor, flow_of_batch, sees_person
from trivet.flow.hub import Hub
from trivet.flow.report import FoundPerson, people_called
from trivet.flow.shelf import Shelf
from trivet.ledger import archive_file, documents, operations, people
from trivet.ledger.operations import StoredOperation
from trivet.ledger.tables import operation
from trivet.model import Document

KINDS = {"recording": "recording", "assessment": "scores", "judgement": "judgement", "interview": "interview"}
"""Documents that are lines of their own on the time line; every other one is "record"."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on the time line."""

    at: str
    what: str
    """`recording`, `scores`, `judgement`, `interview`, `record`, `delivery`, `set_aside`, `consent` or `case`."""
    about: str
    state: str
    code: str = ""
    said: str = ""
    document: Document | None = None
    scores: tuple[tuple[str, float], ...] = ()
    operation: StoredOperation | None = None
    steps: tuple[Happening, ...] = ()
    report: bool = False
    """A report of these scores lies on the shelf."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one person that the visitor may see."""

    subject_ref: str
    open: bool
    """With names, ids and documents; what follows is empty otherwise."""
    name: str = ""
    identities: tuple[tuple[str, str], ...] = ()
    lines: tuple[Line, ...] = ()
    """Newest first."""
    flows: tuple[str, ...] = field(default=())


def find(hub: Hub, who: Visitor, text: str) -> str:
    """The pseudonym of somebody; ids of HR system and ERP only for those who may see personal data. `PERSON_UNKNOWN` else.

    Looks ids up by their keyed hash: nothing is opened.
    """
    with hub.ledger.read() as tx:
        for found in people_called(tx, text, ids=who.anywhere("personal_data")):
            right = "view" if found.subject_ref == text else "personal_data"
            if sees_person(tx, who, found.subject_ref, right):  # type: ignore[arg-type]
                return found.subject_ref
    raise _unknown()


def dossier(hub: Hub, who: Visitor, subject_ref: str) -> Dossier:
    """The person's page; `LedgerError` PERSON_UNKNOWN where the visitor may not know of her."""
    with hub.ledger.read() as tx, archive_file.transactions(hub.ledger, hub.settings.archive) as older:
        found = next(people_called(tx, subject_ref, ids=False), None)
        if found is None or not sees_person(tx, who, subject_ref):
            raise _unknown()
        opened = sees_person(tx, who, subject_ref, "personal_data")
        happened = delivered.person(tx, found.tenant, subject_ref, older)
        mine = operations.find(tx, operation.c.subject_ref == subject_ref, operation.c.tenant == found.tenant)
        flows = {entry.batch_id: flow_of_batch(tx, entry.batch_id) for entry in mine}
        visible = [entry for entry in mine if who.may("view", flows[entry.batch_id])]
        lines = [
            *_documents(hub, found, happened, opened=opened),
            *_sent(visible, happened),
            *_rest(happened, opened=opened),
        ]
        ids: tuple[tuple[str, str], ...] = ()
        name = ""
        if opened:
            ids = tuple(
                (one.system, one.identifier) for one in people.identities_of(tx, found.tenant, subject_ref)
            )
            known = documents.by_subject(tx, found.tenant, [subject_ref], "candidate")
            name = str(known[0].document.get("name", "")) if known else ""
    told = sorted({flow for flow in flows.values() if flow and who.may("view", flow)})
    ordered = sorted(lines, key=lambda line: line.at, reverse=True)
    return Dossier(subject_ref, opened, name, ids, tuple(ordered), tuple(told))


def report_of(hub: Hub, who: Visitor, subject_ref: str, assessment: str) -> bytes:
    """The report that lies on the shelf for these scores; `PERSON_UNKNOWN` or `REPORT_UNKNOWN` where there is none for her."""
    with hub.ledger.read() as tx:
        found = next(people_called(tx, subject_ref, ids=False), None)
        if found is None or not sees_person(tx, who, subject_ref, "personal_data"):
            raise _unknown()
        theirs = documents.ids_of(tx, found.tenant, [subject_ref], "assessment")
    path = Shelf(hub.settings.reports / found.tenant).path(assessment, "recruiter", "html")
    if assessment not in theirs or not path.is_file():
        raise LedgerError("no report of these scores", code="REPORT_UNKNOWN")
    return path.read_bytes()


def _documents(hub: Hub, found: FoundPerson, happened: list[Happening], *, opened: bool) -> Iterator[Line]:
    shelf = Shelf(hub.settings.reports / found.tenant)
    for entry in happened:
        if entry.what != "document":
            continue
        kind, _, name = entry.about.partition("/")
        document = entry.detail["document"]
        shown = document if opened else pseudonymous(hub.contracts, kind, document)
        scores = document.get("competency_scores", ()) if kind in ("assessment", "judgement") else ()
        yield Line(
            entry.at,
            KINDS.get(kind, "record"),
            f"{kind}/{name}" if opened else kind,
            "known",
            document=shown,
            scores=tuple((one["competency"], one["score"]) for one in scores if one.get("score") is not None),
            report=opened and kind == "assessment" and shelf.path(name, "recruiter", "html").is_file(),
        )


def _sent(mine: list[StoredOperation], happened: list[Happening]) -> Iterator[Line]:
    for entry in mine:
        steps = tuple(one for one in happened if one.what == "operation" and one.about == entry.id)
        said = " ".join(filter(None, (entry.error_field, entry.error_text)))
        yield Line(
            entry.created_at,
            "delivery",
            entry.id,
            entry.state,
            entry.error_code or "",
            said,
            operation=entry,
            steps=steps,
        )


def _rest(happened: list[Happening], *, opened: bool) -> Iterator[Line]:
    for entry in happened:
        if entry.what in ("set_aside", "case"):
            detail: Mapping[str, Any] = entry.detail
            # a place may be the vendor's id of her record
            parts = (detail.get("place") if opened else None, detail.get("message"))
            said = " · ".join(str(part) for part in parts if part)
            yield Line(entry.at, entry.what, detail.get("stage") or "", entry.state, entry.code, said)
        elif entry.what == "consent":
            yield Line(entry.at, "consent", entry.about, entry.state)


def _unknown() -> LedgerError:
    return LedgerError("nobody is known by that", code="PERSON_UNKNOWN")
