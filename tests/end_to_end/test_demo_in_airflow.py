"""`trivet demo`: its processes come and go together, and a night delivers what the world promises."""

import subprocess
import sys
from pathlib import Path

import pytest
from end_to_end.airflow import eventually

from trivet.cli import demo_keeper
from trivet.cli.demo_airflow import choose_port, environment, free_port
from trivet.cli.demo_processes import Processes, Wanted
from trivet.errors import ConfigError, TrivetError
from trivet.settings import Settings

REPOSITORY = Path(__file__).parents[2]

# what airflow does to us: a task in a process group of its own, and one that ignores the polite signal
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
open(f"{sys.argv[1]}/{os.getpid()}", "w").close()
time.sleep(600)
"""
LAUNCHER = """
import sys, time
from pathlib import Path
from trivet.cli.demo_processes import Processes, Wanted

folder = Path(sys.argv[1])
wanted = [Wanted("stubborn", [sys.executable, "-c", sys.argv[2], str(folder / "pids")], {}, folder / "log")]
with Processes(wanted, folder / "spec.json"):
    time.sleep(600)
"""


def alive(pids: list[int]) -> list[int]:
    """Those that still run, zombies not counted."""
    return [pid for pid in pids if not demo_keeper._is_zombie(str(pid))]


@pytest.fixture
def quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience for processes that will not listen anyway."""
    monkeypatch.setattr(demo_keeper, "PATIENCE", 0.5)


def stubborn(folder: Path) -> Wanted:
    """A process that ignores SIGTERM, with a child in another process group."""
    (folder / "pids").mkdir()
    return Wanted("stubborn", [sys.executable, "-c", STUBBORN, str(folder / "pids")], {}, folder / "log")


def started(folder: Path) -> list[int]:
    """The pids of the stubborn process and its child, once both run."""
    eventually(lambda: len(list((folder / "pids").iterdir())) == 2, 20, "both processes started")
    return [int(file.name) for file in (folder / "pids").iterdir()]


def test_leaving_ends_every_process(tmp_path: Path, quick_end: None) -> None:
    """Whatever group it is in and whatever signal it ignores, nothing outlives the demo."""
    with Processes([stubborn(tmp_path)], tmp_path / "spec.json"):
        pids = started(tmp_path)
        assert len(alive(pids)) == 2
    assert alive(pids) == []


def test_killing_the_launcher_ends_every_process(tmp_path: Path) -> None:
    """kill -9 leaves no time to tidy up: the keeper sees its leash go slack and does it."""
    (tmp_path / "pids").mkdir()
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(tmp_path), STUBBORN])
    pids = started(tmp_path)
    launcher.kill()
    launcher.wait()
    eventually(lambda: not alive(pids), demo_keeper.PATIENCE + 10, "all processes ended")


def test_killing_the_keeper_ends_every_process(tmp_path: Path, quick_end: None) -> None:
    """The launcher knows the session and ends it itself."""
    with Processes([stubborn(tmp_path)], tmp_path / "spec.json") as processes:
        pids = started(tmp_path)
        assert processes._keeper
        processes._keeper.kill()
        processes._keeper.wait()
        with pytest.raises(TrivetError, match="from outside"):
            processes.check()
    assert alive(pids) == []


def test_a_process_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    """Airflow that does not come up says why in its log: the end of it is the error message."""
    code = "import sys; print('the port is taken'); sys.exit(3)"
    wanted = Wanted("airflow", [sys.executable, "-c", code], {}, tmp_path / "log")

    said = []

    def ended() -> bool:
        try:
            processes.check()
        except TrivetError as error:
            said.append(str(error))
        return bool(said)

    with Processes([wanted], tmp_path / "spec.json") as processes:
        eventually(ended, 20, "the end was noticed")
    assert "airflow ended with status 3" in said[0]
    assert "the port is taken" in said[0]


def test_a_taken_port_is_named_with_the_way_out() -> None:
    """Not a stack trace from the web server two minutes later."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="is taken") as caught:
            choose_port(taken.getsockname()[1])
    assert "TRIVET_DEMO_PORT" in str(caught.value.cure)
    port = free_port()
    assert choose_port(port) == port


def test_secrets_of_the_demo_are_private_and_outlive_a_restart(tmp_path: Path) -> None:
    """Passwords and keys are readable by the user alone, and a second start opens what the first stored."""
    settings = Settings(REPOSITORY, tmp_path, "sqlite://", tmp_path / "connections.json")
    first = environment(settings, 18080, {"PATH": "/bin"})
    again = environment(settings, 18081, {"PATH": "/bin"})
    assert first["AIRFLOW__CORE__FERNET_KEY"] == again["AIRFLOW__CORE__FERNET_KEY"]
    for name in ("passwords.json", "keys.json"):
        assert (tmp_path / "airflow" / name).stat().st_mode & 0o077 == 0
    assert first["PATH"].endswith(":/bin")
