"""Models by configuration: their scales become ours, another's answer is refused whole, what is no number is no score."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trivet_sandbox
from conftest import ROOT
from pydantic import ValidationError
from trivet_connectors.http_scorer import SCORER
from trivet_connectors.http_scorer.config import HttpScorerConfig

from trivet.conformance.promises import SECRET, error_is_clear
from trivet.conformance.scorer import ScorerSuite, answered
from trivet.contract import Services
from trivet.documents.plain import first_fault
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.model import Document, Pending, Scored, ScoringRequest

NAME = "http_scorer"
SAID = [
    "I explained the plan to everyone and listened to the questions.",
    "I wrote the PLC program and taught myself PostgreSQL; we use PLC everywhere.",
    "Before the switch I checked the backup.",
]
HEARD: Document = {
    "language": "en",
    "duration": 12.0,
    "text": " ".join(SAID),
    "segments": [{"start": 4.0 * i, "end": 4.0 * i + 3, "text": text} for i, text in enumerate(SAID)],
}
REQUEST = ScoringRequest(
    "key-1", "en", transcript=HEARD, requisition={"keywords": ["PLC"], "competencies": {"teamwork": 7}}
)
BAD = {
    "segments are a text": replace(REQUEST, transcript={"segments": "words"}),
    "a segment is null": replace(REQUEST, transcript={"segments": [None]}),
    "a segment without a time": replace(REQUEST, transcript={"segments": [{"text": "words"}]}),
}


class Service:
    """One of the stand-in's models."""

    home, request, unscorable = ROOT, REQUEST, BAD

    def __init__(self, sandbox: Any, connection: str) -> None:
        self.sandbox, self.vendor, self.connection = sandbox, sandbox[NAME], connection

    def config(self, **changed: Any) -> Any:
        stored = self.sandbox.connections()[self.connection]
        values = {k: v for k, v in stored["extra"].items() if k != "environment"}
        values |= {"base_url": stored["host"], "login": stored["login"], "secret": stored["password"]}
        return SCORER.config.model_validate({**values, **changed})

    def others(self) -> list[Any]:
        answer = self.config().answer.model_dump() | {"success": {"at": "", "equals": [1]}}
        return [self.config(version="other"), self.config(name="other"), self.config(answer=answer)]

    def alike(self) -> list[Any]:
        return [self.config(read_seconds=20.0), self.config(price=99.0)]

    def broken(self) -> list[Any]:
        return []

    def behaves(self, mode: str) -> None:
        self.vendor.change({"mode": mode})


@pytest.fixture
def sandbox() -> Iterator[Any]:
    """A fresh stand-in."""
    with trivet_sandbox.start([NAME]) as started:
        yield started


def services(folder: Path) -> Services:
    """A deployment."""
    return Services("test", ROOT, folder, lambda: datetime.now(UTC))


@pytest.fixture
def skills(sandbox: Any) -> Service:
    """The code skills: at once, 0 to 100."""
    return Service(sandbox, NAME)


@pytest.fixture
def scorer(skills: Service, tmp_path: Path) -> Iterator[Any]:
    """The connector at the code skills."""
    with SCORER.build(skills.config(), services(tmp_path)) as built:
        yield built


class _Scoring(ScorerSuite):
    connector = SCORER
    keeps: ClassVar = {"scores": "competency_scores", "insufficient_evidence": "insufficient_evidence"}
    connection = ""

    @pytest.fixture
    def far_end(self, sandbox: Any) -> Service:
        """The stand-in."""
        return Service(sandbox, self.connection)


class TestCodeSkills(_Scoring):
    """For engineers."""

    connection = NAME


class TestCommunication(_Scoring):
    """For sales; by ticket."""

    connection = "http_scorer_communication"


class TestRisk(_Scoring):
    """For finance; signed."""

    connection = "http_scorer_risk"


class TestTerms(_Scoring):
    """A remote recogniser."""

    keeps: ClassVar = {}
    connection = "http_scorer_terms"


def test_a_scale_of_a_hundred_becomes_ours(scorer: Any) -> None:
    """75 points are 7.5, 50 are 5.0; the sentence is shown as it was said, with its times."""
    said = scorer.score(REQUEST)
    assert said.cost == 0.5
    assert said.document["scores"] == [
        {
            "competency": "technical_ability", "score": 5.0, "confidence": 0.8,
            "evidence": [{"quote": SAID[1], "start": 4.0, "end": 7.0, "weight": 1.0, "indicator": "names a tool"}],
        }
    ]  # fmt: skip


def test_a_scale_from_one_begins_at_nought(sandbox: Any, tmp_path: Path) -> None:
    """3 stars of 1 to 5 are 5.0: the lowest is 0."""
    with SCORER.build(Service(sandbox, "http_scorer_communication").config(), services(tmp_path)) as built:
        (score,) = answered(built, REQUEST)["scores"]
    assert (score["competency"], score["score"]) == ("communication", 5.0)
    assert (score["evidence"][0]["quote"], score["evidence"][0]["start"]) == (SAID[0], 0.0)


def test_equal_work_is_billed_once(skills: Service, tmp_path: Path) -> None:
    """Also where the answer was lost on the way."""
    skills.vendor.faults.add({"kind": "reset_after", "path": "score"})
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with SCORER.build(skills.config(), services(tmp_path / name)) as built:
            assert built.score(REQUEST).document["scores"]
    assert skills.vendor.state()["bill"] == {"code_skills/key-1": {"times": 1}}


def test_a_service_that_knows_no_key_is_not_asked_twice(skills: Service, tmp_path: Path) -> None:
    """A lost answer is in doubt, and said to be."""
    skills.vendor.faults.add({"kind": "reset_after", "path": "score"})
    config = skills.config(key_header=None)
    with SCORER.build(config, services(tmp_path)) as built, pytest.raises(UnknownOutcome):
        built.score(REQUEST)
    assert skills.vendor.state()["bill"] == {"code_skills/": {"times": 1}}


def test_a_ticket_outlives_the_process_and_is_billed_once(sandbox: Any, tmp_path: Path) -> None:
    """Asked for by another one; what it costs is told with it."""
    service = Service(sandbox, "http_scorer_communication")
    with SCORER.build(service.config(), services(tmp_path)) as built:
        first = built.score(REQUEST)
        assert isinstance(first, Pending)
        assert isinstance(built.score(REQUEST), Pending)
    assert first.cost == 1.0
    ticket = json.loads(json.dumps(first.ticket))
    assert not any(text in ticket for text in SAID)
    with SCORER.build(service.config(), services(tmp_path)) as other:
        said: Scored | Pending = Pending(ticket, 0.0)
        while isinstance(said, Pending):
            said = other.poll(said.ticket)
        assert (said.cost, said.document["quotes_verified"]) == (0.0, False)
        service.behaves("fails")
        with pytest.raises(Rejected) as failed:
            other.poll(ticket)
    assert failed.value.vendor_code == "AUDIO_TOO_NOISY"
    assert sandbox[NAME].state()["bill"] == {"communication/key-1": {"times": 1}}


BAD_SCORES = {
    "text": "SCORE_TYPE", "wide": "SCORE_TYPE", "null": "SCORE_TYPE", "bool": "SCORE_TYPE", "above": "SCORE_RANGE",
    "below": "SCORE_RANGE", "foreign": "RESPONSE_MISMATCH", "twice": "ANSWER_MALFORMED", "stranger": "COMPETENCY_UNKNOWN",
}  # fmt: skip


@pytest.mark.parametrize("mode", BAD_SCORES)
@pytest.mark.parametrize("connection", [NAME, "http_scorer_communication", "http_scorer_risk"])
def test_what_is_no_score_is_refused(sandbox: Any, tmp_path: Path, mode: str, connection: str) -> None:
    """By a code, with the scale named; the whole answer, and nothing of it is kept."""
    if mode in ("twice", "stranger") and connection != NAME:
        pytest.skip("only the code skills misbehave so")
    service = Service(sandbox, connection)
    service.behaves(mode)
    with SCORER.build(service.config(), services(tmp_path)) as built, pytest.raises(Rejected) as caught:
        answered(built, REQUEST)
    assert caught.value.vendor_code == BAD_SCORES[mode]
    if mode in ("above", "below"):
        low, high = service.config().answer.scale
        assert f"{low:g} to {high:g}" in caught.value.message
    error_is_clear(caught.value, NAME)


def test_a_number_in_another_notation_is_a_number(scorer: Any, skills: Service) -> None:
    """1e2 is a hundred in JSON, and a hundred is the top of this scale."""
    skills.behaves("scientific")
    assert scorer.score(REQUEST).document["scores"][0]["score"] == 10.0


NO_JSON = {
    '{"request_id": "key-1", "results": [{"skill": "coding", "points": NaN, "evidence": ["x"]}]}': "SCORE_NOT_FINITE",
    '{"request_id": "key-1", "results": [{"skill": "coding", "points": -Infinity}]}': "SCORE_NOT_FINITE",
    '{"request_id": "key-1", "results": [{"skill": "coding", "points": 1e400}]}': "SCORE_NOT_FINITE",
    '{"request_id": "key-1", "request_id": "key-1", "results": []}': "JSON_DUPLICATE_KEY",
    "[" * 100_000: "JSON_LIMIT",
    '{"request_id": "key-1"}': "ANSWER_MALFORMED",
    '{"request_id": "key-1", "results": [null]}': "COMPETENCY_UNKNOWN",
    "[]": "RESPONSE_MISMATCH",
    "null": "RESPONSE_MISMATCH",
}


@pytest.mark.parametrize("body", NO_JSON, ids=lambda body: body[-40:])
def test_what_json_does_not_know_is_refused(scorer: Any, skills: Service, body: str) -> None:
    """Named, and not asked for again: it would come again."""
    skills.vendor.faults.add({"kind": "answer", "path": "score", "body": body})
    with pytest.raises(Rejected) as caught:
        scorer.score(REQUEST)
    assert caught.value.vendor_code == NO_JSON[body]


def test_markup_and_instructions_are_plain_data(scorer: Any, skills: Service) -> None:
    """Kept as they are; whoever shows them escapes them. The score is the same."""
    honest = scorer.score(REQUEST).document["scores"][0]
    skills.behaves("markup")
    with_markup = scorer.score(replace(REQUEST, key="key-2")).document
    (score,) = with_markup["scores"]
    assert score["evidence"][0]["indicator"].startswith("=cmd|' /C calc'!A0 <script>")
    assert (score["score"], score["evidence"][0]["quote"]) == (honest["score"], SAID[1])
    assert first_fault(with_markup) is None


def test_a_score_without_a_sentence_that_was_said_is_none(skills: Service, tmp_path: Path) -> None:
    """Also where the service quotes what nobody said."""
    invented = {
        "skill": "coding",
        "points": 90,
        "evidence": [{"sentence": "I invented the transistor all by myself."}],
    }
    for row in (
        invented,
        {"skill": "coding", "points": 90, "evidence": []},
        {"skill": "coding", "points": 90},
    ):
        body = json.dumps({"request_id": "key-1", "results": [row]})
        skills.vendor.faults.add({"kind": "answer", "path": "score", "body": body})
        with SCORER.build(skills.config(), services(tmp_path)) as built:
            answer = built.score(REQUEST).document
        assert (answer["scores"], answer["insufficient_evidence"]) == ([], ["technical_ability"])


def test_a_quote_over_two_sentences_is_found(skills: Service, tmp_path: Path) -> None:
    """It has the times of both."""
    quote = "PLC everywhere. Before the switch"
    row = {"skill": "coding", "points": 90, "evidence": [{"sentence": quote}]}
    body = json.dumps({"request_id": "key-1", "results": [row]})
    skills.vendor.faults.add({"kind": "answer", "path": "score", "body": body})
    with SCORER.build(skills.config(), services(tmp_path)) as built:
        (piece,) = built.score(REQUEST).document["scores"][0]["evidence"]
    assert (piece["start"], piece["end"]) == (4.0, 11.0)
    assert piece["quote"].endswith(SAID[2])


def test_a_remote_recogniser_answers_as_the_local_one(sandbox: Any, tmp_path: Path) -> None:
    """Counts, frequency, and where each was said first."""
    with SCORER.build(Service(sandbox, "http_scorer_terms").config(), services(tmp_path)) as built:
        answer = built.score(REQUEST).document
    assert [(t["term"], t["count"], t["first_at"]) for t in answer["terms"]] == [
        ("plc", 2, 4.0),
        ("postgresql", 1, 4.0),
    ]
    assert answer["words"] == 31
    assert answer["terms"][0]["per_1000_words"] == round(2000 / 31, 2)
    assert answer["terms"][0]["occurrences"] == [{"start": 4.0, "quote": SAID[1]}]


def test_only_what_the_connection_names_is_sent(skills: Service, tmp_path: Path) -> None:
    """No more of the position or the transcript than the settings say."""
    with SCORER.build(skills.config(), services(tmp_path)) as built:
        assert set(built._body(REQUEST)) == {"profile", "request_id", "text", "language", "skills"}


def test_refusals_keep_the_services_own_code(skills: Service, tmp_path: Path) -> None:
    """And what is said to be passing is asked again."""
    changed = {"send": {"text": "/words"}}
    with (
        SCORER.build(skills.config(**changed), services(tmp_path)) as built,
        pytest.raises(Rejected) as caught,
    ):
        built.score(REQUEST)
    assert caught.value.vendor_code == "NO_TEXT"
    later = skills.config(**changed, later=["NO_TEXT"])
    with SCORER.build(later, services(tmp_path)) as built, pytest.raises(Retryable):
        built.score(REQUEST)


def test_an_error_within_200_is_a_refusal(sandbox: Any, tmp_path: Path) -> None:
    """The risk model speaks so."""
    service = Service(sandbox, "http_scorer_risk")
    service.vendor.faults.add({"kind": "error_in_200", "path": "risk"})
    with SCORER.build(service.config(), services(tmp_path)) as built, pytest.raises(Rejected) as caught:
        built.score(REQUEST)
    assert caught.value.vendor_code == "40301"


@pytest.mark.parametrize(
    "connection", [NAME, "http_scorer_communication", "http_scorer_risk", "http_scorer_terms"]
)
def test_a_wrong_secret_stops_the_connection(sandbox: Any, tmp_path: Path, connection: str) -> None:
    """Without a word of it."""
    config = Service(sandbox, connection).config(secret=SECRET)
    with SCORER.build(config, services(tmp_path)) as built, pytest.raises(AuthFailed) as caught:
        answered(built, REQUEST)
    error_is_clear(caught.value, NAME)


@pytest.mark.parametrize("kind", ["http_500", "html_200", "malformed_json", "truncated", "http_429"])
def test_faults_of_the_wire_are_named(scorer: Any, skills: Service, kind: str) -> None:
    """A connector's error, and afterwards it works."""
    skills.vendor.faults.add({"kind": kind, "path": "score", "times": 9, "retry_after": "60"})
    with pytest.raises(ConnectorError) as caught:
        scorer.score(REQUEST)
    assert isinstance(caught.value, Retryable)
    skills.vendor.faults.clear()
    with pytest.raises(ConnectorError) if kind == "http_429" else _fine():
        assert scorer.score(REQUEST).document["scores"]


def _fine() -> Any:
    from contextlib import nullcontext

    return nullcontext()


WRONG: dict[str, dict[str, Any]] = {
    "nothing is sent": {"send": {"text": None}},
    "an echo without a key": {"send": {"key": None}},
    "a scale upside down": {"answer": {"scale": [10, 0]}},
    "a path that means nothing": {"path": "/score/{candidate}"},
    "a ticket that is not asked for": {
        "ticket": {"at": "/job", "path": "/jobs", "done": {"at": "/s", "equals": [1]}}
    },
    "a ticket whose evidence has no time": {
        "ticket": {"at": "/job", "path": "/jobs/{ticket}", "done": {"at": "/s", "equals": [1]}}
    },
    "no secret": {"auth": {"kind": "bearer"}},
    "a misspelt setting": {"pathway": "/score"},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_meant_is_refused_at_once(what: str) -> None:
    """Before a word is sent."""
    plain = {"base_url": "https://models.example", "name": "m", "version": "1", "path": "/score"}
    assert HttpScorerConfig.model_validate(plain)
    with pytest.raises(ValidationError):
        HttpScorerConfig.model_validate({**plain, **WRONG[what]})
