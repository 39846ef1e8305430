"""Several samples become one score a competency: the median level, with the disagreement shown.

    confidence = share of the samples that gave a level × (1 − spread / 10)      spread: highest less lowest score

A competency that half of the samples or fewer gave a level has no score: the evidence is insufficient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from trivet.model import Document

from .evidence import Piece, Verified
from .rubrics import score_of


@dataclass(frozen=True, slots=True)
class Sample:
    """One time of asking: what was found, and the level of each competency with evidence."""

    found: Verified
    levels: Mapping[str, Decimal | None]


def combined(competencies: Sequence[str], samples: Sequence[Sample]) -> Document:
    """{scores, insufficient_evidence, samples} of an answer."""
    scores: list[Document] = []
    missing: list[str] = []
    shown: list[Document] = []
    for competency in competencies:
        levels = [sample.levels.get(competency) for sample in samples]
        given = [level for level in levels if level is not None]
        said = [None if level is None else score_of(level) for level in levels]
        shown.append({"competency": competency, "scores": said})
        if 2 * len(given) <= len(samples):
            missing.append(competency)
            continue
        spread = score_of(max(given)) - score_of(min(given))
        pieces = _pieces(competency, samples)
        scores.append(
            {
                "competency": competency,
                "score": score_of(Decimal(median(given))),
                "evidence": [piece.document() for piece in pieces],
                "confidence": round(len(given) / len(samples) * (1 - spread / 10), 2),
            }
        )
    return {"scores": scores, "insufficient_evidence": missing, "samples": shown}


def _pieces(competency: str, samples: Sequence[Sample]) -> list[Piece]:
    """Each sentence once, of the samples that gave a level."""
    found: dict[int, Piece] = {}
    for sample in samples:
        if sample.levels.get(competency) is None:
            continue
        for piece in sample.found.pieces:
            if piece.competency == competency:
                found.setdefault(piece.sentence.number, piece)
    return [found[number] for number in sorted(found)]
