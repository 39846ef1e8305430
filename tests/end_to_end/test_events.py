"""Events of HR systems over real sockets: proven, stored before they are answered, taken by the next run."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from callers import KEY, SECRET, TELLING, TOKEN, VENDORS, ashby, bamboohr, greenhouse, posted, served, waiting
from conftest import World, edit
from end_to_end.airflow import eventually
from hr import use
from trivet_sandbox.feishu_hire import events

from trivet.ledger import cases


@pytest.fixture
def serving(world: World) -> Iterator[str]:
    """`trivet serve`; its address."""
    with served(world) as base:
        yield base


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_event_is_stored_once_however_often_it_comes(vendor: str, door: tuple[World, str]) -> None:
    """The same delivery again is answered with success and changes nothing; another one is another."""
    world, serving = door
    first = VENDORS[vendor]()
    for _ in range(3):
        assert posted(serving, vendor, first) == (200, {})
    assert waiting(world) == {vendor: 1}
    assert posted(serving, vendor, VENDORS[vendor]()) == (200, {})
    assert waiting(world) == {vendor: 2}


def test_the_challenge_is_answered(door: tuple[World, str]) -> None:
    """Encrypted or not; with another token it is refused."""
    _, serving = door
    said = {"type": "url_verification", "challenge": "a-challenge", "token": TOKEN}
    for body in (events.encrypted(said, KEY), json.dumps(said).encode()):
        assert posted(serving, "feishu_hire", (body, {})) == (200, {"challenge": "a-challenge"})
    wrong = json.dumps({**said, "token": "another"}).encode()
    assert posted(serving, "feishu_hire", (wrong, {})) == (401, {"error": "WEBHOOK_SIGNATURE"})


def test_without_a_secret_nobody_is_believed(world: World, serving: str) -> None:
    """A connection that was not given one takes no event, signed with nothing or with anything."""
    world.connect()
    for vendor, made in VENDORS.items():
        assert posted(serving, vendor, made())[0] == 401
    for vendor, made in (("greenhouse", greenhouse), ("ashby", ashby), ("bamboohr", bamboohr)):
        assert posted(serving, vendor, made(secret="")) == (401, {"error": "WEBHOOK_SIGNATURE"})


def test_what_cannot_be_stored_is_not_answered_with_success(world: World, serving: str) -> None:
    """The vendor sends it again; by then the ledger is back."""
    ledger = world.state / "ledger.db"
    with sqlite3.connect(ledger) as db:
        db.execute("ALTER TABLE inbound RENAME TO inbound_away")
    sent = greenhouse()
    status, _ = posted(serving, "greenhouse", sent)
    with sqlite3.connect(ledger) as db:
        db.execute("ALTER TABLE inbound_away RENAME TO inbound")
    assert status == 503
    assert posted(serving, "greenhouse", sent) == (200, {})
    assert waiting(world) == {"greenhouse": 1}


@pytest.mark.parametrize("trouble", ["a connection that is not there", "a key that no flow has"])
def test_one_flow_that_cannot_be_heard_for_does_not_stop_the_others(trouble: str, world: World) -> None:
    """A fresh deployment has flows before it has all their connections: the other vendors are answered, and it is told why."""
    flows = world.home / "mappings" / "flows"
    shutil.copy(flows / "nightly_interviews.yaml", flows / "another.yaml")
    edit(flows / "another.yaml", lambda flow: flow["metadata"].update(name="another"))
    if trouble == "a key that no flow has":
        edit(flows / "another.yaml", lambda flow: flow.update(sauce={}))
    else:
        edit(flows / "another.yaml", lambda flow: flow["source"].update(connection="not_yet"))
        addresses = dict.fromkeys(("report", "candidate"), "https://hr.example/{order}")
        packages = [{"id": "interview", "name": {"zh": "面试", "en": "interview"}}]
        ordered = {"connection": "not_yet", "mapping": "greenhouse/assessment_result"}
        ordered |= {"addresses": addresses, "packages": packages}
        edit(flows / "another.yaml", lambda flow: flow.update(assessment_orders=ordered))
    with served(world) as serving:
        assert posted(serving, "feishu_hire", VENDORS["feishu_hire"]()) == (200, {})
    said = (world.base / "said").read_text(encoding="utf-8")
    assert "nothing is heard for another" in said
    assert ("AIRFLOW_CONN_NOT_YET" if "connection" in trouble else "sauce") in said


def told(world: World, hr: str, serving: str, **what: Any) -> list[str]:
    """Codes of the open cases after a night, a change of which the vendor tells, and another night."""
    use(world, hr)
    world.night()
    keys = {"encrypt_key": KEY, "verification_token": TOKEN, "secret": SECRET}
    world.change(hr, what="subscribe", url=f"{serving}/in/{hr}", **keys)
    world.change(hr, **what)
    eventually(lambda: waiting(world), 15, "the change is told of")
    world.night()
    assert waiting(world) == {}
    with world.hub() as hub, hub.ledger.read() as tx:
        return [entry.code for entry in cases.find(tx)]


@pytest.mark.parametrize("hr", TELLING)
def test_a_deletion_that_is_told_is_followed_in_the_next_run(hr: str, world: World, serving: str) -> None:
    """Not only when the list is read whole: by the vendor's own event, signed, over the socket."""
    assert told(world, hr, serving, what="delete", candidate="be1") == ["PERSON_GONE"]


def test_who_was_anonymised_is_left_alone(world: World, serving: str) -> None:
    """Her record is still listed, without a name."""
    assert told(world, "greenhouse", serving, what="anonymize", candidate="be1") == ["PERSON_GONE"]
    world.clock.forward(days=8)
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == sent


@pytest.mark.parametrize("hr", ["greenhouse", "ashby"])
def test_a_merge_that_is_told_makes_one_of_two(hr: str, world: World, serving: str) -> None:
    """Nobody has to decide anything: what was known of the one is known of the other."""
    assert told(world, hr, serving, what="merge", candidate="be3", into="ae3") == []
    assert len({o["subject_ref"] for o in world.operations()}) == 11
