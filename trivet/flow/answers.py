"""What a scorer may say of a person: of whom it was asked, on our scale, nothing about feelings.

A scorer is another company's program. What it gets wrong is refused by a code before it is kept, so that nobody's
assessment ever holds it.
"""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from trivet.contract import FEELINGS
from trivet.errors import Rejected
from trivet.model import Document, ScoringRequest

SCALE = (0, 10)
_NAMES_KEY = ("key", "request_id")


def checked(
    document: Document, request: ScoringRequest, ours: Mapping[str, str], where: str
) -> tuple[Document, list[str]]:
    """The answer without prohibited fields, and their paths; `Rejected` RESPONSE_MISMATCH, SCORE_TYPE, SCORE_RANGE or
    SCORE_NOT_FINITE. `ours` are the ids that an answer may repeat (`candidate_id` …)."""
    for name, wanted in [*((name, request.key) for name in _NAMES_KEY), *ours.items()]:
        if name in document and document[name] != wanted:
            raise _refused(
                where, "RESPONSE_MISMATCH", f"the answer's {name} is another than was asked about", name
            )
    for i, entry in enumerate(_listed(document.get("scores"), where)):
        _judge(entry.get("score"), f"scores/{i}/score", where)
    dropped = prohibited(document)
    return (_without(document) if dropped else document), dropped


def _listed(scores: Any, where: str) -> list[Document]:
    if scores is None:
        return []
    if not isinstance(scores, list) or not all(isinstance(entry, dict) for entry in scores):
        raise _refused(where, "SCORE_TYPE", "`scores` is no list of {competency, score, evidence}", "scores")
    return scores


def _judge(score: Any, field: str, where: str) -> None:
    least, most = SCALE
    if isinstance(score, bool) or not isinstance(score, int | float):
        kind = "nothing" if score is None else type(score).__name__
        raise _refused(where, "SCORE_TYPE", f"a score is {kind}, not a number from {least} to {most}", field)
    if not math.isfinite(score):
        raise _refused(where, "SCORE_NOT_FINITE", f"a score is not a number from {least} to {most}", field)
    if not least <= score <= most:
        raise _refused(where, "SCORE_RANGE", f"a score is outside the scale from {least} to {most}", field)


def prohibited(document: Document) -> list[str]:
    """JSON pointers of the fields that tell of feelings, by their names; what a value says is not looked at."""
    # hardly a document has one: where it stands is asked only then
    return list(_located(document, "")) if any(map(_tells, _field_names(document))) else []


def _field_names(document: Document) -> set[str]:
    found: set[str] = set()
    open_ends: list[Any] = [document]
    while open_ends:
        value = open_ends.pop()
        if isinstance(value, dict):
            found.update(value)
            value = value.values()
        open_ends += [inner for inner in value if isinstance(inner, dict | list)]
    return found


def _located(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if _tells(key):
                yield f"{path}/{key}"
            else:
                yield from _located(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _located(inner, f"{path}/{i}")


@lru_cache(maxsize=4096)
def _tells(name: str) -> bool:
    # a night asks about the same few names a million times
    return FEELINGS.search(name) is not None


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner) for key, inner in value.items() if not _tells(key)}
    return [_without(inner) for inner in value] if isinstance(value, list) else value


def _refused(where: str, code: str, message: str, field: str) -> Rejected:
    return Rejected(
        message, connector=where, operation="score", vendor_code=code, field=field,
        cure="the service is wrong, or the connection's settings describe another one; the whole answer was refused",
    )  # fmt: skip
