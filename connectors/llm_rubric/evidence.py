"""What a model quotes is looked up in what was said; only what is there counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trivet.model import Document
from trivet.transcript import Sentence, Spoken

MOST_COMPETENCIES = 3
"""A sentence that is quoted for more of them tells of no behaviour; it may be an instruction that nobody recognised."""
_INDICATOR = 200
_QUOTE = 2000


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence that shows a behaviour of a competency, or its contrary."""

    competency: str
    sentence: Sentence
    behaviour: str
    """In the model's words."""
    weight: float

    def document(self) -> Document:
        """As the assessment keeps it: the sentence as it was said, not as the model wrote it down."""
        return {
            "quote": self.sentence.text[:_QUOTE],
            "start": self.sentence.start,
            "end": self.sentence.end,
            "indicator": self.behaviour,
            "weight": self.weight,
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """What is left of an answer."""

    pieces: list[Piece]
    unverified: int
    """Quotes that nobody said."""
    for_everything: list[Sentence]
    """Sentences that were quoted for almost everything."""


def verified(entries: Sequence[Mapping[str, Any]], told: Sequence[Sentence]) -> Verified:
    """The pieces of evidence whose quotes were said, in the order of the transcript."""
    spoken = Spoken(told)
    by_number = {sentence.number: sentence for sentence in told}
    found: dict[tuple[str, int], Piece] = {}
    lost = 0
    for entry in entries:
        number = spoken.number_of(entry["quote"], near=entry["sentence"])
        if number is None:
            lost += 1
        else:
            weight = 1.0 if entry["speaks"] == "for" else -1.0
            behaviour = " ".join(str(entry["behaviour"]).split())[:_INDICATOR]
            piece = Piece(entry["competency"], by_number[number], behaviour, weight)
            found.setdefault((piece.competency, number), piece)
    times = Counter(number for _, number in found)
    everywhere = {number for number, count in times.items() if count > MOST_COMPETENCIES}
    pieces = [piece for (_, number), piece in found.items() if number not in everywhere]
    pieces.sort(key=lambda piece: (piece.competency, piece.sentence.number))
    return Verified(pieces, lost, [by_number[number] for number in sorted(everywhere)])
