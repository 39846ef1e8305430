"""The launcher's end of the leash: starts the keeper, notices what ended by itself, lets everything go."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from trivet.cli import demo_keeper
from trivet.errors import TrivetError

TAIL = 15  # lines of a log that help to see why a process ended


@dataclass(frozen=True, slots=True)
class Wanted:
    """A process of the demo."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    after: Path | None = None
    """A file that another one writes; it is started when that is there."""


class Processes:
    """Runs the wanted processes while the context lasts; afterwards none of them is left."""

    def __init__(self, wanted: Sequence[Wanted], specification: Path) -> None:
        self._wanted = wanted
        self._specification = specification
        self._keeper: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Processes":
        # it holds the environment, and with it keys
        self._specification.touch(mode=0o600)
        self._specification.write_text(
            json.dumps(
                {
                    w.name: {
                        "argv": w.argv,
                        "env": w.env,
                        "log": str(w.log),
                        "after": str(w.after) if w.after else None,
                    }
                    for w in self._wanted
                },
                default=dict,
            ),
            encoding="utf-8",
        )
        self._keeper = subprocess.Popen(  # noqa: S603  our own interpreter and file
            [sys.executable, demo_keeper.__file__, str(self._specification)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        keeper = self._keeper
        assert keeper
        assert keeper.stdin
        # a second Ctrl-C must not interrupt the tidying
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with suppress(BrokenPipeError):
                keeper.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                keeper.wait(timeout=demo_keeper.PATIENCE + 5)
            # the keeper itself may have been killed
            with suppress(ProcessLookupError):
                os.kill(keeper.pid, signal.SIGKILL)
            demo_keeper.end_session(keeper.pid)
            if keeper.stdout:
                keeper.stdout.close()
            keeper.wait()
        finally:
            signal.signal(signal.SIGINT, before)

    def check(self) -> None:
        """Raise if a process ended by itself, with the end of its log."""
        keeper = self._keeper
        assert keeper
        if keeper.poll() is None:
            return
        name, _, status = (keeper.stdout.read() if keeper.stdout else "").strip().rpartition(" ")
        ended = next((w for w in self._wanted if w.name == name), None)
        if ended is None:
            raise TrivetError("the demo's processes were ended from outside", code="DEMO_ENDED")
        lines = ended.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
        raise TrivetError(
            f"{name} ended with status {status}; the end of {ended.log}:\n"
            + "\n".join(f"  | {line}" for line in lines),
            code="DEMO_ENDED",
        )
