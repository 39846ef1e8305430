"""Our source keeps the contract against the stand-in, over a socket."""

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import World
from trivet_connectors.feishu_hire import SOURCE as FEISHU

from trivet.conformance.promises import PERSON, SECRET, error_is_clear
from trivet.conformance.source import Repeat, SourceSuite, drained, ids, records
from trivet.errors import Retryable

KINDS = {"jobs": "job", "talents": "talent", "applications": "application", "interviews": "interview"}


class Standing:
    """The stand-in of Feishu Hire as the far end of the suite."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vendor = world.sandbox["feishu_hire"]

    def config(self, **changed: Any) -> Any:
        said = self.vendor.announce()
        return FEISHU.config.model_validate({**said, "page_size": 2, **changed})

    def wrong_secret(self) -> Any:
        return self.config(app_secret=SECRET)

    def nobody_home(self) -> Any:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return self.config(base_url=f"http://127.0.0.1:{free.getsockname()[1]}")

    def held(self, stream: str) -> set[str]:
        return {key for key, _ in self.vendor.store.all(KINDS[stream])}

    def delete(self, stream: str, external_id: str) -> None:
        self.vendor.store.delete(KINDS[stream], external_id)

    def change(self, stream: str, external_id: str) -> str:
        """By the hands of a recruiter, whose every click is stamped with the vendor's time."""
        now = int(time.time() * 1000)
        word, kind = f"changed-{external_id}-{time.monotonic_ns()}", KINDS[stream]
        body = self.vendor.store.get(kind, external_id)
        if stream == "jobs":
            body |= {"title": word, "update_timestamp": str(now)}
        elif stream == "talents":
            body["basic_info"] |= {"name": word, "modify_time": str(now)}
        elif stream == "applications":
            body |= {"modify_time": str(now), "creator_id": word}
        else:
            body |= {"biz_modify_time": str(now), "stage_id": word}
        self.vendor.store.put(kind, external_id, body, body["begin_time"] if stream == "interviews" else now)
        return word

    def misbehave(self, stream: str, kind: str, **how: Any) -> None:
        self.world.misbehave("feishu_hire", kind=kind, method="GET", path=rf"/{stream}\?", **how)


def envelope(data: Any) -> str:
    """A page as the vendor wraps it."""
    return json.dumps({"code": 0, "msg": "success", "data": data})


def malformed(**lists: Any) -> dict[str, str]:
    """The vendor's envelope with something wrong inside."""
    return {
        "no code": json.dumps({"data": {"items": [], "has_more": False}, "name": PERSON}),
        "no data": json.dumps({"code": 0, "msg": PERSON}),
        "data is a list": envelope([PERSON]),
        "items is an object": envelope({"items": {"name": PERSON}, "has_more": False}),
        "a refusal that quotes": json.dumps({"code": 1002001, "msg": f"no such talent:\n{PERSON}"}),
        "more without a token": envelope({"items": [], "has_more": True, "page_token": ""}),
        **{name: envelope({"items": items, "has_more": False}) for name, items in lists.items()},
    }


OBJECTS = {
    "an item is null": [None],
    "an item is a number": [4711],
    "an item is a text": [PERSON],
    "an item lacks its id": [{"name": PERSON}],
    "an item has an empty id": [{"id": "", "name": PERSON}],
}


class TestFeishuHire(SourceSuite):
    """Three lists by update time and one by begin."""

    connector = FEISHU
    repeats: ClassVar[Mapping[str, Repeat]] = {
        "jobs": "edge",
        "talents": "edge",
        "applications": "edge",
        "interviews": "window",
    }
    malformed: ClassVar = {
        "jobs": malformed(**OBJECTS, time_is_a_name=[{"id": "1", "update_timestamp": PERSON}]),
        "talents": malformed(
            **OBJECTS,
            time_is_a_name=[{"id": "1", "basic_info": {"modify_time": PERSON}}],
            no_basics=[{"id": "1", "basic_info": PERSON}],
        ),
        "applications": malformed(**{"an item is null": [None], "an item is an object": [{"id": PERSON}]}),
        "interviews": malformed(**OBJECTS),
    }

    @pytest.fixture
    def far_end(self, world: World) -> Standing:
        """The open platform's stand-in."""
        return Standing(world)

    def test_an_application_changed_between_list_and_read_hides_no_other(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The list gives ids, each is read later: one that changes in between must not move the cursor past others."""
        far_end = Standing(world)
        vendor, order = far_end.vendor, ids(self.pulled(far_end, "applications", tmp_path))
        words: dict[str, str] = {}
        plain = vendor.handle

        def handle(request: Any) -> Any:
            # after the last list and before the read of its last item somebody changes an old one, then this one
            if request.path.endswith(f"/applications/{order[-1]}") and not words:
                words[order[0]] = far_end.change("applications", order[0])
                time.sleep(0.002)
                words[order[-1]] = far_end.change("applications", order[-1])
            return plain(request)

        monkeypatch.setattr(vendor, "handle", handle)
        pages = self.pulled(far_end, "applications", tmp_path)
        pages += self.pulled(far_end, "applications", tmp_path, pages[-1].cursor)
        last = {record.external_id: json.dumps(record.document) for record in records(pages)}
        assert all(word in last[i] for i, word in words.items())

    def test_a_page_that_leads_to_itself_ends_the_pull(self, world: World, tmp_path: Path) -> None:
        """Its records stand; a token that comes again is not followed for ever."""
        far_end = Standing(world)
        again = envelope({"items": [], "has_more": True, "page_token": "again"})
        far_end.misbehave("jobs", "answer", times=1000, body=again)
        with self.source(far_end.config(), tmp_path) as source:
            _, error = drained(source, "jobs")
        assert isinstance(error, Retryable)
        assert error.vendor_code == "PAGE_MALFORMED"

    @pytest.mark.parametrize(
        "data", [{}, {"application": PERSON}, {"application": {"id": "1", "stage": PERSON}}]
    )
    def test_an_application_that_is_none_is_an_error(self, data: Any, world: World, tmp_path: Path) -> None:
        """What is behind the id is read with the same care as the list."""
        far_end = Standing(world)
        path = r"/applications/\d+"
        world.misbehave("feishu_hire", kind="answer", method="GET", path=path, body=envelope(data))
        with self.source(far_end.config(), tmp_path) as source:
            read, error = drained(source, "applications")
        assert isinstance(error, Retryable)
        error_is_clear(error, FEISHU.name)
        assert not read

    def test_interviews_of_a_pull_that_stopped_are_read_from_the_beginning(
        self, world: World, tmp_path: Path
    ) -> None:
        """However few days are looked back: until the last page nothing is behind us, and no time is negative."""
        far_end = Standing(world)
        with self.source(far_end.config(interview_lookback_days=1), tmp_path) as source:
            first = next(iter(source.pages("interviews", None)))
            rest = list(source.pages("interviews", first.cursor))
        assert set(ids(rest)) == far_end.held("interviews")
        assert not any("start_time=-" in call["path"] for call in world.calls("feishu_hire"))
