"""The dictionaries: canonical terms with their spellings, as an automaton over tightened text.

Tight text has no blanks and hyphens, is lower case and half width: `Py torch`, `PLC 编程` and `Ｐ L Ｃ` are found as they were
said. Where a hit begins and ends is looked up in the text as it was written, which also gives the word boundaries.
"""

import hashlib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from trivet.errors import ConfigError

NAME = "term_recogniser"
# shorter ones would be found across words: `c rm`
SHORTEST_SPLIT = 4
_DROPPED = frozenset("-‐‑‒–_")
_ASCII_DROPPED = frozenset(chr(code) for code in range(128) if chr(code).isspace() or chr(code) in "-_")
_APART = "\0"
_SIGMA = "Σ"
"""Its small letter depends on what stands around it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One term in a text; `start` and `end` count characters of the text as given."""

    term: str
    start: int
    end: int


def tightened(text: str) -> tuple[str, list[int]]:
    """The text without blanks and hyphens, folded, and for each of its characters the place in the text as given."""
    if text.isascii():
        spaceless = "".join(text.lower().split()).replace("-", "").replace("_", "")
        return spaceless, [place for place, character in enumerate(text) if character not in _ASCII_DROPPED]
    tight: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for folded in _folded(character):
            tight.append(folded)
            places.append(place)
    return "".join(tight), places


@lru_cache(maxsize=65536)
def _folded(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).lower()
    return "".join(one for one in folded if not one.isspace() and one not in _DROPPED)


class Dictionary:
    """Every dictionary of a connection, together; `ConfigError` where one is wrong or two contradict each other."""

    def __init__(self, files: Sequence[Path]) -> None:
        import ahocorasick

        self.versions: list[dict[str, str]] = []
        self._automaton = ahocorasick.Automaton()
        meant: dict[str, str] = {}
        for file in files:
            raw, entries = _read(file)
            self.versions.append({"name": file.stem, "sha256": hashlib.sha256(raw).hexdigest()[:12]})
            for term, aliases in entries:
                for spelling in (term, *aliases):
                    tight = tightened(spelling)[0]
                    if meant.setdefault(tight, term) != term:
                        raise _wrong(file, f"{spelling!r} stands for {meant[tight]!r} and for {term!r}")
        for tight, term in meant.items():
            for form in {tight, _plural(tight)} - (meant.keys() - {tight}):
                self._automaton.add_word(form, (term, len(form)))
        self._automaton.make_automaton()

    def worth_reading(self, texts: Sequence[str]) -> Iterable[int]:
        """The places of the texts that may hold a term, by one look at all of them together."""
        whole = _APART.join(texts)
        if _SIGMA in whole or not unicodedata.is_normalized("NFKC", whole):
            # sign by sign it may read otherwise than as a whole
            return range(len(texts))
        tight = "".join(whole.lower().split())
        for dropped in _DROPPED:
            tight = tight.replace(dropped, "")
        pieces = tight.split(_APART)
        if len(pieces) != len(texts):
            return range(len(texts))
        starts = list(accumulate((len(piece) + 1 for piece in pieces), initial=0))
        return sorted({bisect_right(starts, last) - 1 for last, _ in self._automaton.iter(tight)})

    def hits(self, text: str) -> Iterator[Hit]:
        """The terms in a text, the longest where several begin together, without overlap."""
        tight, places = tightened(text)
        found = []
        for last, (term, length) in self._automaton.iter(tight):
            hit = Hit(term, places[last - length + 1], places[last] + 1)
            if _stands_alone(text, hit) and _held_together(text[hit.start : hit.end], length):
                found.append(hit)
        end = 0
        for hit in sorted(found, key=lambda h: (h.start, -h.end)):
            if hit.start >= end:
                yield hit
                end = hit.end


def _plural(tight: str) -> str:
    """`portfolios` is said for `portfolio`."""
    latin = len(tight) >= SHORTEST_SPLIT and tight.isascii() and tight[-1].isalpha() and tight[-1] != "s"
    return f"{tight}s" if latin else tight


def _latin(character: str) -> bool:
    if character.isascii():
        return character.isalnum()
    folded = unicodedata.normalize("NFKC", character)
    return folded.isascii() and folded.isalnum()


def _stands_alone(text: str, hit: Hit) -> bool:
    """Latin terms need a boundary (`displc` holds no `plc`); chinese ones stand inside a sentence without any."""
    runs_on_before = hit.start > 0 and _latin(text[hit.start]) and _latin(text[hit.start - 1])
    runs_on_after = hit.end < len(text) and _latin(text[hit.end - 1]) and _latin(text[hit.end])
    return not (runs_on_before or runs_on_after)


def _held_together(written: str, length: int) -> bool:
    """Short latin terms are whole, or spelled out letter by letter."""
    pieces = written.split()
    short = length < SHORTEST_SPLIT and all(_latin(c) for piece in pieces for c in piece)
    return not short or len(pieces) in (1, length)


def _read(file: Path) -> tuple[bytes, tuple[tuple[str, tuple[str, ...]], ...]]:
    from ruamel.yaml.error import YAMLError

    try:
        raw = file.read_bytes()
        entries = _entries(raw)
    except FileNotFoundError:
        raise _wrong(file, "no such dictionary") from None
    except (YAMLError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise _wrong(file, f"not a dictionary of terms ({type(error).__name__})") from None
    if not entries:
        raise _wrong(file, "no terms")
    for term, aliases in entries:
        for spelling in (term, *aliases):
            # yaml reads `no` and 5 as something else than words
            if not isinstance(spelling, str) or not tightened(spelling)[0]:
                raise _wrong(file, f"{spelling!r} is no word: put it in quotes")
    return raw, entries


@lru_cache(maxsize=64)
def _entries(raw: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    # a process that scores shard after shard reads each dictionary once
    from ruamel.yaml import YAML

    data: Any = YAML(typ="safe", pure=True).load(raw.decode("utf-8"))
    return tuple((entry["term"], tuple(entry.get("aliases", ()))) for entry in data["terms"])


def _wrong(file: Path, message: str) -> ConfigError:
    return ConfigError(
        f"{NAME}: {message}",
        code="DICTIONARY",
        place=str(file),
        cure="a dictionary is a list `terms` of {term, aliases}",
    )
