"""A recording on disk is whole or not there; the next ones come while one is heard."""

import errno
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import World

import trivet.store.parts
from trivet.errors import AuthFailed, Rejected, TrivetError
from trivet.flow.ahead import MOST
from trivet.flow.fetch import Fetcher, Wish
from trivet.flow.hub import Hub
from trivet.ledger import recordings
from trivet.ledger.recordings import Recording
from trivet.model import Document, Download


def test_a_full_disk_is_told_and_nothing_of_the_recording_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the folder and the cure; the next run, with room, scores what was left."""

    def full(_: int) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(trivet.store.parts, "os", SimpleNamespace(open=os.open, fdopen=os.fdopen, fsync=full))
        with pytest.raises(TrivetError) as caught:
            world.night()
        with world.hub() as hub:
            folder = Path(hub.settings.recordings)
    assert caught.value.code == "DISK_FULL"
    assert caught.value.place == str(folder)
    assert "make room" in caught.value.explained()
    assert list(folder.iterdir()) == []
    # what a killed worker left goes after a day, what another one writes now stays
    old, young = folder / ".part-old", folder / ".part-young"
    for part in (old, young):
        part.write_bytes(b"half an interview")
    os.utime(old, (0, 0))
    world.night()
    assert len(list(folder.iterdir())) > 5
    assert (old.exists(), young.exists()) == (False, True)


SOUND = b"OggS" + bytes(100)


class Tapes:
    """A source of recordings that says when each is opened; some of them it refuses."""

    def __init__(self, number: int, *refused: int) -> None:
        self.documents = [
            {"id": f"feishu/recording-{n}", "source_reference": {"n": n}} for n in range(number)
        ]
        self.opened = [threading.Event() for _ in range(number)]
        self.order: list[int] = []
        self.refused = refused
        self.locked: int | None = None
        """From this one on the login is lost."""
        self.at_work = threading.Lock()

    def check(self) -> None:
        """Nothing to prove."""

    @contextmanager
    def open(self, reference: Document) -> Iterator[Download]:
        """See `RecordingSource`."""
        assert self.at_work.acquire(blocking=False), "two at once"
        try:
            n = reference["n"]
            self.order.append(n)
            self.opened[n].set()
            if self.locked is not None and n >= self.locked:
                raise AuthFailed("the login is lost", connector="tapes", operation="download")
            if n in self.refused:
                raise Rejected("no such file", connector="tapes", operation="download")
            yield Download("audio/ogg", f"{n}.ogg", len(SOUND), iter([SOUND]))
        finally:
            self.at_work.release()

    def wishes(self) -> list[Wish]:
        """Every one of them, ahead."""
        return [Wish("s_ann", document, "recording") for document in self.documents]


@pytest.fixture
def hub(world: World) -> Iterator[Hub]:
    """A deployment without anybody in it."""
    with world.hub() as opened:
        yield opened


@contextmanager
def fetching(
    hub: Hub, tapes: Tapes, wishes: Sequence[Wish], notes: list[Recording]
) -> Iterator[Callable[[int], Recording]]:
    """Fetches by number."""
    with Fetcher(hub, "t", wishes, notes.append) as fetcher:
        yield lambda n: fetcher.fetch("s_ann", tapes.documents[n], tapes, "recording")


def stored(hub: Hub) -> list[Recording]:
    """The recordings that the ledger knows, as they were named."""
    with hub.ledger.read() as tx:
        return [entry for _, entry in recordings.every(tx)]


def test_the_next_ones_are_fetched_while_one_is_heard(hub: Hub) -> None:
    """So many and no more, one after the other."""
    tapes, notes = Tapes(MOST + 3), list[Recording]()
    with fetching(hub, tapes, tapes.wishes(), notes) as fetch:
        first = fetch(0)
        assert tapes.opened[MOST].wait(5)
        assert not tapes.opened[MOST + 1].wait(0.1)
        second = fetch(1)
        assert tapes.opened[MOST + 1].wait(5)
        assert fetch(0) is first
        assert fetch(1) is second
    assert tapes.order == list(range(MOST + 2))


def test_what_was_fetched_ahead_is_in_the_ledger_before_it_is_asked_for(hub: Hub) -> None:
    """Minutes pass meanwhile, and an erasure has to find it; what was asked for is noted with the rest of its interview."""
    tapes, notes = Tapes(MOST + 1), list[Recording]()
    with fetching(hub, tapes, tapes.wishes(), notes) as fetch:
        assert notes == [fetch(0)]
        assert tapes.opened[MOST].wait(5)  # those before it are done with
        early = {entry.id for entry in stored(hub)}
    names = {entry.id.partition("@")[0] for entry in stored(hub)}
    assert names == {document["id"] for document in tapes.documents[1:]}
    assert early >= {entry.id for entry in stored(hub) if tapes.documents[1]["id"] in entry.id}
    assert len(notes) == 1
    assert all(hub.store.has(entry.path or "") for entry in [*notes, *stored(hub)])


def test_a_refusal_is_told_in_its_turn_and_not_asked_for_again(hub: Hub) -> None:
    """Those behind it come all the same; nothing is fetched ahead before one has come."""
    tapes, notes = Tapes(MOST + 2, 0, 2), list[Recording]()
    with fetching(hub, tapes, tapes.wishes(), notes) as fetch:
        with pytest.raises(Rejected):
            fetch(0)
        assert not tapes.opened[1].wait(0.1)
        fetch(1)
        assert tapes.opened[3].wait(5)
        with pytest.raises(Rejected):
            fetch(2)
        fetch(3)
    assert tapes.order == list(range(MOST + 2))


def test_a_lost_login_is_not_tried_for_those_behind_it(hub: Hub) -> None:
    """A vendor would lock the account; it is told in its turn, and who goes on all the same asks for each."""
    tapes, notes = Tapes(MOST + 2), list[Recording]()
    tapes.locked = 1
    with fetching(hub, tapes, tapes.wishes(), notes) as fetch:
        fetch(0)
        with pytest.raises(AuthFailed):
            fetch(1)
        assert tapes.order == [0, 1]
        tapes.locked = None
        fetch(2)
    assert tapes.order[:3] == [0, 1, 2]


def test_what_is_not_wished_for_ahead_is_fetched_when_it_is_asked_for(hub: Hub) -> None:
    """It is looked up all the same."""
    tapes, notes = Tapes(2), list[Recording]()
    wishes = [Wish("s_ann", document) for document in tapes.documents]
    with fetching(hub, tapes, wishes, notes) as fetch:
        fetch(0)
        assert not tapes.opened[1].wait(0.1)
    with hub.ledger.begin() as tx:
        recordings.put_many(tx, "t", notes)
    with fetching(hub, tapes, wishes, notes) as fetch:
        assert fetch(0).path == notes[0].path
    assert tapes.order == [0]
