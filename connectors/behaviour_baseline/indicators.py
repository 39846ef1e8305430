"""The indicators of a competency: patterns of words, for and against it, as data in mappings/behaviours/."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.errors import ConfigError
from trivet.model import Document

NAME = "behaviour_baseline"
_LETTERS = {"en": re.compile("[a-z]{2}"), "zh": re.compile("[\u3400-\u9fff]")}
"""What a text must hold for a language's patterns to be tried."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One behaviour and how it is heard."""

    name: str
    weight: float
    """Positive for the competency, negative against it."""
    patterns: Mapping[str, tuple[re.Pattern[str], ...]]
    """By language."""

    def heard_in(self, lines: str, languages: Sequence[str]) -> list[re.Pattern[str]]:
        """The patterns that some of the lines (lower case) may hold: one look in place of one a line."""
        return [p for language in languages for p in self.patterns[language] if p.search(lines)]


@dataclass(frozen=True, slots=True)
class Competency:
    """One competency with its indicators."""

    name: str
    indicators: tuple[Indicator, ...]
    sha256: str

    def seen(self, sentences: Sequence[Document]) -> Iterator[Document]:
        """Each indicator once, with the sentence in which it was heard first; what speaks against comes first, so that
        "did not want to learn" is not taken for learning."""
        texts = [str(s["text"]).lower() for s in sentences]
        whole = "\n".join(texts)
        languages = [language for language, letters in _LETTERS.items() if letters.search(whole)]
        for indicator in sorted(self.indicators, key=lambda one: one.weight >= 0):
            patterns = indicator.heard_in(whole, languages)
            hit = _first(patterns, texts)
            if hit is not None:
                yield _evidence(indicator, sentences[hit])
            if indicator.weight < 0:
                texts = [_blanked(patterns, text) for text in texts]


def _first(patterns: Sequence[re.Pattern[str]], texts: Sequence[str]) -> int | None:
    for i, text in enumerate(texts):
        if any(pattern.search(text) for pattern in patterns):
            return i
    return None


def _blanked(patterns: Sequence[re.Pattern[str]], text: str) -> str:
    for pattern in patterns:
        text = pattern.sub(" ", text)
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
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        raw = file.read_bytes()
        data = YAML(typ="safe", pure=True).load(raw.decode("utf-8"))
        indicators = tuple(_indicator(entry) for entry in data["indicators"])
    except FileNotFoundError:
        raise _wrong(file, "no such competency") from None
    except (YAMLError, KeyError, TypeError, ValueError, re.error) as error:
        raise _wrong(file, f"not a list of indicators: {error}") from None
    return Competency(file.stem, indicators, hashlib.sha256(raw).hexdigest()[:12])


def _indicator(entry: Any) -> Indicator:
    patterns = {language: tuple(_pattern(p) for p in entry.get(language, ())) for language in _LETTERS}
    if not any(patterns.values()):
        raise ValueError(f"indicator {entry['name']!r} has no pattern")
    return Indicator(str(entry["name"]), float(entry.get("weight", 1)), patterns)


def _pattern(text: str) -> re.Pattern[str]:
    # ^ and $ mean a sentence's ends; a text in lower case needs no IGNORECASE, under which the engine finds no prefix
    return re.compile(text, re.MULTILINE if text == text.lower() else re.MULTILINE | re.IGNORECASE)


def _wrong(file: Path, message: str) -> ConfigError:
    return ConfigError(
        f"{NAME}: {message}", code="INDICATORS", place=str(file),
        cure="a competency is a list `indicators` of {name, weight, en: [pattern], zh: [pattern]}",
    )  # fmt: skip
