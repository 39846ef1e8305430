"""The service's answer in the hub's shape: converted by its scale, judged value by value, nothing coerced."""

import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from typing import Any

from trivet.described.places import get, text_at
from trivet.model import Document
from trivet.transcript import Sentence, Spoken, count_words

from .config import Evidence, Scores, Terms
from .wire import listed, refused

_NAME = re.compile(r"[a-z][a-z_]*")
_PLACES = 5
_QUOTE, _INDICATOR, _TERM = 2000, 200, 100


def echoed(operation: str, answer: Scores | Terms, said: Any, key: str) -> None:
    """`Rejected` RESPONSE_MISMATCH where the answer is about other work."""
    if answer.echo is not None and get(said, answer.echo) != key:
        raise refused(
            operation, "RESPONSE_MISMATCH", f"the answer does not repeat our key at {answer.echo or 'the top'}",
            cure="nothing of it is taken; set `answer.echo` to where the service repeats `send.key`",
        )  # fmt: skip


def scores_in(operation: str, answer: Scores, said: Any, spoken: Spoken | None) -> Document:
    """{scores, insufficient_evidence, quotes_verified, unverified_quotes}; without `spoken` quotes are taken as they are."""
    scores: list[Document] = []
    missing: list[str] = []
    lost = 0
    for row in listed(operation, said, answer.rows):
        name = _competency(operation, answer, row)
        if answer.only and name not in answer.only:
            continue
        if name in missing or any(one["competency"] == name for one in scores):
            raise refused(operation, "ANSWER_MALFORMED", "a competency is scored twice", field=name)
        score = _score(operation, answer, name, get(row, answer.score))
        pieces = get(row, answer.evidence)
        found = list(_evidence(answer.piece, pieces if isinstance(pieces, list) else [], spoken))
        lost += found.count(None)
        evidence = [piece for piece in found if piece is not None]
        if not evidence:
            missing.append(name)
            continue
        scores.append(
            {"competency": name, "score": score, "evidence": evidence} | _confidence(operation, answer, row)
        )
    missing += [
        name
        for name in answer.only
        if name not in missing and all(one["competency"] != name for one in scores)
    ]
    return {
        "scores": scores, "insufficient_evidence": missing, "quotes_verified": spoken is not None, "unverified_quotes": lost,
    }  # fmt: skip


def _competency(operation: str, answer: Scores, row: Any) -> str:
    given = text_at(row, answer.competency) or ""
    name = answer.renames.get(given, given)
    if not _NAME.fullmatch(name):
        raise refused(
            operation, "COMPETENCY_UNKNOWN", "a scored competency has no name of ours",
            cure="give the service's name and ours in `answer.renames`",
        )  # fmt: skip
    return name


def _score(operation: str, answer: Scores, name: str, value: Any) -> float:
    low, high = answer.scale
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(operation, "SCORE_TYPE", "the score is no number", field=name)
    if not isfinite(value):
        raise refused(operation, "SCORE_NOT_FINITE", "the score is no finite number", field=name)
    if not low <= value <= high:
        raise refused(
            operation, "SCORE_RANGE", f"the score lies outside the scale of {low:g} to {high:g}", field=name,
            cure="set `answer.scale` to the lowest and highest score of the service",
        )  # fmt: skip
    bottom, top = Decimal(str(low)), Decimal(str(high))
    exact = 10 * (Decimal(str(value)) - bottom) / (top - bottom)
    return float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


def _confidence(operation: str, answer: Scores, row: Any) -> Document:
    if answer.confidence is None or (value := get(row, answer.confidence)) is None:
        return {}
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise refused(operation, "ANSWER_MALFORMED", "a confidence is no number of 0 to 1")
    return {"confidence": float(value)}


def _evidence(piece: Evidence, given: Sequence[Any], spoken: Spoken | None) -> Iterator[Document | None]:
    """Each piece with the sentence as it was said; None for one that nobody said."""
    for entry in given:
        quote = entry if isinstance(entry, str) else text_at(entry, piece.quote) or ""
        passage = spoken.passage(quote) if spoken else _told(piece, entry, quote)
        if passage is None:
            yield None
            continue
        weight = get(entry, piece.weight) if piece.weight is not None else 1.0
        numeric = isinstance(weight, int | float) and not isinstance(weight, bool) and isfinite(weight)
        made: Document = {
            "quote": passage.text[:_QUOTE], "start": passage.start, "end": passage.end, "weight": weight if numeric else 1.0,
        }  # fmt: skip
        if piece.indicator is not None and (indicator := text_at(entry, piece.indicator)):
            made["indicator"] = " ".join(indicator.split())[:_INDICATOR]
        yield made


def _told(piece: Evidence, entry: Any, quote: str) -> Sentence | None:
    """A piece as the service tells it, with its own times."""
    start = get(entry, piece.start or "/")
    end = get(entry, piece.end) if piece.end is not None else start
    fine = all(
        isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at < 1e7 for at in (start, end)
    )
    return Sentence(0, quote, float(start), float(end)) if fine and quote.strip() else None


def terms_in(operation: str, answer: Terms, said: Any, sentences: Sequence[Sentence] | None) -> Document:
    """{terms: [{term, count, per_1000_words, first_at, occurrences}], words}, as the local recogniser answers."""
    words = sum(count_words(sentence.text) for sentence in sentences or ())
    terms = []
    for row in listed(operation, said, answer.rows):
        term, count = text_at(row, answer.term), get(row, answer.count)
        if term is None or len(term) > _TERM:
            raise refused(operation, "ANSWER_MALFORMED", "a term is no text, or a very long one")
        if type(count) is not int or count < 1:
            raise refused(operation, "ANSWER_MALFORMED", "the count of a term is no number from 1 on")
        terms.append(_term(term, count, words, sentences or ()))
    terms.sort(key=lambda one: (-one["count"], one["term"]))
    return {"terms": terms, "words": words}


def _term(term: str, count: int, words: int, sentences: Sequence[Sentence]) -> Document:
    places = [s for s in sentences if term.casefold() in s.text.casefold()][:_PLACES]
    made: Document = {
        "term": term,
        "count": count,
        "per_1000_words": round(1000 * count / words, 2) if words else 0.0,
        "occurrences": [{"start": s.start, "quote": s.text[:_QUOTE]} for s in places],
    }
    return made | ({"first_at": places[0].start} if places else {})
