"""What the candidate is told: what went well, what to work on, how it was made and how a person looks at it again.

No number, nothing that the position requires, nothing of the machinery.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trivet.reporting.content import Report, Score
from trivet.reporting.plain import plain
from trivet.reporting.words import WORDS, Language

WELL, WORK = 3, 2
"""At most so many points; more than a person takes in helps nobody."""
GOOD = 7.0


@dataclass(frozen=True, slots=True)
class Point:
    """One competency, in words."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """Everything that the candidate reads."""

    language: Language
    title: str
    hello: str
    thanks: str
    well: tuple[Point, ...]
    work: tuple[Point, ...]
    unheard: str
    """A sentence; empty where everything was spoken of."""
    how: str
    rights: str
    reference: str

    def say(self, word: str, **values: str) -> str:
        """The phrase in the candidate's language."""
        return WORDS[self.language][word].format(**values)


def feedback(report: Report, contact: str | None = None) -> Feedback:
    """The candidate's version; `contact` is whom to ask for a person's look (an address, a telephone number)."""
    say = report.say
    well = sorted((s for s in report.scores if _good(s)), key=lambda s: (-s.value, s.name))[:WELL]
    work = sorted((s for s in report.scores if s not in well), key=lambda s: (s.value - s.gap, s.name))[:WORK]
    joined = ("、" if report.language == "zh" else ", ").join(report.missing)
    return Feedback(
        language=report.language,
        title=say("c_title"),
        hello=say("c_hello", name=report.person),
        thanks=say("c_thanks", position=report.position),
        well=tuple(_well(report, well)),
        work=tuple(Point(s.name, _advice(report, s)) for s in work),
        unheard=say("c_unheard_note", names=joined) if joined else "",
        how=say("c_how_note"),
        rights=say(
            "c_review_note",
            contact=say("c_contact", contact=plain(contact, 200)) if contact else say("c_no_contact"),
        ),
        reference=report.reference,
    )


def _good(score: Score) -> bool:
    return score.value >= GOOD and any(not quote.against for quote in score.evidence)


def _well(report: Report, scores: Sequence[Score]) -> Iterator[Point]:
    for score in scores:
        quote = next(one for one in score.evidence if not one.against)
        yield Point(score.name, report.say("c_said", quote=quote.text))


def _advice(report: Report, score: Score) -> str:
    words = WORDS[report.language]
    return words.get(f"advice_{score.code}", words["advice"])
