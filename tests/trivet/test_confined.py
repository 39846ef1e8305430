"""Work on strangers' files: what the process says beside its answer reaches nobody, and fills nobody's memory."""

import subprocess
from pathlib import Path

import pytest

from trivet.confined.running import Bounds, Work
from trivet.errors import Rejected

CHATTY = """
import os, sys
def work(file, out, pieces):
    os.write(2, b"the words of a stranger\\n" * 1000)
    print("the words of a stranger", file=sys.stderr)
    out.write(b"done")
    return {"pieces": pieces}
"""
FLOODING = """
import os
def work(file, out):
    # as code of a stranger would that runs there: every open file, the parent's answer among them
    while True:
        for handle in range(2, 10):
            try:
                os.write(handle, bytes(1 << 20))
            except OSError as error:
                if error.errno != 9:
                    raise
"""


def work(folder: Path, text: str) -> Work:
    """A piece of work of that text."""
    file = folder / "of_this_test.py"
    file.write_text(text)
    return Work(str(file), "x", "read", "TOO_MUCH_OF_IT", "DIED_OF_IT")


def test_what_libraries_say_is_not_heard(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The answer comes through all the same, and what was written."""
    done = work(tmp_path, CHATTY).done(tmp_path, subprocess.PIPE, Bounds(1 << 30, 10, 1 << 10), pieces=3)
    assert done == ({"pieces": 3}, b"done")
    assert capfd.readouterr() == ("", "")


def test_who_writes_without_end_is_stopped(tmp_path: Path) -> None:
    """By the limit on files, not by our memory; there is no room for an answer then."""
    with pytest.raises(Rejected) as caught:
        work(tmp_path, FLOODING).done(tmp_path, subprocess.DEVNULL, Bounds(1 << 30, 10, 4 << 20))
    assert caught.value.vendor_code == "DIED_OF_IT"
