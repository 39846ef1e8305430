"""An HR system that is described and not programmed: every paging, deletions that stay in lists, recordings, events, look-ups."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import World
from hr import small
from pydantic import ValidationError
from standing import Standing
from trivet_connectors.http_json import INBOUND, RECORDINGS, SOURCE, TARGET
from trivet_connectors.http_json.config import HttpJsonConfig
from trivet_sandbox.http_json import hr

from trivet.conformance.promises import PERSON, SECRET, error_is_clear
from trivet.conformance.recordings import RecordingsSuite, whole
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.conformance.target import TargetSuite
from trivet.contract import Focused, Services, Source
from trivet.errors import AuthFailed, ConfigError, RateLimited, Rejected, Retryable
from trivet.model import Call, Cursor, Event, Gone, Heard

NAME = "in_house_hr"
KINDS = {
    "jobs": "job", "candidates": "candidate", "applications": "application", "interviews": "interview",
    "recordings": "recording",
}  # fmt: skip
WORDS = {
    "jobs": "title",
    "candidates": "name",
    "applications": "state",
    "interviews": "begins_at",
    "recordings": "file",
}
PATHS = {
    **{stream: rf"/hr/{stream}\?" for stream in KINDS}, "interviews": "/hr/interviews/Query",
}  # fmt: skip
Change = Callable[[dict[str, Any]], None]


class Listed:
    """The in-house HR system as a far end, with two rows a page."""

    def __init__(self, world: World, connector: Any = SOURCE) -> None:
        self.world, self.vendor = world, world.sandbox[NAME]
        self.plain = Standing(world, NAME, connector, "", [], {}, None, "")

    def config(self, **changed: Any) -> Any:
        streams = small(self.world, NAME)["extra"]["streams"]
        for one in streams.values():
            one["path"] = one["path"].replace("size=4", "size=2")
            if "fixed" in one:
                one["fixed"]["size"] = 2
        return self.plain.config(**{"streams": streams, "calls_per_second": 1000.0, **changed})

    def wrong_secret(self) -> Any:
        return self.config(secret=SECRET)

    def nobody_home(self) -> Any:
        return self.config(base_url=self.plain.nobody_home().base_url)

    def held(self, stream: str) -> set[str]:
        """Without those that are marked as deleted."""
        rows = self.vendor.store.all(KINDS[stream])
        return {key for key, row in rows if row.get("state") != "deleted" and not row.get("deleted_at")}

    def delete(self, stream: str, external_id: str) -> None:
        """Jobs and interviews stay in their lists, marked."""
        row = self.vendor.store.get(KINDS[stream], external_id)
        if stream == "jobs":
            self.vendor.put("job", row | {"state": "deleted"})
        elif stream == "interviews":
            self.vendor.put("interview", row | {"deleted_at": "2026-11-20 00:00:00.000"})
        else:
            self.vendor.store.delete(KINDS[stream], external_id)

    def change(self, stream: str, external_id: str) -> str:
        word = f"changed-{time.monotonic_ns()}"
        row = self.vendor.store.get(KINDS[stream], external_id)
        self.vendor.put(KINDS[stream], row | {WORDS[stream]: word})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, path=PATHS[stream], **how)


def rows(*given: Any, **more: Any) -> str:
    """A page as the system wraps it."""
    return json.dumps({"ok": True, "rows": list(given), **more})


def row(number: str, **more: Any) -> dict[str, Any]:
    """A row that has what every one has."""
    return {"no": number, "changed_at": "2026-11-20 00:00:00.000", **more}


MALFORMED = {
    "a row is null": rows(None),
    "a row is a text": rows(PERSON),
    "a row lacks its id": rows({"name": PERSON, "changed_at": "2026-11-20 00:00:00.000"}),
    "rows are a text": json.dumps({"ok": True, "rows": PERSON}),
    "it does not say that it went well": json.dumps({"rows": [], "name": PERSON}),
    "a refusal that quotes": json.dumps({"ok": False, "error": {"no": 40001, "text": PERSON}}),
    "yes is another yes": json.dumps({"ok": "true", "rows": [], "name": PERSON}),
}
TIMES = {
    "a row lacks its time": rows({"no": "1", "name": PERSON}),
    "a time is a name": rows({"no": "1", "changed_at": PERSON}),
}


class TestSource(SourceSuite):
    """By Link header, page number with a word on more, cursor in a header, offset in the body, cursor in the answer."""

    connector = SOURCE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(SOURCE.streams, "window")
    malformed: ClassVar = {
        "jobs": MALFORMED,
        "candidates": MALFORMED | TIMES | {"more and nothing": rows(more=True, name=PERSON)},
        "applications": MALFORMED | TIMES,
        "interviews": MALFORMED | TIMES,
        "recordings": MALFORMED | TIMES | {"a cursor is a list": rows(next=[PERSON])},
    }

    @pytest.fixture
    def far_end(self, world: World) -> Listed:
        """The stand-in of an in-house HR system."""
        return Listed(world)


def services(folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, now)


@contextmanager
def reading(
    config: Any, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Source]:
    """The source."""
    with SOURCE.build(config, services(folder, now)) as source:
        yield source


class TestPaging:
    """A list leads on to its own end and nowhere else."""

    def linked(self, world: World, monkeypatch: pytest.MonkeyPatch, link: str) -> None:
        """Every page of jobs leads on by this header."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            if request.path == "/hr/jobs":
                answer.headers["Link"] = link.replace("BASE", vendor.base_url)
            return answer

        monkeypatch.setattr(vendor, "handle", handle)

    @pytest.mark.parametrize(
        ("link", "code"),
        [
            ('<http://evil.example/hr/jobs?from=2>; rel="next"', "NEXT_LINK"),
            ('<//evil.example/hr/jobs>; rel="next"', "NEXT_LINK"),
            ('<http://169.254.169.254/latest>; rel="next"', "NEXT_LINK"),
            ('<BASE.evil.example/hr/jobs>; rel="next"', "NEXT_LINK"),
            ('<BASE@evil.example/hr/jobs>; rel="next"', "NEXT_LINK"),
            ('<BASE/hr/../admin>; rel="next"', "NEXT_LINK"),
            ('<BASE/hr/%2e%2E/admin>; rel="next"', "NEXT_LINK"),
            ('<BASE\\@evil.example/>; rel="next"', "NEXT_LINK"),
            ('<file:///etc/passwd>; rel="next"', "NEXT_LINK"),
            ('<BASE/hr/jobs?size=2>; rel="next"', "PAGE_MALFORMED"),
            ("<?size=2&from=0>; rel=next", "PAGE_MALFORMED"),
            ('<>; rel="next"', "PAGE_MALFORMED"),
            ("next", "PAGE_MALFORMED"),
            ('BASE/hr/jobs; rel="next"', "PAGE_MALFORMED"),
        ],
    )
    def test_a_link_that_leads_elsewhere_or_in_a_circle_is_refused(
        self, link: str, code: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """To another host, above base_url, to the page itself, to nowhere: an error with a code, and no call is made there."""
        far_end = Listed(world)
        self.linked(world, monkeypatch, link)
        with reading(far_end.config(), tmp_path) as source:
            _, error = drained(source, "jobs")
        assert error is not None
        error_is_clear(error, SOURCE.name)
        assert error.vendor_code == code
        assert len(world.calls(NAME)) <= 2

    @pytest.mark.parametrize("link", ['<x>; rel="first"', '</hr/next-year>; rel="first"', ""])
    def test_without_a_next_link_a_list_is_over(
        self, link: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Other relations are not ours to follow, whatever they are named; what is unclear is an error."""
        self.linked(world, monkeypatch, link)
        with reading(Listed(world).config(), tmp_path) as source:
            read, error = drained(source, "jobs")
        assert (error is None) == ("next" not in link)
        assert len(read) <= 1

    @pytest.mark.parametrize(
        ("stream", "body"),
        [
            ("candidates", rows(row("C-1"), row("C-2"), more=True)),
            ("recordings", rows(row("R-1"), next="again")),
            ("recordings", rows(next="again")),
            ("interviews", rows(row("I-1"))),
        ],
    )
    def test_a_page_that_repeats_ends_the_pull(
        self, stream: str, body: str, world: World, tmp_path: Path
    ) -> None:
        """A system that overlooks the page's number, or a cursor that leads to itself, is not followed for ever."""
        far_end = Listed(world)
        far_end.misbehave(stream, "answer", times=1000, body=body)
        with reading(far_end.config(), tmp_path) as source:
            read, error = drained(source, stream)
        assert isinstance(error, Retryable)
        assert error.vendor_code == "PAGE_MALFORMED"
        assert len(read) <= 1

    def test_a_page_that_differs_in_a_link_only_is_the_same(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rows are known by their ids."""
        vendor = world.sandbox[NAME]
        plain, tick = vendor.handle, iter(range(1000))

        def handle(request: Any) -> Any:
            answer = plain(request)
            if request.path == "/hr/recordings":
                one = row("R-1", url=f"https://x.example/{next(tick)}")
                answer.body = {"ok": True, "rows": [one], "next": f"word-{next(tick)}"}
            return answer

        monkeypatch.setattr(vendor, "handle", handle)
        with reading(Listed(world).config(), tmp_path) as source:
            _, error = drained(source, "recordings")
        assert error is not None
        assert error.vendor_code == "PAGE_MALFORMED"

    @pytest.mark.parametrize("page", [1, 2])
    @pytest.mark.parametrize("stream", SOURCE.streams)
    def test_a_list_that_is_not_there_is_not_an_empty_one(
        self, stream: str, page: int, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else a misspelt path or a page that is lost would look like the deletion of everybody; only where pages are counted
        may one beyond the last be unknown."""
        far_end = Listed(world)
        vendor, pages = world.sandbox[NAME], iter(range(1, 100))
        plain = vendor.handle
        monkeypatch.setattr(vendor, "handle", lambda r: hr.missing() if next(pages) >= page else plain(r))
        with reading(far_end.config(), tmp_path) as source:
            read, error = drained(source, stream)
        assert len([one for one in read if one.records]) == page - 1
        if page == 2 and stream in ("candidates", "interviews"):
            assert error is None
        else:
            assert isinstance(error, Rejected)
            assert error.vendor_code == "PAGE_GONE"

    def test_a_word_on_more_spares_the_last_call(self, world: World, tmp_path: Path) -> None:
        """Without it a counted list is over with the first page that has no rows."""
        far_end = Listed(world)
        config = far_end.config()
        with reading(config, tmp_path) as source:
            assert set(ids(list(source.pages("candidates", None)))) == far_end.held("candidates")
        calls = len(world.calls(NAME))
        assert calls == (len(far_end.held("candidates")) + 1) // 2
        streams = {name: one.model_dump() for name, one in config.streams.items()}
        streams["candidates"]["paging"]["more"] = None
        with reading(far_end.config(streams=streams), tmp_path) as source:
            assert set(ids(list(source.pages("candidates", None)))) == far_end.held("candidates")
        assert len(world.calls(NAME)) == 2 * calls + 1


class TestPlaces:
    """In the middle of a list its own word leads on; between lists the time of change does."""

    def middle(self, source: Source, stream: str) -> tuple[Any, Cursor]:
        """The first page, and the cursor that it carried."""
        page = next(iter(source.pages(stream, None)))
        return page, page.cursor

    @pytest.mark.parametrize("stream", SOURCE.streams)
    def test_a_pull_goes_on_where_it_stood(self, stream: str, world: World, tmp_path: Path) -> None:
        """A pause in the middle does not begin a long list anew: nothing of the first page is asked for again."""
        far_end = Listed(world)
        with reading(far_end.config(), tmp_path) as source:
            first, cursor = self.middle(source, stream)
            rest = list(source.pages(stream, cursor))
        assert not set(ids([first])) & set(ids(rest))
        assert set(ids([first, *rest])) == far_end.held(stream)

    def test_after_an_hour_the_list_begins_again(self, world: World, tmp_path: Path) -> None:
        """What was counted may have moved."""
        far_end = Listed(world)
        later = lambda: datetime.now(UTC) + timedelta(minutes=61)  # noqa: E731
        with reading(far_end.config(), tmp_path) as source:
            _, cursor = self.middle(source, "interviews")
        with reading(far_end.config(), tmp_path, later) as source:
            assert set(ids(list(source.pages("interviews", cursor)))) == far_end.held("interviews")

    def test_a_word_that_leads_nowhere_any_more_begins_the_list_again(
        self, world: World, tmp_path: Path
    ) -> None:
        """Where the system refuses it; a refusal in the middle of the list stays one."""
        far_end = Listed(world)
        with reading(far_end.config(), tmp_path) as source:
            _, cursor = self.middle(source, "recordings")
            far_end.misbehave("recordings", "error_in_200")
            assert set(ids(list(source.pages("recordings", cursor)))) == far_end.held("recordings")
            far_end.misbehave("recordings", "error_in_200", after=1)
            with pytest.raises(Rejected):
                list(source.pages("recordings", cursor))

    def test_the_time_moves_at_the_end_only(self, world: World, tmp_path: Path) -> None:
        """It is the newest of all pages, also where the pull was interrupted; the list is not in the order of time."""
        far_end = Listed(world)
        newest = max(row["changed_at"] for _, row in far_end.vendor.store.all("application"))
        with reading(far_end.config(), tmp_path) as source:
            first, cursor = self.middle(source, "applications")
            *_, last = source.pages("applications", cursor)
        assert "from" not in json.loads(first.cursor)
        assert json.loads(last.cursor) == {"from": newest}

    def test_what_changed_while_a_list_was_left_is_met_again(self, world: World, tmp_path: Path) -> None:
        """The time stays a minute behind the moment at which the list was begun, not gone on with."""
        far_end = Listed(world)
        with reading(far_end.config(), tmp_path) as source:
            first, cursor = self.middle(source, "applications")
            name = ids([first])[0]
            word = far_end.change("applications", name)
        later = lambda: datetime.now(UTC) + timedelta(minutes=30)  # noqa: E731
        with reading(far_end.config(), tmp_path, later) as source:
            *_, last = source.pages("applications", cursor)
            news = {
                record.external_id: record
                for record in records(list(source.pages("applications", last.cursor)))
            }
        assert word in json.dumps(news[name].document)

    @pytest.mark.parametrize(
        "said",
        [
            {"next": "//evil.example/x", "begun": "NOW"},
            {"next": "@evil.example/", "begun": "NOW"},
            {"next": "http://evil.example/", "begun": "NOW"},
            {"next": "/hr/../admin", "begun": "NOW"},
            {"next": "/hr/jobs?size=2"},
            {"next": "/hr/jobs?size=2", "begun": "soon"},
            {"next": "/hr/jobs?size=2", "begun": "2026-11-20T00:00:00"},
            {"next": 4, "begun": "NOW"},
            {"newest": "soon"},
        ],
    )
    def test_a_damaged_place_leads_nowhere_else(self, said: Any, world: World, tmp_path: Path) -> None:
        """A clear error, or the list from its beginning."""
        far_end = Listed(world)
        stored = json.dumps(said).replace("NOW", datetime.now(UTC).isoformat())
        with reading(far_end.config(), tmp_path) as source:
            try:
                found = set(ids(list(source.pages("jobs", Cursor(stored)))))
            except Rejected as error:
                assert error.vendor_code == "CURSOR_INVALID"
            else:
                assert found == far_end.held("jobs")
        assert {call["status"] for call in world.calls(NAME)} <= {200, 404}


class TestDeletions:
    """What stays in a list, marked, is told as gone."""

    @pytest.mark.parametrize("stream", ["jobs", "interviews"])
    def test_a_marked_row_is_gone(self, stream: str, world: World, tmp_path: Path) -> None:
        """With its id, in a pull of what changed and in one of everything; never as a record."""
        far_end = Listed(world)
        with reading(far_end.config(), tmp_path) as source:
            pages = list(source.pages(stream, None))
            victim = ids(pages)[0]
            row = far_end.vendor.store.get(KINDS[stream], victim)
            mark = {"state": "deleted"} if stream == "jobs" else {"deleted_at": row["changed_at"]}
            far_end.vendor.put(KINDS[stream], row | mark)
            for since in (None, pages[-1].cursor):
                news = list(source.pages(stream, since))
                assert [gone for page in news for gone in page.gone] == [Gone(victim, "deleted")]
                assert victim not in ids(news)

    def test_any_value_marks_where_none_is_named(self, world: World, tmp_path: Path) -> None:
        """But not null, false, 0 and the empty text."""
        far_end = Listed(world)
        marks = [None, False, 0, "", "2026-11-20", 1, True]
        body = rows(*(row(f"I-{i}", deleted_at=mark) for i, mark in enumerate(marks)))
        far_end.misbehave("interviews", "answer", body=body)
        far_end.misbehave("interviews", "answer", body=rows())
        with reading(far_end.config(), tmp_path) as source:
            page = next(iter(source.pages("interviews", None)))
        assert [record.external_id for record in page.records] == ["I-0", "I-1", "I-2", "I-3"]
        assert [gone.external_id for gone in page.gone] == ["I-4", "I-5", "I-6"]

    def test_what_is_no_news_is_left_out(self, world: World, tmp_path: Path) -> None:
        """A link that is another one with every read would else be a change of every row, every night."""
        with reading(Listed(world).config(), tmp_path) as source:
            found = records(list(source.pages("recordings", None)))
        assert found
        assert all("url" not in record.document for record in found)


class TestLimit:
    """The system says how many calls are left."""

    def test_never_more_calls_than_allowed(self, world: World, tmp_path: Path) -> None:
        """When the last call of the window is spent nobody calls until the next; the system has to refuse none."""
        far_end = Listed(world)
        world.change(NAME, what="limit", calls=3, seconds=2)
        with reading(far_end.config(), tmp_path) as source:
            pages = list(source.pages("candidates", None))
        assert set(ids(pages)) == far_end.held("candidates")
        assert 429 not in {call["status"] for call in world.calls(NAME)}
        assert len(pages) > 3

    def test_a_long_pause_goes_to_the_caller_and_the_list_goes_on(self, world: World, tmp_path: Path) -> None:
        """With the seconds that the system tells; the pages so far stand."""
        far_end = Listed(world)
        world.change(NAME, what="limit", calls=2, seconds=3600)
        with reading(far_end.config(), tmp_path) as source:
            read, error = drained(source, "candidates")
        assert isinstance(error, RateLimited)
        assert len(read) == 2
        world.change(NAME, what="limit", calls=1000)
        with reading(far_end.config(), tmp_path / "later") as source:
            rest = list(source.pages("candidates", read[-1].cursor))
        assert sorted(ids([*read, *rest])) == sorted(far_end.held("candidates"))

    @pytest.mark.parametrize("reset", ["", "soon", "-1", "٣"])
    def test_a_reset_that_says_nothing_pauses_nobody(
        self, reset: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next answer tells again."""
        self.told(world, monkeypatch, "0", reset)
        with reading(Listed(world).config(), tmp_path) as source:
            _, error = drained(source, "candidates")
        assert error is None

    def test_a_reset_may_be_a_time_of_day(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In seconds since 1970."""
        self.told(world, monkeypatch, "0", str(int(time.time()) + 40))
        with reading(Listed(world).config(), tmp_path) as source:
            _, error = drained(source, "candidates")
        assert isinstance(error, RateLimited)
        assert 30 < error.retry_after <= 40

    def told(self, world: World, monkeypatch: pytest.MonkeyPatch, left: str, reset: str) -> None:
        """What every answer says."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            answer.headers |= {"X-Calls-Left": left, "X-Calls-Reset": reset.encode().decode("latin-1")}
            return answer

        monkeypatch.setattr(vendor, "handle", handle)


AROUND = {"jobs": "J-01", "candidates": "C-000001", "applications": "A-000001", "interviews": "I-000001",
          "recordings": "R-000001"}  # fmt: skip


class TestAround:
    """Single objects and what belongs to them."""

    @pytest.mark.parametrize("stream", AROUND)
    def test_the_surroundings_are_those_of_the_list(self, stream: str, world: World, tmp_path: Path) -> None:
        """The person with everything of hers, in the order of pulling, in the same versions; nobody else's."""
        far_end = Listed(world)
        with reading(far_end.config(), tmp_path) as source:
            listed = {
                name: {r.external_id: r for r in records(list(source.pages(name, None)))} for name in AROUND
            }
            before = len(world.calls(NAME))
            assert isinstance(source, Focused)
            found = dict(source.around(stream, [AROUND[stream], "X-999"]))
        wanted = ["jobs"] if stream == "jobs" else list(AROUND)
        assert list(found) == wanted
        for name, given in found.items():
            assert [record.external_id for record in given] == [AROUND[name]]
            assert given[0] == listed[name][AROUND[name]]
        assert len(world.calls(NAME)) - before <= 10
        assert not any("changed_since" in call["path"] for call in world.calls(NAME)[before:])

    def test_several_come_together_and_none_twice(self, world: World, tmp_path: Path) -> None:
        """Ids are asked for in lists as long as the system takes."""
        far_end = Listed(world)
        people = sorted(far_end.held("candidates"))
        with reading(far_end.config(), tmp_path) as source:
            assert isinstance(source, Focused)
            found = dict(source.around("candidates", [*people, people[0]]))
        for name, given in found.items():
            names = [record.external_id for record in given]
            assert sorted(names) == sorted(far_end.held(name))

    @pytest.mark.parametrize("ids", [[], ["X-1"], ["../../etc/passwd", "a,b", ".."]])
    def test_what_is_not_there_is_left_out(self, ids: list[str], world: World, tmp_path: Path) -> None:
        """Without an error, whatever the name is."""
        with reading(Listed(world).config(), tmp_path) as source:
            assert isinstance(source, Focused)
            for stream in AROUND:
                assert list(source.around(stream, ids)) == []

    def test_what_is_marked_as_deleted_is_not_there(self, world: World, tmp_path: Path) -> None:
        """Its person still is."""
        far_end = Listed(world)
        far_end.delete("interviews", "I-000001")
        with reading(far_end.config(), tmp_path) as source:
            assert isinstance(source, Focused)
            assert [name for name, _ in source.around("candidates", ["C-000001"])] == [
                "jobs",
                "candidates",
                "applications",
            ]
            assert list(source.around("interviews", ["I-000001"])) == []

    def test_a_look_up_that_is_overlooked_is_an_error(self, world: World, tmp_path: Path) -> None:
        """Else one event would read everybody."""
        far_end = Listed(world)
        streams = {name: one.model_dump() for name, one in far_end.config().streams.items()}
        streams["applications"]["lookups"]["candidates"]["path"] = (
            "/hr/applications?candidate={ids}&after={cursor}"
        )
        with reading(far_end.config(streams=streams), tmp_path) as source:
            assert isinstance(source, Focused)
            with pytest.raises(Rejected) as caught:
                list(source.around("candidates", ["C-000001"]))
        assert caught.value.vendor_code == "FIND_UNFILTERED"
        error_is_clear(caught.value, SOURCE.name)

    @pytest.mark.parametrize("without", ["lookups", "refers"])
    def test_without_every_look_up_a_source_is_not_focused(
        self, without: str, world: World, tmp_path: Path
    ) -> None:
        """An event is then followed by a list, as ever."""
        far_end = Listed(world)
        streams = {name: one.model_dump() for name, one in far_end.config().streams.items()}
        streams["interviews"][without] = {}
        with reading(far_end.config(streams=streams), tmp_path) as source:
            assert not isinstance(source, Focused)
            assert set(ids(list(source.pages("interviews", None)))) == far_end.held("interviews")


CONTENT = b"OggS" + random.Random(4711).randbytes(1_500_000)
OPENED: Mapping[str, Any] = {
    "a link in the answer": {},
    "a redirect": {"recording": {"path": "/hr/recordings/{no}/watch", "link_header": "Location"}},
}
DIRECT: Mapping[str, Any] = {"recording": {"path": "/hr/recordings/{no}/content"}}


class Files:
    """The stand-in with one recording of which every byte is known."""

    def __init__(self, world: World, how: Mapping[str, Any], served: str) -> None:
        self.world, self.how, self.served, self.content = world, how, served, CONTENT
        made = world.change(
            NAME, what="recording", candidate="be1", file="known.ogg", content_hex=CONTENT.hex()
        )
        (row,) = world.sandbox[NAME].store.owned("recording", "interview_no", made["interview"])
        self.reference, self.missing = {"no": row["no"]}, {"no": "R-999999"}

    def config(self, **changed: Any) -> Any:
        return Listed(self.world, RECORDINGS).config(**{**self.how, **changed})

    def wrong_secret(self) -> Any:
        return self.config(secret=SECRET)

    def nobody_home(self) -> Any:
        return self.config(base_url=Listed(self.world).nobody_home().base_url)

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="GET", path=self.served, **how)


class TestLinks(RecordingsSuite):
    """Links that live a while, in the answer or in a redirect."""

    connector = RECORDINGS

    @pytest.fixture(params=OPENED)
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Files:
        """The stand-in."""
        return Files(world, OPENED[request.param], "/files/")


class TestBytes(RecordingsSuite):
    """The bytes themselves, for who has the key."""

    connector = RECORDINGS
    links_expire = False

    @pytest.fixture
    def far_end(self, world: World) -> Files:
        """The stand-in."""
        return Files(world, DIRECT, "/content")

    def test_a_token_that_is_over_is_fetched_anew(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Once, as for any call."""
        far_end = self.far_end_of(world)
        vendor = world.sandbox[NAME]
        plain, refusals = vendor.guarded, iter([True, False, True, True])

        def guarded(request: Any, inner: Any) -> Any:
            return hr.refused(40101, "over", status=401) if next(refusals) else plain(request, inner)

        monkeypatch.setattr(
            vendor, "_routes", [(m, p, lambda r, h=h: guarded(r, h.keywords["inner"]) if hasattr(h, "keywords") else h(r))
                                for m, p, h in vendor._routes],
        )  # fmt: skip
        with self.recordings(far_end.config(), tmp_path) as source:
            assert whole(source, far_end.reference) == CONTENT
            with pytest.raises(AuthFailed):
                whole(source, far_end.reference)

    def far_end_of(self, world: World) -> Files:
        """The same outside a fixture."""
        return Files(world, DIRECT, "/content")

    def test_the_key_in_a_query_goes_along(self, world: World, tmp_path: Path) -> None:
        """Where the connection says that it belongs there; the stand-in wants a header and refuses."""
        how = {**DIRECT, "auth": {"kind": "api_key", "where": "query", "name": "key"}}
        far_end = Files(world, how, "/content")
        with self.recordings(far_end.config(), tmp_path) as source, pytest.raises(AuthFailed):
            whole(source, far_end.reference)
        assert world.calls(NAME)[-1]["path"].endswith(f"?key={hr.KEY}")


class TestOpening:
    """What is special about a call that somebody described."""

    @pytest.mark.parametrize("name", ["", ".", "..", None, {"no": 1}])
    def test_a_reference_never_leaves_its_place(self, name: Any, world: World, tmp_path: Path) -> None:
        """What names nothing is refused before a call is made."""
        far_end = Files(world, {}, "/files/")
        with (
            RECORDINGS.build(far_end.config(), services(tmp_path)) as source,
            pytest.raises(Rejected) as caught,
        ):
            whole(source, {"no": name})
        assert caught.value.vendor_code == "REFERENCE"
        assert not world.calls(NAME)

    @pytest.mark.parametrize("body", ['{"ok": true}', '{"ok": true, "link": {"url": ["x"]}}', "[]", "null"])
    def test_an_answer_without_a_link_is_an_error(self, body: str, world: World, tmp_path: Path) -> None:
        """Status 200 is not success."""
        far_end = Files(world, {}, "/files/")
        world.misbehave(NAME, kind="answer", path="/link", body=body)
        with RECORDINGS.build(far_end.config(), services(tmp_path)) as source:
            with pytest.raises((Rejected, Retryable)) as caught:
                whole(source, far_end.reference)
            error_is_clear(caught.value, RECORDINGS.name)
            assert whole(source, far_end.reference) == CONTENT

    @pytest.mark.parametrize("change", [{"recording": None}, {"streams": {}}])
    def test_without_a_description_nothing_is_opened(self, change: Any, world: World, tmp_path: Path) -> None:
        """And the cure says what to add."""
        config = Listed(world, RECORDINGS).config(**change)
        with RECORDINGS.build(config, services(tmp_path)) as source, pytest.raises(ConfigError) as caught:
            source.check()
        assert "`recording`" in str(caught.value.cure)


BEARER = {"proof": {"kind": "bearer"}, "kind": "/type", "id_header": "X-Event", "events": "/events",
          "about": [{"stream": "candidates", "id": "/ids"}]}  # fmt: skip


def hear(world: World, body: bytes, headers: Mapping[str, str], **changed: Any) -> Heard:
    """What the inbound side makes of the call."""
    config = Listed(world, INBOUND).config(**{"webhook_secret": "a-hook-secret", **changed})
    with INBOUND.build(config, services(world.state)) as inbound:
        named = {name.lower(): value for name, value in headers.items()}
        heard: Heard = inbound.hear(Call(named, body, datetime.now(UTC)))
        return heard


class TestInbound:
    """The system's own calls."""

    def test_a_signed_event_tells_of_whom_it_speaks(self, world: World) -> None:
        """Ids by stream, and who is gone."""
        for what, gone in (("changed", ()), ("deleted", (("candidates", Gone("C-1", "deleted")),))):
            sent = hr.event(f"candidate.{what}", candidate_no="C-1", application_no="A-1")
            (event,) = hear(world, sent, hr.signature(sent, "a-hook-secret")).events
            told = json.loads(sent)
            assert event == Event(told["event_no"], f"candidate.{what}", gone, event.about)
            assert set(event.about) == {("candidates", "C-1"), ("applications", "A-1")}

    def test_the_signature_is_openssls(self, world: World) -> None:
        """`openssl dgst -sha256 -hmac a-hook-secret -binary | base64`, over the raw body."""
        sent = '{"event_no": "1", "event": "x", "name": "小明"}'.encode()
        right = {"X-Hr-Signature": "v1=G/CqPsSXmjNkioM5so0VqZzGy6DwKM2/UAfbj6Srf7c="}
        (event,) = hear(world, sent, right).events
        assert event == Event("1", "x")

    @pytest.mark.parametrize(
        "headers", [{}, {"X-Hr-Signature": "v1="}, {"X-Hr-Signature": "é"}, {"Authorization": "Bearer x"}]
    )
    def test_without_the_right_proof_nobody_is_believed(self, headers: dict[str, str], world: World) -> None:
        """Nor with another's key, a changed body, or where the connection has no secret."""
        sent = hr.event("candidate.changed")
        good = hr.signature(sent, "a-hook-secret")
        attempts: list[tuple[bytes, Mapping[str, str], dict[str, Any]]] = [
            (sent, headers, {}), (sent, hr.signature(sent, "x"), {}), (sent + b" ", good, {}),
            (sent, good, {"webhook_secret": None}), (sent, hr.signature(sent, ""), {"webhook_secret": ""}),
            (sent, good, {"webhook": None}),
        ]  # fmt: skip
        for body, shown, changed in attempts:
            with pytest.raises(AuthFailed) as caught:
                hear(world, body, shown, **changed)
            assert caught.value.vendor_code == "WEBHOOK_SIGNATURE"
            error_is_clear(caught.value, INBOUND.name)

    @pytest.mark.parametrize("sent", [b"", b"nothing", b"[7]", b'"x"', b"[" * 100_000, b"null"])
    def test_a_proven_body_that_is_none_is_refused(self, sent: bytes, world: World) -> None:
        """With a code."""
        with pytest.raises(Rejected) as caught:
            hear(world, sent, hr.signature(sent, "a-hook-secret"))
        assert caught.value.vendor_code == "EVENT_MALFORMED"

    def test_a_bearer_may_bring_several_events(self, world: World) -> None:
        """Each has a name of its own, the same when it comes again."""
        sent = json.dumps(
            {"events": [{"type": "a", "ids": ["1", 2, None]}, {"type": "b", "ids": "3"}, {}]}
        ).encode()
        headers = {"Authorization": "Bearer a-hook-secret"}
        first = hear(world, sent, {**headers, "X-Event": "77"}, webhook=BEARER).events
        assert [event.id for event in first] == ["77#0", "77#1", "77#2"]
        assert [event.about for event in first] == [
            (("candidates", "1"), ("candidates", "2")),
            (("candidates", "3"),),
            (),
        ]
        again = [hear(world, sent, headers, webhook=BEARER).events for _ in range(2)]
        assert again[0] == again[1]
        assert len({event.id for event in again[0]}) == 3

    def test_an_empty_list_of_events_is_none(self, world: World) -> None:
        """A system that only tries the address is answered with success."""
        assert (
            hear(world, b'{"events": []}', {"Authorization": "Bearer a-hook-secret"}, webhook=BEARER)
            == Heard()
        )


def stream(name: str, **what: Any) -> Change:
    """A change of one stream."""
    return lambda extra: extra["streams"][name].update(what)


WRONG: Mapping[str, tuple[Change, str]] = {
    "a cursor without a place": (stream("applications", paging={"kind": "cursor"}), "say one of them"),
    "a cursor with two": (
        stream("applications", paging={"kind": "cursor", "at": "/x", "header": "X-Next"}), "say one of them"),
    "an offset that is not asked for": (stream("jobs", paging={"kind": "offset"}), "put {offset} into the path"),
    "a look-up of everybody": (
        stream("applications", lookups={"applications": {"path": "/hr/applications?after={cursor}"}}), "where the ids go"),
    "a look-up that says it twice": (
        stream("interviews", lookups={"interviews": {"path": "/x?no={ids}", "into": "/no"}}), "where the ids go"),
    "a look-up whose pages are not asked for": (
        stream("applications", lookups={"applications": {"path": "/x?no={ids}", "paging": {"kind": "page"}}}),
        "put {page} into the path"),
    "a look-up by a stream that is none": (stream("jobs", lookups={"cars": {"path": "/x?no={ids}"}}), "cars"),
    "a recording of nobody": (lambda extra: extra["recording"].update(path="/x"), "names no recording"),
    "a recording with two links": (lambda extra: extra["recording"].update(link_header="Location"), "`link_header`"),
    "bytes by POST": (lambda extra: extra.update(recording={"path": "/{no}", "method": "POST"}), "plain GET"),
    "a deletion told by a bearer": (
        lambda extra: extra["webhook"].update(proof={"kind": "bearer"}), "needs a signature"),
    "a proof that is none": (lambda extra: extra["webhook"].update(proof={"kind": "trust"}), "trust"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_description_is_refused(name: str, world: World) -> None:
    """When the connection is read, by name."""
    change, said = WRONG[name]
    extra = deepcopy(world.sandbox.connections()[NAME]["extra"])
    del extra["environment"]
    change(extra)
    with pytest.raises(ValidationError) as caught:
        HttpJsonConfig.model_validate({"base_url": "http://127.0.0.1", "secret": "x", **extra})
    assert said in str(caught.value)


class Results(Listed):
    """The stand-in as one that keeps results."""

    entity, writes = "interview_result", "/hr/results"

    def __init__(self, world: World) -> None:
        super().__init__(world, TARGET)
        names = sorted(self.held("applications"))[:3] or ["A-1", "A-2", "A-3"]
        self.good = [
            {"application_no": i, "report": "lines\nand 𠮷", "scores": {"teamwork": 7.5}} for i in names
        ]
        self.changed = {**self.good[0], "report": "other words"}
        self.bad = {**self.good[1], "application_no": PERSON}
        self.plain = Standing(
            world, NAME, TARGET, self.entity, self.good, self.changed, self.bad, self.writes
        )


class TestResults(TargetSuite):
    """The write-back by the target of the same connector."""

    connector = TARGET

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The stand-in."""
        return Results(world).plain
