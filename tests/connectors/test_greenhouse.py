"""Greenhouse: windows of two sides, a cursor that travels alone, custom fields that a write replaces as a whole."""

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trivet_sandbox.greenhouse.listing as vendor_lists
from conftest import World
from standing import NAME as WORDS
from standing import Standing
from trivet_connectors.greenhouse import RECORDINGS, SOURCE, TARGET
from trivet_connectors.greenhouse.config import GreenhouseConfig

from trivet.conformance.promises import PERSON
from trivet.conformance.recordings import RecordingsSuite
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.conformance.target import TargetSuite
from trivet.contract import Services, Source
from trivet.errors import AuthFailed, ConfigError, RateLimited, Rejected, Retryable
from trivet.model import Confirmed, Cursor, Document, Operation, OperationKind

NAME, ENTITY = "greenhouse", "scores"
REFERENCE = "ABCDEFGHIJKLMNOP"


def applications(world: World) -> list[str]:
    """Ids of the first three applications."""
    return sorted(world.held(NAME)["applications"])[:3]


class Scores(Standing):
    """The stand-in as one that keeps scores."""

    def __init__(self, world: World) -> None:
        good: list[Document] = [
            {"application_id": i, "trivet_report": f"{WORDS}\nline", "trivet_score_teamwork": 7.5}
            for i in applications(world) or ["1", "2", "3"]
        ]
        changed = {**good[0], "trivet_score_teamwork": 8.0}
        super().__init__(world, NAME, TARGET, ENTITY, good, changed, {**good[1], "application_id": "1"}, "")

    def config(self, **changed: Any) -> Any:
        return super().config(**{"calls_per_second": 1000.0, **changed})

    def held(self) -> Any:
        """Scores are no records there: what counts is the applications that carry a reference."""
        state = super().held()
        scored = {k: v for k, v in state["applications"].items() if "trivet_reference" in v["custom_fields"]}
        return {"scores": scored, "rest": [state]}

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="PATCH", path="/applications/", **how)


class TestScores(TargetSuite):
    """Custom fields of the application, read and merged."""

    connector = TARGET

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The stand-in."""
        return Scores(world)


class ReportFiles(Standing):
    """The stand-in as one that keeps reports."""

    def __init__(self, world: World) -> None:
        good: list[Document] = [
            {"application_id": i, "title": "AI 面试评估", "html": f"{WORDS}\nline {n}"}
            for n, i in enumerate(applications(world) or ["1", "2", "3"])
        ]
        changed = {**good[0], "html": "another line"}
        bad = {**good[1], "application_id": "1"}
        super().__init__(world, NAME, TARGET, "report", good, changed, bad, r"/v3/attachments$")

    def config(self, **changed: Any) -> Any:
        return super().config(**{"calls_per_second": 1000.0, **changed})

    def by_hand(self, reference: str) -> None:
        """Somebody puts another file in its place."""
        store = self.world.sandbox[NAME].store
        for key, body in store.all("attachments"):
            if reference in body["filename"]:
                store.put("attachments", key, body | {"_content": b"by hand".hex()})


class TestReports(TargetSuite):
    """Files of the application."""

    connector = TARGET

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The stand-in."""
        return ReportFiles(world)


def config(world: World, **changed: Any) -> GreenhouseConfig:
    """The stand-in's connection."""
    made = Scores(world).config(**changed)
    assert isinstance(made, GreenhouseConfig)
    return made


def services(folder: Path) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, lambda: datetime.now(UTC))


@pytest.fixture
def target(world: World, tmp_path: Path) -> Iterator[Any]:
    """The target at the stand-in."""
    with TARGET.build(config(world), services(tmp_path)) as built:
        yield built


def operation(world: World, kind: OperationKind = "create", **fields: Any) -> Operation:
    """One on the first application."""
    name = applications(world)[0]
    document = {} if kind == "delete" else {"application_id": name, **fields}
    remote_id = None if kind == "create" else name
    return Operation(f"{REFERENCE}-{kind[0].upper()}1", REFERENCE, kind, ENTITY, document, remote_id)


class TestMerging:
    """A write replaces every custom field of the application."""

    def fields(self, world: World) -> Any:
        """Of the first application."""
        found = world.held(NAME)["applications"][applications(world)[0]]["custom_fields"]
        return {key: field["value"] for key, field in found.items()}

    def test_the_fields_of_others_stay(self, world: World, target: Any) -> None:
        """The employee number was there before, and is there after scores came, changed and went."""
        before = self.fields(world)
        assert before["employee_number"]
        for kind, said in (
            ("create", {"trivet_report": "first", "trivet_score_teamwork": 7}),
            ("update", {"trivet_report": "second"}),
            ("delete", {}),
        ):
            assert isinstance(target.send([operation(world, kind, **said)])[0], Confirmed)  # type: ignore[arg-type]
            ours = {**said, "trivet_reference": REFERENCE} if said else {}
            # a score that the new result does not have is gone
            assert self.fields(world) == {**before, **ours}

    @pytest.mark.parametrize("field", ["employee_number", "shoe_size", "trivet_reference"])
    def test_a_field_of_others_is_not_ours_to_write(self, field: str, world: World, target: Any) -> None:
        """A mapping that names one is refused before anything is sent."""
        before = world.held(NAME)
        (said,) = target.send([operation(world, **{field: "1"})])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == ("MAPPING_UNKNOWN_FIELD", field)
        assert world.held(NAME) == before

    def test_a_field_that_the_vendor_does_not_know_is_refused(self, world: World, target: Any) -> None:
        """In its own words."""
        (said,) = target.send([operation(world, trivet_mood="good")])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "HTTP 422"
        assert "trivet_mood" in said.message

    def test_another_result_is_not_written_over(self, world: World, target: Any) -> None:
        """Neither by a create nor by a delete that comes late."""
        target.send([operation(world, trivet_report="theirs")])
        before = world.held(NAME)
        for kind in ("create", "update", "delete"):
            asked = operation(world, kind, trivet_report="ours")  # type: ignore[arg-type]
            (said,) = target.send(
                [Operation(asked.key, "Z" * 16, asked.kind, ENTITY, asked.document, asked.remote_id)]
            )
            if kind == "delete":
                assert isinstance(said, Confirmed)
            else:
                assert isinstance(said, Rejected)
                assert said.vendor_code == "REFERENCE_TAKEN"
        assert world.held(NAME) == before

    def test_fields_that_cannot_be_read_are_not_written(self, world: World, target: Any) -> None:
        """To send back a part would wipe the rest."""
        before = world.held(NAME)
        body = json.dumps([{"id": int(applications(world)[0]), "custom_fields": None}])
        world.misbehave(NAME, kind="answer", method="GET", path="/applications", body=body)
        (said,) = target.send([operation(world, trivet_report="x")])
        assert isinstance(said, Retryable)
        assert world.held(NAME) == before

    def test_without_a_field_for_our_reference_nothing_begins(self, world: World, tmp_path: Path) -> None:
        """And the cure says where to make one."""
        wanted = config(world, reference_field="trivet_ref")
        with TARGET.build(wanted, services(tmp_path)) as target, pytest.raises(ConfigError) as caught:
            target.check()
        assert "Custom Options" in str(caught.value.cure)

    def test_it_says_what_it_takes(self, target: Any) -> None:
        """By the tenant's own definitions."""
        properties = target.describe()[ENTITY]["properties"]
        assert properties["trivet_score_teamwork"] == {"type": "number"}
        assert properties["trivet_reference"] == {"type": "string", "maxLength": 255}
        assert "employee_number" not in properties


class Reading:
    """The stand-in as a source."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.sandbox[NAME].store

    def config(self, **changed: Any) -> Any:
        return config(self.world, **{"page_size": 2, **changed})

    def wrong_secret(self) -> Any:
        return Scores(self.world).wrong_secret()

    def nobody_home(self) -> Any:
        address = Scores(self.world).nobody_home().base_url
        return self.config(base_url=address, auth_url=address)

    def held(self, stream: str) -> set[str]:
        return {key for key, _ in self.store.all(stream)}

    def delete(self, stream: str, external_id: str) -> None:
        self.store.delete(stream, external_id)

    def change(self, stream: str, external_id: str) -> str:
        """By a recruiter, stamped with the vendor's time."""
        word, body = f"changed-{time.monotonic_ns()}", self.store.get(stream, external_id)
        assert body is not None
        named = {
            "jobs": "name", "candidates": "title", "interviews": "location", "attachments": "filename", "scorecards": "notes",
        }  # fmt: skip
        millis = int(time.time() * 1000)
        stamp = datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds")
        body |= {named.get(stream, "stage_name"): word, "updated_at": stamp.replace("+00:00", "Z")}
        self.store.put(stream, external_id, body, millis)
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="GET", path=rf"/v3/{stream}\?", **how)


MALFORMED = {
    "a row is null": "[null]",
    "a row is a text": json.dumps([PERSON]),
    "a row lacks its id": json.dumps([{"first_name": PERSON}]),
    "an id is a text": json.dumps([{"id": PERSON}]),
    "an id is true": json.dumps([{"id": True, "name": PERSON}]),
}


class TestSource(SourceSuite):
    """Six lists by update time, the highest id first."""

    connector = SOURCE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(SOURCE.streams, "window")
    malformed: ClassVar = dict.fromkeys(SOURCE.streams, MALFORMED)

    @pytest.fixture(params=["pipe", "brackets"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Reading:
        """The stand-in, asked in both forms of a window."""
        made = Reading(world)
        plain = made.config
        made.config = lambda **changed: plain(date_filter=request.param, **changed)  # type: ignore[method-assign]
        return made


@contextmanager
def reading(world: World, folder: Path, now: Any = None, **changed: Any) -> Iterator[Source]:
    """The source by a clock."""
    there = Services(NAME, folder, folder, now or (lambda: datetime.now(UTC)))
    with SOURCE.build(config(world, **{"page_size": 2, **changed}), there) as source:
        yield source


class TestWindows:
    """What the position is worth at any moment."""

    def test_the_cursor_travels_alone(self, world: World, tmp_path: Path) -> None:
        """The vendor answers 422 to one that has company; every page after the first is asked for by it."""
        with reading(world, tmp_path) as source:
            pages = list(source.pages("candidates", None))
        asked = [call["path"] for call in world.calls(NAME) if "/v3/candidates" in call["path"]]
        assert len(asked) == len(pages) > 2
        assert "updated_at" in asked[0]
        assert all("cursor=" in path and "&" not in path for path in asked[1:])

    def test_the_position_moves_after_the_last_page_only(self, world: World, tmp_path: Path) -> None:
        """The list is not in the order of time: what is newest may come last."""
        with reading(world, tmp_path) as source:
            states = [json.loads(page.cursor) for page in source.pages("jobs", None)]
        assert all(state["from"] is None and state["next"] for state in states[:-1])
        assert set(states[-1]) == {"from"}

    def test_a_window_has_two_sides_and_overlaps_by_a_minute(self, world: World, tmp_path: Path) -> None:
        """From a minute before the last one's end to now."""
        moment = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
        with reading(world, tmp_path, lambda: moment) as source:
            (*_, last) = source.pages("jobs", None)
            list(source.pages("jobs", last.cursor))
        asked = [call["path"] for call in world.calls(NAME) if "/v3/jobs?per_page" in call["path"]]
        assert asked[0].endswith("updated_at=lte%7C2027-01-02T03%3A04%3A05.000Z")
        assert asked[1].endswith(
            "updated_at=gte%7C2027-01-02T03%3A03%3A05.000Z%7Clte%7C2027-01-02T03%3A04%3A05.000Z"
        )

    @pytest.mark.parametrize("late", [-50, 50])
    def test_clocks_that_differ_lose_nothing(self, late: int, world: World, tmp_path: Path) -> None:
        """Ours is most of a minute ahead or behind: what changes right after a pull comes with the next."""
        far_end = Reading(world)
        with reading(world, tmp_path, lambda: datetime.now(UTC) + timedelta(seconds=late)) as source:
            (*_, last) = source.pages("jobs", None)
            changed = min(far_end.held("jobs"))
            word = far_end.change("jobs", changed)
            if late < 0:
                # by a clock that is behind the change lies ahead: it comes when we are there
                late = 1
            news = records(list(source.pages("jobs", last.cursor)))
        assert word in {record.document["name"] for record in news}

    def test_a_cursor_that_has_run_out_begins_its_window_again(self, world: World, tmp_path: Path) -> None:
        """Kept over a night in which the vendor was restarted: nothing is lost, what came comes again unchanged."""
        with reading(world, tmp_path) as source:
            first = next(iter(source.pages("candidates", None)))
            state = json.loads(first.cursor) | {"next": "bm9uZQ=="}
            rest = list(source.pages("candidates", Cursor(json.dumps(state))))
        assert set(ids(rest)) == Reading(world).held("candidates")

    def test_a_page_that_leads_to_itself_ends_the_pull(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is not followed for ever."""
        monkeypatch.setattr(vendor_lists, "_sealed", lambda *_: "bm9uZQ==")
        monkeypatch.setattr(vendor_lists, "_opened", lambda *_: ({"per_page": "2"}, vendor_lists.HIGHEST))
        with reading(world, tmp_path) as source:
            read, error = drained(source, "jobs")
        assert isinstance(error, Retryable)
        assert error.vendor_code == "PAGE_MALFORMED"
        assert len(read) == 1

    @pytest.mark.parametrize(
        "link",
        [
            "<http://evil.example/v3/jobs?x=1>; rel=next",
            "next",
            '<>; rel="next"',
            '<http://h/?cursor=>; rel="next"',
        ],
    )
    def test_a_link_that_leads_nowhere_is_an_error(
        self, link: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A list that only seems to have ended would leave out the rest."""
        self.linked(world, monkeypatch, link)
        with reading(world, tmp_path) as source:
            _, error = drained(source, "jobs")
        assert isinstance(error, Retryable)

    def test_a_link_to_another_host_is_not_followed(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only its cursor counts; credentials go to the configured host."""
        with reading(world, tmp_path) as source:
            there = next(iter(source.pages("jobs", None)))
            cursor = json.loads(there.cursor)["next"]
            self.linked(world, monkeypatch, f'<http://evil.example/v3/jobs?cursor={cursor}>; rel="next"')
            assert set(ids(list(source.pages("jobs", None)))) == Reading(world).held("jobs")

    def linked(self, world: World, monkeypatch: pytest.MonkeyPatch, link: str) -> None:
        """A list's first page leads on by this header."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            if request.path.startswith("/v3/") and "cursor" not in request.query:
                answer.headers["Link"] = link
            return answer

        monkeypatch.setattr(vendor, "handle", handle)


class TestScorecards:
    """Put together from the vendor's lists."""

    def test_attributes_and_interview_are_in_it_and_private_notes_are_not(
        self, world: World, tmp_path: Path
    ) -> None:
        """By name and rating, in one call a list and page."""
        for candidate in ("be1", "be2"):
            ratings = {"Teamwork": "yes", "Handwriting": "mixed"}
            world.change(NAME, what="judge", candidate=candidate, by=4080, ratings=ratings)
        with reading(world, tmp_path, page_size=50) as source:
            found = [r.document for r in records(list(source.pages("scorecards", None)))]
        mine = [card for card in found if card["status"] == "complete"]
        assert len(mine) == 2
        for card in mine:
            assert card["attributes"] == [
                {"name": "Teamwork", "rating": "yes"}, {"name": "Handwriting", "rating": "mixed"},
            ]  # fmt: skip
            assert str(card["interview_id"]) in Reading(world).held("interviews")
            assert not any("private" in name for name in card)
        lists = ("scorecard_candidate_attributes", "job_candidate_attributes", "interviewers")
        asked = [call["path"].partition("?")[0] for call in world.calls(NAME)]
        assert [asked.count(f"/v3/{name}") for name in lists] == [1, 1, 1]

    def test_who_reads_none_needs_no_right_to_them(self, world: World, tmp_path: Path) -> None:
        """The check of a connection does not ask for any."""
        world.misbehave(NAME, kind="expired_link", method="GET", path="scorecard|interviewers", times=9)
        with reading(world, tmp_path) as source:
            source.check()


class TestLimit:
    """The vendor counts in windows of half a minute and says what is left."""

    def test_never_more_calls_than_allowed(self, world: World, tmp_path: Path) -> None:
        """When the last call of the window is spent nobody calls until the next; the vendor has to refuse none."""
        world.change(NAME, what="limit", calls=3, seconds=2)
        with reading(world, tmp_path) as source:
            pages = list(source.pages("candidates", None))
        assert set(ids(pages)) == Reading(world).held("candidates")
        assert 429 not in {call["status"] for call in world.calls(NAME)}
        assert len(pages) > 3

    def test_a_long_pause_goes_to_the_caller(self, world: World, tmp_path: Path) -> None:
        """With the seconds that the vendor asks for, and the pages so far stand."""
        world.change(NAME, what="limit", calls=2, seconds=3600)
        with reading(world, tmp_path) as source:
            read, error = drained(source, "candidates")
        assert isinstance(error, RateLimited)
        assert 5 < error.retry_after <= 30
        assert len(read) == 2


class TestLogin:
    """Client credentials."""

    def test_a_token_that_is_over_is_fetched_anew(self, world: World, tmp_path: Path) -> None:
        """In the middle of a pull."""
        with reading(world, tmp_path) as source:
            pages = source.pages("candidates", None)
            read = [next(pages)]
            world.change(NAME, what="expire")
            read += pages
        assert set(ids(read)) == Reading(world).held("candidates")

    def test_a_scope_that_lacks_is_told(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each list has a scope of its own, and a check asks every one."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            if request.path == "/v3/attachments":
                answer.status = 403
            return answer

        monkeypatch.setattr(vendor, "handle", handle)
        with reading(world, tmp_path) as source, pytest.raises(AuthFailed) as caught:
            source.check()
        assert caught.value.operation == "list attachments"


class Files:
    """The stand-in with one recording of which every byte is known."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vendor = world.sandbox[NAME]
        self.content = b"OggS" + random.Random(4711).randbytes(1_500_000)
        candidate = next(key for key, _ in self.vendor.store.all("_key"))
        world.change(
            NAME, what="recording", candidate=candidate, file="known.ogg", content_hex=self.content.hex()
        )
        self.reference = {"attachment_id": max(key for key, _ in self.vendor.store.all("attachments"))}
        self.missing = {"attachment_id": "8999999999"}

    def config(self, **changed: Any) -> Any:
        return config(self.world, **changed)

    def wrong_secret(self) -> Any:
        return Scores(self.world).wrong_secret()

    def nobody_home(self) -> Any:
        return Reading(self.world).nobody_home()

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="GET", path="/files/", **how)


class TestRecordings(RecordingsSuite):
    """Attachments behind links of seven days."""

    connector = RECORDINGS

    @pytest.fixture
    def far_end(self, world: World) -> Files:
        """The stand-in."""
        return Files(world)
