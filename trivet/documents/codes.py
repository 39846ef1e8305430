"""Every code that Trivet says, described in codes.yaml: what it means and what to do, in English and Chinese.

`python -m scripts.error_codes` holds the file against the source: a code that nobody described, or that nothing says any more.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from trivet.errors import ConfigError

FILE = Path(__file__).with_name("codes.yaml")
ARROW = " → "
MADE_OF = ("CONFIG_", "SCHEMA_")
"""Beginnings of codes that go on with the keyword of JSON Schema that a file or a document breaks."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a code means, and what to do where something is to be done."""

    means: str
    cure: str


@dataclass(frozen=True, slots=True)
class Code:
    """One code with its area, by language (`en`, `zh`)."""

    name: str
    area: dict[str, str]
    said: dict[str, Text]


@cache
def codes() -> dict[str, Code]:
    """Every described code by its name, area by area."""
    areas = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    return {
        name: Code(
            name,
            {language: area[language] for language in ("en", "zh")},
            {language: _text(texts[language]) for language in ("en", "zh")},
        )
        for area in areas
        for name, texts in area["codes"].items()
    }


def _text(said: str) -> Text:
    means, _, cure = said.partition(ARROW)
    return Text(means, cure)


def code(name: str) -> Code:
    """The code of that name, in whatever case; `ConfigError` ERROR_UNKNOWN with the nearest where there is none."""
    wanted = name.strip().strip("[]").upper()
    known = codes()
    if wanted in known:
        return known[wanted]
    keyword = next((head for head in MADE_OF if wanted.startswith(head)), None)
    if keyword is not None:
        return Code(wanted, known["CONFIG_TYPE"].area, _of_keyword(wanted.removeprefix(keyword).lower()))
    near = get_close_matches(wanted, known, n=1)
    raise ConfigError(
        f"no code of ours is called {wanted[:60]!r}", code="ERROR_UNKNOWN",
        cure=(f"did you mean {near[0]}? " if near else "")
        + "codes of other systems stand in brackets behind ours: look in their own documentation",
    )  # fmt: skip


def _of_keyword(keyword: str) -> dict[str, Text]:
    return {
        "en": Text(
            f"a value breaks `{keyword}` of its JSON Schema",
            "mend the value at the place that the line names",
        ),
        "zh": Text(f"值违反其 JSON Schema 的 `{keyword}`", "按信息中的位置修正该值"),
    }
