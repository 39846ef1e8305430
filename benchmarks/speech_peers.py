"""Other engines on the same weights, in an environment of their own: .benchmarks/peers, made when it is asked for.

It holds about 2 GB and is no part of the project: neither the lock file nor .venv knows of it. The weights are our model's,
written once in the forms of both engines (`whisper_weights`); `speech_engine` does the work there.
"""

import json
import re
import signal
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGES = ("torch==2.13.0", "openai-whisper==20250625", "pywhispercpp==1.5.1")
"""Where pip is not told of an index of CPU builds, torch brings its CUDA libraries along, which nothing uses here."""
LIMIT = 300
"""CPU seconds that a peer gets for all clips."""
WEIGHTS = {"openai": "base.pt", "cpp": "ggml-base.bin"}


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no row, in few words."""

    why: str


@dataclass(frozen=True, slots=True)
class Over:
    """It had not ended after so many CPU seconds."""

    cpu: float


class Peers:
    """The environment and the weights, made where they are not there yet."""

    def __init__(self, state: Path, model: Path) -> None:
        self.state = state
        self.python = state / "peers" / "bin" / "python"
        self.missing = self._installed() or self._converted(model)

    def row(self, engine: str, beam: int, clips: list[Path]) -> dict[str, Any] | Missing | Over:
        """Figures of that engine on files of samples."""
        if self.missing is not None:
            return self.missing
        weights = str(self.state / WEIGHTS[engine])
        done = self._run("speech_engine.py", engine, str(beam), str(LIMIT), weights, *map(str, clips))
        if done.returncode == -signal.SIGXCPU:
            return Over(LIMIT)
        if done.returncode:
            return Missing(f"did not run: {_last(done.stderr)}")
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def _installed(self) -> Missing | None:
        made = self.state / "peers" / "packages.txt"
        if made.is_file() and made.read_text(encoding="utf-8").split() == list(PACKAGES):
            return None
        print(f"making {made.parent}: {', '.join(PACKAGES)} (minutes)", file=sys.stderr)
        try:
            venv.create(made.parent, with_pip=True, clear=True)
        except (OSError, subprocess.CalledProcessError) as error:
            return Missing(f"not installable: no environment ({type(error).__name__})")
        command = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *PACKAGES,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return Missing(f"not installable: {_last(done.stderr)}")
        made.write_text("\n".join(PACKAGES), encoding="utf-8")
        return None

    def _converted(self, model: Path) -> Missing | None:
        if all((self.state / name).is_file() for name in WEIGHTS.values()):
            return None
        done = self._run("whisper_weights.py", str(model), str(self.state))
        return Missing(f"weights not converted: {_last(done.stderr)}") if done.returncode else None

    def _run(self, script: str, *given: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), str(HERE / script), *given]
        return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")


def _last(said: str) -> str:
    """What went wrong, without what pip says of its places."""
    lines = [line for line in said.splitlines() if re.match(r"(ERROR|\w*Error)\b", line)] or said.splitlines()
    return lines[-1].removeprefix("ERROR: ")[:70] if lines else "no word of why"
