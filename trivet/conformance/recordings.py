"""What every recording source has to do, whoever wrote it: subclass `RecordingsSuite`, give it a far end.

    class TestAcme(RecordingsSuite):
        connector = RECORDINGS

        @pytest.fixture
        def far_end(self) -> Iterator[FarEnd]: ...

Half a recording decodes without complaint and gives half of an interview: most of these tests see to it that nothing but
the whole is taken for whole. Overriding one of them needs `pytest.mark.xfail(reason=…)`.
"""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from trivet.conformance.promises import (
    PERSON,
    SECRET,
    error_is_clear,
    no_promise_is_dropped,
    settings_are_closed,
)
from trivet.contract import RecordingsConnector, RecordingSource, Services
from trivet.errors import AuthFailed, ConnectorError, NotYet, Rejected, Retryable
from trivet.model import Document

LASTING = 10
"""Readings in a row that go wrong; a connector may take one download up again by itself, but not so often."""


class FarEnd(Protocol):
    """The other side, held by the test."""

    reference: Document
    """Of a recording that is there, as the vendor refers to it."""
    content: bytes
    """What that recording holds; some hundred kilobytes at least, so that it comes in several pieces."""
    missing: Document
    """The reference of a recording that is not there."""
    waiting: Document
    """Of one that is still being made; only where the connector waits for recordings."""

    def config(self, **changed: Any) -> Any:
        """The connector's config for the far end."""

    def too_small(self) -> Any:
        """The config with a limit below the recording's size."""

    def wrong_secret(self) -> Any:
        """The config with `promises.SECRET` in place of the right one."""

    def nobody_home(self) -> Any:
        """The config with an address where nothing listens."""

    def misbehave(self, kind: str, **how: Any) -> None:
        """The next readings of a recording's bytes go wrong, `times` of them: `reset_before`, `truncated`, `http_429`,
        `http_500`, `http_503`, `html_200`, `empty_200`, `answer` with `body`, `expired_link` where links expire."""


class RecordingsSuite:
    """See the module."""

    connector: ClassVar[RecordingsConnector[Any]]
    links_expire: ClassVar[bool] = True
    """The vendor gives links that live a while."""
    waits: ClassVar[bool] = False
    """Recordings come from another system than their interviews, and may come later."""

    def __init_subclass__(cls) -> None:
        no_promise_is_dropped(RecordingsSuite, cls)

    @pytest.fixture
    def far_end(self) -> Iterator[FarEnd]:
        """To be given by the subclass."""
        raise NotImplementedError

    @contextmanager
    def recordings(self, config: Any, folder: Path) -> Iterator[RecordingSource]:
        """The connector, built."""
        services = Services("conformance", folder, folder, lambda: datetime.now(UTC))
        with self.connector.build(config, services) as built:
            yield built

    def test_settings_are_closed_frozen_and_described(self) -> None:
        """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
        settings_are_closed(self.connector.config)

    def test_check_accepts_the_right_secret(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A good connection checks in silence."""
        with self.recordings(far_end.config(), tmp_path) as source:
            source.check()

    def test_a_wrong_secret_is_auth_failed_and_not_shown(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Check and download name the cause, never the secret, and the error travels between processes."""
        assert SECRET not in repr(far_end.wrong_secret())
        with self.recordings(far_end.wrong_secret(), tmp_path) as source:
            with pytest.raises(AuthFailed) as checked:
                source.check()
            with pytest.raises(AuthFailed) as opened:
                whole(source, far_end.reference)
        for caught in (checked, opened):
            error_is_clear(caught.value, self.connector.name)

    def test_nobody_home_is_retryable(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Without a connection nothing was read."""
        with self.recordings(far_end.nobody_home(), tmp_path) as source, pytest.raises(Retryable) as caught:
            whole(source, far_end.reference)
        error_is_clear(caught.value, self.connector.name)

    def test_a_recording_arrives_byte_for_byte(self, far_end: FarEnd, tmp_path: Path) -> None:
        """In pieces, so that a long film needs no memory, with the length that was declared."""
        with (
            self.recordings(far_end.config(), tmp_path) as source,
            source.open(far_end.reference) as download,
        ):
            pieces = list(download.chunks)
        assert hashlib.sha256(b"".join(pieces)).digest() == hashlib.sha256(far_end.content).digest()
        assert len([piece for piece in pieces if piece]) >= 2
        assert download.length in (None, len(far_end.content))
        assert "/" in download.media_type
        assert isinstance(download.file_name, str)

    def test_it_can_be_opened_again(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A caller may leave early; the next download is whole all the same."""
        with self.recordings(far_end.config(), tmp_path) as source:
            for _ in range(3):
                with source.open(far_end.reference) as download:
                    assert far_end.content.startswith(next(iter(download.chunks)))
            assert whole(source, far_end.reference) == far_end.content

    @pytest.mark.parametrize(
        "kind", ["reset_before", "truncated", "http_429", "http_500", "http_503", "empty_200"]
    )
    def test_a_broken_download_is_retryable(self, kind: str, far_end: FarEnd, tmp_path: Path) -> None:
        """Nothing short of the whole is taken for whole, and a later try brings it."""
        with self.recordings(far_end.config(), tmp_path) as source:
            far_end.misbehave(kind, times=LASTING)
            with pytest.raises(Retryable) as caught:
                whole(source, far_end.reference)
            assert at_last(source, far_end.reference) == far_end.content
        error_is_clear(caught.value, self.connector.name)

    def test_the_pieces_themselves_tell_of_a_cut(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Inside the `with` too: whoever reads the pieces meets a connector's error and no library's."""
        with self.recordings(far_end.config(), tmp_path) as source:
            far_end.misbehave("truncated", times=LASTING)
            with source.open(far_end.reference) as download, pytest.raises(Retryable) as caught:
                list(download.chunks)
        error_is_clear(caught.value, self.connector.name)

    @pytest.mark.parametrize("body", [f"<html>{PERSON}, please log in</html>", f'{{"error": "{PERSON}"}}'])
    def test_an_answer_that_is_no_recording_is_an_error(
        self, body: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """A login page or an error message with status 200 is no recording."""
        with self.recordings(far_end.config(), tmp_path) as source:
            far_end.misbehave("answer", body=body)
            with pytest.raises(ConnectorError) as caught:
                whole(source, far_end.reference)
            assert whole(source, far_end.reference) == far_end.content
        error_is_clear(caught.value, self.connector.name)

    def test_an_expired_link_is_renewed_once(self, far_end: FarEnd, tmp_path: Path) -> None:
        """The download begins again behind a fresh link; where that is refused too, the caller learns it."""
        if not self.links_expire:
            pytest.skip("this vendor's links do not expire")
        with self.recordings(far_end.config(), tmp_path) as source:
            far_end.misbehave("expired_link")
            assert whole(source, far_end.reference) == far_end.content
            far_end.misbehave("expired_link", times=2)
            with pytest.raises(ConnectorError) as caught:
                whole(source, far_end.reference)
            assert whole(source, far_end.reference) == far_end.content
        error_is_clear(caught.value, self.connector.name)

    def test_a_missing_recording_is_rejected_with_a_code(self, far_end: FarEnd, tmp_path: Path) -> None:
        """So is a reference that is none; the source works on."""
        with self.recordings(far_end.config(), tmp_path) as source:
            for reference in (far_end.missing, {}):
                with pytest.raises(Rejected) as caught:
                    whole(source, reference)
                assert caught.value.vendor_code
                error_is_clear(caught.value, self.connector.name)
            assert whole(source, far_end.reference) == far_end.content

    def test_a_recording_that_is_being_made_is_waited_for(self, far_end: FarEnd, tmp_path: Path) -> None:
        """It is no refusal: the next run asks again; the reason is said."""
        if not self.waits:
            pytest.skip("recordings are there as soon as their interviews are")
        with self.recordings(far_end.config(), tmp_path) as source, pytest.raises(NotYet) as caught:
            whole(source, far_end.waiting)
        assert caught.value.vendor_code == "RECORDING_NOT_YET"
        error_is_clear(caught.value, self.connector.name)

    def test_a_recording_over_the_limit_is_refused(self, far_end: FarEnd, tmp_path: Path) -> None:
        """With a code of its own, and for good: it will not shrink."""
        with self.recordings(far_end.too_small(), tmp_path) as source, pytest.raises(Rejected) as caught:
            whole(source, far_end.reference)
        assert caught.value.vendor_code == "MEDIA_TOO_LARGE"
        error_is_clear(caught.value, self.connector.name)

    def test_the_callers_own_trouble_is_not_the_vendors(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A full disk while the pieces are written stays a full disk."""
        full = OSError(errno.ENOSPC, "no space left on device")
        with self.recordings(far_end.config(), tmp_path) as source:
            with pytest.raises(OSError, match="no space left") as caught:
                fail_while_open(source, far_end.reference, full)
            assert caught.value is full
            assert whole(source, far_end.reference) == far_end.content


def whole(source: RecordingSource, reference: Document) -> bytes:
    """The recording."""
    with source.open(reference) as download:
        return b"".join(download.chunks)


def at_last(source: RecordingSource, reference: Document) -> bytes:
    """The recording, once the trouble has passed."""
    for _ in range(LASTING):
        with suppress(Retryable):
            return whole(source, reference)
    return whole(source, reference)


def fail_while_open(source: RecordingSource, reference: Document, error: Exception) -> None:
    """Reads one piece and fails over it."""
    with source.open(reference) as download:
        next(iter(download.chunks))
        raise error
