"""The rate budget of a connection: shared by processes, and in nobody's way when one of them is frozen."""

import fcntl
import json
import os
import signal
from pathlib import Path

import pytest

from trivet import budget
from trivet.budget import Budget


@pytest.fixture
def frozen(tmp_path: Path) -> int:
    """A process that was stopped while it held the budget's lock."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        handle = os.open(tmp_path / "erp.json", os.O_RDWR | os.O_CREAT)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(tell, b"1")
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.close(tell)
    assert os.read(told, 1) == b"1"
    os.close(told)
    return pid


def test_a_frozen_process_holds_nobody_up(
    tmp_path: Path, frozen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls go on, and their turns are still noted, though the lock never comes back."""
    monkeypatch.setattr(budget, "LONGEST_LOCK", 0.05)
    ours = Budget(tmp_path / "erp.json", per_second=1000)
    try:
        assert [ours.wait(longest=1) for _ in range(3)] == [0.0] * 3
        assert json.loads((tmp_path / "erp.json").read_text())["next"] > 0
    finally:
        os.kill(frozen, signal.SIGKILL)
        os.waitpid(frozen, 0)


def test_a_pause_is_told_to_whoever_asks_next(tmp_path: Path) -> None:
    """A caller with less patience than the pause gets the seconds instead of a turn."""
    Budget(tmp_path / "erp.json", per_second=1000).pause(30)
    assert 29 < Budget(tmp_path / "erp.json", per_second=1000).wait(longest=1) <= 30
