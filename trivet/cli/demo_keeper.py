"""Keeps the demo's processes in one session and ends them all when the launcher goes, however it goes.

    launcher ──stdin pipe──► keeper (session leader) ─► sandbox
                                                     ─► airflow standalone ─► scheduler, api-server … ─► tasks

The pipe is the leash: it closes when the launcher exits, is interrupted or is killed with -9. Ending the
process group would not do, for Airflow gives each task a group of its own; the session holds them all.

Run as a plain file, so that it imports nothing of ours, with a specification
`{"name": {"argv": [...], "env": {...}, "log": "...", "after": file or null}}`, where a process starts once the file `after`
is there; prints `<name> <status>` when one ends by itself.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

PATIENCE = 10.0  # seconds between the polite signal and the other one


def main(specification: Path) -> int:
    """Start everything, wait for the launcher or for the first process that ends, end the rest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        return _keep(json.loads(specification.read_text(encoding="utf-8")))
    except SystemExit:
        return 0
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        end_session(os.getpid())


def _keep(specification: dict[str, dict[str, Any]]) -> int:
    children: dict[str, subprocess.Popen[bytes]] = {}
    while True:
        for name, wanted in specification.items():
            if name not in children and (wanted["after"] is None or Path(wanted["after"]).exists()):
                children[name] = _start(wanted)
        if select.select([sys.stdin], [], [], 0.2)[0] and not os.read(sys.stdin.fileno(), 1):
            return 0
        for name, child in children.items():
            if child.poll() is not None:
                print(name, child.returncode, flush=True)  # noqa: T201  the launcher reads it
                return 1


def _start(wanted: dict[str, Any]) -> subprocess.Popen[bytes]:
    with Path(str(wanted["log"])).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  the launcher's own command lines
            wanted["argv"],
            env=wanted["env"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def end_session(session: int) -> None:
    """End every process of the session but this one: SIGTERM once to each, and SIGKILL for what stays."""
    patience = time.monotonic() + PATIENCE
    asked: set[int] = set()
    while members := session_members(session):
        impatient = time.monotonic() > patience
        # again and again: airflow's scheduler replaces a worker that was ended, and then waits for it
        for pid in members if impatient else set(members) - asked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if impatient else signal.SIGTERM)
            asked.add(pid)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.05)


def session_members(session: int) -> list[int]:
    """The living processes of a session, without the caller."""
    return [pid for pid in _pids() if pid != os.getpid() and _session_of(pid) == session]


def _pids() -> list[int]:
    """Every process that is not a zombie."""
    if Path("/proc/self/stat").exists():
        return [int(e.name) for e in Path("/proc").iterdir() if e.name.isdigit() and not _is_zombie(e.name)]
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True)  # noqa: S607
    return [
        int(pid) for pid, state in map(str.split, listed.stdout.splitlines()) if not state.startswith("Z")
    ]


def _is_zombie(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  a signal handler's signature
    raise SystemExit


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
