"""What of an assessment can be counted: which scorers made it, and what it says as numbers."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from trivet.documents.canonical import fingerprint
from trivet.errors import ConfigError
from trivet.flow.definition import Flow
from trivet.ledger.times import stamp
from trivet.model import Document

ASSESSMENT = "assessment"
OVERALL = "overall"
TERMS = "terms per 1000 words"
WITHOUT_EVIDENCE = "share without evidence"
_PER_RECORDING = ("language", "hints")
"""Of a scorer's provenance: what one recording differs in from the next."""


def made_by(assessment: Document) -> str:
    """The scorers with their versions and a hash of model and options, the same for all that were scored alike."""
    parts = [
        {name: value for name, value in one.items() if name not in _PER_RECORDING}
        for one in assessment["provenance"]
    ]
    names = " + ".join(f"{one['scorer']} {one['version']}" for one in parts)
    return f"{names} #{fingerprint(parts)[:8]}"


def scores(assessment: Document) -> dict[str, float]:
    """The score of each competency that had evidence."""
    return {entry["competency"]: float(entry["score"]) for entry in assessment["competency_scores"]}


def overall(assessment: Document) -> float | None:
    """The plain mean of its competency scores; None where it has none."""
    found = scores(assessment)
    return sum(found.values()) / len(found) if found else None


def measures(assessment: Document) -> Iterator[tuple[str, float]]:
    """Everything whose distribution is watched: scores, use of terms, and how much had no evidence."""
    found = scores(assessment)
    for competency, score in found.items():
        yield f"score of {competency}", score
    silent = len(assessment["insufficient_evidence"])
    if found or silent:
        yield WITHOUT_EVIDENCE, silent / (silent + len(found))
    words = (assessment.get("speech") or {}).get("words")
    if words:
        yield TERMS, 1000 * sum(term["count"] for term in assessment["term_counts"]) / words


def of_flow(flow: Flow | None, document: Document) -> bool:
    """Whether an interview's document comes from a system that the flow reads; without a flow every one does."""
    return flow is None or str(document["interview_id"]).partition("/")[0] in flow.sources()


def day(said: str | None) -> str:
    """The ledger's time at which a day like `2026-11-01` begins; the beginning of time for None."""
    if said is None:
        return ""
    try:
        found = date.fromisoformat(said)
    except ValueError:
        raise ConfigError(f"{said!r} is no date", code="DATE", cure="write it as 2026-11-01") from None
    return stamp(datetime(found.year, found.month, found.day, tzinfo=UTC))


def after(moment: Any, since: str) -> bool:
    """Whether a document's time is not before the ledger's time `since`."""
    return stamp(datetime.fromisoformat(str(moment))) >= since
