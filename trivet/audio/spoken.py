"""What services say was spoken, in the hub's form: sentences with times, one text, simplified characters."""

from collections.abc import Container
from functools import cache
from typing import Any

from trivet.errors import Rejected
from trivet.model import Document, ScoringRequest

ENDS = "。！？，、；,.!?;"


def sentence(start: float, end: float, text: str, language: str, **more: Any) -> Document:
    """One sentence; seconds to two places."""
    text = text.strip()
    return {
        "start": round(start, 2),
        "end": round(end, 2),
        "text": written(text, language),
        **more,
    }


def written(text: str, language: str) -> str:
    """The text; Chinese in simplified characters, whichever the recogniser chose for this clip."""
    return str(_converter().convert(text)) if language == "zh" else text


def joined(sentences: list[Document], language: str) -> str:
    """All of it as one text."""
    if language != "zh":
        return " ".join(s["text"] for s in sentences)
    # chinese has no blanks between sentences; one that ends without a mark gets the lightest
    return "".join(s["text"] if s["text"][-1:] in ENDS else s["text"] + "，" for s in sentences)


def language_told(
    request: ScoringRequest, configured: str | None, known: Container[str], otherwise: str, connector: str
) -> str:
    """The language that a service which detects none is told: the request's, the connection's, the position's, or
    `otherwise`; `Rejected` LANGUAGE where the service does not know what was asked for."""
    language = request.language or configured
    if language is not None and language not in known:
        said = f"{language} is not a language of this connector"
        raise Rejected(said, connector=connector, operation="score", vendor_code="LANGUAGE")
    position = str(request.requisition.get("language"))
    return language or (position if position in known else otherwise)


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
