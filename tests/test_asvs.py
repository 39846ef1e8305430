"""The ASVS checklist speaks of every requirement once, and what it points at is there."""

import re
from collections import Counter

import pytest
from conftest import ROOT

from scripts import asvs

ROWS = asvs.entries()["rows"]


def test_every_requirement_of_both_levels_has_its_row() -> None:
    """70 of level 1 and 183 of level 2, each once."""
    spoken = Counter(one for row in ROWS for one in asvs.ids_of(row))
    assert len(asvs.required()) == 253
    assert set(spoken) == asvs.required()
    assert [one for one, times in spoken.items() if times > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["ids"][0]))
def test_evidence_is_there(row: dict[str, object]) -> None:
    """A file, and in it the test that is named; what is met or left open shows something."""
    evidence = row.get("evidence", [])
    assert isinstance(evidence, list)
    assert bool(evidence) == (row["state"] != "none") or row["ids"] == ["6.5.1-5", "6.6.1-3"]
    for one in evidence:
        file, _, test = one.partition("::")
        assert (ROOT / file).is_file(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), one
    assert row["en"]
    assert row["zh"]


@pytest.mark.parametrize("name", ["threat-model.md", "threat-model.zh-CN.md", "asvs.md", "asvs.zh-CN.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Each link of the page is a file of this repository, and both languages have the same ones."""
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "docs" / name).read_text(encoding="utf-8"))
    assert len(links) > 20
    assert [
        link for link in links if not link.startswith("https://") and not (ROOT / "docs" / link).is_file()
    ] == []


@pytest.mark.parametrize("page", ["threat-model", "asvs"])
def test_both_languages_show_the_same_evidence(page: str) -> None:
    """In the same order."""
    shown = [
        re.findall(r"\((\.\./[^)]+)\)", (ROOT / "docs" / f"{page}{end}.md").read_text(encoding="utf-8"))
        for end in ("", ".zh-CN")
    ]
    assert shown[0] == shown[1]
