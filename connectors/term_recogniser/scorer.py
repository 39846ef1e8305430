"""Counts per term with frequency and the places where it was said."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import TermRecogniserConfig
from .dictionary import NAME, Dictionary

VERSION = "2"
MOST_PLACES = 5
_QUOTE = 60
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


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
        segments = _segments(request.transcript)
        words = sum(count_words(s["text"]) for s in segments)
        found: dict[str, list[Document]] = {}
        for segment in segments:
            text = segment["text"]
            for hit in self.dictionary.hits(text):
                at = {"start": segment["start"], "quote": _quote(text, hit.start, hit.end)}
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


def _segments(transcript: Document | None) -> list[Document]:
    if transcript is None:
        raise _refused("NO_TRANSCRIPT", "there is no transcript")
    segments = transcript.get("segments") or []
    if not isinstance(segments, list) or not all(_is_segment(s) for s in segments):
        raise _refused("TRANSCRIPT_MALFORMED", "a segment of the transcript is not {start, text}")
    return segments


def _is_segment(segment: Any) -> bool:
    return (
        isinstance(segment, dict)
        and isinstance(segment.get("text"), str)
        and isinstance(segment.get("start"), int | float)
    )


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="score", vendor_code=code)


def count_words(text: str) -> int:
    """Words between blanks, and each Chinese character as one."""
    chinese = len(_HAN.findall(text))
    rest = _HAN.sub(" ", text)
    return chinese + sum(any(c.isalnum() for c in word) for word in rest.split())


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
