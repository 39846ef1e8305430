"""Interviews of one system, recordings of another: found by the meeting, waited for, scored, delivered; nobody else's taken."""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, World
from end_to_end.test_events import SECRET, posted, served
from end_to_end.test_events import waiting as unheard
from hr import HR, use
from ruamel.yaml import YAML

EXPECTED = YAML(typ="safe").load((ROOT / "sandbox" / "world" / "expected.yaml").read_text(encoding="utf-8"))
RECORDINGS = ROOT / "sandbox" / "world" / "recordings"


def from_zoom(world: World) -> None:
    """The interviews were held in Zoom."""
    elsewhere(world, "zoom")


def from_folder(world: World) -> None:
    """Somebody put the files into a folder, under the interviews' numbers."""
    folder = world.home.parent / "share" / "interviews"
    folder.mkdir(parents=True)
    made = {person["key"]: RECORDINGS / person["recording"] for person in people()}
    then = time.time() - 3600
    for key, ids in world.sandbox["greenhouse"].store.all("_key"):
        file = folder / f"{ids['interview']}{made[key].suffix}"
        shutil.copy(made[key], file)
        os.utime(file, (then, then))
    elsewhere(world, "folder")
    world.connect(
        folder={
            "conn_type": "trivet_folder",
            "host": f"file://{folder.parent}",
            "extra": {"environment": "sandbox"},
        }
    )


def from_feishu(world: World) -> None:
    """The interviews were held in Feishu."""
    for i, person in enumerate(people()):
        held(world, person["key"], video_conferencing_url=f"https://vc.feishu.cn/j/{300_000_000 + i}")
    elsewhere(world, "feishu_minutes")


def from_tencent(world: World) -> None:
    """The interviews were held in Tencent Meeting."""
    for i, person in enumerate(people()):
        held(
            world,
            person["key"],
            video_conferencing_url=f"https://meeting.tencent.com/p/{880_000_000 + i}",
        )
    elsewhere(world, "tencent_meeting")


def held(world: World, candidate: str, **interview: Any) -> Any:
    """The candidate's interview as the recruiter changed it."""
    return world.change("greenhouse", what="meeting", candidate=candidate, interview=interview)


def people() -> list[dict[str, Any]]:
    """The company's candidates."""
    found: list[dict[str, Any]] = YAML(typ="safe").load(
        (ROOT / "sandbox" / "world" / "company.yaml").read_text(encoding="utf-8")
    )["candidates"]
    return found


def elsewhere(world: World, connection: str) -> None:
    """A flow that pulls from Greenhouse and opens recordings by another connection."""
    use(world, "greenhouse")

    def change(flow: dict[str, Any]) -> None:
        streams = flow["source"]["mappings"]
        del streams["attachments"]
        streams["interviews"] = ["greenhouse/interview", f"{connection}/recording"]
        flow["recordings"] = {"connection": connection}

    world.edit_flow(change)


SOURCES: dict[str, Callable[[World], None]] = {
    "zoom": from_zoom, "folder": from_folder, "feishu_minutes": from_feishu, "tencent_meeting": from_tencent,
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_the_erps_get_what_the_company_expects(name: str, world: World) -> None:
    """As if the HR system itself held the recordings; who did not consent has none opened."""
    SOURCES[name](world)
    batch_id = world.night()
    assert Counter(a["code"] for a in world.summary(batch_id)["set_aside"]) == EXPECTED["set_aside"]
    for erp in ("successfactors", "kingdee_cloud"):
        wanted = {
            (entity, "waiting_identity" if word == "waiting" else "confirmed"): n
            for entity, words in EXPECTED["deliveries"][erp].items()
            for word, n in words.items()
        }
        assert Counter((o["entity"], o["state"]) for o in world.operations() if o["target"] == erp) == wanted
    sent = {n: len(world.writes(n)) for n in world.sandbox.servers}
    world.night()
    assert {n: len(world.writes(n)) for n in world.sandbox.servers} == sent


@pytest.mark.parametrize("name", [*SOURCES, *HR])
def test_without_consent_no_recording_is_asked_for(name: str, world: World) -> None:
    """By no recording source, wherever the recordings lie: consent is looked at first, and no link is asked for."""
    hr = name if name in HR else "greenhouse"
    SOURCES[name](world) if name in SOURCES else use(world, name)
    for person in people():
        world.change(hr, what="consent", candidate=person["key"], withdraw="record")
    batch_id = world.night()
    assert {a["code"] for a in world.summary(batch_id)["set_aside"]} == {"CONSENT_MISSING"}
    with world.hub() as hub:
        assert not Path(hub.settings.recordings).exists()
    if name in SOURCES and name in world.sandbox.servers:
        assert world.calls(name) == []
    assert not [
        call for call in world.calls(hr) if "/files/" in call["path"] or "/attachments/" in call["path"]
    ]


def waiting(world: World, batch_id: str) -> list[dict[str, Any]]:
    """What the batch waits for."""
    return [a for a in world.summary(batch_id)["set_aside"] if a["code"] == "RECORDING_NOT_YET"]


def test_a_recording_that_is_not_there_yet_is_waited_for(world: World) -> None:
    """It holds nobody up, is shown with its reason, and is scored in the run after it came; the HR system tells of no change."""
    from_zoom(world)
    zoom = world.sandbox.connections()["zoom"]
    world.connect(zoom={"extra": {**zoom["extra"], "wait_hours": 200}})
    for candidate, state in (("be1", "processing"), ("ae1", "none")):
        world.change("zoom", what="state", candidate=candidate, state=state)
    batch_id = world.night()
    told = waiting(world, batch_id)
    assert sorted(row["message"].split(";")[0] for row in told) == [
        "Zoom has no recording of the meeting", "Zoom is still making the recording",
    ]  # fmt: skip
    assert all("looked for again in the next run (until 2" in row["message"] for row in told)
    before = len(world.operations())
    assert before > 10
    assert len(waiting(world, world.night())) == 2
    for candidate in ("be1", "ae1"):
        world.change("zoom", what="state", candidate=candidate, state="completed")
    batch_id = world.night()
    assert waiting(world, batch_id) == []
    assert len(world.operations()) > before


def test_a_recording_that_never_came_is_told_as_missing(world: World) -> None:
    """After as long as the connection says; somebody may have forgotten to record."""
    from_zoom(world)
    world.change("zoom", what="state", candidate="be1", state="none")
    batch_id = world.night()
    codes = Counter(a["code"] for a in world.summary(batch_id)["set_aside"])
    assert codes["RECORDING_MISSING"] == 1


def test_an_interview_to_come_is_asked_for_by_nobody(world: World) -> None:
    """Before its end there is nothing to ask for."""
    from_zoom(world)
    begin, end = "2100-01-01T10:00:00.000Z", "2100-01-01T10:30:00.000Z"
    made = held(world, "be1", status="scheduled", starts_at=begin, ends_at=end)
    batch_id = world.night()
    (told,) = waiting(world, batch_id)
    assert told["message"] == "the interview ends at 2100-01-01T10:30+00:00"
    number = str(85_000_000_000 + made["interview"] - 7_000_000_000)
    assert not [call for call in world.calls("zoom") if number in call["path"]]


def test_a_broken_download_goes_on_where_it_broke(world: World) -> None:
    """In the middle of a night, by range; the interview is scored as if nothing had been."""
    from_zoom(world)
    world.misbehave("zoom", kind="truncated", method="GET", path="/files/", times=3)
    batch_id = world.night()
    assert Counter(a["code"] for a in world.summary(batch_id)["set_aside"]) == EXPECTED["set_aside"]
    ranges = [call["range"] for call in world.calls("zoom") if call["path"].startswith("/files/")]
    assert len([asked for asked in ranges if asked]) == 3


@pytest.fixture
def serving(world: World) -> Iterator[str]:
    """`trivet serve`, where Zoom may tell of recordings; its address."""
    zoom = world.sandbox.connections()["zoom"]
    extra = {**zoom["extra"], "webhook_secret": SECRET, "wait_hours": 200}
    with served(world, zoom={"extra": extra}) as base:
        yield base


def told_by_zoom(world: World, serving: str, candidate: str) -> None:
    """Zoom has made the recording, and its event is stored."""
    world.change("zoom", what="subscribe", url=f"{serving}/in/zoom", secret=SECRET)
    world.change("zoom", what="state", candidate=candidate, state="completed")
    deadline = time.monotonic() + 15
    while unheard(world) != {"zoom": 1}:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_address_is_proven_by_zooms_challenge(world: World, serving: str) -> None:
    """Over the socket, as when the subscription is saved there."""
    challenge = json.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": "abc"}}).encode()
    status, said = posted(serving, "zoom", (challenge, {}))
    assert (status, said["plainToken"], len(said["encryptedToken"])) == (200, "abc", 64)
    assert unheard(world) == {}


def test_a_recording_that_is_ready_is_scored_and_delivered_by_its_event(world: World, serving: str) -> None:
    """For just the person who waited for it; nobody waits for the night, and the night has nothing left to do."""
    elsewhere(world, "zoom")
    for candidate in ("be1", "be2"):
        world.change("zoom", what="state", candidate=candidate, state="processing")
    batch_id = world.night()
    assert len(waiting(world, batch_id)) == 2
    before = {o["id"] for o in world.operations()}
    told_by_zoom(world, serving, "be1")
    assert world.fresh() is not None
    new = [o for o in world.operations() if o["id"] not in before]
    assert len({o["subject_ref"] for o in new}) == 1
    assert {(o["target"], o["state"]) for o in new} >= {
        ("greenhouse", "confirmed"),
        ("successfactors", "confirmed"),
    }
    assert unheard(world) == {}
    assert world.fresh() is None
    assert len(waiting(world, world.night())) == 1


def test_an_event_about_nobody_who_waits_changes_nothing(world: World, serving: str) -> None:
    """The night would have found the recording without it, and takes the event."""
    elsewhere(world, "zoom")
    told_by_zoom(world, serving, "be1")
    world.night()
    assert unheard(world) == {}
    sent = {n: len(world.writes(n)) for n in world.sandbox.servers}
    told_again = world.fresh()
    assert told_again is None
    assert {n: len(world.writes(n)) for n in world.sandbox.servers} == sent
