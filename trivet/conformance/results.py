"""What every target that tells the results of ordered assessments has to do: subclass `ResultsSuite`, give it a far end.

    class TestAcme(ResultsSuite):
        connector = RESULTS

        @pytest.fixture
        def far_end(self) -> Iterator[FarEnd]: ...

Such a target cannot be asked, and takes the same again: the engine relies on both. Overriding a test needs
`pytest.mark.xfail(reason=…)`.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from trivet.conformance.promises import (
    SECRET,
    error_is_clear,
    no_promise_is_dropped,
    self_signed,
    settings_are_closed,
)
from trivet.contract import Services, Target, TargetConnector
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.model import Confirmed, Document, Operation, OperationKind


class FarEnd(Protocol):
    """The other side of a target that tells results, held by the test."""

    entity: str
    good: Sequence[Document]
    """Two results of two orders, one with a rare character and words."""
    changed: Document
    """The first with another content."""
    bad: Document
    """A result that is refused."""

    def config(self, **changed: Any) -> Any:
        """The target's config for the far end."""

    def wrong_secret(self) -> Any:
        """The config with `SECRET` in place of the right one."""

    def nobody_home(self) -> tuple[Any, Document]:
        """The config with an address where nothing listens, and a result that would go there."""

    def untrusted(self, address: str) -> tuple[Any, Document]:
        """The config with this address, where a server with a certificate that nobody signed listens, and a result for it."""

    def held(self) -> Any:
        """Everything that is there."""

    def misbehave(self, kind: str, **how: Any) -> None:
        """The next telling of a result goes wrong."""


class ResultsSuite:
    """See the module."""

    connector: ClassVar[TargetConnector[Any]]

    def __init_subclass__(cls) -> None:
        no_promise_is_dropped(ResultsSuite, cls)

    @pytest.fixture
    def far_end(self) -> Iterator[FarEnd]:
        """To be given by the subclass."""
        raise NotImplementedError

    @contextmanager
    def target(self, config: Any, folder: Path) -> Iterator[Target]:
        """The connector, built."""
        services = Services("conformance", folder, folder, lambda: datetime.now(UTC))
        with self.connector.build(config, services) as built:
            yield built

    def operation(self, far_end: FarEnd, document: Document, kind: OperationKind = "create") -> Operation:
        """One that tells this result."""
        reference = "AAAAAAAAAAAAAAA2"
        return Operation(f"{reference}-{kind[0].upper()}1", reference, kind, far_end.entity, dict(document))

    def test_settings_are_closed_frozen_and_described(self) -> None:
        """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
        settings_are_closed(self.connector.config)

    def test_the_traits_are_those_of_a_target_that_tells_results(self) -> None:
        """It cannot be asked, and the same again changes nothing; what was told cannot be taken back."""
        traits = self.connector.traits
        assert (traits.asked_by, traits.repeatable, traits.deletes) == ("nothing", True, False)

    def test_a_result_arrives(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Each of them."""
        before = far_end.held()
        with self.target(far_end.config(), tmp_path) as target:
            target.check()
            for document in far_end.good:
                assert isinstance(self.outcome(target, self.operation(far_end, document)), Confirmed)
        assert far_end.held() != before

    def test_the_same_again_changes_nothing_more(self, far_end: FarEnd, tmp_path: Path) -> None:
        """As a create or as an update: the engine relies on it where it is in doubt."""
        with self.target(far_end.config(), tmp_path) as target:
            assert isinstance(self.outcome(target, self.operation(far_end, far_end.good[0])), Confirmed)
            there = far_end.held()
            for kind in ("create", "update"):
                operation = self.operation(far_end, far_end.good[0], kind)
                assert isinstance(self.outcome(target, operation), Confirmed)
        assert far_end.held() == there

    def test_another_content_takes_its_place(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Sent as a create, for the engine may not know that there is an earlier one; and back again."""
        with self.target(far_end.config(), tmp_path) as target:
            states = []
            for document in (far_end.good[0], far_end.changed, far_end.good[0]):
                assert isinstance(self.outcome(target, self.operation(far_end, document)), Confirmed)
                states.append(far_end.held())
        assert states[0] == states[2]

    def test_a_bad_result_is_refused_and_leaves_nothing(self, far_end: FarEnd, tmp_path: Path) -> None:
        """With the vendor's code."""
        before = far_end.held()
        with self.target(far_end.config(), tmp_path) as target:
            said = self.outcome(target, self.operation(far_end, far_end.bad))
        assert isinstance(said, Rejected)
        assert said.vendor_code
        error_is_clear(said, self.connector.name)
        assert far_end.held() == before

    def test_a_wrong_secret_is_auth_failed_and_not_shown(self, far_end: FarEnd, tmp_path: Path) -> None:
        """The error names the cause, never the secret."""
        with self.target(far_end.wrong_secret(), tmp_path) as target:
            said = self.outcome(target, self.operation(far_end, far_end.good[0]))
        assert isinstance(said, AuthFailed)
        error_is_clear(said, self.connector.name)
        assert SECRET not in repr(far_end.wrong_secret())

    def test_nobody_home_is_retryable(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Without a connection nothing was sent."""
        config, document = far_end.nobody_home()
        with self.target(config, tmp_path) as target:
            assert isinstance(self.outcome(target, self.operation(far_end, document)), Retryable)

    def test_an_untrusted_certificate_is_refused_and_the_cure_named(
        self, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """TLS is always verified."""
        with self_signed(tmp_path) as address:
            config, document = far_end.untrusted(address)
            with self.target(config, tmp_path) as target:
                said = self.outcome(target, self.operation(far_end, document))
        assert isinstance(said, Retryable)
        assert "TLS" in said.message
        assert said.cure

    @pytest.mark.parametrize("kind", ["reset_before", "reset_after", "http_500_after", "http_502_after"])
    def test_every_doubt_after_the_first_byte_is_unknown(
        self, kind: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """And the same again settles it."""
        with self.target(far_end.config(), tmp_path) as target:
            target.check()
            far_end.misbehave(kind)
            wanted = self.operation(far_end, far_end.good[0])
            assert isinstance(self.outcome(target, wanted), UnknownOutcome)
            assert isinstance(self.outcome(target, wanted), Confirmed)

    def test_a_pause_is_rate_limited_and_leaves_nothing(self, far_end: FarEnd, tmp_path: Path) -> None:
        """For as long as the vendor says."""
        before = far_end.held()
        with self.target(far_end.config(), tmp_path) as target:
            target.check()
            far_end.misbehave("http_429", retry_after="7")
            said = self.outcome(target, self.operation(far_end, far_end.good[0]))
        assert isinstance(said, RateLimited)
        assert said.retry_after > 0
        assert far_end.held() == before

    def test_nothing_secret_or_personal_is_logged(
        self, far_end: FarEnd, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even at DEBUG."""
        caplog.set_level(logging.DEBUG)
        with self.target(far_end.config(), tmp_path) as target:
            self.outcome(target, self.operation(far_end, far_end.good[0]))
        with self.target(far_end.wrong_secret(), tmp_path / "wrong") as target:
            self.outcome(target, self.operation(far_end, far_end.good[0]))
        assert SECRET not in caplog.text
        assert not [text for text in _words(far_end.good) if text in caplog.text]

    def outcome(self, target: Target, operation: Operation) -> Any:
        """The outcome, or the error that spoke for the whole request; nothing else may leave a connector."""
        try:
            (said,) = target.send([operation])
        except ConnectorError as error:
            return error
        return said


def _words(value: Any) -> list[str]:
    """Every text with a blank in it, however deep."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _words(inner)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [text for inner in value for text in _words(inner)]
    return [value] if isinstance(value, str) and " " in value else []
