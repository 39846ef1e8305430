"""Scores from counted indicators by one formula that fits on a card.

    score = 5 + 5 · p / (p + 1) − 5 · n / (n + 1)          p, n: summed weights of indicators for and against

One behaviour gives 7.5, two 8.3, four 9.0; one against pulls 2.5 down from the middle. A competency of which nothing was
heard gets no score: missing evidence is said, never guessed. Technical ability counts the position's keywords the same way.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest
from trivet.transcript import segments_of

from .config import BehaviourBaselineConfig
from .hearing import ear
from .indicators import NAME, load

VERSION = "1"
TECHNICAL = "technical_ability"
NOTE = {
    "zh": "方法说明：本评分是基线方法，只统计所说内容中可观察的行为并列出所依据的句子，不是经过效度检验的测评，须由人判断。",
    "en": "Method: a baseline that counts observable behaviours in what was said and lists the sentences behind each score; "
    "not a validated test, and a person has to judge.",
}


class BehaviourBaseline:
    """See `trivet.contract.Scorer`.

    Answers {scores: [{competency, score, evidence}], insufficient_evidence, method_note}; scores 0 to 10 with one decimal,
    rounded half up.
    """

    def __init__(self, config: BehaviourBaselineConfig, services: Services) -> None:
        folder = services.home / "mappings" / "behaviours"
        self.competencies = [load(folder / f"{name}.yaml") for name in config.competencies]
        self.ear = ear(tuple(pattern for one in self.competencies for pattern in one.patterns()))

    def check(self) -> None:
        """The indicators were read when this was built."""

    def provenance(self) -> Document:
        """The indicator lists with their hashes."""
        lists = [{"name": c.name, "sha256": c.sha256} for c in self.competencies]
        return {"scorer": NAME, "version": VERSION, "options": {"indicators": lists}}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        sentences = segments_of(request, NAME)
        heard = self.ear.listen([segment["text"].lower() for segment in sentences])
        found = {c.name: list(c.seen(heard, sentences)) for c in self.competencies}
        found[TECHNICAL] = _keywords(request)
        return Scored(
            {
                "scores": [
                    {"competency": name, "score": score_of(evidence), "evidence": evidence}
                    for name, evidence in found.items()
                    if evidence
                ],
                "insufficient_evidence": [name for name, evidence in found.items() if not evidence],
                "method_note": NOTE,
            }
        )

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")


@contextmanager
def open_scorer(config: BehaviourBaselineConfig, services: Services) -> Iterator[BehaviourBaseline]:
    """The scorer with its indicators loaded."""
    yield BehaviourBaseline(config, services)


def score_of(evidence: Sequence[Document]) -> float:
    """0 to 10 with one decimal, by the formula of this module."""
    p = sum((Decimal(str(e["weight"])) for e in evidence if e["weight"] > 0), Decimal(0))
    n = -sum((Decimal(str(e["weight"])) for e in evidence if e["weight"] < 0), Decimal(0))
    score = 5 + 5 * p / (p + 1) - 5 * n / (n + 1)
    return float(score.quantize(Decimal("0.1"), ROUND_HALF_UP))


def _keywords(request: ScoringRequest) -> list[Document]:
    """One piece of evidence for each of the position's keywords that was said."""
    wanted = {str(k).lower() for k in (request.requisition.get("keywords") or ())}
    terms = [term for answer in request.answers.values() for term in answer.get("terms", ())]
    return [_keyword(term) for term in terms if str(term["term"]).lower() in wanted and term["occurrences"]]


def _keyword(term: Any) -> Document:
    place = term["occurrences"][0]
    return {
        "quote": place["quote"],
        "start": place["start"],
        "end": place["start"],
        "indicator": f"uses the term {term['term']}",
        "weight": 1.0,
    }
