"""What the models know: key words in the sentences, counted; deterministic."""

import re
from collections.abc import Iterator

from ..store import Json

SKILLS = (
    "postgresql",
    "pytorch",
    "grpc",
    "transformer",
    "plc",
    "scada",
    "python",
    "数控",
    "伺服",
    "编程",
    "六西格玛",
)
TALKS = ("explained", "listened", "feedback", "called back", "讲解", "倾听", "回访", "沟通", "耐心")
RISKS = ("checked", "backup", "audit", "rollback", "reported", "检查", "核对", "审计", "预案", "风险")
_END = re.compile(r"(?<=[.。！？!?])\s*")


def sentences(text: str) -> list[str]:
    """The text sentence by sentence."""
    return [piece for piece in _END.split(text) if piece]


def hits(pieces: list[str], words: tuple[str, ...]) -> list[str]:
    """The sentences that hold one of the words."""
    return [piece for piece in pieces if any(word in piece.lower() for word in words)]


def points(found: list[str], low: float, high: float) -> float:
    """The middle of the scale for one sentence, and half of what is left for each further."""
    share = 0.0 if not found else 1 - 0.5 ** len(found)
    return round(low + (high - low) * share, 2)


def terms(text: str) -> Iterator[Json]:
    """Each of the skills that was named, with its count."""
    for word in SKILLS:
        count = text.lower().count(word)
        if count:
            yield {"name": word, "n": count}
