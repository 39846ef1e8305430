"""A paper as a transcript: its sentences in order, each with the number of its paragraph in place of a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest
from trivet.papers.reading import Paragraph, read
from trivet.transcript import HAN, PARAGRAPHS, sentences

from .config import NAME, WrittenAnswersConfig

VERSION = "1"
_LONGEST = 1500
"""Characters of one segment; a quote holds 2,000."""
_CHINESE = 0.2
"""Share of Chinese characters among the letters from which on a text is Chinese: terms stand in English in many."""
_LATIN = 0.9


class WrittenAnswers:
    """See `trivet.contract.Scorer`.

    Answers {language, places, text, segments: [{start, end, text, page?}]}; `start` and `end` are the number of the paragraph
    that a sentence stands in, from 1, and `places` says so; `page` is that of a PDF.
    """

    def __init__(self, config: WrittenAnswersConfig, services: Services) -> None:
        self.config = config
        self.scratch = services.state / "scratch"

    def check(self) -> None:
        """It needs nothing."""

    def provenance(self) -> Document:
        """The library that reads PDFs: another version may find other words."""
        return {"scorer": NAME, "version": VERSION, "options": {"pypdf": version("pypdf")}}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        if request.paper is None:
            raise Rejected("there is no paper", connector=NAME, operation="score", vendor_code="NO_PAPER")
        found = read(request.paper, self.config, self.scratch, NAME)
        return Scored(
            {
                "language": _language("".join(one.text for one in found)),
                "places": PARAGRAPHS,
                "text": "\n".join(one.text for one in found),
                "segments": list(_segments(found)),
            }
        )

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")


@contextmanager
def open_scorer(config: WrittenAnswersConfig, services: Services) -> Iterator[WrittenAnswers]:
    """The reader."""
    yield WrittenAnswers(config, services)


def _segments(found: Sequence[Paragraph]) -> Iterator[Document]:
    for number, paragraph in enumerate(found, start=1):
        page = {"page": paragraph.page} if paragraph.page else {}
        for sentence in sentences(paragraph.text):
            for begin in range(0, len(sentence), _LONGEST):
                text = sentence[begin : begin + _LONGEST].strip()
                if text:
                    yield {"start": number, "end": number, "text": text, **page}


def _language(text: str) -> str:
    letters = sum(c.isalpha() for c in text)
    if len(HAN.findall(text)) > _CHINESE * letters:
        return "zh"
    return "en" if letters and sum(c.isascii() and c.isalpha() for c in text) > _LATIN * letters else "other"
