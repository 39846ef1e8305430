"""What the model wrote, judged: nothing coerced, every fault by its code."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from trivet.errors import Rejected
from trivet.model import Document

from .rubrics import LEVELS, NAME
from .wire import malformed

FIND, RATE = "find", "rate"
_TEXTS = ("quote", "behaviour")


def evidence_in(content: Any, competencies: Sequence[str]) -> list[Document]:
    """The entries of found evidence."""
    entries = _listed(content, "evidence", FIND)
    for entry in entries:
        if entry.get("competency") not in competencies or entry.get("speaks") not in ("for", "against"):
            raise malformed(
                FIND, "a piece of evidence belongs to no competency, or speaks neither for nor against"
            )
        if type(entry.get("sentence")) is not int or not all(isinstance(entry.get(t), str) for t in _TEXTS):
            raise malformed(
                FIND, "a piece of evidence is not {competency, sentence, quote, behaviour, speaks}"
            )
    return entries


def levels_in(content: Any, competencies: Sequence[str]) -> dict[str, Decimal | None]:
    """The level of each competency, None where the model says that the evidence does not suffice."""
    entries = _listed(content, "ratings", RATE)
    if sorted(str(entry.get("competency")) for entry in entries) != sorted(competencies):
        raise malformed(RATE, "not every competency is rated once")
    return {
        entry["competency"]: _level(entry["competency"], entry.get("level", "absent")) for entry in entries
    }


def _level(competency: str, level: Any) -> Decimal | None:
    if level is None:
        return None
    if isinstance(level, bool) or not isinstance(level, int | float):
        raise _score(competency, "SCORE_TYPE", f"the level is no number but {_kind(level)}")
    if level not in LEVELS:
        raise _score(competency, "SCORE_RANGE", "the level is none of the scale 1 to 5 in halves")
    return Decimal(str(level))


def _score(competency: str, code: str, message: str) -> Rejected:
    return Rejected(
        message, connector=NAME, operation=RATE, vendor_code=code, field=competency,
        cure="take a model that keeps to a JSON schema; nothing is rounded or converted",
    )  # fmt: skip


def _kind(value: Any) -> str:
    return {bool: "a boolean", str: "a text", list: "a list", dict: "an object"}.get(type(value), "absent")


def _listed(content: Any, name: str, operation: str) -> list[Document]:
    entries = content.get(name) if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise malformed(operation, f"the model's answer holds no list `{name}`")
    return entries
