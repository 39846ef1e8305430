"""What every scorer has to do that asks a service for its answer: subclass `ServiceSuite` in a test module.

    class TestAcme(ServiceSuite):
        connector = SCORER

        @pytest.fixture
        def far_end(self) -> Iterator[Service]: ...

A service bills, is slow, loses answers, mixes them up and is told secrets. What `trivet.conformance.scorer` asks of every
scorer is asked here too. Overriding one of these tests needs `pytest.mark.xfail(reason=…)`.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from trivet.conformance.promises import PERSON, SECRET, error_is_clear, no_promise_is_dropped
from trivet.conformance.scorer import FarEnd, ScorerSuite, answered, waited
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Retryable, UnknownOutcome
from trivet.model import Pending

LASTING = 10
"""Calls in a row that go wrong; a connector may ask again by itself, but not so often."""
TRIES = 3
"""Times that one work may be billed while answers get lost."""
LOST = ("reset_after", "http_502_after", "truncated", "empty_200", "malformed_json")
"""It was done, and its answer did not arrive."""
UNDONE = ("reset_before", "http_500", "http_503", "html_200", "error_in_200")
"""Nothing was done."""


class Service(FarEnd, Protocol):
    """The other side, held by the test."""

    secrets: Sequence[str]
    """What `config()` proves itself by."""

    def wrong_secret(self) -> Any:
        """The config with `promises.SECRET` in place of the right one."""

    def nobody_home(self) -> Any:
        """The config with an address where nothing listens."""

    def misbehave(self, kind: str, **how: Any) -> None:
        """The next calls that carry the work go wrong, `times` of them: every kind in `LOST` and `UNDONE`, `http_429` with
        `retry_after`, `answer` with `body`."""

    def behave(self) -> None:
        """No call goes wrong any more."""

    def billed(self) -> int:
        """Works that the service has billed until now."""

    def mix_up(self) -> None:
        """From now on answers are on another work; only where answers tell whose they are."""

    def slow(self, questions: int) -> None:
        """From now on a work is not done before it was asked for so often; only where tickets are given."""


class ServiceSuite(ScorerSuite):
    """See the module."""

    gives_tickets: ClassVar[bool] = False
    """The service works on after it has answered."""
    knows_keys: ClassVar[bool] = False
    """The service does the work of one key once, however often it is asked for it."""
    tells_whose: ClassVar[bool] = True
    """Something in an answer shows that it is on another work."""
    calls_a_work: ClassVar[int] = 1
    """Bills of `request`."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        no_promise_is_dropped(ServiceSuite, cls)

    def test_a_wrong_secret_is_auth_failed_and_not_shown(self, far_end: Service, tmp_path: Path) -> None:
        """Check and work name the cause, never the secret, and the error travels between processes."""
        wrong = far_end.wrong_secret()
        assert SECRET not in repr(wrong)
        with self.scorer(far_end, tmp_path, wrong) as scorer:
            with pytest.raises(AuthFailed) as checked:
                scorer.check()
            with pytest.raises(AuthFailed) as asked:
                answered(scorer, far_end.request)
        for caught in (checked, asked):
            error_is_clear(caught.value, self.connector.name)
        assert far_end.billed() == 0

    def test_where_nobody_answers_nothing_was_done(self, far_end: Service, tmp_path: Path) -> None:
        """It may be asked again."""
        with (
            self.scorer(far_end, tmp_path, far_end.nobody_home()) as scorer,
            pytest.raises(Retryable) as caught,
        ):
            answered(scorer, far_end.request)
        error_is_clear(caught.value, self.connector.name)

    def test_only_the_work_is_billed(self, far_end: Service, tmp_path: Path) -> None:
        """Once; no check, no refusal, no question for it, and no answer that is fetched again."""
        with self.scorer(far_end, tmp_path) as scorer:
            scorer.check()
            scorer.provenance()
            for request in far_end.unscorable.values():
                self.refusal(scorer, request)
            assert far_end.billed() == 0
            said = scorer.score(far_end.request)
            whole = far_end.billed()
            assert whole == self.calls_a_work
            if isinstance(said, Pending):
                assert waited(scorer, said) == waited(scorer, said)
            assert far_end.billed() == whole

    def test_a_key_is_billed_once(self, far_end: Service, tmp_path: Path) -> None:
        """Where the service can know it: a crash between its answer and ours costs nothing."""
        if not self.knows_keys:
            pytest.skip("this service knows no key for a repetition")
        for state in ("one", "two"):
            (tmp_path / state).mkdir()
            with self.scorer(far_end, tmp_path / state) as scorer:
                answered(scorer, far_end.request)
        assert far_end.billed() == self.calls_a_work

    def test_a_ticket_outlives_the_process(self, far_end: Service, tmp_path: Path) -> None:
        """It is all that is kept: JSON, another scorer, another folder, and the same answer, however late it is asked for."""
        if not self.gives_tickets:
            pytest.skip("this service answers at once")
        far_end.slow(3)
        (tmp_path / "one").mkdir()
        with self.scorer(far_end, tmp_path / "one") as scorer:
            said = scorer.score(far_end.request)
        assert isinstance(said, Pending)
        assert said.poll_after > 0
        kept = json.loads(json.dumps(said.ticket))
        bill = far_end.billed()
        answers = []
        for state in ("two", "three"):
            (tmp_path / state).mkdir()
            with self.scorer(far_end, tmp_path / state) as scorer:
                answers.append(waited(scorer, Pending(kept, said.poll_after)))
        assert answers[0] == answers[1]
        assert far_end.billed() == bill

    def test_an_answer_on_another_work_is_refused(self, far_end: Service, tmp_path: Path) -> None:
        """A stranger's words never stand under somebody's name."""
        if not self.tells_whose:
            pytest.skip("answers of this service do not show what they are on")
        far_end.mix_up()
        with self.scorer(far_end, tmp_path) as scorer:
            assert self.refusal(scorer, far_end.request) == "RESPONSE_MISMATCH"

    def test_a_pause_that_is_asked_for_is_rate_limited(self, far_end: Service, tmp_path: Path) -> None:
        """With its seconds, and nothing was billed."""
        far_end.misbehave("http_429", retry_after="7", times=LASTING)
        with self.scorer(far_end, tmp_path) as scorer, pytest.raises(RateLimited) as caught:
            answered(scorer, far_end.request)
        assert caught.value.retry_after == 7
        error_is_clear(caught.value, self.connector.name)
        assert far_end.billed() == 0

    @pytest.mark.parametrize("kind", UNDONE)
    def test_trouble_is_a_connector_error(self, kind: str, far_end: Service, tmp_path: Path) -> None:
        """Whatever comes in place of an answer; afterwards the work is done."""
        far_end.misbehave(kind, times=LASTING)
        with self.scorer(far_end, tmp_path) as scorer:
            with pytest.raises(ConnectorError) as caught:
                answered(scorer, far_end.request)
            error_is_clear(caught.value, self.connector.name)
            if kind != "error_in_200":
                assert isinstance(caught.value, Retryable | UnknownOutcome)
            assert far_end.billed() == 0
            far_end.behave()
            assert answered(scorer, far_end.request)

    @pytest.mark.parametrize("kind", LOST)
    def test_a_lost_answer_is_no_refusal(self, kind: str, far_end: Service, tmp_path: Path) -> None:
        """The recording can be scored; the work is not billed again and again on the spot."""
        far_end.misbehave(kind, times=LASTING)
        with self.scorer(far_end, tmp_path) as scorer:
            with pytest.raises((Retryable, UnknownOutcome)) as caught:
                answered(scorer, far_end.request)
            error_is_clear(caught.value, self.connector.name)
            assert far_end.billed() <= TRIES
            if isinstance(caught.value, UnknownOutcome):
                assert far_end.billed() <= 1
            far_end.behave()
            assert answered(scorer, far_end.request)

    @pytest.mark.parametrize(
        "body",
        [f'"{PERSON}"', "[]", "null", "{}", f'{{"error": "{PERSON}"}}', f'{{"code": "{PERSON}", "err_no": "{PERSON}"}}',
         f'{{"text": "{PERSON}", "segments": [{{"start": "{PERSON}"}}], "result": {{"a": "{PERSON}"}}}}',
         f'{{"code": "000000", "content": ["{PERSON}"], "err_no": 0, "result": []}}', "[" * 5000],
    )  # fmt: skip
    def test_an_answer_that_is_none_is_a_connector_error(
        self, body: str, far_end: Service, tmp_path: Path
    ) -> None:
        """Nothing of it is told on, since it may hold a person."""
        far_end.misbehave("answer", body=body, times=LASTING)
        with self.scorer(far_end, tmp_path) as scorer, pytest.raises(ConnectorError) as caught:
            answered(scorer, far_end.request)
        error_is_clear(caught.value, self.connector.name)

    def test_nothing_secret_is_logged_or_kept(
        self, far_end: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not by the loudest log, not in the state folder; neither a proof nor a word that was said."""
        caplog.set_level(logging.DEBUG)
        state = tmp_path / "kept by the scorer"
        state.mkdir()
        with self.scorer(far_end, state) as scorer:
            scorer.check()
            said = answered(scorer, far_end.request)
        kept = b"".join(file.read_bytes() for file in state.rglob("*") if file.is_file())
        words = [str(said["text"])[:12]] if self.connector.traits.transcribes else []
        assert far_end.secrets
        for secret in [*far_end.secrets, *words]:
            assert secret not in caplog.text
            assert secret.encode() not in kept
