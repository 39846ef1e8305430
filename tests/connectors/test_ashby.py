"""Ashby: sync tokens and cursors that run out, refusals with HTTP 200, custom fields that are set by one call."""

import json
import random
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trivet_sandbox.ashby.listing as vendor_lists
import trivet_sandbox.ashby.seed as vendor_objects
from conftest import World
from standing import NAME as WORDS
from standing import Standing
from trivet_connectors.ashby import INBOUND, RECORDINGS, SOURCE, TARGET
from trivet_connectors.ashby.config import AshbyConfig, field_name
from trivet_connectors.ashby.source import METHODS
from trivet_sandbox.ashby import hooks
from trivet_sandbox.server import Answer

from trivet.conformance.promises import PERSON, error_is_clear
from trivet.conformance.recordings import RecordingsSuite
from trivet.conformance.source import Repeat, SourceSuite, drained, holds, ids, records
from trivet.conformance.target import TargetSuite
from trivet.contract import Focused, Services, Source
from trivet.errors import AuthFailed, ConfigError, RateLimited, Rejected, Retryable
from trivet.model import Call, Confirmed, Cursor, Document, Gone, Heard, Operation, OperationKind, Record

NAME, ENTITY, SET = "ashby", "scores", "customField.setValues"
REFERENCE = "ABCDEFGHIJKLMNOP"
KINDS = {
    "jobs": "job",
    "candidates": "candidate",
    "applications": "application",
    "interview_schedules": "interviewSchedule",
}
"""The vendor's objects by stream; files belong to candidates."""


def applications(world: World) -> list[str]:
    """Ids of the first three applications."""
    return sorted(world.held(NAME)["application"])[:3]


def shown(world: World, name: str) -> Document:
    """The values of an application's custom fields."""
    fields = world.held(NAME)["application"][name]["customFields"]
    return {field_name(field["title"]): field["value"] for field in fields}


class Scores(Standing):
    """The stand-in as one that keeps scores."""

    def __init__(self, world: World) -> None:
        good: list[Document] = [
            {"application_id": i, "trivet_report": f"{WORDS}\nline", "trivet_score_teamwork": 7.5}
            for i in applications(world) or ["1", "2", "3"]
        ]
        changed = {**good[0], "trivet_score_teamwork": 8.0}
        super().__init__(world, NAME, TARGET, ENTITY, good, changed, {**good[1], "application_id": "1"}, SET)

    def config(self, **changed: Any) -> Any:
        return super().config(**{"calls_per_second": 1000.0, **changed})

    def held(self) -> Any:
        """Scores are no records there: what counts is the applications that carry a reference."""
        state = super().held()
        scored = {k: v for k, v in state["application"].items() if "Trivet reference" in json.dumps(v)}
        return {"scores": scored, "rest": [state]}


class TestScores(TargetSuite):
    """Custom fields of the application, set together."""

    connector = TARGET

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The stand-in."""
        return Scores(world)


def config(world: World, **changed: Any) -> AshbyConfig:
    """The stand-in's connection."""
    made = Scores(world).config(**changed)
    assert isinstance(made, AshbyConfig)
    return made


def services(folder: Path) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, lambda: datetime.now(UTC))


@pytest.fixture
def target(world: World, tmp_path: Path) -> Iterator[Any]:
    """The target at the stand-in."""
    with TARGET.build(config(world), services(tmp_path)) as built:
        yield built


def operation(
    world: World, kind: OperationKind = "create", reference: str = REFERENCE, **fields: Any
) -> Operation:
    """One on the first application."""
    name = applications(world)[0]
    document = {} if kind == "delete" else {"application_id": name, **fields}
    remote_id = None if kind == "create" else name
    return Operation(f"{reference}-{kind[0].upper()}1", reference, kind, ENTITY, document, remote_id)


class TestSetting:
    """One call sets all of ours and no other field."""

    def test_the_fields_of_others_stay(self, world: World, target: Any) -> None:
        """The employee number was there before, and is there after scores came, changed and went."""
        name = applications(world)[0]
        world.sandbox[NAME].store.put("application", name, self.with_a_number(world, name))
        before = shown(world, name)
        assert before["employee_number"]
        steps: list[tuple[OperationKind, Document]] = [
            ("create", {"trivet_report": "first", "trivet_score_teamwork": 7}),
            ("update", {"trivet_report": "second"}),
            ("delete", {}),
        ]
        for kind, said in steps:
            assert isinstance(target.send([operation(world, kind, **said)])[0], Confirmed)
            ours = {**said, "trivet_reference": REFERENCE} if said else {}
            # a score that the new result does not have is gone
            assert shown(world, name) == {**before, **ours}

    def with_a_number(self, world: World, name: str) -> Document:
        """An application whose employee number HR has filled in."""
        body: Document = world.sandbox[NAME].store.get("application", name)
        return body | {"customFields": [vendor_objects.field("Application", "employee_number", "10000999")]}

    def test_a_result_is_one_call_to_write(self, world: World, target: Any) -> None:
        """However many scores it has, and the definitions are read once."""
        scores = {
            f"trivet_score_{code}": 5
            for code in ("teamwork", "leadership", "communication", "risk_awareness")
        }
        for _ in range(3):
            target.send([operation(world, trivet_report="x", trivet_scored_on="2026-11-19", **scores)])
        paths = [call["path"] for call in world.calls(NAME)]
        assert [paths.count(f"/{m}") for m in ("customField.list", "application.info", SET)] == [1, 3, 3]

    def test_the_reference_is_set_first_and_taken_away_last(
        self, world: World, target: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where a call breaks in the middle, what it left is found under the reference."""
        vendor, seen = world.sandbox[NAME], []
        plain = vendor.handle

        def handle(request: Any) -> Any:
            if request.path == f"/{SET}":
                seen.append([entry["fieldId"] for entry in request.json()["values"]])
            return plain(request)

        monkeypatch.setattr(vendor, "handle", handle)
        target.send([operation(world, trivet_report="x", trivet_score_teamwork=1)])
        target.send([operation(world, "delete")])
        reference = vendor_objects.number("customField", "Application/trivet_reference")
        assert [seen[0][0], seen[1][-1]] == [reference, reference]

    @pytest.mark.parametrize("field", ["employee_number", "shoe_size", "trivet_reference"])
    def test_a_field_of_others_is_not_ours_to_write(self, field: str, world: World, target: Any) -> None:
        """A mapping that names one is refused before anything is sent."""
        before = world.held(NAME)
        (said,) = target.send([operation(world, **{field: "1"})])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == ("MAPPING_UNKNOWN_FIELD", field)
        assert world.held(NAME) == before

    def test_a_field_that_applications_do_not_have_is_refused(self, world: World, target: Any) -> None:
        """Ashby knows fields by ids: without a definition there is none to send."""
        (said,) = target.send([operation(world, trivet_mood="good")])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == ("FIELD_UNKNOWN", "trivet_mood")

    def test_two_fields_of_one_name_are_told(self, world: World, target: Any) -> None:
        """Nobody can say which is meant; an archived one does not count."""
        store = world.sandbox[NAME].store
        body = store.get(
            "customField", vendor_objects.number("customField", "Application/trivet_score_teamwork")
        )
        twin = body | {"id": vendor_objects.number("customField", "twin"), "title": "TRIVET: score teamwork"}
        store.put("customField", twin["id"], twin | {"isArchived": True})
        target.check()
        store.put("customField", twin["id"], twin)
        with pytest.raises(Rejected) as caught:
            target.describe()
        assert (caught.value.vendor_code, caught.value.field) == ("FIELD_AMBIGUOUS", "trivet_score_teamwork")

    def test_a_value_of_another_kind_is_refused_in_the_vendors_code(self, world: World, target: Any) -> None:
        """With HTTP 200 and without its words, which may quote what was sent."""
        before = world.held(NAME)
        (said,) = target.send([operation(world, trivet_report="x", trivet_score_teamwork=PERSON)])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "invalid_input"
        error_is_clear(said, NAME)
        assert world.held(NAME) == before

    def test_an_application_that_is_gone_is_refused_and_nothing_to_take_back(
        self, world: World, target: Any
    ) -> None:
        """With the field that names it; a delete finds its work done."""
        gone = operation(world, trivet_report="x"), operation(world, "delete")
        world.sandbox[NAME].store.delete("application", applications(world)[0])
        (said,), (done,) = (target.send([wanted]) for wanted in gone)
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == ("NOT_FOUND", "application_id")
        assert isinstance(done, Confirmed)
        assert target.find(ENTITY, gone) == {}

    def test_another_result_is_not_written_over(self, world: World, target: Any) -> None:
        """Neither by a create nor by a delete that comes late."""
        target.send([operation(world, trivet_report="theirs")])
        before = world.held(NAME)
        kinds: tuple[OperationKind, ...] = ("create", "update", "delete")
        for kind in kinds:
            (said,) = target.send([operation(world, kind, "Z" * 16, trivet_report="ours")])
            if kind == "delete":
                assert isinstance(said, Confirmed)
            else:
                assert isinstance(said, Rejected)
                assert said.vendor_code == "REFERENCE_TAKEN"
        assert world.held(NAME) == before

    @pytest.mark.parametrize("fields", [None, {}, [None], "x"])
    def test_fields_that_cannot_be_read_are_not_written(self, fields: Any, world: World, target: Any) -> None:
        """What carries another result cannot be known."""
        before = world.held(NAME)
        body = json.dumps(
            {"success": True, "results": {"id": applications(world)[0], "customFields": fields}}
        )
        world.misbehave(NAME, kind="answer", path="/application.info", body=body)
        (said,) = target.send([operation(world, trivet_report="x")])
        assert isinstance(said, Retryable)
        assert world.held(NAME) == before

    def test_a_date_that_comes_back_as_a_moment_is_the_day_that_was_sent(
        self, world: World, target: Any
    ) -> None:
        """Else every comparison would find a change."""
        wanted = operation(world, trivet_report="x", trivet_scored_on="2026-11-19")
        target.send([wanted])
        store, name = world.sandbox[NAME].store, applications(world)[0]
        text = json.dumps(store.get("application", name)).replace(
            '"2026-11-19"', '"2026-11-19T00:00:00.000Z"'
        )
        store.put("application", name, json.loads(text))
        (found,) = target.find(ENTITY, [wanted])[REFERENCE]
        assert found.document["trivet_scored_on"] == "2026-11-19"

    def test_without_a_field_for_our_reference_nothing_begins(self, world: World, tmp_path: Path) -> None:
        """And the cure says where to make one."""
        wanted = config(world, reference_field="trivet_ref")
        with TARGET.build(wanted, services(tmp_path)) as target, pytest.raises(ConfigError) as caught:
            target.check()
        assert "Custom Fields" in str(caught.value.cure)

    def test_it_says_what_it_takes(self, target: Any) -> None:
        """By the tenant's own definitions."""
        properties = target.describe()[ENTITY]["properties"]
        assert properties["trivet_score_teamwork"] == {"type": "number"}
        assert properties["trivet_scored_on"] == {"type": "string", "format": "date"}
        assert "employee_number" not in properties


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Trivet reference", "trivet_reference"),
        ("TRIVET: Score (teamwork)", "trivet_score_teamwork"),
        ("工号", ""),
        (7, "7"),
    ],
)
def test_a_field_is_named_by_its_title(title: Any, name: str) -> None:
    """People write titles as they like."""
    assert field_name(title) == name


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
        return Scores(self.world).nobody_home()

    def owners(self) -> dict[str, Document]:
        """The candidate of every file."""
        return {file["id"]: body for _, body in self.store.all("candidate") for file in body["fileHandles"]}

    def held(self, stream: str) -> set[str]:
        return set(self.owners()) if stream == "files" else {key for key, _ in self.store.all(KINDS[stream])}

    def delete(self, stream: str, external_id: str) -> None:
        if stream != "files":
            self.store.delete(KINDS[stream], external_id)
            return
        owner = self.owners()[external_id]
        left = [file for file in owner["fileHandles"] if file["id"] != external_id]
        vendor_objects.touch(self.store, "candidate", owner | {"fileHandles": left})

    def change(self, stream: str, external_id: str) -> str:
        """By a recruiter."""
        word = f"changed-{vendor_lists.changes(self.store)}"
        if stream == "files":
            owner = self.owners()[external_id]
            files = [f | {"name": word} if f["id"] == external_id else f for f in owner["fileHandles"]]
            vendor_objects.touch(self.store, "candidate", owner | {"fileHandles": files})
            return word
        named = {"jobs": "title", "candidates": "school", "applications": "source"}
        body = self.store.get(KINDS[stream], external_id)
        vendor_objects.touch(self.store, KINDS[stream], body | {named.get(stream, "status"): word})
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave(NAME, kind=kind, path=f"/{METHODS[stream]}$", **how)


def page(rows: Any, **more: Any) -> str:
    """The vendor's envelope of a last page."""
    said = {"success": True, "results": rows, "moreDataAvailable": False, "syncToken": "x"}
    return json.dumps({**said, **more})


MALFORMED = {
    "no success": json.dumps(
        {"results": [{"id": "1", "name": PERSON}], "moreDataAvailable": False, "syncToken": "x"}
    ),
    "success is a word": page([], success="true", name=PERSON),
    "a refusal that quotes": json.dumps({"success": False, "errors": [f"no such person: {PERSON}"]}),
    "a refusal of nothing": json.dumps({"success": False, "errors": None, "errorInfo": None, "name": PERSON}),
    "rows are an object": page({"name": PERSON}),
    "a row is null": page([None]),
    "a row is a text": page([PERSON]),
    "a row lacks its id": page([{"name": PERSON}]),
    "an id is a number": page([{"id": 7, "name": PERSON}]),
    "an id is empty": page([{"id": "", "name": PERSON}]),
    "more without a cursor": page([], moreDataAvailable=True),
    "more with an empty cursor": page([], moreDataAvailable=True, nextCursor=""),
    "more is a word": page([], moreDataAvailable=PERSON),
    "neither more nor less": page([], moreDataAvailable=None),
}
FILES = {
    "files are a number": page([{"id": "1", "fileHandles": 7}]),
    "a file is a text": page([{"id": "1", "fileHandles": [PERSON]}]),
    "a file lacks its id": page([{"id": "1", "fileHandles": [{"name": PERSON}]}]),
    "a file has an empty id": page([{"id": "1", "fileHandles": [{"id": "", "name": PERSON}]}]),
}
PEOPLE = {
    "nobody's application": page([{"id": "1", "candidate": None}]),
    "an application of a name": page([{"id": "1", "candidate": PERSON}]),
    "a custom field is a text": page([{"id": "1", "candidate": {"id": "2"}, "customFields": [PERSON]}]),
}


class TestSource(SourceSuite):
    """Four lists, and the candidates' files."""

    connector = SOURCE
    repeats: ClassVar[Mapping[str, Repeat]] = {"files": "window"}
    malformed: ClassVar = {
        **dict.fromkeys(SOURCE.streams, MALFORMED),
        "candidates": MALFORMED | FILES,
        "files": MALFORMED | FILES,
        "applications": MALFORMED | PEOPLE,
    }

    @pytest.fixture
    def far_end(self, world: World) -> Reading:
        """The stand-in."""
        return Reading(world)


@contextmanager
def reading(world: World, folder: Path, **changed: Any) -> Iterator[Source]:
    """The source."""
    with SOURCE.build(config(world, **{"page_size": 2, **changed}), services(folder)) as source:
        yield source


def bodies(world: World, monkeypatch: pytest.MonkeyPatch, method: str) -> list[Document]:
    """What the method is asked with, from now on."""
    vendor, seen = world.sandbox[NAME], []
    plain = vendor.handle

    def handle(request: Any) -> Any:
        if request.path == f"/{method}":
            seen.append(request.json())
        return plain(request)

    monkeypatch.setattr(vendor, "handle", handle)
    return seen


class TestSyncTokens:
    """What the position is worth at any moment."""

    def test_a_second_pull_asks_for_what_changed_alone(self, world: World, tmp_path: Path) -> None:
        """One page, however many candidates there are."""
        far_end = Reading(world)
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("candidates", None)
            changed = max(far_end.held("candidates"))
            far_end.change("candidates", changed)
            news = list(source.pages("candidates", last.cursor))
        assert (ids(news), len(news)) == ([changed], 1)

    def test_the_position_is_the_pages_cursor_and_at_the_end_the_new_token(
        self, world: World, tmp_path: Path
    ) -> None:
        """Both opaque; in the middle of a sync with the token that it was begun with."""
        far_end = Reading(world)
        with reading(world, tmp_path) as source:
            first = [json.loads(page.cursor) for page in source.pages("candidates", None)]
            for name in sorted(far_end.held("candidates"))[:5]:
                far_end.change("candidates", name)
            second = [json.loads(p.cursor) for p in source.pages("candidates", Cursor(json.dumps(first[-1])))]
        assert all(state["token"] is None and state["next"] for state in first[:-1])
        assert set(first[-1]) == {"token"}
        assert [state["token"] for state in second[:-1]] == [first[-1]["token"]] * 2
        assert second[-1]["token"] not in (None, first[-1]["token"])

    def test_token_and_cursor_travel_together(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And a whole list is begun with neither."""
        far_end, seen = Reading(world), bodies(world, monkeypatch, "job.list")
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("jobs", None)
            for name in far_end.held("jobs"):
                far_end.change("jobs", name)
            list(source.pages("jobs", last.cursor))
        assert [sorted(body) for body in seen] == [
            ["limit"], ["cursor", "limit"], ["limit", "syncToken"], ["cursor", "limit", "syncToken"],
        ]  # fmt: skip

    @pytest.mark.parametrize("why", ["expired", "invalid", "too large"])
    def test_a_token_that_is_good_no_more_begins_a_whole_list(
        self, why: str, world: World, tmp_path: Path
    ) -> None:
        """The vendor says so by a code with HTTP 200; everything comes, what is known unchanged, and a new token."""
        far_end = Reading(world)
        with reading(world, tmp_path) as source:
            before = list(source.pages("candidates", None))
            stored = before[-1].cursor
            match why:
                case "expired":
                    world.change(NAME, what="expire")
                case "invalid":
                    stored = Cursor(json.dumps({"token": "bm9uZQ=="}))
                case "too large":
                    world.change(NAME, what="pages", most=1)
                    for name in far_end.held("candidates"):
                        far_end.change("candidates", name)
            again = list(source.pages("candidates", stored))
            assert set(ids(again)) == far_end.held("candidates")
            if why != "too large":
                known = {record.external_id: record.version for record in records(before)}
                assert {r.external_id: r.version for r in records(again)} == known
            assert not ids(list(source.pages("candidates", again[-1].cursor)))

    @pytest.mark.parametrize("begun", ["whole", "by a token"])
    def test_a_cursor_that_has_run_out_begins_its_list_again(
        self, begun: str, world: World, tmp_path: Path
    ) -> None:
        """Kept over a night: what came comes again, nothing is lost."""
        far_end = Reading(world)
        with reading(world, tmp_path) as source:
            token = None
            if begun == "by a token":
                (*_, last) = source.pages("candidates", None)
                token = json.loads(last.cursor)["token"]
                for name in far_end.held("candidates"):
                    far_end.change("candidates", name)
            stale = Cursor(json.dumps({"token": token, "next": "bm9uZQ=="}))
            assert set(ids(list(source.pages("candidates", stale)))) == far_end.held("candidates")

    def test_a_cursor_that_the_vendor_never_takes_ends_the_pull(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that it has just given: to begin again would never end."""
        plain = vendor_lists._sealed
        monkeypatch.setattr(vendor_lists, "_sealed", lambda store, kind, said: plain(store, "other", said))
        with reading(world, tmp_path) as source:
            read, error = drained(source, "jobs")
        assert isinstance(error, Rejected)
        assert (error.vendor_code, len(read)) == ("invalid_next_cursor", 1)

    def test_a_page_that_leads_to_itself_ends_the_pull(self, world: World, tmp_path: Path) -> None:
        """It is not followed for ever."""
        again = page([], moreDataAvailable=True, nextCursor="again")
        world.misbehave(NAME, kind="answer", path="/job.list", times=1000, body=again)
        with reading(world, tmp_path) as source:
            read, error = drained(source, "jobs")
        assert isinstance(error, Retryable)
        assert (error.vendor_code, len(read)) == ("PAGE_MALFORMED", 1)

    def test_a_last_page_without_a_token_keeps_the_old_one(self, world: World, tmp_path: Path) -> None:
        """Where there is none to keep, a list that cannot be followed is an error, not a night that looks well."""
        answer = page([], syncToken=None)
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("jobs", None)
            world.misbehave(NAME, kind="answer", path="/job.list", body=answer)
            assert [entry.cursor for entry in source.pages("jobs", last.cursor)] == [last.cursor]
            world.misbehave(NAME, kind="answer", path="/job.list", body=answer)
            read, error = drained(source, "jobs")
        assert isinstance(error, Retryable)
        assert not read

    @pytest.mark.parametrize(
        "cursor", ["{}", '{"token": null}', '{"next": "x"}', '{"token": 7}', '{"token": "x", "next": []}']
    )
    def test_a_position_that_is_none_is_told(self, cursor: str, world: World, tmp_path: Path) -> None:
        """With the command that begins the stream anew."""
        with reading(world, tmp_path) as source, pytest.raises(Rejected) as caught:
            list(source.pages("jobs", Cursor(cursor)))
        assert caught.value.vendor_code == "CURSOR_INVALID"

    def test_what_we_write_is_no_news(self, world: World, tmp_path: Path) -> None:
        """Our own fields are not among an application's; the time of its change is."""
        name = applications(world)[0]
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("applications", None)
            with TARGET.build(config(world), services(tmp_path)) as target:
                target.send([operation(world, trivet_report=WORDS, trivet_score_teamwork=3)])
            (news,) = records(list(source.pages("applications", last.cursor)))
        assert news.external_id == name
        assert not holds(news, "Trivet")

    def test_neither_handles_nor_an_applicants_computer_are_kept(self, world: World, tmp_path: Path) -> None:
        """A handle is signed: whoever has it and a key opens the file."""
        with reading(world, tmp_path) as source:
            text = json.dumps(
                [r.document for s in SOURCE.streams for r in records(list(source.pages(s, None)))]
            )
        assert '"fileHandles": [{"id"' in text
        assert '"handle"' not in text
        assert "203.0.113.7" not in text


class TestRefusals:
    """HTTP 200 is not success."""

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            (
                {"errors": ["job_not_open"], "errorInfo": {"code": "job_closed", "message": PERSON}},
                "job_closed",
            ),
            ({"errors": ["job_not_open"]}, "job_not_open"),
            ({"errors": [{"message": "invalid_input", "parameter": "limit"}]}, "invalid_input"),
            ({"errors": [{"message": PERSON}]}, "HTTP 200"),
            ({}, "HTTP 200"),
        ],
    )
    def test_either_form_of_an_error_gives_its_code(
        self, said: Document, code: str, world: World, tmp_path: Path
    ) -> None:
        """And never its words."""
        world.misbehave(NAME, kind="answer", path="/job.list", body=json.dumps({"success": False, **said}))
        with reading(world, tmp_path) as source, pytest.raises(Rejected) as caught:
            list(source.pages("jobs", None))
        assert caught.value.vendor_code == code
        error_is_clear(caught.value, NAME)

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Answer({"success": False, "errors": ["invalid_input"]}, 400), "invalid_input"),
            (Answer({"error": PERSON}, 404), "HTTP 404"),
            (Answer(PERSON.encode(), 404, media_type="text/html"), "HTTP 404"),
        ],
    )
    def test_a_refusal_by_the_status_line_is_one(
        self, answer: Answer, code: str, world: World, target: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reading and writing: nothing was done."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle
        monkeypatch.setattr(
            vendor, "handle", lambda request: answer if request.path == f"/{SET}" else plain(request)
        )
        (said,) = target.send([operation(world, trivet_report="x")])
        assert isinstance(said, Rejected)
        assert said.vendor_code == code
        error_is_clear(said, NAME)

    @pytest.mark.parametrize(
        ("method", "right"),
        [
            ("interviewSchedule.list", "interviewsRead"),
            ("application.list", "candidatesRead"),
            ("job.list", "jobsRead"),
        ],
    )
    def test_a_right_that_lacks_is_named(self, method: str, right: str, world: World, tmp_path: Path) -> None:
        """Each module has one of its own, and a check asks every one."""
        world.change(NAME, what="deny", methods=[method])
        with reading(world, tmp_path) as source, pytest.raises(AuthFailed) as caught:
            source.check()
        assert caught.value.operation == method
        assert right in str(caught.value.cure)

    def test_a_right_that_lacks_may_come_with_200(self, world: World, tmp_path: Path) -> None:
        """Then it is a matter of the key as well."""
        body = json.dumps({"success": False, "errors": ["missing_endpoint_permission"]})
        world.misbehave(NAME, kind="answer", path="/job.list", body=body)
        with reading(world, tmp_path) as source, pytest.raises(AuthFailed) as caught:
            source.check()
        assert caught.value.vendor_code == "missing_endpoint_permission"

    def test_a_right_to_write_that_lacks_is_named(self, world: World, target: Any) -> None:
        """Reading candidates is not writing them."""
        world.change(NAME, what="deny", methods=[SET])
        with pytest.raises(AuthFailed) as caught:
            target.send([operation(world, trivet_report="x")])
        assert "candidatesWrite" in str(caught.value.cure)

    @pytest.mark.parametrize(("version", "sent"), [(None, None), ("2026-01-01", "2026-01-01")])
    def test_a_version_is_asked_for_where_one_is_set(
        self,
        version: str | None,
        sent: str | None,
        world: World,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """And the key stands alone, without a password."""
        vendor, seen = world.sandbox[NAME], []
        plain = vendor.handle
        monkeypatch.setattr(
            vendor, "handle", lambda request: (seen.append(request.headers), plain(request))[1]
        )
        with reading(world, tmp_path, api_version=version) as source:
            source.check()
        assert {headers.get("Ashby-Version") for headers in seen} == {sent}
        assert {headers["Accept"] for headers in seen} == {"application/json; version=1"}
        assert {headers["Authorization"] for headers in seen} == {"Basic YXNoYnktc2FuZGJveC1rZXk6"}


class TestLimit:
    """The vendor counts by key and window, and says what is left."""

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
        assert 5 < error.retry_after <= 60
        assert len(read) == 2


class TestAround:
    """Single objects and what belongs to them, without a list."""

    def asked(self, world: World, folder: Path, stream: str, *names: str) -> dict[str, tuple[Record, ...]]:
        """What the source finds."""
        with reading(world, folder) as source:
            assert isinstance(source, Focused)
            found = list(source.around(stream, names))
        assert [name for name, _ in found] == [s for s in SOURCE.streams if s in dict(found)]
        return dict(found)

    def listed(self, world: World, folder: Path) -> dict[tuple[str, str], Record]:
        """Every record as the lists give it."""
        with reading(world, folder) as source:
            return {
                (s, r.external_id): r for s in SOURCE.streams for r in records(list(source.pages(s, None)))
            }

    @pytest.mark.parametrize("stream", sorted(set(SOURCE.streams) - {"jobs"}))
    def test_what_belongs_to_a_person_comes_as_the_lists_give_it(
        self, stream: str, world: World, tmp_path: Path
    ) -> None:
        """Position, person, applications, schedules and files: the same documents and versions."""
        key = world.sandbox[NAME].store.get("_key", "rs1")
        known = self.listed(world, tmp_path)
        person = world.sandbox[NAME].store.get("candidate", key["candidate"])
        name = person["fileHandles"][0]["id"] if stream == "files" else key[KINDS[stream]]
        found = self.asked(world, tmp_path, stream, name)
        assert {s: len(rows) for s, rows in found.items()} == dict.fromkeys(SOURCE.streams, 1)
        for name, rows in found.items():
            for row in rows:
                assert row == known[name, row.external_id]

    def test_a_person_with_two_applications_comes_with_both(self, world: World, tmp_path: Path) -> None:
        """Asked for one of them; nothing twice."""
        world.change(NAME, what="merge", candidate="be1", into="rs1")
        store = world.sandbox[NAME].store
        both = [store.get("_key", key)["application"] for key in ("be1", "rs1")]
        found = self.asked(world, tmp_path, "applications", both[0], both[0])
        assert sorted(r.external_id for r in found["applications"]) == sorted(both)
        assert {s: len(rows) for s, rows in found.items()} == {
            "jobs": 2, "candidates": 1, "applications": 2, "interview_schedules": 2, "files": 2,
        }  # fmt: skip

    def test_a_job_comes_alone(self, world: World, tmp_path: Path) -> None:
        """Its applicants are a list."""
        name = vendor_objects.number("job", 0)
        found = self.asked(world, tmp_path, "jobs", name)
        assert [r.external_id for r in found["jobs"]] == [name]
        assert set(found) == {"jobs"}

    @pytest.mark.parametrize("stream", SOURCE.streams)
    def test_what_is_not_there_is_left_out(self, stream: str, world: World, tmp_path: Path) -> None:
        """A person who was deleted, and one who never was."""
        gone = world.change(NAME, what="delete", candidate="be1")
        names = (
            gone["candidate"],
            gone["application"],
            vendor_objects.number("candidate", "none"),
            "nobody",
            "",
        )
        assert self.asked(world, tmp_path, stream, *names) == {}

    def test_no_list_is_read_from_its_beginning(self, world: World, tmp_path: Path) -> None:
        """Only the schedules of one application, which have no other door."""
        name = applications(world)[0]
        self.asked(world, tmp_path, "applications", name)
        lists = [call["path"] for call in world.calls(NAME) if call["path"].endswith(".list")]
        assert lists == ["/interviewSchedule.list"]


def hear(folder: Path, headers: dict[str, str], body: bytes, secret: str | None = "a-hook-secret") -> Heard:
    """What the inbound side makes of a call."""
    settings = {"api_key": "x", **({"webhook_secret": secret} if secret is not None else {})}
    with INBOUND.build(AshbyConfig.model_validate(settings), services(folder)) as inbound:
        return inbound.hear(Call(headers, body, datetime.now(UTC)))


def signed(action: str, data: Any, **how: Any) -> tuple[dict[str, str], bytes]:
    """A webhook of the stand-in's."""
    body = hooks.body(action, data, **how)
    return {name.lower(): value for name, value in hooks.headers(body, "a-hook-secret").items()}, body


TOLD: dict[str, tuple[Any, tuple[tuple[str, Gone], ...], tuple[tuple[str, str], ...]]] = {
    "candidateDelete": ({"candidate": {"id": "c"}}, (("candidates", Gone("c", "deleted")),), ()),
    "candidateMerge": (
        {"deletedCandidate": {"id": "c"}, "mergedCandidate": {"id": "d", "name": "x"}},
        (("candidates", Gone("c", "merged", "d")),), (("candidates", "d"),),
    ),
    "applicationSubmit": ({"application": {"id": "a"}}, (), (("applications", "a"),)),
    "applicationUpdate": ({"application": {"id": "a"}}, (), (("applications", "a"),)),
    "candidateStageChange": ({"application": {"id": "a"}}, (), (("applications", "a"),)),
    "candidateHire": (
        {"application": {"id": "a"}, "offer": {"id": "o", "applicationId": "a"}}, (),
        (("applications", "a"),),
    ),
    "interviewScheduleCreate": (
        {"interviewSchedule": {"id": "i", "applicationId": "a"}}, (), (("applications", "a"),),
    ),
    "jobUpdate": ({"job": {"id": "j", "title": "x"}}, (), (("jobs", "j"),)),
    "openingCreate": ({"opening": {"id": "o"}}, (), ()),
}  # fmt: skip


class TestInbound:
    """Signed over the raw body."""

    @pytest.mark.parametrize(
        "body",
        [
            rb'{"webhookActionId": "4711", "action": "jobUpdate", "data": {"job": {"id": "j", "title": "\u5c0f"}}}',
            '{"webhookActionId": "4711", "action": "jobUpdate", "data": {"job": {"id": "𠮷"}}}\n'.encode(),
        ],
    )
    def test_the_signature_is_what_openssl_makes_of_the_raw_body(self, body: bytes, tmp_path: Path) -> None:
        """A second implementation signs what we take; one byte more or less is refused."""
        command = ["openssl", "dgst", "-sha256", "-hmac", "a-hook-secret", "-r"]
        said = subprocess.run(command, input=body, capture_output=True, check=True).stdout
        header = {"ashby-signature": "sha256=" + said.decode().split()[0]}
        (event,) = hear(tmp_path, header, body).events
        assert (event.id, event.kind) == ("4711:jobUpdate", "jobUpdate")
        for wrong in (body + b" ", body[:-1], body.replace(b"4711", b"4712")):
            with pytest.raises(AuthFailed):
                hear(tmp_path, header, wrong)

    def test_a_signature_that_was_kept(self, tmp_path: Path) -> None:
        """Made once by `openssl dgst -sha256 -hmac a-hook-secret`: stand-in and connector cannot drift together."""
        body = b'{"webhookActionId":"4711","action":"candidateDelete","data":{"candidate":{"id":"c"}}}'
        signature = "sha256=c28e7598cb8f94716bf240b96d97bfc128844317fe9081468f3a6621a3b349f4"
        (event,) = hear(tmp_path, {"ashby-signature": signature}, body).events
        assert event.gone == (("candidates", Gone("c", "deleted")),)
        assert hooks.headers(body, "a-hook-secret")["Ashby-Signature"] == signature
        for wrong in ("", signature.upper(), signature[7:], signature.replace("=", " "), "é", signature[:-1]):
            with pytest.raises(AuthFailed) as caught:
                hear(tmp_path, {"ashby-signature": wrong}, body)
            assert caught.value.vendor_code == "WEBHOOK_SIGNATURE"

    @pytest.mark.parametrize("secret", [None, "", "another"])
    def test_without_the_secret_nobody_is_believed(self, secret: str | None, tmp_path: Path) -> None:
        """Whatever the signature says."""
        headers, body = signed("ping", {})
        with pytest.raises(AuthFailed):
            hear(tmp_path, headers, body, secret)

    def test_a_delivery_that_comes_again_is_the_same(self, tmp_path: Path) -> None:
        """The id stays through the vendor's tries; of one action's several webhooks each counts, and without an id the body is
        its own."""
        data = {"application": {"id": "a"}}
        names = [
            hear(tmp_path, *signed(action, data, action_id="4711")).events[0].id
            for action in ("candidateHire", "candidateHire", "applicationUpdate")
        ]
        assert names == ["4711:candidateHire", "4711:candidateHire", "4711:applicationUpdate"]
        body = b'{"action": "jobUpdate", "data": {}}'
        header = {"ashby-signature": hooks.headers(body, "a-hook-secret")["Ashby-Signature"]}
        assert {len(hear(tmp_path, header, body).events[0].id) for _ in range(2)} == {64}

    @pytest.mark.parametrize("action", TOLD)
    def test_who_is_gone_and_whom_it_is_about(self, action: str, tmp_path: Path) -> None:
        """In the forms of the vendor's reference."""
        data, gone, about = TOLD[action]
        (event,) = hear(tmp_path, *signed(action, data)).events
        assert (event.gone, event.about) == (gone, about)

    @pytest.mark.parametrize("action", TOLD)
    @pytest.mark.parametrize(
        "data", [{}, {"candidate": [], "application": 7}, {"candidate": {"id": 7}, "job": {"id": ""}}]
    )
    def test_data_of_another_form_tells_of_nobody(self, action: str, data: Any, tmp_path: Path) -> None:
        """The event counts, and the next read says what is true."""
        (event,) = hear(tmp_path, *signed(action, data)).events
        assert (event.gone, event.about) == ((), ())

    def test_a_ping_is_answered(self, tmp_path: Path) -> None:
        """With success and without an event."""
        assert hear(tmp_path, *signed("ping", {"webhookActionType": "ping"})) == Heard()

    @pytest.mark.parametrize(
        "body", [b"nothing", b"[]", b"[" * 100_000, b"{}", b'{"action": "jobUpdate", "data": 7}']
    )
    def test_a_body_that_is_none_is_refused(self, body: bytes, tmp_path: Path) -> None:
        """Signed as it may be."""
        header = {"ashby-signature": hooks.headers(body, "a-hook-secret")["Ashby-Signature"]}
        with pytest.raises(Rejected) as caught:
            hear(tmp_path, header, body)
        assert caught.value.vendor_code == "EVENT_MALFORMED"


class Files:
    """The stand-in with one recording of which every byte is known."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vendor = world.sandbox[NAME]
        self.content = b"OggS" + random.Random(4711).randbytes(1_500_000)
        candidate = next(key for key, _ in self.vendor.store.all("_key"))
        told = world.change(
            NAME, what="recording", candidate=candidate, file="known.ogg", content_hex=self.content.hex()
        )
        files = self.vendor.store.get("candidate", told["candidate"])["fileHandles"]
        self.reference = {"candidate_id": told["candidate"], "file_id": files[-1]["id"]}
        self.missing = {**self.reference, "file_id": vendor_objects.number("file", "none")}

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
    """Files of the candidate behind links that live a while."""

    connector = RECORDINGS

    @pytest.fixture
    def far_end(self, world: World) -> Files:
        """The stand-in."""
        return Files(world)

    @pytest.mark.parametrize("why", ["the candidate", "the file", "its handle"])
    def test_what_is_gone_is_told(self, why: str, world: World, tmp_path: Path) -> None:
        """Wherever on the way it is missing."""
        far_end = Files(world)
        store, owner = world.sandbox[NAME].store, far_end.reference["candidate_id"]
        body = store.get("candidate", owner)
        if why == "the candidate":
            store.delete("candidate", owner)
        elif why == "the file":
            store.delete("_file", far_end.reference["file_id"])
        else:
            bare = [{"id": file["id"], "name": file["name"]} for file in body["fileHandles"]]
            store.put("candidate", owner, body | {"fileHandles": bare})
        with self.recordings(far_end.config(), tmp_path) as source, pytest.raises(Rejected) as caught:
            source.open(far_end.reference).__enter__()
        assert caught.value.vendor_code == "GONE"

    @pytest.mark.parametrize("results", [{}, {"url": None}, {"url": ""}, {"url": 7}])
    def test_a_file_without_a_link_is_an_error(self, results: Any, world: World, tmp_path: Path) -> None:
        """For the next run."""
        far_end = Files(world)
        body = json.dumps({"success": True, "results": results})
        world.misbehave(NAME, kind="answer", path="/file.info", body=body)
        with self.recordings(far_end.config(), tmp_path) as source, pytest.raises(Retryable):
            source.open(far_end.reference).__enter__()
