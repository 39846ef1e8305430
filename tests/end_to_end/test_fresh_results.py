"""Fresh results: what an HR system tells of is carried to the ERPs and back by itself, whatever the night does."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import trivet
from end_to_end.test_events import KEY, SECRET, TELLING, TOKEN, VENDORS, posted, serving, waiting  # noqa: F401
from hr import use

from trivet.errors import ConnectorError, Retryable
from trivet.flow import steps

APPLICATION: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "feishu_hire": ("application", lambda name: {"application_id": name}),
    "greenhouse": ("applications", lambda name: {"application": {"id": int(name)}}),
    "ashby": ("application", lambda name: {"application": {"id": name}}),
    "lever": ("opportunities", lambda name: {"opportunityId": name}),
    "in_house_hr": ("application", lambda name: {"application_no": name}),
}
"""Where the stand-in keeps applications, and how an event names one."""
SOLO = "I worked alone. I do not like teams. I never ask anybody for help. I keep my code to myself."


def listening(world: World, hr: str, serving: str) -> None:  # noqa: F811
    """The flow has had its night; from here on the HR system tells what happens."""
    use(world, hr)
    world.night()
    keys = {"encrypt_key": KEY, "verification_token": TOKEN, "secret": SECRET}
    world.change(hr, what="subscribe", url=f"{serving}/in/{hr}", **keys)
    world.clock.forward(seconds=1)


def told(world: World, hr: str, least: int = 1) -> None:
    """Returns once so many events were stored."""
    import time

    deadline = time.monotonic() + 20
    while waiting(world).get(hr, 0) < least:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("hr", TELLING)
def test_a_fresh_recording_is_carried_for_just_that_person(hr: str, world: World, serving: str) -> None:  # noqa: F811
    """Scored, decided, delivered, written back; nobody else is read, and the night has nothing left to do."""
    listening(world, hr, serving)
    before = {o["id"] for o in world.operations()}
    calls = len(world.calls(hr))
    world.speak("be2", SOLO, hr)
    told(world, hr)
    batch_id = world.fresh()
    assert batch_id is not None
    new = [o for o in world.operations() if o["id"] not in before]
    assert len({o["subject_ref"] for o in new}) == 1
    assert {(o["target"], o["state"]) for o in new} >= {(hr, "confirmed"), ("successfactors", "confirmed")}
    written = world.writes(hr)
    read = [c["path"] for c in world.calls(hr)[calls:] if c not in written]
    assert len(read) < 20
    (batch,) = [b for b in world.batches() if b["batch"] == batch_id]
    assert (batch["kind"], batch["state"]) == ("event", "confirmed")
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    assert world.fresh() is None
    world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == sent


def hired(world: World, hr: str) -> None:
    """One who waited starts, and the ERP knows her."""
    known = {"FNumber": "10000203", "FName": "吴敏", "FDocumentStatus": "C"}
    world.change("kingdee_cloud", form="BD_Empinfo", insert=known)
    world.change(hr, what="hire", candidate="ae3", employee_number="10000203")


@pytest.mark.parametrize("hr", VENDORS)
def test_a_hire_that_is_told_releases_what_waited(hr: str, world: World, serving: str) -> None:  # noqa: F811
    """The number comes with the application or with the employee; nobody waits for the night."""
    listening(world, hr, serving)
    waits = Counter(o["subject_ref"] for o in world.operations() if o["state"] == "waiting_identity")
    hired(world, hr)
    told(world, hr)
    assert world.fresh()
    left = Counter(o["subject_ref"] for o in world.operations() if o["state"] == "waiting_identity")
    ((subject, number),) = (waits - left).items()
    mine = [o for o in world.operations() if o["subject_ref"] == subject and o["target"] != hr]
    assert [o["state"] for o in mine] == ["confirmed"] * number


@pytest.mark.parametrize("hr", TELLING)
def test_five_hundred_events_are_one_batch(hr: str, world: World, serving: str) -> None:  # noqa: F811
    """Stored as fast as they come, read once a person, and nothing is left."""
    listening(world, hr, serving)
    kept, named = APPLICATION[hr]
    names = sorted(world.held(hr)[kept])
    for i in range(500):
        assert posted(serving, hr, VENDORS[hr](**named(names[i % len(names)])))[0] == 200
    assert waiting(world) == {hr: 500}
    calls = len(world.calls(hr))
    assert world.fresh()
    assert waiting(world) == {}
    assert len(world.calls(hr)) - calls < 100
    assert sum(b["kind"] == "event" for b in world.batches()) == 1


def broken(world: World, hr: str) -> str:
    """Id of an event batch whose run ended in the middle: read, and not decided."""
    with world.hub() as hub:
        batch_id = steps.hear(hub, world.flow, "dies")
    assert batch_id
    return batch_id


def test_a_run_that_died_is_continued_by_the_next(world: World, serving: str) -> None:  # noqa: F811
    """Under the same batch, with what was told meanwhile."""
    listening(world, "feishu_hire", serving)
    world.speak("be2", SOLO)
    told(world, "feishu_hire")
    first = broken(world, "feishu_hire")
    hired(world, "feishu_hire")
    told(world, "feishu_hire")
    before = {o["id"] for o in world.operations()}
    assert world.fresh() == first
    assert len({o["subject_ref"] for o in world.operations() if o["id"] not in before}) == 1
    assert not [o for o in world.operations() if o["state"] in ("planned", "intent", "unknown")]


def test_a_night_takes_over_what_no_run_continues(world: World, serving: str) -> None:  # noqa: F811
    """After an hour; before, the event's own run may still be at work."""
    listening(world, "feishu_hire", serving)
    world.speak("be2", SOLO)
    told(world, "feishu_hire")
    broken(world, "feishu_hire")
    before = {o["id"] for o in world.operations()}
    world.night()
    assert {o["id"] for o in world.operations()} == before
    world.clock.forward(hours=2)
    night = world.night()
    new = [o for o in world.operations() if o["id"] not in before]
    assert {o["batch_id"] for o in new} == {night}
    assert {o["state"] for o in new} == {"confirmed"}
    assert world.fresh() is None


def test_a_system_that_is_down_does_not_end_the_path(world: World, serving: str) -> None:  # noqa: F811
    """The HR record hears of the scores, the other ERP too; what did not arrive goes with the next night."""
    listening(world, "feishu_hire", serving)
    notes = len(world.held("feishu_hire")["note"])
    world.speak("be2", SOLO)
    told(world, "feishu_hire")
    world.misbehave("successfactors", kind="http_503", times=1000)
    with world.hub() as hub:
        batch_id = steps.hear(hub, world.flow, "test") or ""
        steps.score(hub, batch_id, 0, 1)
        with pytest.raises(Retryable):
            steps.deliver_fresh(hub, batch_id)
        with contextlib.suppress(ConnectorError):
            steps.tell_back(hub, batch_id)
    assert len(world.held("feishu_hire")["note"]) == notes
    assert SOLO.split(".")[0] not in json.dumps(world.held("feishu_hire")["note"])
    planned = [o for o in world.operations() if o["state"] == "planned"]
    assert {o["target"] for o in planned} == {"successfactors"}
    world.behave("successfactors")
    world.clock.forward(hours=1)
    world.night()
    assert not [o for o in world.operations() if o["state"] == "planned"]


def test_the_command_line_hears_too(world: World, serving: str) -> None:  # noqa: F811
    """Without Airflow: `trivet run FLOW --fresh`, from cron or by hand."""
    listening(world, "feishu_hire", serving)
    assert "nobody told anything new" in trivet(world, "run", world.flow, "--fresh")
    world.speak("be2", SOLO)
    told(world, "feishu_hire")
    said: Any = trivet(world, "run", world.flow, "--fresh")
    assert "successfactors" in said
    assert waiting(world) == {}
