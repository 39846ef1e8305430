"""Lines that fit: Latin text breaks at spaces, Chinese between any two characters, save before a comma or after a bracket."""

import re
from collections.abc import Callable, Iterator

_NEVER_FIRST = set("，。、；：？！）》」』】〉”’…—,.;:?!)]}%·")
_NEVER_LAST = set("（《「『【〈“‘([{")
_WORDS = re.compile(r"\s+|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+|.", re.DOTALL)


def wrapped(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The text as lines no wider than `width`; a word that is wider is cut."""
    lines: list[str] = []
    line, filled = "", 0.0
    for piece in _pieces(text):
        if not line and piece.isspace():
            continue
        size = measure(piece)
        if line and filled + measure(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line, filled = "", 0.0
            if piece.isspace():
                continue
        while size > width and len(piece) > 1:
            fits = _fitting(piece, width, measure)
            lines.append(piece[:fits])
            piece = piece[fits:]  # noqa: PLW2901 - what is left of the same word
            size = measure(piece)
        line, filled = line + piece, filled + size
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str) -> Iterator[str]:
    """What stays together on a line."""
    held = ""
    for piece in _WORDS.findall(text):
        if held and (piece[0] in _NEVER_FIRST or held[-1] in _NEVER_LAST):
            held += piece
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def _fitting(piece: str, width: float, measure: Callable[[str], float]) -> int:
    fits = 1
    while fits < len(piece) and measure(piece[: fits + 1]) <= width:
        fits += 1
    return fits
