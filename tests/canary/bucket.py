"""A deployment that keeps its recordings in somebody else's object store: a night there, and what happens when it refuses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from buckets import BUCKET, Buckets
from canary import handed_in, planted
from canary.journey import logged, survives
from canary.places import Written
from conftest import World
from trivet_sandbox.company import people

from trivet.errors import TrivetError
from trivet.flow import steps
from trivet.flow.privacy import erase
from trivet.flow.privacy.erase import Erasing

PREFIX = "shared/recordings"
WRONG = "bucket-canary-dunnock-secret"


def travel(world: World, written: Written) -> dict[str, str]:
    """A night, an erasure, and what the store says to whom it does not let in; the planted secrets by name."""
    (world.base / "logs").mkdir()
    with opened() as buckets, logged(world.base / "logs" / "hub.log"):
        known = {
            f"{planted.LOGIN} bucket": buckets.key,
            f"{planted.SECRET} bucket": buckets.secret,
            f"{planted.SECRET} other bucket": WRONG,
        }
        world.connect(
            written_answers={"conn_type": "trivet_written_answers", "extra": {"environment": "sandbox"}},
            shelf={
                "conn_type": "trivet_folder", "host": f"s3://{BUCKET}", "login": buckets.key, "password": WRONG,
                "extra": {"environment": "sandbox", "options": {"endpoint_url": buckets.url}},
            },
        )  # fmt: skip
        for person in people():
            world.speak(person.key, planted.script(person.key))
        handed_in.hand_in(world)
        kept(world, buckets.options)
        world.night()
        _held(buckets, written)
        _refused(world, buckets, written)
        kept(world, buckets.options)
        with world.hub() as hub:
            ref = world.operations()[0]["subject_ref"]
            erase.erase(hub, Erasing(ref, "asked by letter", "li.na"))
        _held(buckets, written)
        written.add("what Python shows of a value", "settings with a bucket", repr(world.settings))
    written.add_files(world.base)
    return known


@contextmanager
def opened() -> Iterator[Buckets]:
    """The store."""
    made = Buckets()
    try:
        yield made
    finally:
        made.leave()


def kept(world: World, options: Any, **more: Any) -> None:
    """From now on recordings lie there."""
    said = options if isinstance(options, str) else json.dumps(options)
    world.differs = {"kept": f"s3://{BUCKET}/{PREFIX}", "store_options": said, **more}


def _held(buckets: Buckets, written: Written) -> None:
    """Names, contents, and what stands beside each."""
    held = buckets.held("")
    assert len(held) > 5
    for name, content in held.items():
        told = buckets.client.head_object(Bucket=BUCKET, Key=name)
        tags = buckets.client.get_object_tagging(Bucket=BUCKET, Key=name)
        written.add("an object in a bucket", name, content)
        written.add("an object's name", name, f"{name}\n{told['Metadata']}\n{tags['TagSet']}")
    assert buckets.unfinished() == 0


def _refused(world: World, buckets: Buckets, written: Written) -> None:
    """A wrong secret, options that are none, a bucket that is not there, a store that is away."""
    wrong = {**buckets.options, "secret": WRONG}
    ways: dict[str, dict[str, Any]] = {
        "a connection's wrong secret": {"options": "", "store_connection": "shelf"},
        "no JSON": {"options": f'{{"secret": "{WRONG}"'},
        "an option that is not known": {"options": {**wrong, "anon_": WRONG}},
        "an option of another type": {"options": {**wrong, "client_kwargs": WRONG}},
        "no such bucket": {"options": buckets.options, "kept": "s3://no-such-bucket/x"},
        "a secret in the address": {"options": wrong, "kept": f"s3://{buckets.key}:{WRONG}@{BUCKET}/x"},
        "a wrong secret": {"options": wrong},
    }
    for name, way in ways.items():
        kept(world, **way)
        survives(partial(_asked, world, name, written))
    survives(partial(_run, world))
    kept(world, buckets.options)
    buckets.leave()
    try:
        survives(partial(_run, world))
    finally:
        buckets.come_back()


def _asked(world: World, name: str, written: Written) -> None:
    """What the doctor is told, and shows."""
    with world.hub() as hub, pytest.raises(TrivetError) as caught:
        hub.store.check()
    shown = f"{caught.value.explained()}\n{caught.value!r}\n{caught.value.__cause__!r}"
    written.add("a command", f"trivet doctor, {name}", shown)
    raise caught.value


def _run(world: World) -> None:
    """With a recording that is new."""
    world.speak("be1", f"{planted.script('be1')} And more.")
    with world.hub() as hub:
        steps.score(hub, steps.pull(hub, world.flow, "test"), 0, 1)
