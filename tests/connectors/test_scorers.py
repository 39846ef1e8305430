"""The scorers: media that cannot be scored is refused by code, terms have boundaries, scores follow the card's formula."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import pytest
from bad_inputs.sound import media
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from script_reader import SCORER as SCRIPTS
from trivet_connectors.behaviour_baseline import SCORER as BASELINE
from trivet_connectors.behaviour_baseline.scorer import score_of
from trivet_connectors.term_recogniser import SCORER as TERMS
from trivet_connectors.whisper_local import SCORER as WHISPER

from trivet.conformance.scorer import ScorerSuite
from trivet.contract import ScorerConnector, Services
from trivet.model import Scored, ScoringRequest

RECORDINGS = ROOT / "sandbox" / "world" / "recordings"


def services(folder: Path) -> Services:
    """What the hub lends."""
    return Services("test", ROOT, folder, lambda: datetime.now(UTC))


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The local recogniser with short limits."""
    config = WHISPER.config(max_minutes=2, decode_memory_mb=1024)
    with WHISPER.build(config, services(tmp_path_factory.mktemp("whisper"))) as built:
        yield built


def test_a_committed_recording_is_heard(whisper: Any) -> None:
    """Mandarin with a film around it: the words of the script that the rules look for arrive."""
    answer = whisper.score(ScoringRequest("k", None, audio=RECORDINGS / "ae2.mp4")).document
    assert answer["language"] == "zh"
    assert "没有告诉同事" in answer["text"]
    assert answer["model"]["sha256"]


NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
DIGITS = {word: str(i) for i, word in enumerate(NUMBERS)}


def test_human_speech_is_heard(whisper: Any) -> None:
    """People that we did not record, from a package: most words of each English clip arrive."""
    folder = files("pytest_audioeval") / "samples" / "audio" / "en"
    clips = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".wav")), key=lambda e: e.name)
    assert clips
    for clip in clips:
        wanted = Path(str(clip)).with_suffix(".txt").read_text(encoding="utf-8").lower().split()
        heard = whisper.score(ScoringRequest("k", "en", audio=Path(str(clip)))).document["text"].lower()
        # spoken numbers come back as digits
        words = [DIGITS.get(word.strip(".,!?"), word.strip(".,!?")) for word in wanted]
        assert sum(word in heard for word in words) >= 0.7 * len(words), clip.name


@pytest.fixture
def terms(tmp_path: Path) -> Iterator[Any]:
    """The recogniser with the engineers' dictionary."""
    with TERMS.build(TERMS.config(dictionaries=("engineering",)), services(tmp_path)) as built:
        yield built


def counted(recogniser: Any, text: str) -> dict[str, int]:
    """Counts by term."""
    transcript = {"segments": [{"start": 0.0, "end": 1.0, "text": text}]}
    said = recogniser.score(ScoringRequest("k", None, transcript=transcript))
    assert isinstance(said, Scored)
    return {term["term"]: term["count"] for term in said.document["terms"]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("我负责PLC编程和精益生产", {"PLC编程": 1, "精益生产": 1}),
        ("我负责 PLC 编程", {"PLC编程": 1}),
        ("the P L C and the ＰＬＣ", {"PLC": 2}),
        ("displc or plcs hold none", {}),
        ("Py torch, PyTorch and pytorch", {"PyTorch": 3}),
        ("六西格玛与六西格玛", {"六西格玛": 2}),
    ],
)
def test_terms_are_counted_where_they_stand_alone(terms: Any, text: str, wanted: dict[str, int]) -> None:
    """The longest wins, Latin terms need a boundary, Chinese ones none; case, width and blanks do not count."""
    assert counted(terms, text) == wanted


def test_frequencies_are_per_thousand_words(terms: Any) -> None:
    """Ten words, one term: a hundred in a thousand."""
    transcript = {
        "segments": [{"start": 2.5, "end": 5.0, "text": "one two three four five six seven eight nine SCADA"}]
    }
    (term,) = terms.score(ScoringRequest("k", None, transcript=transcript)).document["terms"]
    assert (term["per_1000_words"], term["first_at"]) == (100.0, 2.5)


@given(st.integers(0, 20), st.integers(0, 20))
def test_scores_stay_on_the_scale_and_grow_with_evidence(for_it: int, against: int) -> None:
    """0 to 10, one decimal, never less for one more behaviour."""
    evidence = [{"weight": 1.0}] * for_it + [{"weight": -1.0}] * against
    score = score_of(evidence)
    assert 0 <= score <= 10
    assert round(score, 1) == score
    assert score_of([*evidence, {"weight": 1.0}]) >= score


def test_no_score_without_evidence_and_none_for_feelings(tmp_path: Path) -> None:
    """What was not heard is listed as missing; the scorer infers competencies from words, nothing else."""
    with BASELINE.build(BASELINE.config(), services(tmp_path)) as built:
        transcript = {
            "segments": [{"start": 0.0, "end": 1.0, "text": "The weather is fine."}],
            "duration": 1.0,
        }
        said = built.score(ScoringRequest("k", None, transcript=transcript))
        assert isinstance(said, Scored)
    assert said.document["scores"] == []
    assert "teamwork" in said.document["insufficient_evidence"]
    assert BASELINE.traits.infers == ("competency scores from the words spoken",)


def test_refusing_to_learn_is_not_taken_for_learning(tmp_path: Path) -> None:
    """A counter-indicator is read before what stands inside it."""
    with BASELINE.build(BASELINE.config(), services(tmp_path)) as built:
        transcript = {
            "segments": [{"start": 0.0, "end": 2.0, "text": "我没有时间学习，还是用老办法。"}],
            "duration": 2.0,
        }
        said = built.score(ScoringRequest("k", None, transcript=transcript))
        assert isinstance(said, Scored)
    (learning,) = [s for s in said.document["scores"] if s["competency"] == "learning_ability"]
    assert learning["score"] == 1.7
    assert {e["weight"] for e in learning["evidence"]} == {-1.0}


SAID = [
    "我主要做数控机床和伺服电机的调试。",
    "有一次我改了参数，没有告诉同事，结果生产线停了半天。",
    "后来我和同事一起讨论，也分享了经验，PLC 编程一直在自学。",
]
HEARD: dict[str, Any] = {
    "language": "zh",
    "duration": 12.0,
    "speech_duration": 9.0,
    "text": "".join(SAID),
    "segments": [{"start": 4.0 * i, "end": 4.0 * i + 3, "text": text} for i, text in enumerate(SAID)],
}
OF_WORDS = ScoringRequest("key-1", "zh", transcript=HEARD, requisition={"keywords": ["PLC编程"]})
NO_TRANSCRIPTS = {
    "segments are a text": {"segments": "words"},
    "a segment is null": {"segments": [None]},
    "a segment without words": {"segments": [{"start": 0.0, "end": 1.0}]},
    "a segment without a time": {"segments": [{"text": "words"}]},
    "words are a number": {"segments": [{"start": 0.0, "end": 1.0, "text": 4711}]},
}


class Desk:
    """The far end of a scorer that works on this machine."""

    def __init__(
        self, connector: ScorerConnector[Any], request: ScoringRequest, unscorable: dict[str, ScoringRequest],
        *, basis: dict[str, Any] | None = None, others: Sequence[dict[str, Any]] = (),
        alike: Sequence[dict[str, Any]] = (), broken: Sequence[dict[str, Any]] = (),
    ) -> None:  # fmt: skip
        self.connector, self.request, self.unscorable, self.home = connector, request, unscorable, ROOT
        self.basis, self._others, self._alike, self._broken = basis or {}, others, alike, broken

    def config(self, **changed: Any) -> Any:
        return self.connector.config.model_validate({**self.basis, **changed})

    def others(self) -> list[Any]:
        return [self.config(**changed) for changed in self._others]

    def alike(self) -> list[Any]:
        return [self.config(**changed) for changed in self._alike]

    def broken(self) -> list[Any]:
        return [self.config(**changed) for changed in self._broken]


def no_transcripts() -> dict[str, ScoringRequest]:
    """The request with each of the transcripts that are none."""
    return {name: replace(OF_WORDS, transcript=broken) for name, broken in NO_TRANSCRIPTS.items()}


BROKEN = {"no bytes": lambda: b"", "noise": lambda: bytes(range(256)) * 20, "silence": lambda: media(5)}


def no_recordings(folder: Path, *names: str) -> dict[str, ScoringRequest]:
    """A request for each of these kinds of bad media."""
    made = {}
    for name in names:
        file = folder / name.replace(" ", "-")
        file.write_bytes(BROKEN[name]())
        made[name] = ScoringRequest(f"key-{name}", None, audio=file)
    return made


class TestWhisperLocal(ScorerSuite):
    """A short English clip, so that the suite takes seconds."""

    connector = WHISPER

    @pytest.fixture
    def far_end(self, tmp_path: Path) -> Desk:
        """The recogniser as it is installed."""
        clip = min(
            (files("pytest_audioeval") / "samples" / "audio" / "en").iterdir(),
            key=lambda e: (not e.name.endswith(".wav"), e.name),
        )
        (tmp_path / "media").mkdir()
        return Desk(
            WHISPER,
            ScoringRequest("key-1", "en", audio=Path(str(clip)), transcript=HEARD),
            no_recordings(tmp_path / "media", "no bytes", "noise", "silence"),
            others=[{"beam_size": 1}, {"compute_type": "float32"}, {"hints": False}],
            alike=[{"cpu_threads": 2}, {"max_minutes": 60}, {"decode_seconds": 100}],
            broken=[{"model": "/nowhere/at/all"}],
        )


class TestTermRecogniser(ScorerSuite):
    """Counts by the engineers' dictionary."""

    connector = TERMS

    @pytest.fixture
    def far_end(self) -> Desk:
        """The dictionaries of this repository."""
        return Desk(
            TERMS,
            OF_WORDS,
            no_transcripts(),
            basis={"dictionaries": ["engineering"]},
            others=[{"dictionaries": ["sales"]}, {"dictionaries": ["engineering", "sales"]}],
            broken=[{"dictionaries": ["no_such"]}],
        )


class TestBehaviourBaseline(ScorerSuite):
    """Scores whose parts are those of the assessment."""

    connector = BASELINE
    keeps: ClassVar = {"scores": "competency_scores", "insufficient_evidence": "insufficient_evidence"}

    @pytest.fixture
    def far_end(self) -> Desk:
        """The indicators of this repository."""
        return Desk(
            BASELINE,
            OF_WORDS,
            no_transcripts(),
            others=[{"competencies": ["teamwork"]}],
            broken=[{"competencies": ["no_such"]}],
        )


class TestScriptReader(ScorerSuite):
    """A stranger's connector."""

    connector = SCRIPTS

    @pytest.fixture
    def far_end(self, tmp_path: Path) -> Desk:
        """A recording of the demo company."""
        (tmp_path / "media").mkdir()
        request = ScoringRequest("key-1", None, audio=RECORDINGS / "ae2.mp4", transcript=HEARD)
        return Desk(SCRIPTS, request, no_recordings(tmp_path / "media", "no bytes", "noise"))
