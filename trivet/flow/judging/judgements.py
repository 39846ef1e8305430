"""What interviewers thought, typed in or read from a CSV: kept beside the AI's scores, sealed, and in the audit trail.

An interviewer has one word on an interview; a later one replaces it. Interviewers are kept by a pseudonym, never by name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from trivet.documents.canonical import fingerprint
from trivet.errors import DocumentRefused, LedgerError
from trivet.flow.cases import JUDGEMENT
from trivet.flow.hub import Hub
from trivet.ledger import documents, people
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.documents import NewDocument, StoredDocument
from trivet.ledger.ledger import Transaction
from trivet.mapping.tables import load_table
from trivet.spreadsheet import read_rows

Row = dict[str, Any]
INTERVIEWER = "interviewer"
COMPETENCIES = "tables/competencies.csv"
"""A deployment's own list of competencies, where it has one."""
PLAIN = ("interview", "by", "given_at", "overall", "remarks")
"""Columns of the CSV; every other one is a competency."""
_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Said:
    """One interviewer's word on one interview, as it was typed."""

    interview: str
    """Its id, or the HR system's own id of it."""
    by: str
    """Whoever judged: a name, an address or a number; a pseudonym of it is kept."""
    scores: Mapping[str, str]
    overall: str | None = None
    remarks: str | None = None
    given_at: str | None = None
    place: str | None = None
    """Where it stands, for complaints."""


def add(hub: Hub, said: Iterable[Said], *, actor: str) -> list[Row]:
    """One row a judgement with what became of it; all are kept or, where one is refused, none.

    `LedgerError` INTERVIEW_UNKNOWN or INTERVIEW_AMBIGUOUS; `DocumentRefused` for a score, competency or time that is none.
    """
    rows = []
    with hub.ledger.begin() as tx:
        for entry in said:
            tenant, interview = _interview(tx, entry)
            document = _document(hub, tx, tenant, interview, entry)
            new = NewDocument(
                JUDGEMENT, document["id"], document, _content(document, entry), interview.subject_ref
            )
            known = documents.get(tx, tenant, JUDGEMENT, document["id"]) is not None
            changed = documents.put_by_hand(tx, tenant, [new])
            word = ("changed" if known else "added") if changed else "unchanged"
            if changed:
                note = f"{word}: {document['id']}"
                about = interview.subject_ref or interview.id
                tx.events.append(Event(WHOLE_LEDGER, about, "JUDGEMENT_GIVEN", actor=actor, note=note))
            rows.append({**_row(document), "became": word})
    return rows


def import_file(hub: Hub, file: Path, *, actor: str) -> list[Row]:
    """As `add`, for every row of a CSV with the columns `interview`, `by` and one for each competency."""
    said = []
    for line, cells in read_rows(file, ("interview", "by")):
        scores = {name: cell for name, cell in cells.items() if name not in PLAIN and cell}
        rest = {name: cells.get(name) or None for name in PLAIN[2:]}
        said.append(Said(cells["interview"], cells["by"], scores, **rest, place=f"{file}:{line}"))
    return add(hub, said, actor=actor)


def shown(hub: Hub, interview: str | None = None) -> list[Row]:
    """The judgements, newest first, without remarks: of one interview, or of all."""
    found: list[StoredDocument] = []
    with hub.ledger.read() as tx:
        for tenant in documents.tenants(tx, JUDGEMENT):
            found += documents.since(tx, tenant, JUDGEMENT, "")
    rows = [_row(entry.document) for entry in found]
    if interview is not None:
        rows = [row for row in rows if f"/{row['interview']}".endswith(f"/{interview}")]
    return sorted(rows, key=lambda row: (row["given_at"], row["interview"]), reverse=True)


def _row(document: Mapping[str, Any]) -> Row:
    return {
        "interview": document["interview_id"],
        "by": document["by"],
        "given_at": document["given_at"],
        "scores": {entry["competency"]: entry["score"] for entry in document["competency_scores"]},
        "overall": document.get("overall"),
        "remarks": "remarks" in document,
    }


def _interview(tx: Transaction, said: Said) -> tuple[str, StoredDocument]:
    found = documents.named(tx, "interview", said.interview) if said.interview else []
    if len(found) > 1:
        raise LedgerError(
            f"more than one interview is called {said.interview!r}: {', '.join(name for _, name in found[:3])}",
            code="INTERVIEW_AMBIGUOUS", place=said.place, cure="use the whole id",
        )  # fmt: skip
    stored = documents.get(tx, found[0][0], "interview", found[0][1]) if found else None
    if stored is None:
        raise LedgerError(
            f"no interview is known as {said.interview!r}", code="INTERVIEW_UNKNOWN", place=said.place,
            cure="use the HR system's id of the interview; `trivet person CANDIDATE` shows hers",
        )  # fmt: skip
    return found[0][0], stored


def _document(hub: Hub, tx: Transaction, tenant: str, interview: StoredDocument, said: Said) -> Row:
    if not said.by.strip():
        raise _refused(said, "nobody is named who judged", "INTERVIEWER_MISSING")
    by = people.pseudonym(tx, tenant, INTERVIEWER, said.by.strip().casefold())
    known = _competencies(hub, tx, tenant, interview)
    scores = [
        {"competency": _competency(said, name, known), "score": _number(said, name, text)}
        for name, text in said.scores.items()
    ]
    if not scores and said.overall is None:
        raise _refused(said, "it holds no score", "SCORE_MISSING", "give at least one, or an overall one")
    document: Row = {
        "id": f"{interview.id}/judgement/{by}",
        "application_id": interview.document["application_id"],
        "interview_id": interview.id,
        "by": by,
        "given_at": _time(hub, said),
        "competency_scores": scores,
    }
    if said.overall is not None:
        document["overall"] = _number(said, "overall", said.overall)
    if said.remarks:
        document["remarks"] = said.remarks
    for broken in hub.contracts.check(JUDGEMENT, document):
        name = _named(document, broken.pointer)
        raise _refused(said, f"{name}: {broken.message}", broken.code)
    return document


def _named(document: Row, pointer: str) -> str:
    """The competency or field that a complaint is about."""
    _, _, rest = pointer.partition("/competency_scores/")
    at = rest.partition("/")[0]
    return str(document["competency_scores"][int(at)]["competency"]) if at.isdigit() else pointer.strip("/")


def _content(document: Row, said: Said) -> str:
    # said again at another hour is the same judgement
    return fingerprint({**document, "given_at": said.given_at or ""})


def _competencies(hub: Hub, tx: Transaction, tenant: str, interview: StoredDocument) -> set[str]:
    """What may be judged: what the AI looked at, what the position asks for, what the deployment lists."""
    known: set[str] = set()
    application = documents.get(tx, tenant, "application", interview.document["application_id"])
    if application is not None:
        wanted = documents.get(tx, tenant, "requisition", application.document["requisition_id"])
        known |= set((wanted.document.get("competencies") or {}) if wanted else ())
    for entry in documents.by_subject(tx, tenant, [interview.subject_ref or ""], "assessment"):
        known |= {score["competency"] for score in entry.document["competency_scores"]}
        known |= set(entry.document["insufficient_evidence"])
    if (hub.settings.home / "mappings" / COMPETENCIES).is_file():
        known |= load_table(hub.settings.home, COMPETENCIES, COMPETENCIES).keys()
    return known


def _competency(said: Said, name: str, known: Sequence[str] | set[str]) -> str:
    if name in known:
        return name
    near = get_close_matches(name, sorted(known), n=1)
    raise _refused(
        said, f"no competency is called {name!r}", "COMPETENCY_UNKNOWN",
        f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known)) or 'none'}",
    )  # fmt: skip


def _number(said: Said, name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise _refused(said, f"{name}: is not a number from 0 to 10", "SCORE_TYPE", "write 7 or 7.5")
    return float(text)


def _time(hub: Hub, said: Said) -> str:
    if said.given_at is None:
        return hub.now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    try:
        given = datetime.fromisoformat(said.given_at)
    except ValueError:
        raise _refused(said, "given_at: is no time", "TIME_TYPE", "write 2026-11-23T09:30:00+08:00") from None
    if given.tzinfo is None:
        # a date, or a time without zone, as spreadsheets write it
        given = given.replace(tzinfo=UTC)
    if given > hub.now():
        raise _refused(said, "given_at: lies in the future", "TIME_FUTURE")
    return given.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _refused(said: Said, message: str, code: str, cure: str | None = None) -> DocumentRefused:
    return DocumentRefused(message, code=code, place=said.place, cure=cure)
