"""Lever: tags for fields, whole lists without a window, deletions by their own lists, notes that a write replaces as a whole."""

import json
import random
import stat
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trivet_sandbox.lever.seed as seeding
from conftest import World
from pydantic import ValidationError
from standing import NAME as WORDS
from standing import Standing
from trivet_connectors.lever import INBOUND, RECORDINGS, SOURCE, TARGET
from trivet_connectors.lever.config import LeverConfig
from trivet_sandbox.lever import hooks
from trivet_sandbox.lever.auth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Bucket

from trivet.conformance.promises import PERSON, SECRET
from trivet.conformance.recordings import RecordingsSuite
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.conformance.target import TargetSuite
from trivet.contract import Focused, Services, Source
from trivet.errors import AuthFailed, ConfigError, NotYet, RateLimited, Rejected, Retryable
from trivet.model import Call, Confirmed, Cursor, Document, Event, Gone, Operation, OperationKind, Page

NAME = "lever"
REFERENCE = "ABCDEFGHIJKLMNOP"
NOBODY = "00000000-0000-4000-8000-000000000000"
BRANCHES = ("interviews", "files")


def opportunities(world: World) -> list[str]:
    """Ids of the first three."""
    return sorted(world.held(NAME)["opportunities"])[:3]


class Notes(Standing):
    """The stand-in as one that keeps notes."""

    def __init__(self, world: World) -> None:
        good: list[Document] = [
            {"opportunity_id": name, "value": f"{WORDS}\nline", "score": 3, "secret": True}
            for name in opportunities(world) or ["1", "2", "3"]
        ]
        changed = {**good[0], "value": "other words"}
        super().__init__(
            world, NAME, TARGET, "note", good, changed, {**good[1], "opportunity_id": NOBODY}, "/notes"
        )

    def config(self, **changed: Any) -> Any:
        return super().config(**{"calls_per_second": 1000.0, **changed})


class Reports(Notes):
    """The stand-in as one that keeps files."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        good = [{"opportunity_id": said["opportunity_id"], "html": said["value"]} for said in self.good]
        self.entity, self.good, self.writes = "report", good, "/files"
        self.changed = {**good[0], "html": "other words"}
        self.bad = {**good[1], "opportunity_id": NOBODY}

    def by_hand(self, reference: str) -> None:
        store = self.world.sandbox[NAME].store
        for key, body in store.all("files"):
            if reference in body["name"]:
                store.put("files", key, {**body, "_content": b"by hand".hex()})


class TestNotes(TargetSuite):
    """A note of the opportunity."""

    connector = TARGET

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The stand-in."""
        return Notes(world)


class TestReports(TargetSuite):
    """A file of the opportunity, told by Lever itself or by its store."""

    connector = TARGET

    @pytest.fixture(params=["itself", "its store"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Standing:
        """The stand-in."""
        if request.param != "itself":
            world.change(NAME, what="downloads")
        return Reports(world)


def config(world: World, **changed: Any) -> LeverConfig:
    """The stand-in's connection."""
    made = Notes(world).config(**changed)
    assert isinstance(made, LeverConfig)
    return made


def services(folder: Path, now: Any = None) -> Services:
    """A deployment."""
    return Services(NAME, folder, folder, now or (lambda: datetime.now(UTC)))


@pytest.fixture
def target(world: World, tmp_path: Path) -> Iterator[Any]:
    """The target at the stand-in."""
    with TARGET.build(config(world), services(tmp_path)) as built:
        yield built


def operation(world: World, kind: OperationKind, entity: str = "note", remote_id: str | None = None,
              **fields: Any) -> Operation:  # fmt: skip
    """One at the first opportunity."""
    text = {"note": "value", "report": "html"}[entity]
    said = {"opportunity_id": opportunities(world)[0], text: "words", **fields} if kind != "delete" else {}
    return Operation(f"{REFERENCE}-{kind[0].upper()}1", REFERENCE, kind, entity, said, remote_id)


def done(target: Any, wanted: Operation) -> str:
    """Sends it; the id by which Lever knows it."""
    (said,) = target.send([wanted])
    assert isinstance(said, Confirmed)
    assert said.remote_id is not None
    return said.remote_id


class TestThreads:
    """People answer below a note."""

    def test_an_update_keeps_what_people_answered(self, world: World, target: Any) -> None:
        """A `PUT` replaces the note with every comment below it: theirs are read first and sent back."""
        name = done(target, operation(world, "create", value="first"))
        store, note = world.sandbox[NAME].store, name.partition("/")[2]
        body = store.get("notes", note)
        theirs = {
            **body["fields"][0],
            "value": "I see",
            "user": seeding.RECRUITER,
            "createdAt": 1_700_000_000_000,
        }
        store.put("notes", note, {**body, "fields": [*body["fields"], theirs]})
        assert done(target, operation(world, "update", remote_id=name, value="second", score=4)) == name
        ours, below = world.held(NAME)["notes"][note]["fields"]
        assert ours["value"] == f"second\n\nTrivet reference: {REFERENCE}"
        assert (below["value"], below["user"], below["createdAt"]) == (
            "I see",
            seeding.RECRUITER,
            theirs["createdAt"],
        )
        (found,) = target.find("note", [operation(world, "update")])[REFERENCE]
        assert (found.document["value"], found.document["score"]) == ("second", 4)

    def test_a_note_that_a_person_wrote_is_not_ours_to_change(self, world: World, target: Any) -> None:
        """Lever says so, in its own words."""
        name = done(target, operation(world, "create"))
        store, note = world.sandbox[NAME].store, name.partition("/")[2]
        store.put("notes", note, {**store.get("notes", note), "_api": False})
        before = world.held(NAME)
        with pytest.raises(AuthFailed):
            target.send([operation(world, "update", remote_id=name)])
        assert world.held(NAME) == before

    def test_a_note_that_is_gone_is_not_updated(self, world: World, target: Any) -> None:
        """It does not come back by another name."""
        name = done(target, operation(world, "create"))
        done(target, operation(world, "delete", remote_id=name))
        (said,) = target.send([operation(world, "update", remote_id=name)])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "GONE"

    @pytest.mark.parametrize(
        ("fields", "code", "field"),
        [
            ({"score": 5}, "FIELD_RANGE", "score"),
            ({"mood": "good"}, "MAPPING_UNKNOWN_FIELD", "mood"),
            ({"value": 7}, "FIELD_TYPE", "value"),
            ({"opportunity_id": "../users"}, "FIELD_TYPE", "opportunity_id"),
        ],
    )
    def test_what_lever_would_not_take_is_not_sent(
        self, fields: Document, code: str, field: str, world: World, target: Any
    ) -> None:
        """Nor an id that would lead elsewhere."""
        (said,) = target.send([operation(world, "create", **fields)])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == (code, field)
        assert not world.writes(NAME)

    @pytest.mark.parametrize("name", [None, "", "one", "a/b/c", "../x"])
    def test_an_id_that_is_none_is_refused(self, name: str | None, world: World, target: Any) -> None:
        """Both parts are needed: Lever knows a note by its opportunity."""
        (said,) = target.send([operation(world, "delete", remote_id=name)])
        assert isinstance(said, Rejected)
        assert said.vendor_code == "REFERENCE"

    def test_another_entity_is_refused(self, world: World, target: Any) -> None:
        """There are two."""
        with pytest.raises(Rejected):
            target.find("feedback", [operation(world, "create")])


class TestFiles:
    """Reports are uploaded in the name of a user, and never changed."""

    def test_an_update_leaves_one_file(self, world: World, target: Any) -> None:
        """Under the same id for us, however often it is updated."""
        before = world.held(NAME)["files"]
        name = done(target, operation(world, "create", "report", html="one"))
        for text in ("two", "three"):
            assert done(target, operation(world, "update", "report", name, html=text)) == name
        (found,) = target.find("report", [operation(world, "update", "report")])[REFERENCE]
        assert (found.remote_id, found.document["html"]) == (name, "three")
        assert len(world.held(NAME)["files"]) == len(before) + 1
        done(target, operation(world, "delete", "report", name))
        assert world.held(NAME)["files"] == before

    def test_an_update_that_died_in_the_middle_is_told_by_the_newer_file(
        self, world: World, target: Any
    ) -> None:
        """The old one is still there, and goes with the next update or delete."""
        before = world.held(NAME)["files"]
        name = done(target, operation(world, "create", "report", html="one"))
        world.misbehave(NAME, kind="http_500", method="DELETE", path="/files/")
        (said,) = target.send([operation(world, "update", "report", name, html="two")])
        assert not isinstance(said, Confirmed)
        assert len(world.held(NAME)["files"]) == len(before) + 2
        (found,) = target.find("report", [operation(world, "update", "report")])[REFERENCE]
        assert (found.remote_id, found.document["html"]) == (name, "two")
        done(target, operation(world, "delete", "report", name))
        assert world.held(NAME)["files"] == before

    def test_without_a_user_no_file_is_written(self, world: World, tmp_path: Path) -> None:
        """Lever asks in whose name; notes need none."""
        with TARGET.build(config(world, perform_as=None), services(tmp_path)) as target:
            (refused,) = target.send([operation(world, "create", "report")])
            target.check()
            done(target, operation(world, "create"))
        assert isinstance(refused, Rejected)
        assert refused.vendor_code == "PERFORM_AS"

    @pytest.mark.parametrize("name", [seeding.LEFT, NOBODY, "../users"])
    def test_a_user_who_left_writes_nothing(self, name: str, world: World, tmp_path: Path) -> None:
        """The check says so before the first note."""
        with (
            TARGET.build(config(world, perform_as=name), services(tmp_path)) as target,
            pytest.raises(ConfigError) as caught,
        ):
            target.check()
        assert caught.value.code == "PERFORM_AS"

    def test_more_than_could_be_read_back_is_not_sent(self, world: World, target: Any) -> None:
        """4 MiB."""
        (said,) = target.send([operation(world, "create", "report", html="x" * (4 * 1024 * 1024 + 1))])
        assert isinstance(said, Rejected)
        assert (said.vendor_code, said.field) == ("FIELD_LENGTH", "html")
        assert not world.writes(NAME)


class Reading:
    """The stand-in as a source."""

    def __init__(self, world: World, look_at: str = "open") -> None:
        self.world, self.look_at = world, look_at
        self.vendor = world.sandbox[NAME]
        self.store = self.vendor.store

    def config(self, **changed: Any) -> Any:
        return config(self.world, **{"page_size": 2, "look_at": self.look_at, **changed})

    def wrong_secret(self) -> Any:
        return Notes(self.world).wrong_secret()

    def nobody_home(self) -> Any:
        return Notes(self.world).nobody_home()

    def held(self, stream: str) -> set[str]:
        rows = self.store.all(stream)
        return {f"{body['_opportunity']}/{key}" if stream in BRANCHES else key for key, body in rows}

    def delete(self, stream: str, external_id: str) -> None:
        if stream in BRANCHES:
            self.store.delete(stream, external_id.partition("/")[2])
        elif stream == "contacts":
            for body in self.store.owned("opportunities", "contact", external_id):
                self.vendor.changes.delete("opportunities", body["id"])
        else:
            self.vendor.changes.delete(stream, external_id)

    def change(self, stream: str, external_id: str) -> str:
        """By a recruiter; of interviews and files an opportunity only tells where it says so, or is closed."""
        word, key, now = (
            f"changed-{time.monotonic_ns()}",
            external_id.rpartition("/")[2],
            int(time.time() * 1000),
        )
        body = self.store.get(stream, key)
        assert body is not None
        if stream == "opportunities":
            self.vendor.touch({**body, "tags": [*body["tags"], word]})
        elif stream == "contacts":
            self.vendor.changes._contact({**body, "name": word})
        else:
            named = {"postings": "text", "interviews": "note", "files": "name"}
            self.store.put(stream, key, {**body, named[stream]: word, "updatedAt": now}, now)
        if stream in BRANCHES:
            opportunity = self.store.get("opportunities", body["_opportunity"])
            if self.look_at == "changed" or opportunity["archived"]:
                self.vendor.touch(opportunity)
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        path = r"/v1/postings\?" if stream == "postings" else r"/v1/opportunities\?(?!.*contact_id)"
        self.world.misbehave(NAME, kind=kind, method="GET", path=path, **how)


MALFORMED = {
    "a row is null": json.dumps({"data": [None], "hasNext": False}),
    "a row is a text": json.dumps({"data": [PERSON], "hasNext": False}),
    "a row lacks its id": json.dumps({"data": [{"name": PERSON}], "hasNext": False}),
    "an id is a number": json.dumps({"data": [{"id": 7, "name": PERSON}], "hasNext": False}),
    "an id leads elsewhere": json.dumps({"data": [{"id": "../x", "name": PERSON}], "hasNext": False}),
    "one object": json.dumps({"data": {"id": "7", "name": PERSON}, "hasNext": False}),
    "no token leads on": json.dumps({"data": [], "hasNext": True}),
    "an empty token leads on": json.dumps({"data": [], "hasNext": True, "next": ""}),
    "a word for whether it goes on": json.dumps({"data": [], "hasNext": PERSON, "next": "0"}),
    "a list without its envelope": "[]",
}
NO_CONTACT = {
    "no contact": json.dumps({"data": [{"id": "7"}], "hasNext": False}),
    "a contact that is a name": json.dumps({"data": [{"id": "7", "contact": PERSON}], "hasNext": False}),
}


class TestSource(SourceSuite):
    """Five streams out of two lists and what hangs below them."""

    connector = SOURCE
    repeats: ClassVar[Mapping[str, Repeat]] = dict.fromkeys(SOURCE.streams, "window")
    malformed: ClassVar = dict.fromkeys(SOURCE.streams, MALFORMED) | {"contacts": {**MALFORMED, **NO_CONTACT}}

    @pytest.fixture(params=["open", "changed"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Reading:
        """The stand-in, whose interviews and files are looked for at open or at changed opportunities."""
        return Reading(world, request.param)


@contextmanager
def reading(world: World, folder: Path, now: Any = None, **changed: Any) -> Iterator[Any]:
    """The source by a clock."""
    with SOURCE.build(config(world, **{"page_size": 2, **changed}), services(folder, now)) as source:
        yield source


def asked(world: World, part: str) -> list[str]:
    """Paths of the calls that hold this."""
    return [call["path"] for call in world.calls(NAME) if part in call["path"]]


def whole(source: Source, stream: str, since: Cursor | None = None) -> list[Page]:
    """All pages of a pull."""
    return list(source.pages(stream, since))


def gone(pages: list[Page]) -> list[Gone]:
    """What the pages say is no more."""
    return [lost for page in pages for lost in page.gone]


class TestWindows:
    """What is read, and what the position is worth at any moment."""

    def test_a_whole_reading_asks_for_no_time(self, world: World, tmp_path: Path) -> None:
        """An opportunity of old has no update time: no window holds it, and it is there all the same."""
        store = world.sandbox[NAME].store
        key, body = store.all("opportunities")[0]
        store.put("opportunities", key, {**body, "updatedAt": None})
        with reading(world, tmp_path) as source:
            pages = whole(source, "opportunities")
        assert key in ids(pages)
        assert "updated_at" not in asked(world, "/v1/opportunities?")[0]

    def test_what_moves_to_the_front_while_we_page_is_in_the_whole(
        self, world: World, tmp_path: Path
    ) -> None:
        """The list is followed by what changed meanwhile: nobody is taken for missing who was only passed by."""
        far_end = Reading(world)
        with reading(world, tmp_path) as source:
            order = ids(whole(source, "opportunities"))
            pages: list[Page] = []
            for page in source.pages("opportunities", None):
                pages.append(page)
                if len(pages) == 1:
                    word = far_end.change("opportunities", order[-1])
        assert set(ids(pages)) == far_end.held("opportunities")
        assert word in json.dumps([r.document for r in records(pages)])

    def test_the_position_moves_after_the_last_list_only(self, world: World, tmp_path: Path) -> None:
        """No order is promised: what is newest may come last."""
        with reading(world, tmp_path) as source:
            states = [json.loads(page.cursor) for page in source.pages("postings", None)]
        assert all(state["from"] is None and state["part"] for state in states[:-1])
        assert set(states[-1]) == {"from"}

    def test_a_window_has_two_sides_and_overlaps_by_a_minute(self, world: World, tmp_path: Path) -> None:
        """In milliseconds, and beside a window of postings stands nothing that Lever forbids there."""
        moment = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
        millis = int(moment.timestamp() * 1000)
        with reading(world, tmp_path, lambda: moment) as source:
            (*_, last) = source.pages("postings", None)
            whole(source, "postings", last.cursor)
        window = asked(world, "updated_at_end")
        assert window == [f"/v1/postings?limit=2&updated_at_start={millis - 60_000}&updated_at_end={millis}"]

    @pytest.mark.parametrize("late", [-50, 50])
    def test_clocks_that_differ_lose_nothing(self, late: int, world: World, tmp_path: Path) -> None:
        """Ours is most of a minute ahead or behind: what changes right after a pull comes with the next."""
        far_end = Reading(world)
        with reading(world, tmp_path, lambda: datetime.now(UTC) + timedelta(seconds=late)) as source:
            (*_, last) = source.pages("postings", None)
            word = far_end.change("postings", min(far_end.held("postings")))
            if late < 0:
                # by a clock that is behind the change lies ahead: it comes when we are there
                late = 1
            news = records(whole(source, "postings", last.cursor))
        assert word in {record.document["text"] for record in news}

    @pytest.mark.parametrize("changed", [{"next": "bm9uZQ"}, {"part": "of another edition"}])
    def test_a_place_that_is_none_any_more_begins_its_list_again(
        self, changed: Document, world: World, tmp_path: Path
    ) -> None:
        """Kept over a night in which the vendor forgot: nothing is lost, what came comes again unchanged."""
        with reading(world, tmp_path) as source:
            first = next(iter(source.pages("contacts", None)))
            rest = whole(source, "contacts", Cursor(json.dumps(json.loads(first.cursor) | changed)))
        assert set(ids(rest)) == Reading(world).held("contacts")

    def test_a_page_that_leads_to_itself_ends_the_pull(self, world: World, tmp_path: Path) -> None:
        """It is not followed for ever."""
        body = json.dumps({"data": [], "hasNext": True, "next": "0.1.same"})
        world.misbehave(NAME, kind="answer", path="/v1/postings", body=body, times=1000)
        with reading(world, tmp_path) as source:
            read, error = drained(source, "postings")
        assert isinstance(error, Retryable)
        assert error.vendor_code == "PAGE_MALFORMED"
        assert len(read) == 1

    def test_confidential_ones_are_read_where_it_is_wanted(self, world: World, tmp_path: Path) -> None:
        """And not a word of them elsewhere."""
        store = world.sandbox[NAME].store
        for kind in ("postings", "opportunities"):
            key, body = store.all(kind)[0]
            store.put(kind, key, {**body, "confidentiality": "confidential"}, body["updatedAt"])
            for wanted in (False, True):
                with reading(world, tmp_path, confidential=wanted) as source:
                    assert (key in ids(whole(source, kind))) is wanted
        with reading(world, tmp_path, confidential=True) as source:
            assert set(ids(whole(source, "contacts"))) == Reading(world).held("contacts")


class TestBranches:
    """Interviews and files hang below opportunities."""

    @pytest.mark.parametrize("stream", BRANCHES)
    def test_they_name_their_opportunity(self, stream: str, world: World, tmp_path: Path) -> None:
        """In the id, since neither is found without it, and in the document."""
        with reading(world, tmp_path) as source:
            for record in records(whole(source, stream)):
                assert record.external_id == f"{record.document['opportunity']}/{record.document['id']}"

    @pytest.mark.parametrize("stream", BRANCHES)
    @pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
    def test_a_branch_that_is_none_is_an_error(
        self, stream: str, body: str, world: World, tmp_path: Path
    ) -> None:
        """A list that only seems to be empty would leave out an interview."""
        if stream == "files" and body == "[]":
            pytest.skip("so the documents show an opportunity without files")
        world.misbehave(NAME, kind="answer", path=f"/{stream}", body=body, after=3)
        with reading(world, tmp_path) as source:
            read, error = drained(source, stream)
        assert isinstance(error, Retryable)
        assert PERSON not in str(error)
        assert len(read) == 1

    def test_a_bare_list_of_files_is_one(self, world: World, tmp_path: Path) -> None:
        """The documents show it so."""
        body = json.dumps([{"id": NOBODY, "name": "a.pdf", "uploadedAt": "1"}])
        world.misbehave(NAME, kind="answer", path="/files", body=body)
        with reading(world, tmp_path) as source:
            first = next(iter(source.pages("files", None)))
        assert NOBODY in first.records[0].external_id

    def test_an_opportunity_that_goes_while_we_look_is_left_out(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Lever answers 404 below it."""
        far_end = Reading(world)
        held, (victim, *_) = far_end.held("interviews"), sorted(far_end.held("opportunities"))
        plain = far_end.vendor.handle

        def handle(request: Any) -> Any:
            if request.path == f"/v1/opportunities/{victim}/interviews":
                far_end.delete("opportunities", victim)
            return plain(request)

        monkeypatch.setattr(far_end.vendor, "handle", handle)
        with reading(world, tmp_path) as source:
            found = set(ids(whole(source, "interviews")))
        assert found == {name for name in held if not name.startswith(victim)}

    def test_our_own_reports_are_no_news(self, world: World, tmp_path: Path, target: Any) -> None:
        """What we upload does not come back as a record."""
        held = Reading(world).held("files")
        name = done(target, operation(world, "create", "report"))
        done(target, operation(world, "update", "report", name, html="other"))
        with reading(world, tmp_path) as source:
            assert set(ids(whole(source, "files"))) == held

    def test_a_file_at_an_open_opportunity_needs_no_word_of_it(self, world: World, tmp_path: Path) -> None:
        """Lever does not say that a new file touches its opportunity; it is found all the same."""
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("files", None)
            world.change(NAME, what="recording", candidate="be3", file="be3.ogg")
            held = Reading(world).held("files")
            news = set(ids(whole(source, "files", last.cursor)))
        assert {name for name in held if name.startswith(seeding.uid("opportunity", "be3"))} <= news


class TestGone:
    """Lever tells of deletions in lists of their own."""

    def test_a_person_goes_with_the_last_opportunity(self, world: World, tmp_path: Path) -> None:
        """While another is left, the person is told anew instead."""
        store, far_end = world.sandbox[NAME].store, Reading(world)
        contact, first, second = (
            seeding.uid(*of) for of in (("contact", "be1"), ("opportunity", "be1"), ("opportunity", "be2"))
        )
        with reading(world, tmp_path) as source:
            store.put("opportunities", second, {**store.get("opportunities", second), "contact": contact})
            ends = {stream: whole(source, stream)[-1].cursor for stream in ("contacts", "opportunities")}
            for name, left in ((first, True), (second, False)):
                far_end.delete("opportunities", name)
                said = {stream: whole(source, stream, ends[stream]) for stream in ends}
                assert Gone(name, "deleted") in gone(said["opportunities"])
                assert (contact in ids(said["contacts"])) is left
                assert (Gone(contact, "deleted") in gone(said["contacts"])) is not left

    def test_a_person_has_the_tags_of_every_opportunity(self, world: World, tmp_path: Path) -> None:
        """Merged in Lever, one contact has the opportunities of two; the other is in no list any more."""
        world.change(NAME, what="merge", candidate="be3", into="ae3")
        with reading(world, tmp_path) as source:
            found = {record.external_id: record.document for record in records(whole(source, "contacts"))}
        assert seeding.uid("contact", "be3") not in found
        tags = [
            world.sandbox[NAME].store.get("opportunities", seeding.uid("opportunity", k))["tags"]
            for k in ("be3", "ae3")
        ]
        assert found[seeding.uid("contact", "ae3")]["tags"] == sorted({tag for each in tags for tag in each})

    def test_who_was_anonymised_is_gone(self, world: World, tmp_path: Path) -> None:
        """Still listed, without a name."""
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("contacts", None)
            world.change(NAME, what="anonymize", candidate="be1")
            news = whole(source, "contacts", last.cursor)
            again = whole(source, "contacts")
        contact = seeding.uid("contact", "be1")
        assert gone(news) == [Gone(contact, "anonymised")]
        assert contact not in ids(news) + ids(again)

    def test_deletions_of_months_are_asked_for_by_the_month(self, world: World, tmp_path: Path) -> None:
        """Lever refuses a longer look; a hub that slept for a quarter loses none."""
        moments = [datetime.now(UTC) - timedelta(days=100)]
        with reading(world, tmp_path, lambda: moments[0]) as source:
            (*_, last) = source.pages("postings", None)
            world.change(NAME, what="posting", id=seeding.uid("posting", "WA"))
            # a window ends at a whole millisecond, and what was deleted within it comes with the next one
            moments[0] = datetime.now(UTC) + timedelta(seconds=1)
            assert gone(whole(source, "postings", last.cursor)) == [
                Gone(seeding.uid("posting", "WA"), "deleted")
            ]
        assert len(asked(world, "/v1/postings/deleted")) == 4
        assert {call["status"] for call in world.calls(NAME)} == {200}

    def test_a_deletion_that_names_nobody_is_passed_over(self, world: World, tmp_path: Path) -> None:
        """Whether deleted opportunities are told in full, the documents do not say; the others still are."""
        store = world.sandbox[NAME].store
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("contacts", None)
            for key in ("be1", "be2"):
                world.change(NAME, what="delete", candidate=key)
            name = seeding.uid("opportunity", "be1")
            body = store.get("_deleted_opportunities", name)
            store.put("_deleted_opportunities", name, {k: body[k] for k in ("id", "deletedAt", "deletedBy")})
            assert gone(whole(source, "contacts", last.cursor)) == [
                Gone(seeding.uid("contact", "be2"), "deleted")
            ]

    def test_an_account_that_does_not_tell_is_read_all_the_same(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The list of deleted postings is younger than the API; without it the whole readings show who is missing."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            request.path = request.path.replace("/v1/postings/deleted", f"/v1/postings/{NOBODY}")
            return plain(request)

        monkeypatch.setattr(vendor, "handle", handle)
        with reading(world, tmp_path) as source:
            (*_, last) = source.pages("postings", None)
            (*_, end) = source.pages("postings", last.cursor)
        assert set(json.loads(end.cursor)) == {"from"}


class TestAround:
    """Single objects, and what belongs to them."""

    @pytest.mark.parametrize("stream", SOURCE.streams)
    def test_the_named_one_comes_with_what_belongs_to_it(
        self, stream: str, world: World, tmp_path: Path
    ) -> None:
        """As the lists give them, none twice, in the order of the streams; what is gone or none of Lever's is left out."""
        far_end = Reading(world)
        with reading(world, tmp_path) as source:
            assert isinstance(source, Focused)
            known = {s: {r.external_id: r.version for r in records(whole(source, s))} for s in SOURCE.streams}
            victim, wanted = sorted(known[stream])[:2]
            far_end.delete(stream, victim)
            named = [victim, wanted, wanted, NOBODY, f"{NOBODY}/{NOBODY}", "../../users", ""]
            found = {
                name: {r.external_id: r.version for r in rows} for name, rows in source.around(stream, named)
            }
        assert wanted in found[stream]
        assert victim not in found[stream]
        assert all(known[name][i] == version for name, rows in found.items() for i, version in rows.items())
        if stream == "postings":
            assert list(found) == ["postings"]
            return
        assert list(found) == list(SOURCE.streams)
        # whoever lost an interview or a file is still somebody
        people = len({name.partition("/")[0] for name in (victim, wanted)}) if stream in BRANCHES else 1
        assert len(found["contacts"]) == len(found["opportunities"]) == people
        for branch in BRANCHES:
            theirs = {
                name for name in far_end.held(branch) if name.partition("/")[0] in found["opportunities"]
            }
            assert set(found[branch]) == theirs

    def test_a_person_comes_with_every_opportunity(self, world: World, tmp_path: Path) -> None:
        """Whichever of them was named."""
        world.change(NAME, what="merge", candidate="be3", into="ae3")
        with reading(world, tmp_path) as source:
            found = dict(source.around("opportunities", [seeding.uid("opportunity", "be3")]))
        assert {r.external_id for r in found["opportunities"]} == {
            seeding.uid("opportunity", k) for k in ("be3", "ae3")
        }
        assert [r.external_id for r in found["contacts"]] == [seeding.uid("contact", "ae3")]
        assert len(found["postings"]) == len(found["interviews"]) == 2


class TestLimit:
    """A bucket of tokens that fills at a steady rate; nothing says for how long to wait."""

    def test_the_bucket_gives_a_burst_and_then_the_rate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Twenty at once, ten a second."""
        moment = [100.0]
        monkeypatch.setattr("trivet_sandbox.lever.auth.time.monotonic", lambda: moment[0])
        bucket = Bucket(10, 20)
        assert [bucket.take() for _ in range(21)] == [True] * 20 + [False]
        moment[0] += 0.5
        assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]

    def test_never_more_calls_than_allowed(self, world: World, tmp_path: Path) -> None:
        """Five times as fast on both sides: a pull with a call an opportunity never meets an empty bucket."""
        world.change(NAME, what="limit", rate=50, burst=20)
        pace = 5 * LeverConfig.model_fields["calls_per_second"].default
        with reading(world, tmp_path, calls_per_second=pace) as source:
            for stream in ("opportunities", "interviews", "files"):
                assert set(ids(whole(source, stream))) == Reading(world).held(stream)
        assert {call["status"] for call in world.calls(NAME)} == {200}
        assert len(world.calls(NAME)) > 40

    def test_an_empty_bucket_goes_to_the_caller(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With some seconds of our own, and the pages so far stand."""
        monkeypatch.setattr("trivet.http.SHORT_WAIT", 0.1)
        world.change(NAME, what="limit", rate=0.001, burst=2)
        with reading(world, tmp_path) as source:
            read, error = drained(source, "postings")
        assert isinstance(error, RateLimited)
        assert error.retry_after == 5
        assert len(read) == 2


def client(world: World, **changed: Any) -> dict[str, Any]:
    """Settings of an OAuth client."""
    said = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
    return {"api_key": None, **said, **changed}


class TestClient:
    """OAuth: an access token lives an hour, a refresh token serves once."""

    def refreshed(self, world: World) -> int:
        """How often a token was asked for."""
        return len(asked(world, "/oauth/token"))

    def test_a_token_that_is_over_is_renewed_in_the_middle_of_a_pull(
        self, world: World, tmp_path: Path
    ) -> None:
        """By the refresh token that came with it, not by the one of the connection, which is worth nothing any more."""
        with reading(world, tmp_path, **client(world)) as source:
            pages = source.pages("contacts", None)
            read = [next(pages)]
            world.change(NAME, what="expire")
            read += pages
        assert set(ids(read)) == Reading(world).held("contacts")
        assert self.refreshed(world) == 2

    def test_the_next_process_takes_what_is_kept(self, world: World, tmp_path: Path) -> None:
        """In a file that nobody else may read."""
        for _ in range(3):
            with reading(world, tmp_path, **client(world)) as source:
                source.check()
        assert self.refreshed(world) == 1
        (file,) = (tmp_path / "tokens").iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert REFRESH_TOKEN not in file.read_text()

    def test_many_at_once_refresh_once(self, world: World, tmp_path: Path) -> None:
        """Whoever comes second finds the new pair."""
        failed: list[BaseException] = []

        def checked() -> None:
            try:
                with reading(world, tmp_path, **client(world)) as source:
                    source.check()
            except BaseException as error:  # noqa: BLE001 - told by the test
                failed.append(error)

        threads = [threading.Thread(target=checked) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert self.refreshed(world) == 1

    def test_another_refresh_token_in_the_connection_begins_anew(self, world: World, tmp_path: Path) -> None:
        """After a person authorised the client again; until then the error says what to do, and no secret."""
        with reading(world, tmp_path, **client(world)) as source:
            source.check()
        world.change(NAME, what="expire")
        world.sandbox[NAME].entrance.refresh = "authorised-again"
        with reading(world, tmp_path, **client(world)) as source, pytest.raises(AuthFailed) as caught:
            source.check()
        assert CLIENT_SECRET not in caught.value.explained()
        with reading(world, tmp_path, **client(world, refresh_token="authorised-again")) as source:  # noqa: S106
            source.check()

    @pytest.mark.parametrize(
        "body", ["[]", "{}", '{"access_token": "x"}', '{"access_token": "é", "refresh_token": "y"}']
    )
    def test_an_answer_that_gives_no_pair_is_no_login(self, body: str, world: World, tmp_path: Path) -> None:
        """Status 200 is not success."""
        world.misbehave(NAME, kind="answer", method="POST", path="/oauth/token", body=body, times=9)
        with reading(world, tmp_path, **client(world)) as source, pytest.raises(AuthFailed) as caught:
            source.check()
        assert "authorise" in str(caught.value.cure)

    @pytest.mark.parametrize("kept", ["", "{", "[]", '{"given": 7}', "null"])
    def test_a_file_that_was_damaged_is_as_none(self, kept: str, world: World, tmp_path: Path) -> None:
        """The connection's own refresh token is tried."""
        (tmp_path / "tokens").mkdir()
        (tmp_path / "tokens" / f"{NAME}.json").write_text(kept)
        with reading(world, tmp_path, **client(world)) as source:
            source.check()

    def test_one_way_in_is_given(self, world: World) -> None:
        """Neither none nor two."""
        for changed in ({"api_key": None}, client(world, refresh_token=None), client(world, api_key="x")):
            with pytest.raises(ValidationError, match="either api_key"):
                config(world, **changed)

    @pytest.mark.parametrize("closed", ["/archive_reasons", "/interviews", "/files", "/postings"])
    def test_a_right_that_lacks_is_told(
        self, closed: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A key is given each list singly, and a check asks every one."""
        vendor = world.sandbox[NAME]
        plain = vendor.handle

        def handle(request: Any) -> Any:
            answer = plain(request)
            if request.path.endswith(closed):
                answer.status = 403
            return answer

        monkeypatch.setattr(vendor, "handle", handle)
        with reading(world, tmp_path) as source, pytest.raises(AuthFailed):
            source.check()


class Files:
    """The stand-in with one recording of which every byte is known."""

    def __init__(self, world: World, store: bool) -> None:
        self.world, self.store = world, store
        if store:
            world.change(NAME, what="downloads")
        self.content = b"OggS" + random.Random(4711).randbytes(1_500_000)
        said = world.change(
            NAME, what="recording", candidate="be3", file="known.ogg", content_hex=self.content.hex()
        )
        name = f"interview-{said['interview']}.ogg"
        held = world.sandbox[NAME].store.all("files")
        (file,) = [key for key, body in held if body["name"] == name and body["size"] == len(self.content)]
        self.reference = {"opportunity_id": said["opportunity"], "file_id": file}
        self.missing = {**self.reference, "file_id": NOBODY}

    def config(self, **changed: Any) -> Any:
        return config(self.world, **changed)

    def wrong_secret(self) -> Any:
        return Notes(self.world).wrong_secret()

    def nobody_home(self) -> Any:
        return Notes(self.world).nobody_home()

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, **how: Any) -> None:
        path = "/stored/" if self.store else "/download"
        self.world.misbehave(NAME, kind=kind, method="GET", path=path, **how)


class TestRecordings(RecordingsSuite):
    """Files that Lever gives itself, or sends on to its store for."""

    connector = RECORDINGS

    @pytest.fixture(params=["itself", "its store"])
    def far_end(self, world: World, request: pytest.FixtureRequest) -> Files:
        """The stand-in."""
        return Files(world, request.param != "itself")


class TestDownloads:
    """What the suite does not plant."""

    def test_a_token_that_runs_out_before_the_download_is_renewed(self, world: World, tmp_path: Path) -> None:
        """Between the file's name and its bytes."""
        far_end = Files(world, False)
        world.misbehave(NAME, kind="expired_link", path="/download")
        with RECORDINGS.build(config(world, **client(world)), services(tmp_path)) as recordings:
            with recordings.open(far_end.reference) as download:
                assert b"".join(download.chunks) == far_end.content
            world.change(NAME, what="expire")
            with recordings.open(far_end.reference) as download:
                assert b"".join(download.chunks) == far_end.content

    @pytest.mark.parametrize(
        ("status", "kind", "code"),
        [("error", Rejected, "UNPROCESSED"), ("processing", NotYet, "RECORDING_NOT_YET")],
    )
    def test_a_file_that_lever_has_not_read_is_not_there(
        self, status: str, kind: type[Rejected | NotYet], code: str, world: World, tmp_path: Path
    ) -> None:
        """It has a status of its own; a download would be answered 422."""
        far_end, store = Files(world, False), world.sandbox[NAME].store
        name = far_end.reference["file_id"]
        store.put("files", name, {**store.get("files", name), "status": status})
        with (
            RECORDINGS.build(config(world), services(tmp_path)) as recordings,
            pytest.raises(kind) as caught,
        ):
            recordings.open(far_end.reference).__enter__()
        assert caught.value.vendor_code == code


AT, TOKEN = 1_795_500_000_000, "8a457fd5a0759c87d35460b096dbc388d1d31058849f08ce"  # noqa: S105
KEY = "a-signature-token"
SIGNATURE = "65472eb25d0c0eaabfe6153c5af45d11f61022450270ffead62747b2bddbdc8e"
"""By `openssl dgst -sha256 -hmac` of token and time, one behind the other."""


def heard(body: bytes, folder: Path, *tokens: str, at: float = AT / 1000) -> tuple[Event, ...]:
    """What the connector makes of the call."""
    settings = LeverConfig(api_key=SECRET, signature_tokens=tokens or (KEY,))  # type: ignore[arg-type]
    with INBOUND.build(settings, services(folder)) as inbound:
        return inbound.hear(Call({}, body, datetime.fromtimestamp(at, UTC))).events


def said(**changed: Any) -> bytes:
    """A webhook as the vendor's page shows it."""
    data = {"opportunityId": NOBODY, "contactId": seeding.RECRUITER, "toStageId": "x"}
    body = {
        "triggeredAt": AT,
        "event": "candidateStageChange",
        "data": data,
        "signature": SIGNATURE,
        "token": TOKEN,
    }
    return json.dumps({**body, **changed}).encode()


class TestInbound:
    """Signed is token and time, and nothing else."""

    def test_the_signature_is_openssl_s(self, tmp_path: Path) -> None:
        """Made before and written down, and made by the stand-in and judged by the program now."""
        (event,) = heard(said(), tmp_path)
        assert (event.id, event.kind, event.gone) == (TOKEN, "candidateStageChange", ())
        assert event.about == (("opportunities", NOBODY),)
        (event,) = heard(said(data={"contactId": NOBODY}), tmp_path)
        assert event.about == (("contacts", NOBODY),)
        sent = json.loads(hooks.body("candidateHired", {}, KEY, AT))
        command = ["openssl", "dgst", "-sha256", "-hmac", KEY]
        plain = f"{sent['token']}{sent['triggeredAt']}".encode()
        told = subprocess.run(command, input=plain, capture_output=True, check=True).stdout.decode()
        assert sent["signature"] == told.split()[-1]

    def test_each_webhook_has_a_token_of_its_own(self, tmp_path: Path) -> None:
        """Any of the connection's proves it; an empty one proves nothing."""
        assert heard(said(), tmp_path, "another", KEY)
        for tokens in (("another",), ("",)):
            with pytest.raises(AuthFailed):
                heard(said(), tmp_path, *tokens)

    @pytest.mark.parametrize(
        "changed",
        [
            {"signature": None}, {"signature": SIGNATURE.upper()}, {"signature": "é"},
            {"token": "other"}, {"token": ""}, {"token": None}, {"token": ["x"]},
            {"triggeredAt": AT + 1}, {"triggeredAt": str(AT)}, {"triggeredAt": True}, {"triggeredAt": 1e12},
            {"triggeredAt": -1}, {"triggeredAt": 10**400},
        ],
    )  # fmt: skip
    def test_what_is_not_signed_so_is_nobody_s(self, changed: Document, tmp_path: Path) -> None:
        """Whatever stands in place of the three."""
        with pytest.raises(AuthFailed) as caught:
            heard(said(**changed), tmp_path)
        assert caught.value.vendor_code == "WEBHOOK_SIGNATURE"

    @pytest.mark.parametrize("name", ["signature", "token", "event"])
    def test_half_a_character_is_no_text(self, name: str, tmp_path: Path) -> None:
        """No vendor means it, and no database takes it."""
        with pytest.raises(Rejected) as caught:
            heard(said(**{name: "\ud800"}), tmp_path)
        assert caught.value.vendor_code == "EVENT_MALFORMED"

    @pytest.mark.parametrize(
        ("seconds", "taken"), [(-300, True), (-301, False), (86_400, True), (86_401, False)]
    )
    def test_its_age_counts(self, seconds: int, taken: bool, tmp_path: Path) -> None:
        """A day, for Lever tries again for long; ahead of us by no more than clocks are."""
        at = AT / 1000 + seconds
        if taken:
            assert heard(said(), tmp_path, at=at)
            return
        with pytest.raises(AuthFailed) as caught:
            heard(said(), tmp_path, at=at)
        assert caught.value.vendor_code == "WEBHOOK_STALE"

    @pytest.mark.parametrize("event", ["candidateDeleted", "interviewDeleted", "candidateArchiveChange"])
    def test_no_event_says_that_somebody_is_gone(self, event: str, tmp_path: Path) -> None:
        """Other words may stand beside a signature that was caught: what is true Lever's lists say."""
        (told,) = heard(said(event=event), tmp_path)
        assert told.gone == ()

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"opportunityId": 7, "contactId": None},
            {"opportunityId": "../users", "contactId": ""},
            {"opportunityId": []},
        ],
    )
    def test_ids_that_are_none_are_left_out(self, data: Document, tmp_path: Path) -> None:
        """They are not signed either, and would stand in a path; Lever's own trial call has no data at all."""
        (told,) = heard(said(data=data), tmp_path)
        assert told.about == ()

    @pytest.mark.parametrize("changed", [{"data": None}, {"data": []}, {"event": 7}])
    def test_a_body_of_another_form_is_refused(self, changed: Document, tmp_path: Path) -> None:
        """Signed though it is."""
        with pytest.raises(Rejected) as caught:
            heard(said(**changed), tmp_path)
        assert caught.value.vendor_code == "EVENT_MALFORMED"
