"""A recording on disk is whole or not there."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import World

import trivet.store.parts
from trivet.errors import TrivetError


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
