"""A process that has imported the command line, and grows a child for each command: no command pays for the imports anew.

One JSON line in: words, environment, folder, files for the three streams, what it may take. One line out: how the child ended.
A program of its own, with one thread, so that forking is safe.
"""

import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

KNOWN = ("trivet", "trivet_connectors")
APART = (
    *("trivet.airflow", "trivet.inbound", "trivet.conformance"),
    *("trivet.ledger.migrations", "trivet.cli.demo", "trivet.cli.__main__"),
)
"""What no command of the tests needs."""


def grown(asked: dict[str, Any]) -> int:
    """The exit status of one command, negative where the system killed it."""
    child = os.fork()
    if child == 0:
        _be(asked)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _be(asked: dict[str, Any]) -> None:
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.alarm(asked["seconds"])
        if asked["cpu"]:
            resource.setrlimit(resource.RLIMIT_CPU, (asked["cpu"], asked["cpu"]))
        if asked["memory"]:
            most = _mine() + asked["memory"]
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        for number, name in enumerate(asked["streams"]):
            handle = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY)
            os.dup2(handle, number)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["trivet", *asked["words"]]
        from trivet.cli import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - what a stranger would see
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _mine() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _know(name: str) -> None:
    module = importlib.import_module(name)
    for below in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        if not below.name.startswith(APART):
            _know(below.name)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for package in KNOWN:
        _know(package)
    for line in sys.stdin:
        print(grown(json.loads(line)), flush=True)  # noqa: T201 - the answer
