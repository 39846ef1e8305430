"""`trivet sandbox up`: every stand-in comes up, says where, and writes the connections that lead there."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from trivet_sandbox import VENDORS


def test_every_stand_in_comes_up_and_says_where(tmp_path: Path) -> None:
    """The signal to end reaches them: nothing stays behind."""
    file = tmp_path / "connections.json"
    with subprocess.Popen(
        [sys.executable, "-m", "trivet.cli", "sandbox", "up", "--connections", str(file)],
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None
        said = dict(started.stdout.readline().split() for _ in VENDORS)
        assert set(said) == set(VENDORS) <= set(json.loads(file.read_text()))
        for name, address in said.items():
            with urllib.request.urlopen(f"{address}/_sandbox/health") as answer:
                assert json.load(answer) == {"name": name, "ok": True}
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0
