"""Beisen: ids first and contents later, windows of a clock that nobody names, a limit of the day."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import World
from standing import Standing
from trivet_connectors.beisen import RECORDINGS, SOURCE
from trivet_sandbox.beisen import seed
from trivet_sandbox.company import today_ms

from trivet.conformance.promises import PERSON, error_is_clear
from trivet.conformance.recordings import RecordingsSuite, whole
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.contract import Services, Source
from trivet.errors import AuthFailed, RateLimited, Rejected, Retryable
from trivet.model import Cursor, Gone

NAME = "beisen"
KINDS = {"jobs": "job", "candidates": "applicant", "applications": "apply", "interviews": "interview"}
IDS, PATHS = "GetApplyListByModifiedTime", {
    "jobs": "GetJobList", "candidates": "GetPersonProfileList", "applications": "GetApplyListByApplyId",
    "interviews": "GetInterviewsByDate",
}  # fmt: skip


class Reading:
    """The stand-in as a source, with two rows a page and a batch, a day a window; positions changed in the first of them."""

    def __init__(self, world: World, connector: Any = SOURCE, **tenant: Any) -> None:
        self.world = world
        self.vendor = world.sandbox[NAME]
        self.store = self.vendor.store
        self.plain = Standing(world, NAME, connector, "", [], {}, None, "")
        world.change(NAME, what="tenant", batch=2, **tenant)
        self.begin = datetime.fromtimestamp(today_ms() / 1000, UTC) - timedelta(days=6)
        for key, row in self.store.all("job"):
            seed.put(self.store, "job", key, row, int(self.begin.timestamp() * 1000) + 3_600_000)

    def config(self, **changed: Any) -> Any:
        small = {"page_size": 2, "window_days": 1, "begins_on": self.begin.date(), "recording_fields": ()}
        return self.plain.config(**{**small, "calls_per_second": 1000.0, **changed})

    def wrong_secret(self) -> Any:
        return self.plain.wrong_secret()

    def nobody_home(self) -> Any:
        return self.plain.nobody_home()

    def held(self, stream: str) -> set[str]:
        """Without positions that are marked."""
        return {key for key, row in self.store.all(KINDS[stream]) if row.get("isDeleted") != 1}

    def applied(self, applicant: str) -> Any:
        """Her application."""
        return next(row for _, row in self.store.all("apply") if row["applicantId"] == applicant)

    def delete(self, stream: str, external_id: str) -> None:
        if stream == "jobs":
            self.vendor.put("job", external_id, self.store.get("job", external_id) | {"isDeleted": 1})
            return
        if stream == "candidates":
            self.store.delete("apply", self.applied(external_id)["applyId"])
        self.store.delete(KINDS[stream], external_id)

    def change(self, stream: str, external_id: str) -> str:
        word = f"changed-{time.monotonic_ns()}"
        row = self.store.get(KINDS[stream], external_id)
        if stream == "candidates":
            # with her application, as the vendor's recipe has it
            row["fieldValues"][0] = seed.field("Name", word)
            self.vendor.put("applicant", external_id, row)
            row, stream, external_id = (
                self.applied(external_id),
                "applications",
                self.applied(external_id)["applyId"],
            )
        elif stream == "interviews":
            begin = int(
                datetime.fromisoformat(row["interviewTime"]).replace(tzinfo=seed.BEIJING).timestamp() * 1000
            )
            self.store.put("interview", external_id, row | {"status": word}, begin)
            return word
        else:
            row |= {"jobTitle": word} if stream == "jobs" else {"processPhaseId": word}
        self.vendor.put(KINDS[stream], external_id, row)
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, path=PATHS[stream], **how)


def envelope(data: Any, code: Any = 200) -> str:
    """An answer as the vendor wraps it."""
    return json.dumps({"data": data, "code": code, "message": PERSON})


def batch(*items: Any, last: Any = True, following: Any = None) -> str:
    """A batch of a list."""
    return envelope({"total": 1, "nextBatchId": following, "isLastBatch": last, "items": list(items)})


ROWS = {
    "a row is null": envelope([None]),
    "a row is a text": envelope([PERSON]),
    "a row lacks its id": envelope([{"name": PERSON}]),
    "a row was not asked for": envelope([{"applyId": PERSON, "applicantId": PERSON, "fieldValues": []}]),
    "rows are an object": envelope({"name": PERSON}),
    "rows are null": envelope(None),
    "a refusal that quotes": envelope(None, 400),
    "a code that quotes": envelope([], PERSON),
}
BATCHES = {
    "an item is null": batch(None),
    "an item lacks its id": batch({"name": PERSON}),
    "an id is a number": batch({"jobId": 4711, "name": PERSON}),
    "no word and not the last": batch(last=False),
    "a word that is a list": batch(last=False, following=[PERSON]),
    "not a word on the last": batch(last=None),
    "items are an object": envelope({"items": {"name": PERSON}, "isLastBatch": True}),
    "data is a list": envelope([PERSON]),
}


class TestSource(SourceSuite):
    """Ids by time of change, contents by id, interviews by date."""

    connector = SOURCE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(SOURCE.streams, "window")
    malformed: ClassVar = {
        "jobs": BATCHES,
        "candidates": ROWS,
        "applications": ROWS,
        "interviews": {name: body for name, body in ROWS.items() if name != "a row was not asked for"},
    }

    @pytest.fixture(params=["beijing", "utc"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Reading:
        """The stand-in, which reads times in one of two ways."""
        return Reading(world, zone=request.param)


@contextmanager
def reading(
    far_end: Reading, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC), **changed: Any
) -> Iterator[Source]:
    """The source."""
    with SOURCE.build(far_end.config(**changed), Services(NAME, folder, folder, now)) as source:
        yield source


class TestWindows:
    """What the position is worth at any moment."""

    def test_a_window_covers_both_readings_of_a_time(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The begin as UTC, five minutes earlier, the end as Beijing's clock, a second later; ninety days at most."""
        moment, far_end = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC), Reading(world)
        bodies = spied(world, monkeypatch)
        stored = Cursor(json.dumps({"from": "2026-07-01T00:00:00+00:00"}))
        with reading(far_end, tmp_path, lambda: moment, window_days=90) as source:
            (last,) = source.pages("applications", stored)
        asked = [(body["startTime"], body["endTime"]) for body in bodies if "startTime" in body]
        assert asked == [
            ("2026-06-30T23:55:00", "2026-09-29T07:55:01"),
            ("2026-09-28T23:55:00", "2026-11-02T11:04:06"),
        ]
        assert json.loads(last.cursor) == {"from": "2026-11-02T03:04:05.000+00:00"}

    def test_a_pull_that_stopped_goes_on_with_its_window(self, world: World, tmp_path: Path) -> None:
        """The windows before it are not asked for again, and a batch's word is not kept."""
        far_end = Reading(world)
        with reading(far_end, tmp_path) as source:
            first = next(iter(source.pages("applications", None)))
            begin = datetime.fromisoformat(json.loads(first.cursor)["from"])
            assert begin > datetime.now(UTC) - timedelta(days=7)
            rest = list(source.pages("applications", first.cursor))
        assert set(ids(rest)) == far_end.held("applications")

    @pytest.mark.parametrize(
        "moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T00:00:00+00:00", "2026-11-01T00:00:00", ""]
    )
    def test_a_time_at_which_we_cannot_have_been_is_refused(
        self, moment: str, world: World, tmp_path: Path
    ) -> None:
        """A position in the year 9999 would leave everything out."""
        for stream in SOURCE.streams:
            with reading(Reading(world), tmp_path) as source, pytest.raises(Rejected) as caught:
                list(source.pages(stream, Cursor(json.dumps({"from": moment}))))
            assert caught.value.vendor_code == "CURSOR_INVALID"

    def test_interviews_of_some_days_are_read_again(self, world: World, tmp_path: Path) -> None:
        """The list is by date, and a date says nothing of a change."""
        far_end = Reading(world)
        with reading(far_end, tmp_path) as source:
            (*_, last) = source.pages("interviews", None)
        with reading(far_end, tmp_path, interview_lookback_days=1, window_days=90) as source:
            list(source.pages("interviews", last.cursor))
        today = datetime.now(seed.BEIJING).date()
        days = [(today + timedelta(days=shift)).isoformat() for shift in (-1, 1)]
        assert world.calls(NAME)[-1]["path"].endswith(f"startDate={days[0]}&endDate={days[1]}")


def spied(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The JSON of every call to come."""
    vendor, bodies = world.sandbox[NAME], list[Any]()
    plain = vendor.handle

    def handle(request: Any) -> Any:
        if request.headers.get("Content-Type") == "application/json":
            bodies.append(request.json())
        return plain(request)

    monkeypatch.setattr(vendor, "handle", handle)
    return bodies


class TestLists:
    """What is special about them."""

    def test_ids_are_read_before_contents(self, world: World, tmp_path: Path) -> None:
        """A batch's word may live ten seconds, and contents take a minute."""
        with reading(Reading(world), tmp_path, window_days=90) as source:
            list(source.pages("applications", None))
        paths = [call["path"].rpartition("/")[2] for call in world.calls(NAME) if "/Apply/" in call["path"]]
        assert paths == sorted(paths, key=[IDS, PATHS["applications"]].index)
        assert paths.count(IDS) > 2

    @pytest.mark.parametrize(
        "body",
        [batch({"applyId": "1"}, last=False, following="again"), *BATCHES.values(), envelope(None, 400)],
    )
    def test_a_batch_that_is_none_or_leads_to_itself_is_an_error(
        self, body: str, world: World, tmp_path: Path
    ) -> None:
        """Half of the ids would look like all of them."""
        world.misbehave(NAME, kind="answer", path=IDS, times=1000, body=body)
        for stream in ("candidates", "applications"):
            with reading(Reading(world), tmp_path) as source:
                _, error = drained(source, stream)
            assert isinstance(error, Retryable | Rejected)
            error_is_clear(error, NAME)
            assert error.vendor_code in ("PAGE_MALFORMED", "400")

    def test_a_batch_that_was_lost_on_the_way_is_not_left_out(self, world: World, tmp_path: Path) -> None:
        """Asked for again, the same word gives the one after it: what is missing is counted, and the window begins again."""
        far_end = Reading(world)
        far_end.misbehave("jobs", "truncated", after=1)
        with reading(far_end, tmp_path) as source:
            read, error = drained(source, "jobs")
            assert isinstance(error, Retryable)
            assert "fewer" in error.message
            rest = list(source.pages("jobs", read[-1].cursor))
        assert set(ids([*read, *rest])) == far_end.held("jobs")

    def test_a_word_that_is_over_is_for_the_next_pull(self, world: World, tmp_path: Path) -> None:
        """The vendor refuses it; refused at the begin of a list, it is a refusal."""
        far_end = Reading(world)
        for after, kind in ((1, Retryable), (0, Rejected)):
            far_end.misbehave("jobs", "error_in_200", after=after)
            with reading(far_end, tmp_path) as source:
                _, error = drained(source, "jobs")
            assert type(error) is kind

    @pytest.mark.parametrize("nested", [True, False])
    def test_an_application_comes_in_either_shape(self, nested: bool, world: World, tmp_path: Path) -> None:
        """The vendor's page shows two; recordings of the applicant are found by both."""
        far_end = Reading(world, nested=nested)
        with reading(far_end, tmp_path, recording_fields=("extInterviewRecording",)) as source:
            found = records(list(source.pages("applications", None)))
        assert {record.external_id for record in found} == far_end.held("applications")
        assert all(len(record.document["recordings"]) == 1 for record in found)
        assert all(("applicantLite" in record.document) == nested for record in found)

    @pytest.mark.parametrize("lite", [None, PERSON, {}])
    def test_an_application_of_nobody_is_an_error(self, lite: Any, world: World, tmp_path: Path) -> None:
        """In neither of the shapes."""
        far_end = Reading(world)
        names = sorted(far_end.held("applications"))
        body = envelope([{"applyId": name, "applicantLite": lite} for name in names[:2]])
        far_end.misbehave("applications", "answer", times=1000, body=body)
        with reading(far_end, tmp_path, recording_fields=("x",), page_size=100) as source:
            _, error = drained(source, "applications")
        assert isinstance(error, Retryable)
        error_is_clear(error, NAME)

    def test_a_deleted_position_is_told(self, world: World, tmp_path: Path) -> None:
        """It stays in the list, marked."""
        far_end = Reading(world)
        with reading(far_end, tmp_path) as source:
            pages = list(source.pages("jobs", None))
            victim = ids(pages)[0]
            far_end.delete("jobs", victim)
            news = list(source.pages("jobs", pages[-1].cursor))
        assert [gone for page in news for gone in page.gone] == [Gone(victim, "deleted")]

    def test_a_link_is_no_news(self, world: World, tmp_path: Path) -> None:
        """Another one with every read."""
        with reading(Reading(world), tmp_path, recording_fields=("extInterviewRecording",)) as source:
            for stream in ("candidates", "applications"):
                told = json.dumps([r.document for r in records(list(source.pages(stream, None)))])
                assert "/files/" not in told
                assert "interview_" in told


class TestLimits:
    """Of a minute and of a day."""

    def test_the_limit_of_a_day_goes_to_the_caller(self, world: World, tmp_path: Path) -> None:
        """It says nothing of when it ends: a minute is waited at a time, and nobody calls meanwhile."""
        far_end = Reading(world, daily=4)
        with reading(far_end, tmp_path) as source:
            _, error = drained(source, "applications")
            calls = len(world.calls(NAME))
            _, again = drained(source, "jobs")
        for one in (error, again):
            assert isinstance(one, RateLimited)
            assert one.retry_after > 30
        assert len(world.calls(NAME)) == calls

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"tenant_id": "0"}, "invalid_tenantid"), ({"app_id": "x"}, "invalid_client"), ({"app_secret": "x"}, "invalid_client")],
    )  # fmt: skip
    def test_a_wrong_login_says_which_part(
        self, changes: Any, code: str, world: World, tmp_path: Path
    ) -> None:
        """In the vendor's own word."""
        with reading(Reading(world), tmp_path, **changes) as source, pytest.raises(AuthFailed) as caught:
            source.check()
        assert caught.value.vendor_code == code
        error_is_clear(caught.value, NAME)

    def test_a_token_that_is_over_is_fetched_anew(self, world: World, tmp_path: Path) -> None:
        """In the middle of a pull."""
        far_end = Reading(world)
        with reading(far_end, tmp_path) as source:
            read = []
            for page in source.pages("applications", None):
                read.append(page)
                world.change(NAME, what="expire")
        assert set(ids(read)) == far_end.held("applications")


class Files:
    """The stand-in with one recording of which every byte is known."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.content = b"OggS" + random.Random(4711).randbytes(1_500_000)
        made = world.change(
            NAME, what="recording", candidate="be1", file="known.ogg", content_hex=self.content.hex()
        )
        name = seed.file_name(made["apply"], made["interview"], "known.ogg")
        self.reference = {"applicant_id": made["applicant"], "field": "extInterviewRecording", "file": name}
        self.missing = {**self.reference, "file": "interview_8_9.ogg"}

    def config(self, **changed: Any) -> Any:
        return Reading(self.world, RECORDINGS).config(**changed)

    def wrong_secret(self) -> Any:
        return Reading(self.world, RECORDINGS).wrong_secret()

    def nobody_home(self) -> Any:
        return Reading(self.world, RECORDINGS).nobody_home()

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, method="GET", path="/files/", **how)


class TestRecordings(RecordingsSuite):
    """Files of the profile, behind links of thirty days."""

    connector = RECORDINGS

    @pytest.fixture
    def far_end(self, world: World) -> Files:
        """The stand-in."""
        return Files(world)

    def test_of_several_files_the_named_one_is_opened(self, world: World, tmp_path: Path) -> None:
        """They stand in one field, joined by commas."""
        far_end = Files(world)
        store = world.sandbox[NAME].store
        row = store.get("applicant", far_end.reference["applicant_id"])
        row["fieldValues"][-1] = seed.recording("first.ogg", far_end.reference["file"], "last.ogg")
        store.put("applicant", row["applicantId"], row)
        with self.recordings(far_end.config(), tmp_path) as source:
            assert whole(source, far_end.reference) == far_end.content

    def test_a_file_without_a_link_is_an_error(self, world: World, tmp_path: Path) -> None:
        """As many links as names, or none is followed."""
        far_end = Files(world)
        value = {
            "name": "extInterviewRecording",
            "text": far_end.reference["file"],
            "downloadUrl": "http://a/,http://b/",
        }
        body = envelope([{"applicantId": far_end.reference["applicant_id"], "fieldValues": [value]}])
        world.misbehave(NAME, kind="answer", path=PATHS["candidates"], body=body)
        with self.recordings(far_end.config(), tmp_path) as source, pytest.raises(Retryable) as caught:
            whole(source, far_end.reference)
        assert caught.value.vendor_code == "PAGE_MALFORMED"
