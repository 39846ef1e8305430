"""The indicators of a competency: patterns of words, for and against it, as data in mappings/behaviours/."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.errors import ConfigError
from trivet.model import Document

NAME = "behaviour_baseline"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One behaviour and how it is heard."""

    name: str
    weight: float
    """Positive for the competency, negative against it."""
    patterns: tuple[re.Pattern[str], ...]

    def may_be_in(self, lines: str) -> bool:
        """False where none of the lines can hold it: one look in place of one a line."""
        return any(pattern.search(lines) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Competency:
    """One competency with its indicators."""

    name: str
    indicators: tuple[Indicator, ...]
    sha256: str

    def seen(self, sentences: Sequence[Document]) -> Iterator[Document]:
        """Each indicator once, with the sentence in which it was heard first; what speaks against comes first, so that
        "did not want to learn" is not taken for learning."""
        texts = [str(s["text"]) for s in sentences]
        whole = "\n".join(texts)
        for indicator in self.indicators:
            if indicator.weight < 0 and indicator.may_be_in(whole):
                hit = _first(indicator, texts)
                if hit is not None:
                    yield _evidence(indicator, sentences[hit])
                for pattern in indicator.patterns:
                    texts = [pattern.sub(" ", text) for text in texts]
        for indicator in self.indicators:
            if indicator.weight > 0 and indicator.may_be_in(whole):
                hit = _first(indicator, texts)
                if hit is not None:
                    yield _evidence(indicator, sentences[hit])


def _first(indicator: Indicator, texts: Sequence[str]) -> int | None:
    for i, text in enumerate(texts):
        if any(pattern.search(text) for pattern in indicator.patterns):
            return i
    return None


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
    # ^ and $ mean a sentence's ends
    patterns = tuple(
        re.compile(p, re.IGNORECASE | re.MULTILINE) for lang in ("en", "zh") for p in entry.get(lang, ())
    )
    if not patterns:
        raise ValueError(f"indicator {entry['name']!r} has no pattern")
    return Indicator(str(entry["name"]), float(entry.get("weight", 1)), patterns)


def _wrong(file: Path, message: str) -> ConfigError:
    return ConfigError(
        f"{NAME}: {message}", code="INDICATORS", place=str(file),
        cure="a competency is a list `indicators` of {name, weight, en: [pattern], zh: [pattern]}",
    )  # fmt: skip
