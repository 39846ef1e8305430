"""What every target has to do, whoever wrote it: subclass `TargetSuite` in a test module, give it a far end.

    class TestAcme(TargetSuite):
        connector = TARGET

        @pytest.fixture
        def far_end(self) -> Iterator[FarEnd]: ...

The tests plant what really goes wrong: lost answers before and after the write, refusals inside a bulk call, pauses, a
locked door. Overriding one of them needs `pytest.mark.xfail(reason=…)`.
"""

import logging
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
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

_LETTERS = str.maketrans("0189", "ABCD")
REFERENCES = ("AAAAAAAAAAAAAAA2", "BBBBBBBBBBBBBBB3", "CCCCCCCCCCCCCCC4")


class FarEnd(Protocol):
    """The other side, held by the test."""

    entity: str
    """An entity that takes the documents below."""
    good: Sequence[Document]
    """Three documents that are taken; one holds a rare character and a quotation mark."""
    changed: Document
    """The first document with another value."""
    bad: Document | None
    """A document that is refused, None where the vendor refuses nothing."""
    writes: str
    """Pattern of the path of the vendor's write."""

    def config(self, **changed: Any) -> Any:
        """The connector's config for the far end."""

    def wrong_secret(self) -> Any:
        """The config with `SECRET` in place of the right one."""

    def nobody_home(self) -> Any:
        """The config with an address where nothing listens."""

    def untrusted(self, address: str) -> Any:
        """The config with this address, where a server with a certificate that nobody signed listens."""

    def held(self) -> Any:
        """Everything that is there."""

    def by_hand(self, reference: str) -> None:
        """A person changes the record that was made of the first good document under this reference."""

    def misbehave(self, kind: str, **how: Any) -> None:
        """The next write goes wrong."""


class TargetSuite:
    """See the module."""

    connector: ClassVar[TargetConnector[Any]]

    def __init_subclass__(cls) -> None:
        no_promise_is_dropped(TargetSuite, cls)

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

    def operation(
        self, far_end: FarEnd, i: int, kind: OperationKind = "create", document: Document | None = None,
        remote_id: str | None = None,
    ) -> Operation:  # fmt: skip
        """An operation on the i-th document."""
        said = far_end.good[i] if document is None else document
        reference = REFERENCES[i]
        return Operation(
            f"{reference}-{kind[0].upper()}1", reference, kind, far_end.entity, dict(said), remote_id
        )

    def test_settings_are_closed_frozen_and_described(self) -> None:
        """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
        settings_are_closed(self.connector.config)

    def test_check_accepts_the_right_secret(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A good connection checks in silence."""
        with self.target(far_end.config(), tmp_path) as target:
            target.check()

    def test_a_wrong_secret_is_auth_failed_and_not_shown(self, far_end: FarEnd, tmp_path: Path) -> None:
        """The error names the cause, never the secret, and travels between processes."""
        with self.target(far_end.wrong_secret(), tmp_path) as target, pytest.raises(AuthFailed) as caught:
            target.check()
        assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.explained()}"
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own bytes
        assert SECRET not in repr(far_end.wrong_secret())

    def test_nobody_home_is_retryable(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Without a connection nothing was sent."""
        with self.target(far_end.nobody_home(), tmp_path) as target:
            assert isinstance(self.outcome(target, self.operation(far_end, 0)), Retryable)

    def test_an_untrusted_certificate_is_refused_and_the_cure_named(
        self, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """TLS is always verified; the error says what to do, and nothing was sent."""
        with self_signed(tmp_path) as address, self.target(far_end.untrusted(address), tmp_path) as target:
            said = self.outcome(target, self.operation(far_end, 0))
        assert isinstance(said, Retryable)
        assert "TLS" in said.message
        assert said.cure
        error_is_clear(said, self.connector.name)

    def test_nothing_secret_or_personal_is_logged(
        self, far_end: FarEnd, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even at DEBUG: neither a password nor a word of what was sent."""
        caplog.set_level(logging.DEBUG)
        with self.target(far_end.wrong_secret(), tmp_path) as target, pytest.raises(AuthFailed):
            target.check()
        with self.target(far_end.config(), tmp_path / "right") as target:
            wanted = self.operation(far_end, 0)
            assert isinstance(self.outcome(target, wanted), Confirmed)
            target.find(far_end.entity, [wanted])
        assert SECRET not in caplog.text
        texts = [v for d in far_end.good for v in d.values() if isinstance(v, str) and " " in v]
        assert texts, "one of the good documents has to hold words"
        assert not [text for text in texts if text in caplog.text]

    def test_a_create_lands_once_and_is_found_as_sent(self, far_end: FarEnd, tmp_path: Path) -> None:
        """What was sent is found under our reference, equal over every field."""
        with self.target(far_end.config(), tmp_path) as target:
            wanted = [self.operation(far_end, i) for i in range(3)]
            outcomes = self.send_all(target, wanted)
            assert all(isinstance(outcome, Confirmed) for outcome in outcomes)
            found = target.find(far_end.entity, wanted)
            for operation in wanted:
                (row,) = found[operation.reference]
                assert {n: row.document.get(n) for n in operation.document} == operation.document

    @pytest.mark.parametrize(
        "text", ["9" * 40, "𠮷" * 40, "㐂" * 400, "𠮷" * 5000],
        ids=["40 digits", "40 rare characters", "400 rare characters", "5,000 rare characters"],
    )  # fmt: skip
    def test_a_text_arrives_whole_or_is_refused(self, text: str, far_end: FarEnd, tmp_path: Path) -> None:
        """However the vendor counts, in characters or in bytes: never cut, never taken for a number."""
        before, first = far_end.held(), far_end.good[0]
        words = next((name for name, v in first.items() if isinstance(v, str) and " " in v), None)
        assert words, "the first good document has to hold words"
        with self.target(far_end.config(), tmp_path) as target:
            wanted = self.operation(far_end, 0, document={**first, words: text})
            outcome = self.outcome(target, wanted)
            if isinstance(outcome, Confirmed):
                (row,) = target.find(far_end.entity, [wanted])[wanted.reference]
                assert row.document[words] == text
                return
        assert isinstance(outcome, Rejected)
        assert far_end.held() == before

    def test_a_change_by_hand_is_seen(self, far_end: FarEnd, tmp_path: Path) -> None:
        """What a person changed is found changed, so that nothing is taken back over somebody's work."""
        with self.target(far_end.config(), tmp_path) as target:
            wanted = self.operation(far_end, 0)
            assert isinstance(self.outcome(target, wanted), Confirmed)
            (before,) = target.find(far_end.entity, [wanted])[wanted.reference]
            far_end.by_hand(wanted.reference)
            (after,) = target.find(far_end.entity, [wanted])[wanted.reference]
        assert (after.document, after.version) != (before.document, before.version)

    def test_a_second_create_is_seen(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A create that is sent twice leaves one record, or two that are both found: never one that nobody sees."""
        before = _records(far_end.held())
        with self.target(far_end.config(), tmp_path) as target:
            wanted = self.operation(far_end, 0)
            first, second = self.outcome(target, wanted), self.outcome(target, wanted)
            assert isinstance(first, Confirmed)
            assert isinstance(second, Confirmed | Rejected)
            found = target.find(far_end.entity, [wanted])[wanted.reference]
            there = _records(far_end.held()) - before
        assert len(found) == there
        assert there == 1 or self.connector.traits.asked_by != "unique_reference"

    def test_many_are_asked_for_together(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Of a hundred references the ones that are there are found, each under its own, and ids are text."""
        with self.target(far_end.config(), tmp_path) as target:
            wanted = [self.operation(far_end, i) for i in range(3)]
            assert all(isinstance(outcome, Confirmed) for outcome in self.send_all(target, wanted))
            strangers = [
                replace(wanted[i % 3], reference=f"ZZZZZZZZZZZZ{i:04d}".translate(_LETTERS))
                for i in range(97)
            ]
            found = target.find(far_end.entity, [*strangers[:50], *wanted, *strangers[50:]])
        assert {reference for reference, rows in found.items() if rows} == set(REFERENCES)
        assert all(isinstance(row.remote_id, str) for rows in found.values() for row in rows)

    def test_what_is_not_there_is_not_found(self, far_end: FarEnd, tmp_path: Path) -> None:
        """An empty answer is an answer."""
        with self.target(far_end.config(), tmp_path) as target:
            assert not target.find(far_end.entity, [self.operation(far_end, 0)]).get(REFERENCES[0])

    def test_update_and_delete_and_delete_again(self, far_end: FarEnd, tmp_path: Path) -> None:
        """An update changes the one record; a delete leaves the far end as it was; a second one is no error."""
        before = far_end.held()
        with self.target(far_end.config(), tmp_path) as target:
            create = self.operation(far_end, 0)
            done = self.outcome(target, create)
            assert isinstance(done, Confirmed)
            remote_id = done.remote_id or target.find(far_end.entity, [create])[create.reference][0].remote_id
            update = self.operation(far_end, 0, "update", far_end.changed, remote_id)
            changed = self.outcome(target, update)
            assert isinstance(changed, Confirmed)
            # where a record cannot be changed, another one took its place
            remote_id = changed.remote_id or remote_id
            (row,) = target.find(far_end.entity, [update])[update.reference]
            assert {n: row.document.get(n) for n in update.document} == update.document
            for _ in range(2):
                delete = self.operation(far_end, 0, "delete", {}, remote_id)
                assert isinstance(self.outcome(target, delete), Confirmed)
        assert far_end.held() == before

    def test_one_bad_record_is_refused_alone(self, far_end: FarEnd, tmp_path: Path) -> None:
        """In a bulk call each record has its own outcome, in order; the refused one leaves nothing."""
        if far_end.bad is None:
            pytest.skip("this vendor refuses nothing")
        with self.target(far_end.config(), tmp_path) as target:
            wanted = [
                self.operation(far_end, 0),
                self.operation(far_end, 1, document=far_end.bad),
                self.operation(far_end, 2),
            ]
            outcomes = self.send_all(target, wanted)
            assert [type(outcome) for outcome in outcomes] == [Confirmed, Rejected, Confirmed]
            assert isinstance(outcomes[1], Rejected)
            assert outcomes[1].vendor_code
            assert outcomes[1].field
            found = target.find(far_end.entity, [self.operation(far_end, i) for i in range(3)])
            assert sorted(reference for reference, rows in found.items() if rows) == [
                REFERENCES[0],
                REFERENCES[2],
            ]

    @pytest.mark.parametrize(
        "kind", ["reset_after", "http_500_after", "http_502_after", "truncated", "empty_200", "html_200"]
    )
    def test_every_doubt_after_the_first_byte_is_unknown(
        self, kind: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """Whether it was done or not: the caller has to ask, never to send again."""
        with self.target(far_end.config(), tmp_path) as target:
            target.check()
            far_end.misbehave(kind)
            assert isinstance(self.outcome(target, self.operation(far_end, 0)), UnknownOutcome)

    def test_a_reset_before_the_write_is_unknown_and_leaves_nothing(
        self, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """The connection died on the way: from here nobody can tell, and asking does."""
        before = far_end.held()
        with self.target(far_end.config(), tmp_path) as target:
            target.check()
            far_end.misbehave("reset_before")
            assert isinstance(self.outcome(target, self.operation(far_end, 0)), UnknownOutcome)
        assert far_end.held() == before

    def test_a_pause_is_rate_limited_and_leaves_nothing(self, far_end: FarEnd, tmp_path: Path) -> None:
        """The vendor refuses before it works, and says for how long."""
        before = far_end.held()
        with self.target(far_end.config(), tmp_path) as target:
            target.check()
            far_end.misbehave("http_429", retry_after="7")
            said = self.outcome(target, self.operation(far_end, 0))
            assert isinstance(said, RateLimited)
            assert said.retry_after > 0
        assert far_end.held() == before

    def send_all(self, target: Target, wanted: Sequence[Operation]) -> list[Any]:
        """The outcomes, sent in calls of the size that the traits allow."""
        size = self.connector.traits.max_ops
        return [o for i in range(0, len(wanted), size) for o in target.send(wanted[i : i + size])]

    def outcome(self, target: Target, operation: Operation) -> Any:
        """The one outcome, given as a value or raised for the whole request; nothing else may leave a connector."""
        try:
            (said,) = target.send([operation])
        except ConnectorError as error:
            return error
        return said


def _records(held: Any) -> int:
    """How many records the far end holds, of whatever kind."""
    if isinstance(held, dict):
        return sum(len(rows) if isinstance(rows, list | dict) else 1 for rows in held.values())
    return len(held)
