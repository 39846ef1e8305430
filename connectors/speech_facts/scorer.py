"""Pace from words and speech time, pauses from gaps, shares of the talk from who spoke."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest
from trivet.transcript import HAN, count_words, seconds_of, segments_of, transcript_of, written

from .config import SpeechFactsConfig

NAME = "speech_facts"
VERSION = "1"
_WHO = ("speaker", "channel")
"""Where a segment says who spoke, the first that it has."""
Span = tuple[float, float]


class SpeechFacts:
    """See `trivet.contract.Scorer`.

    Answers {speech_facts: {duration, speech_duration, words, unit, per_minute, pauses: {count, seconds, longest, longest_at},
    pause_share, turns: [{speaker, seconds, share, words, per_minute}]}}; times in seconds, a Chinese character counts as a
    word; pace is that of the transcript's own words, pauses and turns are those of everybody; what cannot be known is absent:
    of a paper everything but the words.
    """

    def __init__(self, config: SpeechFactsConfig) -> None:
        self.config = config

    def check(self) -> None:
        """It needs nothing."""

    def provenance(self) -> Document:
        """What counts as a pause."""
        return {"scorer": NAME, "version": VERSION, "options": {"pause_seconds": self.config.pause_seconds}}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        segments = segments_of(request, NAME)
        transcript = transcript_of(request, NAME)
        if written(transcript):
            # nobody spoke it: there are words, and nothing has a length
            text = "\n".join(segment["text"] for segment in segments)
            return Scored({"speech_facts": {"words": count_words(text), "unit": _unit(text)}})
        duration, speech = (seconds_of(transcript, name, NAME) for name in ("duration", "speech_duration"))
        text = "\n".join([segment["text"] for segment in segments])
        words = count_words(text)
        # the interviewer's words, where the transcript keeps them apart: they fill pauses, and take turns
        others = segments_of(replace(request, transcript={"segments": transcript.get("others")}), NAME)
        talked = speech if speech and not others else _covered(_spans(segments))
        spans = _spans([*segments, *others])
        facts: Document = {"words": words, "unit": _unit(text)}
        facts |= {"duration": round(duration, 2)} if duration else {}
        facts |= {"speech_duration": round(talked, 2)} if talked else {}
        facts |= _pace(words, talked)
        facts["pauses"] = _pauses(spans, self.config.pause_seconds)
        spoken = speech or _covered(spans)
        if duration and spoken <= duration:
            facts["pause_share"] = round(1 - spoken / duration, 3)
        turns = _turns([*segments, *others])
        return Scored({"speech_facts": facts | ({"turns": turns} if turns else {})})

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")


@contextmanager
def open_scorer(config: SpeechFactsConfig, services: Services) -> Iterator[SpeechFacts]:  # noqa: ARG001
    """The scorer."""
    yield SpeechFacts(config)


def _unit(text: str) -> str:
    return "characters" if HAN.search(text) else "words"


def _pace(words: int, seconds: float) -> Document:
    return {"per_minute": round(60 * words / seconds, 1)} if seconds > 0 else {}


def _spans(segments: Sequence[Document]) -> list[Span]:
    """When something was said, in order of time: words where every segment has their times, else segments."""
    spans = _of_words(segments) if segments and segments[0].get("words") else None
    if spans is None:
        spans = [(segment["start"], segment["end"]) for segment in segments]
    spans.sort()
    return spans


def _of_words(segments: Sequence[Document]) -> list[Span] | None:
    spans = []
    for segment in segments:
        words = segment.get("words")
        if not isinstance(words, list) or not words or not all(isinstance(word, dict) for word in words):
            return None
        spans += [(word.get("start"), word.get("end")) for word in words]
    times = [at for span in spans for at in span]
    fine = all(isinstance(at, int | float) and not isinstance(at, bool) for at in times)
    return spans if fine else None


def _covered(spans: Sequence[Span]) -> float:
    """Seconds in which anybody spoke."""
    covered, until = 0.0, 0.0
    for start, end in spans:
        if end > until:
            covered += end - max(start, until)
            until = end
    return covered


def _pauses(spans: Sequence[Span], least: float) -> Document:
    gaps = []
    until = spans[0][1] if spans else 0.0
    for _, (start, end) in pairwise(spans):
        if start - until >= least:
            gaps.append((start - until, until))
        until = max(until, end)
    if not gaps:
        return {"count": 0, "seconds": 0.0}
    longest, at = max(gaps, key=lambda gap: (gap[0], -gap[1]))
    total = sum(length for length, _ in gaps)
    return {
        "count": len(gaps),
        "seconds": round(total, 2),
        "longest": round(longest, 2),
        "longest_at": round(at, 2),
    }


def _turns(segments: Sequence[Document]) -> list[Document]:
    """Each speaker's share of the talk; nothing where a segment does not say who spoke."""
    name = next((name for name in _WHO if segments and name in segments[0]), None)
    if name is None or any(not isinstance(segment.get(name), str | int) for segment in segments):
        return []
    spoken: dict[Any, list[Document]] = {}
    for segment in segments:
        spoken.setdefault(segment[name], []).append(segment)
    lengths = {
        who: sum(max(0.0, one["end"] - one["start"]) for one in turns) for who, turns in spoken.items()
    }
    whole = sum(lengths.values())
    return [_turn(who, lengths[who], [one["text"] for one in turns], whole) for who, turns in spoken.items()]


def _turn(who: str | int, seconds: float, texts: list[str], whole: float) -> Document:
    words = count_words("\n".join(texts))
    shared = {"share": round(seconds / whole, 3)} if whole else {}
    return (
        {"speaker": str(who), "seconds": round(seconds, 2), "words": words} | shared | _pace(words, seconds)
    )
