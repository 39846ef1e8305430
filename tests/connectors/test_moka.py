"""Moka: HTTP 500 for three things, two success codes, times of a clock that is not certain, links of an hour."""

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
from trivet_connectors.moka import RECORDINGS, SOURCE
from trivet_sandbox.moka import routes

from trivet.conformance.promises import PERSON, error_is_clear
from trivet.conformance.recordings import RecordingsSuite
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.contract import Services, Source
from trivet.errors import AuthFailed, Rejected, Retryable
from trivet.model import Cursor

NAME = "moka"
LIST, JOBS = r"/ehrApplications", r"/v1/jobs/yunxiu\?"


class Reading:
    """The stand-in as a source."""

    def __init__(self, world: World, connector: Any = SOURCE) -> None:
        self.world = world
        self.vendor = world.sandbox[NAME]
        self.store = self.vendor.store
        self.plain = Standing(world, NAME, connector, "", [], {}, None, "")

    def config(self, **changed: Any) -> Any:
        return self.plain.config(**{"page_size": 2, "calls_per_second": 1000.0, **changed})

    def wrong_secret(self) -> Any:
        return self.plain.wrong_secret()

    def nobody_home(self) -> Any:
        return self.plain.nobody_home()

    def held(self, stream: str) -> set[str]:
        if stream == "jobs":
            return {key for key, _ in self.store.all("job")}
        name = "candidateId" if stream == "candidates" else "applicationId"
        return {str(row["basicInfo"][name]) for _, row in self.store.all("application")}

    def _application(self, stream: str, external_id: str) -> Any:
        name = "candidateId" if stream == "candidates" else "applicationId"
        return next(
            row for _, row in self.store.all("application") if str(row["basicInfo"][name]) == external_id
        )

    def delete(self, stream: str, external_id: str) -> None:
        if stream == "jobs":
            self.store.delete("job", external_id)
        else:
            row = self._application(stream, external_id)
            self.store.delete("application", str(row["basicInfo"]["applicationId"]))

    def change(self, stream: str, external_id: str) -> str:
        word = f"changed-{time.monotonic_ns()}"
        if stream == "jobs":
            self.store.put("job", external_id, self.store.get("job", external_id) | {"title": word})
            return word
        row = self._application(stream, external_id)
        if stream == "candidates":
            row["basicInfo"]["name"] = word
        else:
            row["basicInfo"]["stage"]["name"] = word
        self.vendor.put(row)
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, path=JOBS if stream == "jobs" else LIST, **how)


def envelope(data: Any, **more: Any) -> str:
    """A page as v2 wraps it."""
    return json.dumps({"code": 200, "msg": "成功", "data": data, **more})


GOOD = {"basicInfo": {"applicationId": 1, "candidateId": 2, "name": PERSON}}
MALFORMED = {
    "a row is null": envelope([None]),
    "a row is a text": envelope([PERSON]),
    "a row lacks its basics": envelope([{"name": PERSON}]),
    "a row lacks its ids": envelope([{"basicInfo": {"name": PERSON}}]),
    "an id is true": envelope([{"basicInfo": {**GOOD["basicInfo"], "applicationId": True}}]),
    "an id is a path": envelope([{"basicInfo": {**GOOD["basicInfo"], "applicationId": "../x"}}]),
    "rows are an object": envelope({"name": PERSON}),
    "a cursor is a list": envelope([GOOD], next=[PERSON]),
    "a code of another kind": json.dumps({"code": PERSON, "data": []}),
    "a code that is true": json.dumps({"code": False, "data": [GOOD]}),
    "no success in spite of the code": json.dumps({"code": 0, "success": False, "msg": PERSON, "data": []}),
}


class TestSource(SourceSuite):
    """Positions read whole; people and applications by windows over one list."""

    connector = SOURCE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(SOURCE.streams, "window")
    malformed: ClassVar = {
        "jobs": {
            "a row is null": json.dumps({"jobs": [None]}),
            "a row lacks its id": json.dumps({"jobs": [{"title": PERSON}]}),
            "an id is a path": json.dumps({"jobs": [{"id": "../admin", "title": PERSON}]}),
            "jobs are a text": json.dumps({"jobs": PERSON}),
        },
        "candidates": MALFORMED,
        "applications": MALFORMED,
    }

    @pytest.fixture(params=["beijing", "utc"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Iterator[Reading]:
        """The stand-in, which reads times in one of the two ways."""
        world.change(NAME, what="times", zone=request.param)
        yield Reading(world)
        world.change(NAME, what="times", zone="beijing")


@contextmanager
def reading(
    world: World, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC), **changed: Any
) -> Iterator[Source]:
    """The source."""
    with SOURCE.build(Reading(world).config(**changed), Services(NAME, folder, folder, now)) as source:
        yield source


class TestFiveHundred:
    """What HTTP 500 means."""

    @pytest.mark.parametrize("said", ["无法识别的认证信息", "系统中不存在该apiKey"])
    def test_a_key_that_is_not_known_stops_the_connection(
        self, said: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is not tried again as if the server were in trouble."""
        monkeypatch.setattr(world.sandbox[NAME], "handle", lambda _: routes.refused(said))
        with reading(world, tmp_path) as source, pytest.raises(AuthFailed) as caught:
            source.check()
        error_is_clear(caught.value, NAME)
        assert len(world.calls(NAME)) == 2

    def test_a_quiet_window_leaves_the_position_where_it_was(self, world: World, tmp_path: Path) -> None:
        """Nobody changed, says the vendor by an error: the next window begins where this one did."""
        later = lambda: datetime.now(UTC) + timedelta(days=3)  # noqa: E731
        far_end = Reading(world)
        with reading(world, tmp_path, later) as source:
            (*_, last) = source.pages("applications", None)
            assert list(source.pages("applications", last.cursor)) == []
            changed = min(far_end.held("applications"))
            assert list(source.pages("applications", None))
        world.sandbox[NAME].store.put(
            "application", changed, far_end._application("applications", changed),
            int((datetime.now(UTC) + timedelta(days=3, minutes=1)).timestamp() * 1000),
        )  # fmt: skip
        with reading(world, tmp_path, lambda: later() + timedelta(minutes=5)) as source:
            assert ids(list(source.pages("applications", last.cursor))) == [changed]

    def test_an_outage_does_not_look_like_nobody(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the vendor's own words, for every call: what is always there is not there either."""
        monkeypatch.setattr(world.sandbox[NAME], "handle", lambda _: routes.refused("服务器异常"))
        with reading(world, tmp_path) as source:
            for stream in ("jobs", "applications"):
                _, error = drained(source, stream)
                assert isinstance(error, Rejected)
                assert error.vendor_code == "-1"
                error_is_clear(error, NAME)

    def test_on_a_later_page_it_is_a_refusal(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half of a list is not the whole of it."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle
        monkeypatch.setattr(
            vendor, "handle", lambda r: routes.refused("服务器异常") if b'"next"' in r.body else plain(r)
        )
        with reading(world, tmp_path) as source:
            read, error = drained(source, "applications")
        assert isinstance(error, Rejected)
        assert len(read) == 1


class TestLists:
    """What is special about them."""

    def test_a_cursor_travels_alone(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The filters are its own."""
        vendor, bodies = world.sandbox[NAME], []
        plain = vendor.handle
        monkeypatch.setattr(vendor, "handle", lambda r: bodies.append(r.json()) or plain(r))
        with reading(world, tmp_path, stage_ids=[105_003, 105_004]) as source:
            list(source.pages("applications", None))
        assert bodies[0]["stageIds"] == [105_003, 105_004]
        assert len(bodies) > 2
        assert all(list(body) == ["next"] for body in bodies[1:])

    def test_a_window_covers_both_readings_of_a_time(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The begin as UTC, five minutes earlier, the end as Beijing's clock."""
        moment = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
        vendor, bodies = world.sandbox[NAME], []
        plain = vendor.handle
        monkeypatch.setattr(vendor, "handle", lambda r: bodies.append(r.json() if r.body else {}) or plain(r))
        stored = Cursor(json.dumps({"from": "2027-01-01T00:00:00+00:00"}))
        with reading(world, tmp_path, lambda: moment) as source:
            list(source.pages("applications", stored))
        assert bodies[0]["updateAtStartTime"] == "2026-12-31T23:55:00.000Z"
        assert bodies[0]["updateAtEndTime"] == "2027-01-02T11:04:05.000Z"

    def test_a_cursor_that_has_run_out_begins_its_window_again(self, world: World, tmp_path: Path) -> None:
        """Nothing is lost, what came comes again unchanged."""
        with reading(world, tmp_path) as source:
            first = next(iter(source.pages("applications", None)))
            state = json.loads(first.cursor) | {"next": "gone"}
            rest = list(source.pages("applications", Cursor(json.dumps(state))))
        assert set(ids(rest)) == Reading(world).held("applications")

    @pytest.mark.parametrize(
        ("stream", "body"),
        [("applications", envelope([GOOD], next="again")), ("jobs", json.dumps({"jobs": [{"id": "1"}]}))],
    )
    def test_a_page_that_repeats_ends_the_pull(
        self, stream: str, body: str, world: World, tmp_path: Path
    ) -> None:
        """It is not followed for ever."""
        far_end = Reading(world)
        far_end.misbehave(stream, "answer", times=1000, body=body)
        with reading(world, tmp_path) as source:
            _, error = drained(source, stream)
        assert isinstance(error, Retryable)
        assert error.vendor_code == "PAGE_MALFORMED"

    def test_positions_come_in_the_other_envelope_too(self, world: World, tmp_path: Path) -> None:
        """The vendor's pages show both."""
        far_end = Reading(world)
        number = min(far_end.held("jobs"))
        far_end.misbehave("jobs", "answer", body=json.dumps({"code": 0, "msg": "", "data": [{"id": number}]}))
        far_end.misbehave("jobs", "answer", body=json.dumps({"code": 0, "msg": "", "data": []}), times=2)
        with reading(world, tmp_path) as source:
            (record,) = records(list(source.pages("jobs", None)))
        assert record.document["customFields"]

    def test_a_person_with_two_applications_comes_once(self, world: World, tmp_path: Path) -> None:
        """With what is hers, and nothing of an application."""
        far_end = Reading(world)
        rows = [row for _, row in far_end.store.all("application")]
        rows[-1]["basicInfo"]["candidateId"] = rows[0]["basicInfo"]["candidateId"]
        far_end.vendor.put(rows[-1])
        with reading(world, tmp_path) as source:
            found = records(list(source.pages("candidates", None)))
        assert sorted(record.external_id for record in found) == sorted(far_end.held("candidates"))
        assert all("applicationId" not in r.document and "stage" not in r.document for r in found)

    def test_a_link_is_no_news(self, world: World, tmp_path: Path) -> None:
        """Another one with every read; the address of a meeting is the same one."""
        with reading(world, tmp_path) as source:
            told = json.dumps(
                [record.document for record in records(list(source.pages("applications", None)))]
            )
        assert "/files/" not in told
        assert "intervieweeVideoUrl" in told


class Files:
    """The stand-in with one recording of which every byte is known."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.content = b"OggS" + random.Random(4711).randbytes(1_500_000)
        made = world.change(
            NAME, what="recording", candidate="be1", file="known.ogg", content_hex=self.content.hex()
        )
        self.reference = {"application_id": str(made["application"]), "file_name": "interview-1.ogg"}
        self.missing = {**self.reference, "file_name": "interview-9.ogg"}

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
    """Attachments behind links of an hour."""

    connector = RECORDINGS

    @pytest.fixture
    def far_end(self, world: World) -> Files:
        """The stand-in."""
        return Files(world)

    @pytest.mark.parametrize(
        "reference", [{"application_id": "4799999999", "file_name": "x.ogg"}, {"application_id": "../1", "file_name": "x"},
                      {"application_id": "1"}]
    )  # fmt: skip
    def test_of_nobody_there_is_none(self, reference: Any, world: World, tmp_path: Path) -> None:
        """An application that is gone is HTTP 500 there, and refused here."""
        with (
            self.recordings(Files(world).config(), tmp_path) as source,
            pytest.raises(Rejected) as caught,
            source.open(reference),
        ):
            raise AssertionError
        assert caught.value.vendor_code in ("GONE", "REFERENCE")
