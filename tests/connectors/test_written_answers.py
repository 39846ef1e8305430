"""The scorer of written answers keeps what every scorer promises, and its transcript is read by the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bad_inputs import papers
from conftest import ROOT
from trivet_connectors.speech_facts import SCORER as FACTS
from trivet_connectors.term_recogniser import SCORER as TERMS
from trivet_connectors.written_answers import SCORER

from trivet.conformance.scorer import ScorerSuite
from trivet.contract import Services
from trivet.media import declared_paper
from trivet.model import ScoringRequest

ANSWER = papers.word(
    papers.paragraph("第一题。我用 Kubernetes 部署微服务，然后用 Kubernetes 做扩容。"),
    papers.table([["二", "使用缓存。"]]),
    papers.paragraph("长" * 4000),
)


@dataclass
class Written:
    """A deployment without anything, and papers."""

    home: Path
    request: ScoringRequest
    unscorable: Mapping[str, ScoringRequest]

    def config(self, **changed: Any) -> Any:
        """The settings."""
        return SCORER.config(**changed)

    def others(self) -> Sequence[Any]:
        """No setting changes the words."""
        return ()

    def broken(self) -> Sequence[Any]:
        """It needs nothing that could be missing."""
        return ()

    def alike(self) -> Sequence[Any]:
        """Limits."""
        return (self.config(max_pages=20), self.config(read_seconds=20, max_megabytes=5))


class TestWrittenAnswers(ScorerSuite):
    """See `ScorerSuite`."""

    connector = SCORER

    @pytest.fixture
    def far_end(self, tmp_path: Path) -> Written:  # type: ignore[override]
        """One good paper and some bad ones."""
        made = {}
        for name, content in {
            "good": ANSWER,
            "a scan": papers.scanned(),
            "a zip": papers.nested(1),
            "nothing": b"",
        }.items():
            folder = tmp_path / "handed in"
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
            made[name] = ScoringRequest("k", None, paper=folder / name)
        return Written(tmp_path, made.pop("good"), made)


def answered(folder: Path, scorer: Any, request: ScoringRequest, **settings: Any) -> dict[str, Any]:
    """What that scorer says."""
    services = Services("test", ROOT, folder, lambda: datetime.now(UTC))
    with scorer.build(scorer.config(**settings), services) as built:
        said: dict[str, Any] = built.score(request).document
        return said


def test_its_places_are_paragraphs_for_whoever_reads_it(tmp_path: Path) -> None:
    """A term is first found in a paragraph, long ones are cut so that a quote holds them, and nothing is said of time."""
    file = tmp_path / "paper"
    file.write_bytes(ANSWER)
    said = answered(tmp_path, SCORER, ScoringRequest("k", None, paper=file))
    assert said["language"] == "zh"
    assert [(s["start"], s["text"][:8]) for s in said["segments"][:3]] == [
        (1, "第一题。"),
        (1, "我用 Kuber"),
        (2, "二 | 使用缓存"),
    ]
    assert [len(s["text"]) for s in said["segments"][3:]] == [1500, 1500, 1000]
    request = replace(ScoringRequest("k", None), transcript=said)
    terms = answered(tmp_path, TERMS, request, dictionaries=("engineering",))["terms"]
    assert {"term": "Kubernetes", "count": 2, "first_at": 1}.items() <= terms[0].items()
    facts = answered(tmp_path, FACTS, request)["speech_facts"]
    assert facts.keys() == {"words", "unit"}


@pytest.mark.parametrize(
    ("recording", "wanted"),
    [
        ({"media_type": "application/pdf"}, True),
        ({"media_type": "text/plain; charset=gbk"}, True),
        ({"media_type": "audio/mp4", "file_name": "a.pdf"}, False),
        ({"media_type": "application/octet-stream", "file_name": "题目.DOCX"}, True),
        ({"file_name": "a.mp4"}, False),
        ({}, False),
    ],
)
def test_what_the_vendor_says_chooses_the_reader(recording: dict[str, Any], wanted: bool) -> None:
    """The media type, and the name where there is none."""
    assert declared_paper(recording) is wanted
