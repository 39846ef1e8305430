"""Counts per term with frequency and the places where it was said."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest
from trivet.transcript import count_words, segments_of

from .config import TermRecogniserConfig
from .dictionary import NAME, Dictionary

VERSION = "2"
MOST_PLACES = 5
_QUOTE = 60


class TermRecogniser:
    """See `trivet.contract.Scorer`.

    Answers {terms: [{term, count, per_1000_words, first_at, occurrences: [{start, quote}]}], words, dictionaries}; times in
    seconds, a Chinese character counts as a word.
    """

    def __init__(self, config: TermRecogniserConfig, services: Services) -> None:
        folder = services.home / "mappings" / "terms"
        self.dictionary = Dictionary([folder / f"{name}.yaml" for name in config.dictionaries])

    def check(self) -> None:
        """The dictionaries were read when this was built."""

    def provenance(self) -> Document:
        """The dictionaries with their hashes: other terms give other counts."""
        return {"scorer": NAME, "version": VERSION, "options": {"dictionaries": self.dictionary.versions}}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        segments = segments_of(request, NAME)
        texts = [segment["text"] for segment in segments]
        words = count_words("\n".join(texts))
        found: dict[str, list[Document]] = {}
        for place in self.dictionary.worth_reading(texts):
            text = texts[place]
            for hit in self.dictionary.hits(text):
                at = {"start": segments[place]["start"], "quote": _quote(text, hit.start, hit.end)}
                found.setdefault(hit.term, []).append(at)
        terms = [_term(term, places, words) for term, places in found.items()]
        terms.sort(key=lambda t: (-t["count"], t["term"]))
        return Scored({"terms": terms, "words": words, "dictionaries": self.dictionary.versions})

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")


@contextmanager
def open_scorer(config: TermRecogniserConfig, services: Services) -> Iterator[TermRecogniser]:
    """The recogniser with its dictionaries loaded."""
    yield TermRecogniser(config, services)


def _term(term: str, places: list[Any], words: int) -> Document:
    return {
        "term": term,
        "count": len(places),
        "per_1000_words": round(1000 * len(places) / words, 2) if words else 0.0,
        "first_at": places[0]["start"],
        "occurrences": places[:MOST_PLACES],
    }


def _quote(text: str, start: int, end: int) -> str:
    return text[max(0, start - _QUOTE // 2) : end + _QUOTE // 2].strip()
