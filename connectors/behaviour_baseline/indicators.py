"""The indicators of a competency: patterns of words, for and against it, as data in mappings/behaviours/."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trivet.errors import ConfigError
from trivet.model import Document

from .hearing import LANGUAGES, Heard, Pattern

NAME = "behaviour_baseline"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One behaviour and how it is heard."""

    name: str
    weight: float
    """Positive for the competency, negative against it."""
    patterns: Mapping[str, tuple[Pattern, ...]]
    """By language."""


@dataclass(frozen=True, slots=True)
class Competency:
    """One competency with its indicators."""

    name: str
    indicators: tuple[Indicator, ...]
    sha256: str

    def patterns(self) -> Iterator[Pattern]:
        """Every pattern of every indicator."""
        for indicator in self.indicators:
            for patterns in indicator.patterns.values():
                yield from patterns

    def seen(self, heard: Heard, sentences: Sequence[Document]) -> Iterator[Document]:
        """Each indicator once, with the sentence in which it was heard first; what speaks against comes first and is blotted
        out, so that "did not want to learn" is not taken for learning."""
        blotted: dict[int, str] = {}
        for indicator in sorted(self.indicators, key=lambda one: one.weight >= 0):
            patterns = [
                pattern
                for language in heard.languages
                for pattern in indicator.patterns[language]
                if pattern in heard.places
            ]
            if not patterns:
                continue
            places = sorted({*blotted, *(at for pattern in patterns for at in heard.places[pattern])})
            hit = _first(patterns, places, blotted)
            if hit is not None:
                yield _evidence(indicator, sentences[hit])
            if indicator.weight < 0:
                for at in places:
                    before = blotted.get(at, heard.texts[at])
                    if (after := _blotted(patterns, before)) != before:
                        blotted[at] = after


def _first(patterns: Sequence[Pattern], places: Sequence[int], blotted: Mapping[int, str]) -> int | None:
    for at in places:
        # what was not touched matches where it did
        if at not in blotted or any(pattern.expression.search(blotted[at]) for pattern in patterns):
            return at
    return None


def _blotted(patterns: Sequence[Pattern], text: str) -> str:
    for pattern in patterns:
        text = pattern.expression.sub(" ", text)
    return text


def _evidence(indicator: Indicator, sentence: Document) -> Document:
    return {
        "quote": str(sentence["text"]).strip(),
        "start": sentence["start"],
        "end": sentence["end"],
        "indicator": indicator.name,
        "weight": indicator.weight,
    }


def load(file: Path) -> Competency:
    """The competency of a file; `ConfigError` names file and cause."""
    from ruamel.yaml.error import YAMLError

    try:
        raw = file.read_bytes()
        indicators = _indicators(raw)
    except FileNotFoundError:
        raise _wrong(file, "no such competency") from None
    except (YAMLError, KeyError, TypeError, ValueError, re.error) as error:
        raise _wrong(file, f"not a list of indicators: {error}") from None
    return Competency(file.stem, indicators, hashlib.sha256(raw).hexdigest()[:12])


@lru_cache(maxsize=64)
def _indicators(raw: bytes) -> tuple[Indicator, ...]:
    # a process that scores shard after shard compiles some hundred patterns once
    from ruamel.yaml import YAML

    data = YAML(typ="safe", pure=True).load(raw.decode("utf-8"))
    return tuple(_indicator(entry) for entry in data["indicators"])


def _indicator(entry: Any) -> Indicator:
    patterns = {language: tuple(_pattern(p) for p in entry.get(language, ())) for language in LANGUAGES}
    if not any(patterns.values()):
        raise ValueError(f"indicator {entry['name']!r} has no pattern")
    return Indicator(str(entry["name"]), float(entry.get("weight", 1)), patterns)


def _pattern(text: str) -> Pattern:
    # ^ and $ mean a sentence's ends; a text in lower case needs no IGNORECASE, under which the engine finds no prefix
    return Pattern(re.compile(text, re.MULTILINE if text == text.lower() else re.MULTILINE | re.IGNORECASE))


def _wrong(file: Path, message: str) -> ConfigError:
    return ConfigError(
        f"{NAME}: {message}", code="INDICATORS", place=str(file),
        cure="a competency is a list `indicators` of {name, weight, en: [pattern], zh: [pattern]}",
    )  # fmt: skip
