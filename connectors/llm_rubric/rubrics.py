"""The rubrics: what a competency means and what each level looks like, as data in mappings/rubrics/, zh and en.

A level of 1 to 5 (halves allowed) becomes a score of 0 to 10:  score = 2.5 · (level − 1)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from trivet.errors import ConfigError

NAME = "llm_rubric"
LANGUAGES = ("en", "zh")
LEVELS = tuple(half / 2 for half in range(2, 11))
"""1, 1.5 … 5."""
_ANCHORS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Rubric:
    """One competency; texts by language."""

    name: str
    definition: Mapping[str, str]
    anchors: Mapping[int, Mapping[str, str]]
    sha256: str

    def said(self, language: str) -> str:
        """The rubric as the model reads it."""
        anchors = [f"  {level}: {self.anchors[level][language]}" for level in _ANCHORS]
        return "\n".join([f"{self.name}: {self.definition[language]}", *anchors])


def score_of(level: Decimal) -> float:
    """0 to 10 with one decimal, rounded half up."""
    return float((Decimal("2.5") * (level - 1)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def load(file: Path) -> Rubric:
    """The rubric of a file; `ConfigError` names file, place and cure."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        raw = file.read_bytes()
        data = YAML(typ="safe", pure=True).load(raw.decode("utf-8"))
    except FileNotFoundError:
        raise _wrong(file, "no such rubric") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise _wrong(file, f"not YAML in UTF-8 ({type(error).__name__})") from None
    if not isinstance(data, dict) or set(data) != {"definition", "levels"}:
        raise _wrong(file, "it does not consist of `definition` and `levels`")
    levels = data["levels"]
    if not isinstance(levels, dict) or set(levels) != set(_ANCHORS):
        raise _wrong(file, "`levels` are not 1, 2, 3, 4 and 5")
    anchors = {level: _texts(file, f"levels.{level}", levels[level]) for level in _ANCHORS}
    definition = _texts(file, "definition", data["definition"])
    return Rubric(file.stem, definition, anchors, hashlib.sha256(raw).hexdigest()[:12])


def _texts(file: Path, place: str, value: Any) -> Mapping[str, str]:
    fine = isinstance(value, dict) and set(value) == set(LANGUAGES)
    if not fine or not all(isinstance(text, str) and text.strip() for text in value.values()):
        raise _wrong(file, f"`{place}` is not a text in en and one in zh")
    return {language: " ".join(value[language].split()) for language in LANGUAGES}


def _wrong(file: Path, message: str) -> ConfigError:
    return ConfigError(
        f"{NAME}: {message}", code="RUBRIC", place=str(file),
        cure="a rubric is `definition: {en, zh}` and `levels` 1 to 5, each {en, zh}",
    )  # fmt: skip
