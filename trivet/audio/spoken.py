"""What services say was spoken, in the hub's form: sentences with times, one text, simplified characters."""

from functools import cache
from typing import Any

from trivet.model import Document

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


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
