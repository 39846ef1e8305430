"""What scorers judge by: rubrics, behaviours and terms, as files below mappings/."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.mapping.check.finding import Finding
from trivet.mapping.check.form import form, placed

_KINDS = {"rubrics": "rubric", "behaviours": "behaviours", "terms": "terms"}
"""The schema of the files in each folder."""
_LANGUAGES = ("en", "zh")


def list_files(home: Path) -> list[Path]:
    """Those files of a deployment."""
    return sorted(file for folder in _KINDS for file in (home / "mappings" / folder).glob("*.yaml"))


def check_list(home: Path, file: Path, contracts: Contracts) -> Iterator[Finding]:
    """Every finding in one of them."""
    kind = _KINDS[file.parent.name]
    loaded, found = form(home, file, kind, contracts)
    yield from found
    if loaded is not None:
        for pointer, code, said in _meaning(kind, loaded.data):
            yield placed(home, loaded, pointer, code, said)


def _meaning(kind: str, data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    if kind == "behaviours":
        yield from _patterns(data["indicators"])
    if kind == "terms":
        yield from _twice(data["terms"])


def _patterns(indicators: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for i, indicator in enumerate(indicators):
        for language in _LANGUAGES:
            for k, pattern in enumerate(indicator.get(language, ())):
                try:
                    re.compile(pattern)
                except re.error as error:
                    yield (
                        f"/indicators/{i}/{language}/{k}",
                        "PATTERN_SYNTAX",
                        f"no regular expression: {error}",
                    )


def _twice(terms: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    owners: dict[str, str] = {}
    for i, entry in enumerate(terms):
        spelt = [("term", entry["term"])]
        spelt += [(f"aliases/{k}", alias) for k, alias in enumerate(entry.get("aliases", ()))]
        for place, spelling in spelt:
            owner = owners.setdefault(spelling.casefold(), entry["term"])
            if owner != entry["term"]:
                said = f"{spelling!r} already means {owner!r}"
                yield f"/terms/{i}/{place}", "TERM_TWICE", said
