"""What every source has to do, whoever wrote it: subclass `SourceSuite` in a test module, give it a far end.

    class TestAcme(SourceSuite):
        connector = SOURCE
        repeats = {"people": "edge"}

        @pytest.fixture
        def far_end(self) -> Iterator[FarEnd]: ...

Every test runs for every declared stream. They plant what really goes wrong: records that change while they are read, a
pull that dies on the way, pauses, and pages that are none. Overriding one of them needs `pytest.mark.xfail(reason=…)`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import pytest

from trivet.conformance.promises import (
    PERSON,
    SECRET,
    error_is_clear,
    no_promise_is_dropped,
    settings_are_closed,
)
from trivet.contract import Focused, Services, Source, SourceConnector
from trivet.documents.plain import first_fault
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Retryable
from trivet.model import Cursor, Page, Record

Repeat = Literal["never", "edge", "window"]
"""What a pull may bring again unchanged: nothing; records of the page that carried the cursor, since the vendor's filter
is inclusive; or anything read before, since the stream can only be asked for some days back."""

NO_PAGES: Mapping[str, str] = {
    "a web page": f"<html><body>{PERSON}, please log in</body></html>",
    "half a page": f'{{"name": "{PERSON}", "items": [{{"id": "4',
    "nothing": "",
    "null": "null",
    "a number": "4711",
    "a text": f'"{PERSON}"',
    "a list": f'[{{"name": "{PERSON}"}}]',
    "another object": f'{{"name": "{PERSON}"}}',
    "a name twice": f'{{"name": "{PERSON}", "name": "{PERSON}"}}',
}
"""Answers with status 200 that no vendor's page looks like."""


ABNORMAL = (
    "{",
    "null",
    "[]",
    "4711",
    '"a word"',
    '{"from": {"a": 1}}',
    '{"from": "soon"}',
    "\x00",
    "[" * 100_000,
)
"""Cursors that nobody gave."""


class FarEnd(Protocol):
    """The other side, held by the test."""

    def config(self, **changed: Any) -> Any:
        """The connector's config for the far end, with pages so small that every stream has two or more."""

    def wrong_secret(self) -> Any:
        """The config with `promises.SECRET` in place of the right one."""

    def nobody_home(self) -> Any:
        """The config with an address where nothing listens."""

    def held(self, stream: str) -> set[str]:
        """The external id of every record of the stream."""

    def change(self, stream: str, external_id: str) -> str:
        """Changes one record, now; a word that only this version of its document holds."""

    def delete(self, stream: str, external_id: str) -> None:
        """Takes one record away, as a person would."""

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        """The next reads of a page of this stream go wrong. `times` says how many, `after` how many go well before;
        the kinds are `http_429` with `retry_after`, `http_500`, `http_503`, `reset_before`, `truncated`,
        `error_in_200` (the vendor's refusal of a call) and `answer` with `body`, sent with status 200."""


class SourceSuite:
    """See the module."""

    connector: ClassVar[SourceConnector[Any]]
    repeats: ClassVar[Mapping[str, Repeat]] = {}
    """By stream what a pull may bring again; a stream that is not named repeats nothing."""
    malformed: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """By stream more answers that are no page of it, each under a name: the vendor's envelope with the wrong inside.
    They hold `promises.PERSON` where a value would stand."""

    def __init_subclass__(cls) -> None:
        no_promise_is_dropped(SourceSuite, cls)

    @pytest.fixture
    def far_end(self) -> Iterator[FarEnd]:
        """To be given by the subclass."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every declared stream; none can be forgotten."""
        streams = self.connector.streams
        if "body" in metafunc.fixturenames:
            cases = [
                pytest.param(stream, body, id=f"{stream}-{name}")
                for stream in streams
                for name, body in {**NO_PAGES, **self.malformed.get(stream, {})}.items()
            ]
            metafunc.parametrize(("stream", "body"), cases)
        elif "stream" in metafunc.fixturenames:
            metafunc.parametrize("stream", streams)

    @contextmanager
    def source(self, config: Any, folder: Path) -> Iterator[Source]:
        """The connector, built."""
        services = Services("conformance", folder, folder, lambda: datetime.now(UTC))
        with self.connector.build(config, services) as built:
            yield built

    def test_settings_are_closed_frozen_and_described(self) -> None:
        """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
        settings_are_closed(self.connector.config)

    def test_check_accepts_the_right_secret(self, far_end: FarEnd, tmp_path: Path) -> None:
        """A good connection checks in silence."""
        with self.source(far_end.config(), tmp_path) as source:
            source.check()

    def test_a_wrong_secret_is_auth_failed_and_not_shown(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Check and pull name the cause, never the secret, and the error travels between processes."""
        assert SECRET not in repr(far_end.wrong_secret())
        with self.source(far_end.wrong_secret(), tmp_path) as source:
            with pytest.raises(AuthFailed) as checked:
                source.check()
            with pytest.raises(AuthFailed) as pulled:
                list(source.pages(self.connector.streams[0], None))
        for caught in (checked, pulled):
            error_is_clear(caught.value, self.connector.name)

    def test_nobody_home_is_retryable(self, far_end: FarEnd, tmp_path: Path) -> None:
        """Without a connection nothing was read."""
        with self.source(far_end.nobody_home(), tmp_path) as source, pytest.raises(Retryable) as caught:
            list(source.pages(self.connector.streams[0], None))
        error_is_clear(caught.value, self.connector.name)

    def test_a_full_pull_reads_every_record_once(self, stream: str, far_end: FarEnd, tmp_path: Path) -> None:
        """Over several pages nothing is left out and nothing comes twice."""
        pages = self.pulled(far_end, stream, tmp_path)
        assert sum(bool(page.records) for page in pages) >= 2
        assert sorted(ids(pages)) == sorted(far_end.held(stream))

    def test_records_are_plain_and_their_versions_stable(
        self, stream: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """What was not changed has the same version in every pull; documents are JSON that can be stored."""
        first, second = (records(self.pulled(far_end, stream, tmp_path)) for _ in range(2))
        for record in first:
            assert first_fault(record.document) is None
            assert record.external_id
            assert record.version
        assert first == second

    def test_a_change_changes_the_version(self, stream: str, far_end: FarEnd, tmp_path: Path) -> None:
        """Of the changed record, and of no other."""
        before = {record.external_id: record for record in records(self.pulled(far_end, stream, tmp_path))}
        changed = min(before)
        word = far_end.change(stream, changed)
        after = {record.external_id: record for record in records(self.pulled(far_end, stream, tmp_path))}
        assert holds(after[changed], word)
        assert {i for i in before if before[i].version != after[i].version} == {changed}

    def test_every_cursor_is_plain_and_resumes(self, stream: str, far_end: FarEnd, tmp_path: Path) -> None:
        """Stored as text and read back by another process, each leads to all that had not come yet."""
        pages = self.pulled(far_end, stream, tmp_path)
        for i, page in enumerate(pages):
            assert type(page.cursor) is str
            assert first_fault(page.cursor) is None
            cursor = Cursor(json.loads(json.dumps(page.cursor)))
            rest = self.pulled(far_end, stream, tmp_path, cursor)
            read = set(ids(pages[: i + 1]))
            assert read | set(ids(rest)) == far_end.held(stream)
            self.only_allowed_repeats(stream, pages[: i + 1], rest)

    def test_single_objects_can_be_asked_for(self, stream: str, far_end: FarEnd, tmp_path: Path) -> None:
        """Where the source can: as its lists give them, the named one among them, none twice, and none that is gone."""
        lists = {name: self.pulled(far_end, name, tmp_path) for name in self.connector.streams}
        known = {name: {r.external_id: r.version for r in records(pages)} for name, pages in lists.items()}
        wanted, victim = ids(lists[stream])[0], ids(lists[stream])[-1]
        far_end.delete(stream, victim)
        with self.source(far_end.config(), tmp_path) as source:
            if not isinstance(source, Focused):
                return
            found = [(name, r) for name, rows in source.around(stream, [victim, wanted]) for r in rows]
        assert (stream, wanted) in {(name, r.external_id) for name, r in found}
        assert (stream, victim) not in {(name, r.external_id) for name, r in found}
        assert len({(name, r.external_id) for name, r in found}) == len(found)
        assert all(known[name][r.external_id] == r.version for name, r in found)
        order = [name for name, _ in found]
        assert order == sorted(order, key=self.connector.streams.index)

    @pytest.mark.parametrize("cursor", ABNORMAL)
    def test_an_abnormal_cursor_leaves_nothing_out_in_silence(
        self, cursor: str, stream: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """Stored by another program, or damaged: a clear error, or a pull that is whole."""
        try:
            found = ids(self.pulled(far_end, stream, tmp_path, Cursor(cursor)))
        except ConnectorError as error:
            error_is_clear(error, self.connector.name)
        else:
            assert set(found) == far_end.held(stream)

    def test_what_was_deleted_is_told_or_missing(self, stream: str, far_end: FarEnd, tmp_path: Path) -> None:
        """By the vendor's word in the next pull, or by its absence when the stream is read whole; nothing else is."""
        pages = self.pulled(far_end, stream, tmp_path)
        victim = ids(pages)[0]
        far_end.delete(stream, victim)
        news = self.pulled(far_end, stream, tmp_path, pages[-1].cursor)
        whole = set(ids(self.pulled(far_end, stream, tmp_path)))
        assert whole == set(ids(pages)) - {victim}
        assert {lost.external_id for page in news for lost in page.gone} <= {victim}
        assert victim not in ids(news)

    def test_an_empty_stream_is_no_error(self, stream: str, far_end: FarEnd, tmp_path: Path) -> None:
        """Nothing there, nothing read; and what comes later is found from the cursor on, where there is one."""
        for external_id in far_end.held(stream):
            far_end.delete(stream, external_id)
        pages = self.pulled(far_end, stream, tmp_path)
        assert not ids(pages)
        last = pages[-1].cursor if pages else None
        assert not ids(self.pulled(far_end, stream, tmp_path, last))

    def test_nothing_changed_brings_nothing(self, stream: str, far_end: FarEnd, tmp_path: Path) -> None:
        """A second night without news: no record, or only those that the stream is known to repeat, unchanged."""
        pages = self.pulled(far_end, stream, tmp_path)
        again = self.pulled(far_end, stream, tmp_path, pages[-1].cursor)
        self.only_allowed_repeats(stream, pages, again)
        last = again[-1].cursor if again else pages[-1].cursor
        self.only_allowed_repeats(stream, pages, self.pulled(far_end, stream, tmp_path, last))

    def test_an_incremental_pull_brings_what_changed(
        self, stream: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """The changed record in its new version, and nothing else that is new."""
        pages = self.pulled(far_end, stream, tmp_path)
        changed = ids(pages)[0]
        word = far_end.change(stream, changed)
        news = self.pulled(far_end, stream, tmp_path, pages[-1].cursor)
        (found,) = [record for record in records(news) if record.external_id == changed]
        assert holds(found, word)
        self.only_allowed_repeats(stream, pages, news, changed)

    @pytest.mark.parametrize("when", ["after the first page", "after the last page"])
    def test_a_record_changed_during_the_pull_is_not_lost(
        self, when: str, stream: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """Changed while others are read, before or after its own turn: this pull or the next has the new version."""
        order = ids(self.pulled(far_end, stream, tmp_path))
        words: dict[str, str] = {}
        pages: list[Page] = []
        turn = 1 if when == "after the first page" else len(order)
        with self.source(far_end.config(), tmp_path) as source:
            for page in source.pages(stream, None):
                pages.append(page)
                if not words and len(ids(pages)) >= turn:
                    words = {i: far_end.change(stream, i) for i in (order[0], order[-1])}
        assert words
        pages += self.pulled(far_end, stream, tmp_path, pages[-1].cursor)
        last = {record.external_id: record for record in records(pages)}
        assert set(last) == far_end.held(stream)
        for external_id, word in words.items():
            assert holds(last[external_id], word)

    @pytest.mark.parametrize("page", [1, 2])
    def test_a_pause_is_rate_limited_for_as_long_as_asked(
        self, page: int, stream: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """On whichever page: the caller learns the vendor's wait, and the pull never ends as if it were whole."""
        with self.source(far_end.config(), tmp_path) as source:
            far_end.misbehave(stream, "http_429", after=page - 1, retry_after="7")
            read, error = drained(source, stream)
        assert isinstance(error, RateLimited)
        assert error.retry_after == 7
        error_is_clear(error, self.connector.name)
        assert len(read) == page - 1

    @pytest.mark.parametrize("kind", ["http_500", "http_503", "reset_before", "truncated"])
    def test_a_broken_answer_is_retryable(self, kind: str, far_end: FarEnd, tmp_path: Path) -> None:
        """A server in trouble or a cut connection, again and again: what was read stands, the rest is for later."""
        stream = self.connector.streams[0]
        with self.source(far_end.config(), tmp_path) as source:
            far_end.misbehave(stream, kind, after=1, times=1000)
            read, error = drained(source, stream)
        assert isinstance(error, Retryable)
        error_is_clear(error, self.connector.name)
        assert len(read) == 1

    @pytest.mark.parametrize("kind", ["http_500", "reset_before", "truncated"])
    def test_one_broken_answer_loses_nothing(self, kind: str, far_end: FarEnd, tmp_path: Path) -> None:
        """Healed on the spot or left to the next pull: never a pull that ends early and looks whole."""
        stream = self.connector.streams[0]
        with self.source(far_end.config(), tmp_path) as source:
            far_end.misbehave(stream, kind, after=1)
            read, error = drained(source, stream)
        if error is not None:
            assert isinstance(error, Retryable)
            read += self.pulled(far_end, stream, tmp_path, read[-1].cursor)
        assert set(ids(read)) == far_end.held(stream)

    def test_a_page_that_is_none_is_an_error(
        self, stream: str, body: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """Status 200 is not success: one clear line without anybody's name, and what was read before stands."""
        with self.source(far_end.config(), tmp_path) as source:
            far_end.misbehave(stream, "answer", after=1, times=1000, body=body)
            read, error = drained(source, stream)
        assert error is not None
        error_is_clear(error, self.connector.name)
        assert len(read) == 1

    def test_a_refusal_with_status_200_is_an_error(
        self, stream: str, far_end: FarEnd, tmp_path: Path
    ) -> None:
        """The vendor's own error code is told; the pages before it stand, and the next pull brings the rest."""
        with self.source(far_end.config(), tmp_path) as source:
            far_end.misbehave(stream, "error_in_200", after=1)
            read, error = drained(source, stream)
        assert error is not None
        error_is_clear(error, self.connector.name)
        assert error.vendor_code
        assert len(read) == 1
        rest = self.pulled(far_end, stream, tmp_path, read[0].cursor)
        assert set(ids(read)) | set(ids(rest)) == far_end.held(stream)

    def pulled(self, far_end: FarEnd, stream: str, folder: Path, since: Cursor | None = None) -> list[Page]:
        """The pages of one pull by a freshly built source."""
        with self.source(far_end.config(), folder) as source:
            return list(source.pages(stream, since))

    def only_allowed_repeats(
        self, stream: str, before: Sequence[Page], after: Sequence[Page], *changed: str
    ) -> None:
        """Of what had come before only that comes again which the stream is known to repeat, in its old version."""
        repeat = self.repeats.get(stream, "never")
        known = {record.external_id: record.version for record in records(before)}
        again = [r for r in records(after) if r.external_id in known and r.external_id not in changed]
        assert all(known[record.external_id] == record.version for record in again)
        if repeat == "never":
            assert not again
        elif repeat == "edge":
            last = [page for page in before if page.records][-1:]
            assert {record.external_id for record in again} <= set(ids(last))


def records(pages: Sequence[Page]) -> list[Record]:
    """All records in the order in which they came."""
    return [record for page in pages for record in page.records]


def ids(pages: Sequence[Page]) -> list[str]:
    """Their external ids."""
    return [record.external_id for record in records(pages)]


def holds(record: Record, word: str) -> bool:
    """Whether the word stands anywhere in the record's document."""
    return word in json.dumps(record.document, ensure_ascii=False)


def drained(source: Source, stream: str) -> tuple[list[Page], ConnectorError | None]:
    """The pages of a full pull up to its end or its error; anything but a connector's error passes."""
    read: list[Page] = []
    try:
        for page in source.pages(stream, None):
            read.append(page)
    except ConnectorError as error:
        return read, error
    return read, None
