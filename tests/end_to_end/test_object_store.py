"""Recordings in somebody else's object store: sealed there, heard from there, gone from there; away for a while, and back."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from buckets import BUCKET, Buckets
from conftest import World
from end_to_end.test_consent import rule

from trivet.cli.doctor import diagnose
from trivet.errors import AuthFailed, Retryable
from trivet.flow import steps
from trivet.flow.privacy import erase, keys, retention
from trivet.flow.privacy.erase import Erasing
from trivet.ledger import recordings


@pytest.fixture(scope="module")
def buckets() -> Iterator[Buckets]:
    """One S3 for this module."""
    made = Buckets()
    yield made
    made.leave()


@pytest.fixture
def prefix(world: World, buckets: Buckets) -> str:
    """Where in the bucket this deployment keeps its recordings, once it was told to."""
    place = f"{world.base.name}/recordings"
    world.differs = {"kept": f"s3://{BUCKET}/{place}", "store_options": json.dumps(buckets.options)}
    return f"{place}/"


def known(world: World) -> dict[str, Any]:
    """The recordings of the ledger that lie in the store, by the name of the object."""
    with world.hub() as hub, hub.ledger.read() as tx:
        return {entry.path: entry for _, entry in recordings.every(tx) if entry.path}


def downloads(world: World) -> int:
    """How often the HR system gave out a recording."""
    return sum(call["path"].startswith("/files/") for call in world.calls("feishu_hire"))


def on_this_machine(world: World) -> list[str]:
    """Recordings that lie in the state folder, sealed or plain."""
    return [p.name for name in ("recordings", "passing", "listening") for p in (world.state / name).glob("*")]


def test_a_night_keeps_recordings_in_the_bucket_and_an_erasure_takes_them_out(
    world: World, prefix: str, buckets: Buckets
) -> None:
    """Nothing of a recording is left on the machine, nothing of it is readable in the bucket, a second night fetches nothing."""
    world.night()
    held, listed = buckets.held(prefix), known(world)
    assert len(held) > 5
    assert held.keys() == listed.keys()
    assert all(
        content.startswith(b"trivet-sealed-1\n") and b"OggS" not in content for content in held.values()
    )
    assert all(len(content) > listed[name].bytes for name, content in held.items())
    assert on_this_machine(world) == []
    fetched = downloads(world)
    assert fetched >= len(held)
    world.night()
    assert (downloads(world), buckets.held(prefix)) == (fetched, held)

    ref = next(iter(listed.values())).subject_ref
    theirs = {name for name, entry in listed.items() if entry.subject_ref == ref}
    with world.hub() as hub:
        buckets.leave()
        try:
            waits = erase.erase(hub, Erasing(ref, "asked by letter", "li.na"))
        finally:
            buckets.come_back()
        places = {entry["place"]: entry for entry in waits["places"]}
        assert (waits["state"], places["recordings"]["state"]) == ("waits", "due")
        assert "STORE_AWAY" in places["recordings"]["detail"]
        assert places["keys"]["state"] == places["ledger"]["state"] == "due"
        # the next look goes on by itself
        (proof,) = erase.resume(hub)
    assert {e["place"]: e["state"] for e in proof["places"]}["recordings"] == "confirmed"
    assert buckets.held(prefix).keys() == held.keys() - theirs


def test_a_store_that_is_away_stops_no_more_than_it_must(world: World, prefix: str, buckets: Buckets) -> None:
    """The shard is tried again, and goes on with what is left; a recording that vanished is fetched again."""
    with world.hub() as hub:
        flow = hub.flow(world.flow)
        batch_id = steps.pull(hub, world.flow, "test")
        buckets.leave()
        try:
            with pytest.raises(Retryable) as caught:
                steps.score(hub, batch_id, 0, 1)
        finally:
            buckets.come_back()
        assert caught.value.vendor_code == "STORE_AWAY"
        assert downloads(world) <= 3 * flow.shards
        steps.score(hub, batch_id, 0, 1)
    held = buckets.held(prefix)
    assert held.keys() == known(world).keys()
    gone = next(iter(held))
    buckets.client.delete_object(Bucket=BUCKET, Key=prefix + gone)
    before = downloads(world)
    world.night()
    assert downloads(world) == before + 1
    assert buckets.held(prefix).keys() == held.keys()


def test_a_wrong_key_stops_the_step_in_one_line(
    world: World, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a second recording is fetched; the doctor says the same, with the cure."""
    options = {**json.loads(world.differs["store_options"]), "secret": "not-the-secret"}
    world.differs["store_options"] = json.dumps(options)
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "test")
        with pytest.raises(AuthFailed) as caught:
            steps.score(hub, batch_id, 0, 1)
    assert str(caught.value) == "recordings store: the store does not let us in [STORE_LOCKED]"
    assert downloads(world) == 1
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRIVET_RECORDINGS", world.differs["kept"])
    monkeypatch.setenv("TRIVET_RECORDINGS_OPTIONS", world.differs["store_options"])
    (row,) = [row for row in diagnose() if row["what"] == "store of recordings"]
    assert (row["ok"], row["detail"]) == ("no", str(caught.value))
    assert "rights to read, write, list and delete" in row["cure"]
    assert prefix not in str(row)


def test_rules_and_keys_reach_into_the_bucket(world: World, prefix: str, buckets: Buckets) -> None:
    """What was copied there plain from an earlier version is sealed by `keys rotate`; what was kept long enough goes."""
    world.night()
    (name, entry), *others = sorted(known(world).items())
    buckets.client.put_object(Bucket=BUCKET, Key=prefix + name, Body=b"script:" + b"plain " * 100)
    with world.hub() as hub:
        moved = keys.rotate(hub, lambda *_: None, actor="li.na")["moved"]
    assert moved["recording files"] == 1
    assert not [content for content in buckets.held(prefix).values() if b"plain" in content]
    assert entry.subject_ref
    rule(world, "cn", "{region: CN, retention: [{data: recordings, purpose: recruiting, days: 90}]}")
    world.clock.forward(days=100)
    with world.hub() as hub:
        ended = [row for row in retention.run(hub) if row["state"] == "erased"]
    assert len(ended) > 0
    assert len(buckets.held(prefix)) == 1 + len(others) - len(ended)
