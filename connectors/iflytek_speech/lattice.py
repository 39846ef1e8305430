"""What an order came to: `orderResult` is JSON in a string, whose sentences are JSON in strings again.

    lattice[].json_1best.st     bg, ed (milliseconds), rl (speaker, 0 where none are told apart), rt[].ws[]
    ws[]                        wb, we (hundredths of a second after bg), cw[0]: w, wp (n word, s filler, p mark, g break)

`lattice2` holds the same before fillers were smoothed away, as objects; it is read where `lattice` is missing.
"""

import json
from collections.abc import Iterator
from typing import Any

from trivet.audio.spoken import sentence
from trivet.model import Document

FRAME = 0.01
MARK, BREAK = "p", "g"


def sentences(order_result: Any, language: str) -> list[Document]:
    """Sentences in order of time, with words and, where they are told apart, speakers; ValueError where it cannot be read."""
    try:
        whole = json.loads(order_result) if isinstance(order_result, str) else order_result
        found = [
            _sentence(_object(entry["json_1best"])["st"], language)
            for entry in whole.get("lattice") or whole["lattice2"]
        ]
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(type(error).__name__) from None
    return sorted((s for s in found if s["text"]), key=lambda s: s["start"])


def _sentence(st: Document, language: str) -> Document:
    begin, end = float(st["bg"]) / 1000, float(st["ed"]) / 1000
    if not 0 <= begin <= end:
        raise ValueError("times")
    said, words = "", []
    for text, kind, first, last in _words(st):
        said += f" {text}" if kind != MARK and _apart(said, text, language) else text
        if kind != MARK:
            words.append({
                "start": round(begin + first * FRAME, 2), "end": round(begin + last * FRAME, 2), "text": text.strip(),
            })  # fmt: skip
    speaker = str(st.get("rl") or "0")
    more = {"words": words} | ({"speaker": speaker} if speaker != "0" else {})
    return sentence(begin, end, said, language, **more)


def _apart(said: str, text: str, language: str) -> bool:
    """Whether a blank belongs before the word: words come bare, English ones among Chinese too."""
    if not said or said[-1].isspace() or text[0].isspace():
        return False
    return language != "zh" or (
        said[-1].isascii() and said[-1].isalnum() and text[0].isascii() and text[0].isalnum()
    )


def _words(st: Document) -> Iterator[tuple[str, str, float, float]]:
    for part in st["rt"]:
        for word in part["ws"]:
            best = word["cw"][0]
            text, kind = str(best["w"]), str(best.get("wp") or "n")
            if text and kind != BREAK:
                yield text, kind, float(word.get("wb") or 0), float(word.get("we") or 0)


def _object(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
