"""What every scorer has to do, whoever wrote it: subclass `ScorerSuite` in a test module, give it a far end.

    class TestAcme(ScorerSuite):
        connector = SCORER

        @pytest.fixture
        def far_end(self) -> Iterator[FarEnd]: ...

An answer is stored under a key of everything that it depends on and is never asked for twice: so the provenance has to name
all of it, equal work has to give equal answers, and what cannot be scored has to say so. Overriding one of these tests
needs `pytest.mark.xfail(reason=…)`. Scorers that ask a service keep `trivet.conformance.services` besides.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from trivet.conformance.promises import error_is_clear, no_promise_is_dropped, settings_are_closed
from trivet.contract import FEELINGS, Scorer, ScorerConnector, Services
from trivet.documents.contracts import Contracts
from trivet.documents.plain import first_fault
from trivet.errors import ConfigError, ConnectorError, Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

PATIENCE = 120.0
"""Seconds that a scorer may take for the far end's request."""
_TRANSCRIPT: Document = {
    "type": "object",
    "properties": {
        "language": {"type": "string", "minLength": 2},
        "duration": {"type": "number", "minimum": 0},
        "places": {"const": "paragraphs"},
        "speech_duration": {"type": "number", "minimum": 0},
        "text": {"type": "string", "minLength": 1},
        "segments": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "start": {"$ref": "common.schema.json#/$defs/seconds"},
                    "end": {"$ref": "common.schema.json#/$defs/seconds"},
                    "text": {"type": "string", "minLength": 1},
                },
                "required": ["start", "end", "text"],
            },
        },
    },
    "required": ["language", "text", "segments"],
    "oneOf": [{"required": ["duration"]}, {"required": ["places"]}],
}


class FarEnd(Protocol):
    """What the scorer works with, held by the test."""

    home: Path
    """A deployment folder with what the scorer reads from it."""
    request: ScoringRequest
    """One that can be scored."""
    unscorable: Mapping[str, ScoringRequest]
    """By name such as cannot be; what the traits say (no recording, no transcript) is tested anyway."""

    def config(self, **changed: Any) -> Any:
        """The connector's config."""

    def others(self) -> Sequence[Any]:
        """Configs of which each gives other results than `config()`; empty where no setting does."""

    def broken(self) -> Sequence[Any]:
        """Configs that name what is not there, a model or a word list; may be empty."""

    def alike(self) -> Sequence[Any]:
        """Configs that differ from `config()` and still give the same results (limits, threads); may be empty."""


class ScorerSuite:
    """See the module."""

    connector: ClassVar[ScorerConnector[Any]]
    keeps: ClassVar[Mapping[str, str]] = {}
    """Key of the answer -> property of the assessment whose schema its value keeps, where the words are the same."""

    def __init_subclass__(cls) -> None:
        no_promise_is_dropped(ScorerSuite, cls)

    @pytest.fixture
    def far_end(self) -> Iterator[FarEnd]:
        """To be given by the subclass."""
        raise NotImplementedError

    @contextmanager
    def scorer(self, far_end: FarEnd, state: Path, config: Any = None) -> Iterator[Scorer]:
        """The connector, built."""
        services = Services("conformance", far_end.home, state, lambda: datetime.now(UTC))
        chosen = far_end.config() if config is None else config
        with self.connector.build(chosen, services) as built:
            yield built

    def test_settings_are_closed_frozen_and_described(self) -> None:
        """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
        settings_are_closed(self.connector.config)

    def test_it_says_what_it_infers_and_it_is_no_feeling(self) -> None:
        """People are told what is derived about them; emotion is never."""
        infers = self.connector.traits.infers
        assert infers
        assert all(what.strip() for what in infers)
        assert not any(FEELINGS.search(what) for what in infers)

    def test_check_is_silent_where_it_can_work(self, far_end: FarEnd, tmp_path: Path) -> None:
        """What it needs is there."""
        with self.scorer(far_end, tmp_path) as scorer:
            scorer.check()

    def test_what_is_not_there_is_a_config_error(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Found when it is built or checked, with a cure; no interview is set aside for it."""
        for config in far_end.broken():
            with pytest.raises(ConfigError) as caught, self.scorer(far_end, tmp_path, config) as scorer:
                scorer.check()
            assert self.connector.name in str(caught.value)
            assert caught.value.cure

    def test_provenance_keeps_its_schema_and_is_stable(self, far_end: FarEnd, tmp_path: Path) -> None:
        """It enters the scoring key: equal settings, in another process and another folder, give the same one."""
        said = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            with self.scorer(far_end, tmp_path / name) as scorer:
                said += [scorer.provenance(), scorer.provenance()]
        assert violations({"$ref": "common.schema.json#/$defs/provenance"}, said[0]) == []
        assert len({json.dumps(one, sort_keys=True) for one in said}) == 1
        assert said[0]["scorer"] == self.connector.name
        # a folder of this machine would make every machine's answers another scorer's
        assert str(tmp_path) not in json.dumps(said[0])

    def test_provenance_differs_where_results_may(self, far_end: FarEnd, tmp_path: Path) -> None:
        """And only there: otherwise a wrong answer is kept, or the same work is paid for twice."""
        plain = self.provenance(far_end, tmp_path, far_end.config())
        for config in far_end.others():
            assert self.provenance(far_end, tmp_path, config) != plain
        for config in far_end.alike():
            assert config != far_end.config()
            assert self.provenance(far_end, tmp_path, config) == plain

    def test_scoring_leaves_the_provenance_as_it_was(self, far_end: FarEnd, tmp_path: Path) -> None:
        """The key is made before the work."""
        with self.scorer(far_end, tmp_path) as scorer:
            before = json.dumps(scorer.provenance(), sort_keys=True)
            answered(scorer, far_end.request)
            assert json.dumps(scorer.provenance(), sort_keys=True) == before

    def test_equal_work_gives_equal_answers(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Asked again, and by a freshly built scorer: the same document."""
        with self.scorer(far_end, tmp_path) as scorer:
            first = answered(scorer, far_end.request)
            assert answered(scorer, far_end.request) == first
        with self.scorer(far_end, tmp_path) as scorer:
            assert answered(scorer, far_end.request) == first

    def test_the_answer_keeps_its_contract(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Plain JSON that survives being written down, without a word of feelings, in the shape that others read."""
        with self.scorer(far_end, tmp_path) as scorer:
            said = answered(scorer, far_end.request)
        assert isinstance(said, dict)
        assert said
        assert first_fault(said) is None
        assert json.loads(json.dumps(said)) == said
        assert not [key for key in keys(said) if FEELINGS.search(key)]
        for name, part in self.keeps.items():
            schema = {"$ref": f"assessment.schema.json#/properties/{part}"}
            assert violations(schema, said[name]) == []

    def test_what_transcribes_answers_with_a_transcript(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Language, text and sentences in order of time, within the recording, or of paragraphs: later scorers and the hub read
        them."""
        if not self.connector.traits.transcribes:
            pytest.skip("this scorer does not transcribe")
        assert self.connector.traits.takes != "transcript"
        with self.scorer(far_end, tmp_path) as scorer:
            said = answered(scorer, far_end.request)
        assert violations(_TRANSCRIPT, said) == []
        starts = [segment["start"] for segment in said["segments"]]
        assert starts == sorted(starts)
        assert all(segment["start"] <= segment["end"] for segment in said["segments"])
        assert ("places" in said) == (self.connector.traits.takes == "paper")
        if "places" in said:
            assert all(isinstance(start, int) and start >= 1 for start in starts)
            return
        # engines round the last sentence up
        assert said["segments"][-1]["end"] <= said["duration"] + 1
        assert said.get("speech_duration", 0) <= said["duration"]

    def test_without_what_it_takes_it_refuses(self, far_end: FarEnd, tmp_path: Path) -> None:
        """By a code, and before it does anything else; afterwards it works."""
        taken: dict[str, Any] = {self.connector.traits.takes: None}
        lacking = replace(far_end.request, **taken)
        with self.scorer(far_end, tmp_path) as scorer:
            assert self.refusal(scorer, lacking)
            assert answered(scorer, far_end.request)

    def test_it_reads_nothing_but_what_it_takes(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A scorer of transcripts opens no recording, one of recordings needs no transcript."""
        request = far_end.request
        nowhere = tmp_path / "nowhere" / "no such file"
        others: dict[str, Any] = {"audio": nowhere, "paper": nowhere, "transcript": None}
        del others[self.connector.traits.takes]
        bare = replace(request, **others)
        with self.scorer(far_end, tmp_path) as scorer:
            assert answered(scorer, bare) == answered(scorer, request)

    def test_what_cannot_be_scored_is_refused_by_a_code(self, far_end: FarEnd, tmp_path: Path) -> None:
        """One record is set aside, and the next is scored as if nothing had been."""
        with self.scorer(far_end, tmp_path) as scorer:
            codes = {name: self.refusal(scorer, request) for name, request in far_end.unscorable.items()}
            assert all(codes.values())
            assert answered(scorer, far_end.request)

    def test_an_unknown_ticket_is_refused(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A connector's error, also from a scorer that never gives a ticket."""
        with self.scorer(far_end, tmp_path) as scorer, pytest.raises(ConnectorError) as caught:
            scorer.poll("no-such-ticket")
        error_is_clear(caught.value, self.connector.name)

    def provenance(self, far_end: FarEnd, state: Path, config: Any) -> Document:
        """What the scorer says of itself with these settings."""
        with self.scorer(far_end, state, config) as scorer:
            return scorer.provenance()

    def refusal(self, scorer: Scorer, request: ScoringRequest) -> str | None:
        """The code of the refusal, which has to be one."""
        with pytest.raises(Rejected) as caught:
            answered(scorer, request)
        error_is_clear(caught.value, self.connector.name)
        return caught.value.vendor_code


def answered(scorer: Scorer, request: ScoringRequest) -> Document:
    """The answer, waited for where the scorer gives a ticket."""
    return waited(scorer, scorer.score(request))


def waited(scorer: Scorer, said: Scored | Pending) -> Document:
    """The answer to a ticket, which is text that outlives the process."""
    deadline = time.monotonic() + PATIENCE
    while isinstance(said, Pending):
        assert first_fault(said.ticket) is None
        assert time.monotonic() + said.poll_after < deadline, "the scorer takes too long"
        time.sleep(said.poll_after)
        said = scorer.poll(json.loads(json.dumps(said.ticket)))
    assert isinstance(said, Scored)
    return said.document


def violations(schema: Document, value: Any) -> list[str]:
    """What the value breaks of a schema that may refer to those of Trivet."""
    packaged = Contracts.packaged().schemas
    base = packaged["common"]["$id"].rpartition("/")[0]
    whole = {
        "$schema": packaged["common"]["$schema"],
        "$id": f"{base}/conformance.schema.json",
        "properties": {"value": schema},
    }
    return [
        str(v) for v in Contracts({**packaged, "conformance": whole}).check("conformance", {"value": value})
    ]


def keys(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)
