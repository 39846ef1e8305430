"""BambooHR: a list without times, a feed of changed employees, comments that nobody can read, signed employee events."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trivet_connectors.bamboohr.applications as walking
from conftest import World
from standing import NAME as WORDS
from standing import Standing
from trivet_connectors.bamboohr import DIRECTORY, INBOUND, RECORDINGS, SOURCE, TARGET
from trivet_connectors.bamboohr.config import BambooHrConfig
from trivet_sandbox.bamboohr import hooks, seed

from trivet.conformance.promises import PERSON, SECRET, error_is_clear
from trivet.conformance.recordings import RecordingsSuite
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.conformance.target import TargetSuite
from trivet.contract import Focused, Services, Source
from trivet.errors import AuthFailed, RateLimited, Rejected, Retryable, UnknownOutcome
from trivet.model import (
    Call,
    Confirmed,
    Cursor,
    Document,
    Event,
    Gone,
    Operation,
    OperationKind,
    Record,
)

NAME = "bamboohr"
REFERENCE = "ABCDEFGHIJKLMNOP"
LIST, DETAIL = r"/applicant_tracking/applications\?", r"/applicant_tracking/applications/\d+$"


class Reading:
    """The stand-in as a source, its pages of two rows."""

    connector: Any = SOURCE

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.sandbox[NAME].store
        world.change(NAME, what="rows", rows=2)
        # one list a status: there is more than one page where there is more than one status
        for key, job in self.store.all("jobs")[2:]:
            self.store.put("jobs", key, job | {"status": {"id": 4, "label": "Filled"}})

    def config(self, **changed: Any) -> Any:
        return Comments(self.world).config(**{"page_size": 1, **changed})

    def wrong_secret(self) -> Any:
        return self.config(api_key=SECRET)

    def nobody_home(self) -> Any:
        return self.config(base_url=Comments(self.world).nobody_home().base_url)

    def held(self, stream: str) -> set[str]:
        if stream == "applicants":
            return {str(row["applicant"]["id"]) for _, row in self.store.all("applications")}
        return {key for key, _ in self.store.all(stream)}

    def delete(self, stream: str, external_id: str) -> None:
        if stream != "applicants":
            self.store.delete(stream, external_id)
            return
        for key, row in self.store.all("applications"):
            if str(row["applicant"]["id"]) == external_id:
                self.store.delete("applications", key)

    def change(self, stream: str, external_id: str) -> str:
        """By a recruiter."""
        word = f"changed-{time.monotonic_ns()}"
        if stream == "jobs":
            job = self.store.get("jobs", external_id)
            self.store.put("jobs", external_id, {**job, "title": {"id": 1, "label": word}})
            return word
        for _, row in self.store.all("applications"):
            if external_id == str(row["applicant"]["id"] if stream == "applicants" else row["id"]):
                row["applicant"]["firstName"] = word
                self.touch(row)
        return word

    def touch(self, row: Document) -> None:
        """It changed last."""
        newest = max(other["_updated"] for _, other in self.store.all("applications"))
        row["_updated"] = max(int(time.time() * 1000), newest + 1)
        self.store.put("applications", str(row["id"]), row)

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        paths = {"jobs": r"/applicant_tracking/jobs\?", "applicants": LIST, "applications": DETAIL}
        self.world.misbehave(NAME, kind=kind, method="GET", path=paths[stream], **how)


PERSON_ROW = {"id": 1, "firstName": PERSON}
PAGE = {"paginationComplete": True, "nextPageUrl": None}
DETAILS = {"id": 3000, "applicant": PERSON_ROW, "job": {"id": 20}}
MALFORMED: Mapping[str, Mapping[str, str]] = {
    "jobs": {
        "a row is null": "[null]",
        "a row is a text": json.dumps([PERSON]),
        "an id is a text": json.dumps([{"id": PERSON}]),
        "an id is true": json.dumps([{"id": True, "title": PERSON}]),
    },
    "applicants": {
        "applications are null": json.dumps({**PAGE, "applications": None, "name": PERSON}),
        "a row is a text": json.dumps({**PAGE, "applications": [PERSON]}),
        "a row lacks its applicant": json.dumps({**PAGE, "applications": [{"id": 1, "name": PERSON}]}),
        "an applicant lacks an id": json.dumps({**PAGE, "applications": [{"id": 1, "applicant": {"firstName": PERSON}}]}),
        "nobody says what follows": json.dumps({"applications": [{"id": 1, "applicant": PERSON_ROW}]}),
        "an empty page leads on": json.dumps({"applications": [], "nextPageUrl": f"https://{PERSON}"}),
    },
    "applications": {
        "another's": json.dumps({**DETAILS, "id": 4711}),
        "an applicant without an id": json.dumps({**DETAILS, "applicant": {"firstName": PERSON}}),
        "a position that is a text": json.dumps({**DETAILS, "job": PERSON}),
    },
}  # fmt: skip


class TestSource(SourceSuite):
    """Positions a status a page, applicants by the rows of a list, applications in detail."""

    connector = SOURCE
    repeats: ClassVar[Mapping[str, Repeat]] = {"jobs": "window", "applicants": "window"}
    malformed: ClassVar = MALFORMED

    @pytest.fixture(params=[200, 4])
    def far_end(
        self, world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> Reading:
        """The stand-in; all of its applications are remembered, or the newest four."""
        monkeypatch.setattr(walking, "ANCHORS", request.param)
        monkeypatch.setattr(walking, "OVERLAP", 2)
        return Reading(world)


class Staff(Reading):
    """The stand-in's employees."""

    connector = DIRECTORY

    def change(self, stream: str, external_id: str) -> str:  # noqa: ARG002
        """In the vendor's screens."""
        word, employee = f"changed-{time.monotonic_ns()}", self.store.get("employees", external_id)
        self.store.put("employees", external_id, {**employee, "jobTitle": word})
        self.feed(external_id, "Updated")
        return word

    def delete(self, stream: str, external_id: str) -> None:
        super().delete(stream, external_id)
        self.feed(external_id, "Deleted")

    def feed(self, name: str, action: str) -> None:
        """The vendor's feed tells of it."""
        stamp = seed.stamp(int(time.time() * 1000))
        self.store.put("_changed", name, {"id": name, "action": action, "lastChanged": stamp})

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:  # noqa: ARG002
        self.world.misbehave(NAME, kind=kind, method="GET", path=r"/employees/\d+", **how)


class TestDirectory(SourceSuite):
    """The feed of changes, and each employee in it."""

    connector = DIRECTORY
    repeats: ClassVar[Mapping[str, Repeat]] = {"employees": "window"}
    malformed: ClassVar = {
        "employees": {
            "another's": json.dumps({"id": "4711", "firstName": PERSON}),
            "an id is true": json.dumps({"id": True, "firstName": PERSON}),
        }
    }

    @pytest.fixture
    def far_end(self, world: World) -> Staff:
        """The stand-in."""
        return Staff(world)


@contextmanager
def reading(
    world: World, folder: Path, connector: Any = SOURCE, now: Callable[[], datetime] | None = None, **changed: Any
) -> Iterator[Any]:  # fmt: skip
    """The source, built."""
    there = Services(NAME, folder, folder, now or (lambda: datetime.now(UTC)))
    with connector.build(Reading(world).config(**changed), there) as source:
        yield source


def listed(world: World) -> list[str]:
    """The lists of applications that were asked for."""
    return [call["path"] for call in world.calls(NAME) if "/applications?" in call["path"]]


def detailed(world: World) -> list[str]:
    """Ids of the applications that were asked for."""
    paths = [call["path"] for call in world.calls(NAME)]
    return [path.rpartition("/")[2] for path in paths if "/applications/" in path]


class TestWalking:
    """What the position is worth at any moment."""

    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(walking, "OVERLAP", 3)

    def pulled(self, source: Source) -> Cursor:
        """The position after all of it was read."""
        (*_, last) = source.pages("applications", None)
        return last.cursor

    def test_a_night_without_news_costs_a_few_calls(self, world: World, tmp_path: Path) -> None:
        """As many applications as have to look as they did, however long the list is."""
        with reading(world, tmp_path) as source:
            since = self.pulled(source)
            asked = len(detailed(world))
            (page,) = source.pages("applications", since)
        assert (page.records, page.cursor) == ((), since)
        assert len(detailed(world)) == asked + 3

    def test_only_what_changed_is_read(self, world: World, tmp_path: Path) -> None:
        """Wherever it stood in the list before, and what is new."""
        far_end = Reading(world)
        with reading(world, tmp_path) as source:
            since = self.pulled(source)
            asked = len(detailed(world))
            changed = sorted(far_end.held("applications"))[:2]
            words = {name: far_end.change("applications", name) for name in changed}
            news = records(list(source.pages("applications", since)))
        assert {r.external_id: r.document["applicant"]["firstName"] for r in news} == words
        assert len(detailed(world)) == asked + 2 + 3

    def test_our_own_comments_are_no_news(self, world: World, tmp_path: Path) -> None:
        """But they move an application to the top, and what changed below it is found all the same."""
        far_end = Reading(world)
        names = sorted(far_end.held("applications"))
        with reading(world, tmp_path) as source, commenting(world, tmp_path) as target:
            before = {r.external_id: r for r in records(list(source.pages("applications", None)))}
            since = self.pulled(source)
            word = far_end.change("applications", names[0])
            for name in names[1:6]:
                assert isinstance(target.send([operation(name)])[0], Confirmed)
            news = {r.external_id: r for r in records(list(source.pages("applications", since)))}
        assert news.pop(names[0]).document["applicant"]["firstName"] == word
        assert news == {name: before[name] for name in news}

    def test_where_too_much_changed_all_of_it_is_read(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Resumably, by id; after it the position is met again."""
        monkeypatch.setattr(walking, "ANCHORS", 4)
        far_end = Reading(world)
        held = sorted(far_end.held("applications"))
        with reading(world, tmp_path) as source:
            since = self.pulled(source)
            words = {name: far_end.change("applications", name) for name in held[:7]}
            pages = list(source.pages("applications", since))
            told = {r.external_id: r.document["applicant"]["firstName"] for r in records(pages)}
            assert set(told) == set(held)
            assert {name: told[name] for name in words} == words
            states = [json.loads(page.cursor) for page in pages]
            assert [state["after"] for state in states[:4]] == [None, None, None, None]
            assert all(state["after"] for state in states[4:-1])
            asked = len(detailed(world))
            assert not ids(list(source.pages("applications", pages[-1].cursor)))
        assert len(detailed(world)) == asked + 3

    def moving(
        self, world: World, monkeypatch: pytest.MonkeyPatch, at: str, what: Callable[[], None]
    ) -> None:
        """Something happens at the vendor when this path is asked for, once."""
        vendor = world.sandbox[NAME]
        plain, done = vendor.handle, []

        def handle(request: Any) -> Any:
            if at in request.raw_path and not done:
                done.append(True)
                what()
            return plain(request)

        monkeypatch.setattr(vendor, "handle", handle)

    def test_what_changes_while_others_are_read_is_not_lost(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A recruiter changes one that lies far below, then all that we are about to read: they look as in our position, stand
        above the first one from now on, and would hide it."""
        far_end = Reading(world)
        names = sorted(far_end.held("applications"))
        deep, first, others = names[0], names[-1], names[-8:-1]
        words: dict[str, str] = {}

        def many() -> None:
            for name in (deep, *reversed(others)):
                words[name] = far_end.change("applications", name)

        with reading(world, tmp_path) as source:
            # the whole list stands on one page
            world.change(NAME, what="rows", rows=50)
            since = self.pulled(source)
            words[first] = far_end.change("applications", first)
            self.moving(world, monkeypatch, f"/applications/{first}", many)
            pages = list(source.pages("applications", since))
            pages += source.pages("applications", pages[-1].cursor)
        told = {r.external_id: r.document["applicant"]["firstName"] for r in records(pages)}
        assert {name: told.get(name) for name in words} == words

    @pytest.mark.parametrize("stream", ["applicants", "applications"])
    def test_what_is_deleted_while_the_list_is_read_hides_nobody(
        self, stream: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The rows behind move over the edge of a page: nobody else is taken for gone."""
        monkeypatch.setattr(walking, "ANCHORS", 1)
        far_end = Reading(world)
        oldest = min(far_end.held(stream))
        edge = "sortBy=created_date&sortOrder=ASC&page=2"
        self.moving(world, monkeypatch, edge, lambda: far_end.delete(stream, oldest))
        with reading(world, tmp_path) as source:
            read = set(ids(list(source.pages(stream, None))))
        assert oldest not in far_end.held(stream)
        assert far_end.held(stream) <= read

    def test_what_is_deleted_while_news_are_read_hides_none_of_them(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The one that slipped over the edge is found by looking again."""
        far_end = Reading(world)
        names = sorted(far_end.held("applications"))
        with reading(world, tmp_path) as source:
            since = self.pulled(source)
            words = {name: far_end.change("applications", name) for name in names[:6]}
            self.moving(
                world, monkeypatch, "sortOrder=DESC&page=2", lambda: far_end.delete("applications", names[5])
            )
            news = records(list(source.pages("applications", since)))
        told = {r.external_id: r.document["applicant"]["firstName"] for r in news}
        assert {name: told[name] for name in names[:5]} == {name: words[name] for name in names[:5]}

    def test_one_that_is_gone_before_it_is_read_is_left_out(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Listed and deleted: no error, and the next list does not hold it."""
        far_end = Reading(world)
        gone = max(far_end.held("applications"))
        self.moving(world, monkeypatch, f"/applications/{gone}", lambda: far_end.delete("applications", gone))
        with reading(world, tmp_path) as source:
            assert set(ids(list(source.pages("applications", None)))) == far_end.held("applications")

    def test_a_page_that_leads_to_itself_ends_the_pull(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is not followed for ever."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            request.query.pop("page", None)
            return plain(request)

        monkeypatch.setattr(vendor, "handle", handle)
        with reading(world, tmp_path) as source:
            _, error = drained(source, "applicants")
        assert isinstance(error, Retryable)
        assert error.vendor_code == "PAGE_MALFORMED"

    def test_the_address_of_the_next_page_is_not_followed(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Credentials go to the configured host; only that there is a next page counts."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            if isinstance(answer.body, dict) and answer.body.get("nextPageUrl"):
                answer.body["nextPageUrl"] = "http://evil.example/api"
            return answer

        monkeypatch.setattr(vendor, "handle", handle)
        with reading(world, tmp_path) as source:
            pages = list(source.pages("applicants", None))
        assert set(ids(pages)) == Reading(world).held("applicants")

    def test_counts_of_applicants_are_no_news_of_a_position(self, world: World, tmp_path: Path) -> None:
        """Every application would change its position."""
        with reading(world, tmp_path) as source:
            before = records(list(source.pages("jobs", None)))
            world.change(NAME, what="delete", candidate="be1")
            assert records(list(source.pages("jobs", None))) == before
        assert not [name for r in before for name in r.document if "Count" in name]


class TestAround:
    """Single objects and what belongs to them, without the list."""

    @pytest.fixture
    def twice(self, world: World) -> tuple[str, str]:
        """One person with two applications, for two positions."""
        store = world.sandbox[NAME].store
        first, other = (store.get("_key", key)["application"] for key in ("be1", "rs1"))
        row, person = (
            store.get("applications", str(other)),
            store.get("applications", str(first))["applicant"],
        )
        store.put("applications", str(other), {**row, "applicant": person})
        return str(first), str(other)

    def around(self, source: Source, stream: str, names: Sequence[str]) -> dict[str, tuple[Record, ...]]:
        """By stream, in the order of their pulling."""
        assert isinstance(source, Focused)
        found = dict(source.around(stream, names))
        assert list(found) == [s for s in SOURCE.streams if s in found]
        return found

    @pytest.mark.parametrize("stream", ["applications", "applicants"])
    def test_it_is_what_the_pages_hold(
        self, stream: str, twice: tuple[str, str], world: World, tmp_path: Path
    ) -> None:
        """The person, both applications and both positions, in the same versions."""
        first, _ = twice
        with reading(world, tmp_path) as source:
            known = {
                s: {r.external_id: r for r in records(list(source.pages(s, None)))} for s in SOURCE.streams
            }
            person = str(known["applications"][first].document["applicant"]["id"])
            found = self.around(source, stream, [first if stream == "applications" else person, "9", "no id"])
        assert {r.external_id for r in found["applications"]} == set(twice)
        assert [r.external_id for r in found["applicants"]] == [person]
        assert len(found["jobs"]) == 2
        assert all(known[s][r.external_id] == r for s, rows in found.items() for r in rows)

    def test_what_is_not_there_is_left_out(self, world: World, tmp_path: Path) -> None:
        """Nothing around nobody."""
        with reading(world, tmp_path) as source:
            assert not any(self.around(source, "applications", ["4711"]).values())
            assert self.around(source, "jobs", ["20", "4711"])["jobs"][0].external_id == "20"

    def test_an_event_about_an_employee_needs_one_call(self, world: World, tmp_path: Path) -> None:
        """In the version that the feed leads to."""
        with reading(world, tmp_path, DIRECTORY) as directory:
            known = {r.external_id: r for r in records(list(directory.pages("employees", None)))}
            asked = len(world.calls(NAME))
            ((stream, found),) = directory.around("employees", ["100", "100", "4711", "x"])
        assert (stream, found) == ("employees", (known["100"],))
        assert len(world.calls(NAME)) == asked + 2


class TestEmployees:
    """Who is told by the feed."""

    def test_who_was_deleted_is_told(self, world: World, tmp_path: Path) -> None:
        """By the feed itself, in the next pull."""
        far_end = Staff(world)
        with reading(world, tmp_path, DIRECTORY) as directory:
            (*_, last) = directory.pages("employees", None)
            far_end.delete("employees", "100")
            news = list(directory.pages("employees", last.cursor))
        assert [gone for page in news for gone in page.gone] == [Gone("100", "deleted")]

    def test_the_feed_is_asked_from_a_minute_before_the_last_change(
        self, world: World, tmp_path: Path
    ) -> None:
        """Its moments are whole seconds, and its clock need not be ours."""
        cursor = Cursor(json.dumps({"from": "2026-11-20T08:00:30+00:00"}))
        with reading(world, tmp_path, DIRECTORY) as directory:
            list(directory.pages("employees", cursor))
        (asked,) = [call["path"] for call in world.calls(NAME) if "/changed" in call["path"]]
        assert "since=2026-11-20T07%3A59%3A30Z" in asked

    def test_an_empty_map_may_come_as_an_empty_list(self, world: World, tmp_path: Path) -> None:
        """As languages do for which both are arrays."""
        world.misbehave(NAME, kind="answer", path="/changed", body='{"latest": "", "employees": []}')
        with reading(world, tmp_path, DIRECTORY) as directory:
            assert list(directory.pages("employees", None)) == []

    @pytest.mark.parametrize(
        "row", [None, {"id": 1}, {"id": "1", "action": "Updated"}, {"id": "1", "action": "Updated", "lastChanged": "soon"},
                {"id": "../1", "action": "Updated", "lastChanged": "2026-11-20T08:00:30+00:00"},
                {"id": "1", "action": "Promoted", "lastChanged": "2026-11-20T08:00:30+00:00"}],
    )  # fmt: skip
    def test_a_feed_that_is_none_is_an_error(self, row: Any, world: World, tmp_path: Path) -> None:
        """Nobody is left out in silence."""
        body = json.dumps({"latest": "", "employees": {"1": row}})
        world.misbehave(NAME, kind="answer", path="/changed", body=body)
        with reading(world, tmp_path, DIRECTORY) as directory, pytest.raises(Retryable) as caught:
            list(directory.pages("employees", None))
        error_is_clear(caught.value, NAME)

    def test_a_check_reads_one_who_changed_lately(self, world: World, tmp_path: Path) -> None:
        """With every field that a pull asks for."""
        world.change(NAME, what="hire", candidate="be3", employee_number="10000103")
        with reading(world, tmp_path, DIRECTORY) as directory:
            directory.check()
        assert "employeeNumber" in world.calls(NAME)[-1]["path"]


class Comments(Standing):
    """The stand-in as one that takes comments."""

    def __init__(self, world: World) -> None:
        names = ("3000", "3001", "3002")
        good: list[Document] = [{"application_id": i, "comment": f"{WORDS}\nline"} for i in names]
        changed, bad = {**good[0], "comment": "other words"}, {**good[1], "application_id": "4711"}
        super().__init__(world, NAME, TARGET, "comment", good, changed, bad, "/comments")

    def config(self, **changed: Any) -> Any:
        return super().config(**{"calls_per_second": 1000.0, **changed})


UNREAD = "BambooHR's API gives no comment back"


class TestComments(TargetSuite):
    """What of a target's promises can be kept where nothing can be read."""

    connector = TARGET

    @pytest.fixture
    def far_end(self, world: World) -> Comments:
        """The stand-in."""
        return Comments(world)

    @pytest.mark.xfail(reason=UNREAD)
    def test_nothing_secret_or_personal_is_logged(
        self, far_end: Comments, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """See the suite; `TestCommenting` keeps it without reading."""
        super().test_nothing_secret_or_personal_is_logged(far_end, tmp_path, caplog)

    @pytest.mark.xfail(reason=UNREAD)
    def test_a_create_lands_once_and_is_found_as_sent(self, far_end: Comments, tmp_path: Path) -> None:
        """See the suite."""
        super().test_a_create_lands_once_and_is_found_as_sent(far_end, tmp_path)

    @pytest.mark.xfail(reason=UNREAD)
    @pytest.mark.parametrize("text", ["9" * 40])
    def test_a_text_arrives_whole_or_is_refused(self, text: str, far_end: Comments, tmp_path: Path) -> None:
        """See the suite."""
        super().test_a_text_arrives_whole_or_is_refused(text, far_end, tmp_path)

    @pytest.mark.xfail(reason=UNREAD)
    def test_a_change_by_hand_is_seen(self, far_end: Comments, tmp_path: Path) -> None:
        """See the suite."""
        super().test_a_change_by_hand_is_seen(far_end, tmp_path)

    @pytest.mark.xfail(reason=UNREAD)
    def test_a_second_create_is_seen(self, far_end: Comments, tmp_path: Path) -> None:
        """See the suite."""
        super().test_a_second_create_is_seen(far_end, tmp_path)

    @pytest.mark.xfail(reason=UNREAD)
    def test_many_are_asked_for_together(self, far_end: Comments, tmp_path: Path) -> None:
        """See the suite."""
        super().test_many_are_asked_for_together(far_end, tmp_path)

    @pytest.mark.xfail(reason=UNREAD)
    def test_what_is_not_there_is_not_found(self, far_end: Comments, tmp_path: Path) -> None:
        """See the suite."""
        super().test_what_is_not_there_is_not_found(far_end, tmp_path)

    @pytest.mark.xfail(reason=UNREAD)
    def test_update_and_delete_and_delete_again(self, far_end: Comments, tmp_path: Path) -> None:
        """See the suite."""
        super().test_update_and_delete_and_delete_again(far_end, tmp_path)

    @pytest.mark.xfail(reason=UNREAD)
    def test_one_bad_record_is_refused_alone(self, far_end: Comments, tmp_path: Path) -> None:
        """See the suite; `TestCommenting` keeps it without reading."""
        super().test_one_bad_record_is_refused_alone(far_end, tmp_path)


def operation(name: str, kind: OperationKind = "create", **fields: Any) -> Operation:
    """A comment on that application."""
    document = {} if kind == "delete" else {"application_id": name, "comment": WORDS, **fields}
    remote_id = None if kind == "create" else "1"
    return Operation(f"{REFERENCE}-{kind[0].upper()}1", REFERENCE, kind, "comment", document, remote_id)


@contextmanager
def commenting(world: World, folder: Path) -> Iterator[Any]:
    """The target at the stand-in."""
    there = Services(NAME, folder, folder, lambda: datetime.now(UTC))
    with TARGET.build(Comments(world).config(), there) as built:
        yield built


class TestCommenting:
    """What stands at the vendor afterwards, seen by the stand-in's own eyes."""

    @pytest.fixture
    def target(self, world: World, tmp_path: Path) -> Iterator[Any]:
        """The target."""
        with commenting(world, tmp_path) as built:
            yield built

    def test_a_comment_is_whole_and_carries_our_reference(self, target: Any, world: World) -> None:
        """So that a person finds it; a new result is one more, and says that it replaces the earlier one."""
        assert not TARGET.traits.deletes
        assert TARGET.traits.asked_by == "nothing"
        name = Comments(world).good[0]["application_id"]
        texts = [WORDS, "𠮷" * 5000]
        done = [target.send([operation(name, "create", comment=texts[0])])[0]]
        done += target.send([operation(name, "update", comment=texts[1])])
        held = world.held(NAME)["comments"]
        assert [said.remote_id for said in done] == sorted(held)
        first, second = (held[said.remote_id]["comment"] for said in done)
        assert first == f"{WORDS}\n\nTrivet reference: {REFERENCE}"
        assert second == f"{texts[1]}\n\nTrivet reference: {REFERENCE} (replaces the earlier comment)"

    @pytest.mark.parametrize(
        ("wrong", "code", "field"),
        [
            (operation("4711"), "HTTP 404", None),
            (operation("3000/../1"), "FIELD_TYPE", "application_id"),
            (operation(""), "FIELD_TYPE", "application_id"),
            (operation("3000", comment=""), "FIELD_TYPE", "comment"),
            (operation("3000", comment=7), "FIELD_TYPE", "comment"),
            (operation("3000", "delete"), "NOT_POSSIBLE", None),
            (Operation("k", REFERENCE, "create", "status", {"application_id": "3000"}), "ENTITY", None),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, wrong: Operation, code: str, field: str | None, target: Any, world: World
    ) -> None:
        """With a code, and nothing is written."""
        before = world.held(NAME)
        (said,) = target.send([wrong])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == (code, field)
        error_is_clear(said, NAME)
        assert world.held(NAME) == before

    def test_nobody_is_told_what_is_there(self, target: Any) -> None:
        """An answer that says nothing would be taken for a record that is not there."""
        with pytest.raises(Rejected) as caught:
            target.find("comment", [operation("3000")])
        assert caught.value.vendor_code == "NOT_POSSIBLE"

    @pytest.mark.parametrize(
        "body", ["{}", "[]", '{"type": "comment", "id": "x"}', '{"error": {"code": 500}}']
    )
    def test_an_answer_that_names_no_comment_is_unknown(self, body: str, target: Any, world: World) -> None:
        """It may be there."""
        world.misbehave(NAME, kind="answer", method="POST", path="/comments", body=body)
        (said,) = target.send([operation("3000")])
        assert isinstance(said, UnknownOutcome)
        error_is_clear(said, NAME)

    def test_nothing_personal_is_logged(
        self, target: Any, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not even at DEBUG."""
        caplog.set_level("DEBUG")
        assert isinstance(target.send([operation("3000")])[0], Confirmed)
        assert WORDS not in caplog.text
        assert world.sandbox[NAME].announce()["api_key"] not in caplog.text


class TestRefusals:
    """The vendor's ways to say no."""

    def test_the_reason_stands_in_a_header(self, world: World, tmp_path: Path) -> None:
        """Beside an empty body."""
        with reading(world, tmp_path) as source, pytest.raises(Rejected) as caught:
            source.wire.read(
                "list applications", "/api/v1/applicant_tracking/applications", {"sortBy": "mood"}
            )
        assert (caught.value.vendor_code, caught.value.message) == ("HTTP 400", "Invalid sort")

    def test_a_pause_in_a_200_is_a_pause(self, world: World, tmp_path: Path) -> None:
        """As the specification describes it for the log of a web hook."""
        world.misbehave(NAME, kind="error_in_200", path="/jobs")
        with reading(world, tmp_path) as source:
            _, error = drained(source, "jobs")
        assert isinstance(error, RateLimited)
        assert (error.retry_after, error.vendor_code) == (60.0, "429")

    def test_whoever_asks_for_no_json_is_given_xml(self, world: World, tmp_path: Path) -> None:
        """We ask for it."""
        with reading(world, tmp_path, DIRECTORY) as directory:
            assert records(list(directory.pages("employees", None)))

    def test_a_key_without_rights_is_told(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its owner has to see the applicant tracking settings."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            answer.status = 403
            return answer

        monkeypatch.setattr(vendor, "handle", handle)
        for connector in (SOURCE, RECORDINGS, TARGET, DIRECTORY):
            with reading(world, tmp_path, connector) as built, pytest.raises(AuthFailed) as caught:
                built.check()
            error_is_clear(caught.value, NAME)


class Files:
    """The stand-in with one recording of which every byte is known."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.content = b"OggS" + random.Random(4711).randbytes(1_500_000)
        ids = world.change(
            NAME, what="recording", candidate="be1", file="known.ogg", content_hex=self.content.hex()
        )
        attachment = max(world.held(NAME)["files"])
        self.reference = {"application_id": str(ids["application"]), "attachment_id": attachment}
        self.missing = {**self.reference, "attachment_id": "1"}

    def config(self, **changed: Any) -> Any:
        return Reading(self.world).config(**changed)

    def wrong_secret(self) -> Any:
        return self.config(api_key=SECRET)

    def nobody_home(self) -> Any:
        return Reading(self.world).nobody_home()

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="GET", path="/files/", **how)


class TestRecordings(RecordingsSuite):
    """Attachments behind the addresses that the application gives."""

    connector = RECORDINGS

    @pytest.fixture
    def far_end(self, world: World) -> Files:
        """The stand-in."""
        return Files(world)

    def test_an_application_that_is_gone_has_no_recording(self, far_end: Files, tmp_path: Path) -> None:
        """For good."""
        gone = {**far_end.reference, "application_id": "4711"}
        with (
            self.recordings(far_end.config(), tmp_path) as source,
            pytest.raises(Rejected) as caught,
            source.open(gone),
        ):
            pass
        assert caught.value.vendor_code == "GONE"

    @pytest.mark.parametrize(
        "files", ["none", [None], [{"id": 1, "fileUrl": None}], [{"id": 1, "fileUrl": 7}]]
    )
    def test_attachments_that_are_none_are_an_error(
        self, files: Any, far_end: Files, tmp_path: Path, world: World
    ) -> None:
        """The next night asks again."""
        world.misbehave(NAME, kind="answer", path=DETAIL, body=json.dumps({"id": 3000, "attachments": files}))
        reference = {"application_id": "3000", "attachment_id": "1"}
        with (
            self.recordings(far_end.config(), tmp_path) as source,
            pytest.raises(Retryable) as caught,
            source.open(reference),
        ):
            pass
        assert caught.value.vendor_code == "PAGE_MALFORMED"


AT = 1795500000
BODY = (
    b'{"type": "employee.updated", "timestamp": "2026-11-24T05:20:00+0000", '
    b'"data": {"companyId": "12345", "employeeId": "67890", "changedFields": ["firstName"]}}'
)
SIGNATURE = "e30688d9fa07146fb4c95c85a22d95f3372d36d02507afb2dd19dec06a5ab1fe"


def hear(folder: Path, headers: Mapping[str, str], body: bytes, **settings: Any) -> Event:
    """The one event of a call."""
    there = Services(NAME, folder, folder, lambda: datetime.now(UTC))
    config = BambooHrConfig.model_validate(
        {"base_url": "https://x", "api_key": "x", "webhook_key": "a-private-key", **settings}
    )
    with INBOUND.build(config, there) as inbound:
        (event,) = inbound.hear(Call(headers, body, datetime.fromtimestamp(AT, UTC))).events
    return event


def signed(body: bytes, at: float = AT) -> dict[str, str]:
    """Headers of a delivery."""
    return {name.lower(): value for name, value in hooks.headers(body, "a-private-key", at).items()}


class TestEvents:
    """Proofs that BambooHR sent it, and what it says."""

    def test_body_and_time_are_signed(self, tmp_path: Path) -> None:
        """In this order, without anything between them: by `openssl dgst -sha256 -hmac`."""
        headers = {"x-bamboohr-timestamp": str(AT), "x-bamboohr-signature": SIGNATURE}
        event = hear(tmp_path, headers, BODY)
        assert (event.kind, event.about, event.gone) == ("employee.updated", (("employees", "67890"),), ())
        assert event.id == SIGNATURE
        for name, wrong in (("signature", SIGNATURE.upper()), ("signature", ""), ("timestamp", str(AT + 1))):
            with pytest.raises(AuthFailed) as caught:
                hear(tmp_path, {**headers, f"x-bamboohr-{name}": wrong}, BODY)
            assert caught.value.vendor_code == "WEBHOOK_SIGNATURE"

    @pytest.mark.parametrize("late", [-301, 301])
    def test_an_old_call_is_refused(self, late: int, tmp_path: Path) -> None:
        """Beyond five minutes, either way."""
        with pytest.raises(AuthFailed) as caught:
            hear(tmp_path, signed(BODY, AT + late), BODY)
        assert caught.value.vendor_code == "WEBHOOK_STALE"
        assert hear(tmp_path, signed(BODY, AT + late // 2), BODY)

    @pytest.mark.parametrize("settings", [{"webhook_key": None}, {"webhook_key": ""}])
    def test_without_a_key_nobody_is_believed(self, settings: Any, tmp_path: Path) -> None:
        """Signed with nothing or with anything."""
        for key in ("", "a-private-key"):
            headers = {name.lower(): value for name, value in hooks.headers(BODY, key, AT).items()}
            with pytest.raises(AuthFailed):
                hear(tmp_path, headers, BODY, **settings)

    def test_who_was_deleted_is_gone(self, tmp_path: Path) -> None:
        """From the directory."""
        body = hooks.body("employee.deleted", "67890")
        event = hear(tmp_path, signed(body), body)
        assert (event.gone, event.about) == ((("employees", Gone("67890", "deleted")),), ())

    @pytest.mark.parametrize(
        "said",
        [
            {"type": "company.updated", "data": {"companyId": "1"}},
            {"type": "employee.updated", "data": {"employeeId": 7}},
            {"type": "employee.deleted", "data": {"employeeId": "../7"}},
        ],
    )
    def test_an_event_about_nobody_is_only_heard(self, said: Document, tmp_path: Path) -> None:
        """The next read says what is true."""
        body = json.dumps(said).encode()
        event = hear(tmp_path, signed(body), body)
        assert (event.about, event.gone) == ((), ())

    @pytest.mark.parametrize(
        "body", [b"no", b"[]", b"[" * 100_000, b'{"employees": [{"id": "1", "fields": {}}]}', b'{"type": "x", "data": []}']
    )  # fmt: skip
    def test_another_form_is_refused(self, body: bytes, tmp_path: Path) -> None:
        """The field-based one too: it carries values, and we want none."""
        with pytest.raises(Rejected) as caught:
            hear(tmp_path, signed(body), body)
        assert caught.value.vendor_code == "EVENT_MALFORMED"
