"""What a report says, taken from canonical documents: everything is plain text by now, in the order in which it is shown."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any

from trivet.model import Document
from trivet.reporting.plain import clock, plain
from trivet.reporting.words import WORDS, Language
from trivet.transcript import written

STRONG, WEAK = 8.0, 6.0
"""From here on a score is a strength, up to here something to improve; what the position requires counts besides."""
PASSAGES = 200
Place = tuple[float, str]
"""Of a piece of evidence: where it begins, and its quote."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents that a report is made from."""

    candidate: Document
    requisition: Document
    interview: Document
    assessment: Document
    transcript: Document | None = None
    """{segments: [{start, end, text}]}, where the sentences around a quote are wanted."""
    judgements: Sequence[Document] = ()
    """What interviewers say themselves: {competency_scores: [{competency, score}], remarks, by, given_at}."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What competencies are called in the report's language."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence that was counted."""

    text: str
    at: str
    indicator: str
    against: bool
    passage: int | None = None
    """Where in the excerpt it stands."""


@dataclass(frozen=True, slots=True)
class Score:
    """One competency."""

    code: str
    name: str
    value: float
    required: float | None
    confidence: float | None
    evidence: tuple[Quote, ...]

    @property
    def gap(self) -> float:
        """How much is missing to what the position requires; 0 where nothing is."""
        return max(0.0, round((self.required or 0.0) - self.value, 1))


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence of the conversation."""

    at: str
    text: str
    counted: bool
    follows: bool
    """Nothing was left out before it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One interviewer's own word."""

    by: str
    when: str
    scores: tuple[tuple[str, str], ...]
    remarks: str


@dataclass(frozen=True, slots=True)
class Maker:
    """One scorer: its name, and what else there is to say of it."""

    name: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """What a person should look at before relying on the scores."""

    why: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is shown."""

    language: Language
    person: str
    position: str
    facts: tuple[tuple[str, str], ...]
    when: str
    scores: tuple[Score, ...]
    strengths: tuple[str, ...]
    to_improve: tuple[str, ...]
    missing: tuple[str, ...]
    flags: tuple[Flag, ...]
    terms: tuple[tuple[str, str, str, str], ...]
    """Term, times, times per 1,000 words, first time."""
    judgements: tuple[Judgement, ...]
    excerpt: tuple[Passage, ...]
    makers: tuple[Maker, ...]
    method: str
    reference: str
    scored_at: datetime

    written: bool = False
    """A paper was read: nobody spoke."""

    def say(self, word: str, **values: str) -> str:
        """The phrase in the report's language, of a paper in words that fit one."""
        words = WORDS[self.language]
        of_paper = words.get(f"{word}_written") if self.written else None
        return (of_paper or words[word]).format(**values)


def language_of(requisition: Document, wanted: str | None = None) -> Language:
    """The language that was asked for, or the position's; Chinese where neither says."""
    return "en" if (wanted or requisition.get("language")) == "en" else "zh"


def reference(assessment_id: str) -> str:
    """A short name of the report that tells nobody whom it is about."""
    digest = sha256(assessment_id.encode()).hexdigest()[:8].upper()
    return f"{digest[:4]}-{digest[4:]}"


def report(sources: Sources, language: Language, zone: tzinfo) -> Report:
    """The report in that language, its times in that zone."""
    assessment, requisition = sources.assessment, sources.requisition
    at = _places(assessment, language)
    excerpt, places = _excerpt(sources, at)
    scores = tuple(_scores(sources, places, at))
    own = language == language_of(requisition)
    strengths, to_improve = _summary(assessment) if own and assessment.get("summary") else (None, None)
    when = _time(sources.interview.get("starts_at"), zone) or _time(assessment["scored_at"], zone)
    return Report(
        language=language,
        person=plain(sources.candidate["name"], 200),
        position=plain(requisition["title"], 300),
        facts=tuple(_facts(sources, language, zone, when)),
        when=when,
        scores=scores,
        strengths=tuple(_strengths(scores, language)) if strengths is None else strengths,
        to_improve=tuple(_to_improve(scores, language)) if to_improve is None else to_improve,
        missing=tuple(_name(sources, code) for code in assessment["insufficient_evidence"]),
        flags=tuple(_flag(entry, language, at) for entry in assessment.get("flags", ())),
        terms=tuple(_term(term, at) for term in assessment["term_counts"]),
        judgements=tuple(_judgement(sources, said, language, zone) for said in sources.judgements),
        excerpt=excerpt,
        makers=tuple(_maker(entry, language) for entry in assessment["provenance"]),
        method=plain(assessment.get("method_note") or "") if own else "",
        reference=reference(assessment["id"]),
        scored_at=_moment(assessment["scored_at"]),
        written=written(assessment),
    )


def _places(assessment: Document, language: Language) -> Callable[[float], str]:
    """How a place is said: the time in a recording, the paragraph of a paper."""
    if written(assessment):
        return lambda start: WORDS[language]["paragraph"].format(n=int(start))
    return clock


def _facts(sources: Sources, language: Language, zone: tzinfo, when: str) -> Iterator[tuple[str, str]]:
    words, assessment = WORDS[language], sources.assessment
    yield words["position"], plain(sources.requisition["title"], 300)
    if department := sources.requisition.get("department"):
        yield words["department"], plain(department, 200)
    yield words["when"], when
    if sources.interview.get("round"):
        yield words["round"], str(sources.interview["round"])
    if duration := (assessment.get("speech") or {}).get("duration"):
        yield words["length"], clock(duration)
    if spoken := assessment.get("language"):
        yield words["spoken"], words[f"spoken_{spoken}"]
    yield words["scored_at"], _time(assessment["scored_at"], zone)
    yield words["reference"], reference(assessment["id"])


def _scores(sources: Sources, places: Mapping[Place, int], at: Callable[[float], str]) -> Iterator[Score]:
    for entry in sources.assessment["competency_scores"]:
        evidence = sorted(entry["evidence"], key=lambda one: one["start"])
        yield Score(
            code=entry["competency"],
            name=_name(sources, entry["competency"]),
            value=float(entry["score"]),
            required=entry.get("required"),
            confidence=entry.get("confidence"),
            evidence=tuple(_quote(one, places.get(_place(one)), at) for one in evidence),
        )


def _place(evidence: Document) -> Place:
    return evidence["start"], evidence["quote"]


def _quote(entry: Document, passage: int | None, at: Callable[[float], str]) -> Quote:
    return Quote(
        text=plain(entry["quote"]),
        at=at(entry["start"]),
        indicator=plain(entry.get("indicator") or "", 200),
        against=(entry.get("weight") or 0) < 0,
        passage=passage,
    )


def _summary(assessment: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    said = assessment["summary"]
    strengths, to_improve = (
        tuple(plain(line) for line in said[name]) for name in ("strengths", "to_improve")
    )
    return strengths, to_improve


def _strengths(scores: Sequence[Score], language: Language) -> Iterator[str]:
    for score in scores:
        quote = next((one for one in score.evidence if not one.against), None)
        if score.value >= STRONG and quote is not None:
            yield WORDS[language]["strong"].format(
                name=score.name, value=f"{score.value:.1f}", quote=quote.text, at=quote.at
            )


def _to_improve(scores: Sequence[Score], language: Language) -> Iterator[str]:
    words = WORDS[language]
    for score in scores:
        if score.gap:
            yield words["below_required"].format(name=score.name, level=f"{score.required:.1f}")
        elif score.value <= WEAK:
            yield words["low"].format(name=score.name, value=f"{score.value:.1f}")


def _flag(entry: Document, language: Language, at: Callable[[float], str]) -> Flag:
    words = WORDS[language]
    # a scorer may have reasons of its own; then its own word stands
    return Flag(
        words.get(f"flag_{entry['kind']}", plain(entry["kind"], 100)),
        at(entry["start"]),
        plain(entry["quote"]),
    )


def _term(term: Document, at: Callable[[float], str]) -> tuple[str, str, str, str]:
    often, first = term.get("per_1000_words"), term.get("first_at")
    return (
        plain(term["term"], 100),
        str(term["count"]),
        "" if often is None else f"{often:.1f}",
        "" if first is None else at(first),
    )


def _judgement(sources: Sources, said: Document, language: Language, zone: tzinfo) -> Judgement:
    scores = ((_name(sources, one["competency"]), f"{one['score']:.1f}") for one in said["competency_scores"])
    return Judgement(
        by=plain(said.get("by") or WORDS[language]["interviewer"], 200),
        when=_time(said.get("given_at"), zone),
        scores=tuple(scores),
        remarks=plain(said.get("remarks") or "", 5000),
    )


def _maker(entry: Document, language: Language) -> Maker:
    words = WORDS[language]
    facts = [(words["version"], plain(entry["version"], 100))]
    for name in ("model", "options", "hints"):
        value = entry.get(name)
        if value:
            facts.append((words[name], plain(_shown(value), 1500)))
    return Maker(plain(entry["scorer"], 100), tuple(facts))


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _excerpt(sources: Sources, at: Callable[[float], str]) -> tuple[tuple[Passage, ...], dict[Place, int]]:
    """The sentences around everything that was counted, and where in them each piece of evidence stands."""
    segments = sorted((sources.transcript or {}).get("segments") or (), key=lambda segment: segment["start"])
    said = {_place(one) for entry in sources.assessment["competency_scores"] for one in entry["evidence"]}
    counted = {one: place for one in said if (place := _segment_at(segments, *one)) is not None}
    spoken = set(counted.values())
    shown = sorted({near for place in spoken for near in (place - 1, place, place + 1)})
    shown = [place for place in shown if 0 <= place < len(segments)][:PASSAGES]
    passages = tuple(
        Passage(
            at=at(segments[place]["start"]),
            text=plain(segments[place]["text"]),
            counted=place in spoken,
            follows=n == 0 or shown[n - 1] == place - 1,
        )
        for n, place in enumerate(shown)
    )
    numbers = {place: n for n, place in enumerate(shown)}
    return passages, {one: numbers[place] for one, place in counted.items() if place in numbers}


def _segment_at(segments: Sequence[Document], start: float, quote: str) -> int | None:
    """The last sentence that has begun by then; scorers round to a tenth of a second. Where several begin together, as in a
    paragraph, the one that holds the quote."""
    last = bisect_right(segments, start + 0.1, key=lambda segment: segment["start"]) - 1
    if last < 0:
        return None
    first = bisect_left(segments, segments[last]["start"], key=lambda segment: segment["start"])
    together = range(first, last + 1)
    return next((place for place in together if quote.strip() in segments[place]["text"]), last)


def _name(sources: Sources, code: str) -> str:
    return plain(sources.names.get(code) or code.replace("_", " "), 100)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(text: str | None, zone: tzinfo) -> str:
    return f"{_moment(text).astimezone(zone):%Y-%m-%d %H:%M}" if text else ""
