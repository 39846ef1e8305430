"""From the vendor's call to ERP confirmed and HR record updated, through `trivet serve` and a real Airflow.

    python -m benchmarks.event_path [RESULTS] [BURST]

Stand-ins, Airflow (standalone, SQLite) and `trivet serve` run as in the demo. First every hired candidate of the company is
told of for the first time: her recording (20 to 90 s) is downloaded and transcribed on the way. Then RESULTS fresh recordings
follow, one after the other, each the words of another candidate for the same position: transcribed before with the same
hints, so that transcription is left out. Beside them, in the same minutes, a DAG of three empty tasks is started by the same REST
call: what Airflow itself needs. Last BURST events come at once.
The aims: 95 of 100 within 20 s without transcription, and under 60 s with it; no event of the burst is lost.
"""

import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from trivet.cli import demo
from trivet.cli.demo_airflow import AirflowClient, free_port
from trivet.cli.demo_night import HR, Night
from trivet.cli.demo_processes import Processes
from trivet.connections import stored_connections
from trivet.flow import report
from trivet.flow.hub import Hub, open_hub
from trivet.ledger import inbox
from trivet.settings import Settings

ROOT = Path(__file__).parents[1]
POSITIONS = (("be1", "be2"), ("ae1", "ae2"), ("rs1", "rs2", "rs3"), ("wa1", "wa2", "wa3"))
"""Who is hired for what: a position's keywords are the hints with which its recordings are transcribed."""
HIRED = tuple(key for hired in POSITIONS for key in hired)
FILES = {"be2": "be2.mp4", "ae2": "ae2.mp4"}
PATIENCE = 300.0
EMPTY = '''
from airflow.sdk import DAG, task

with DAG("empty", schedule=None, catchup=False, max_active_runs=1) as dag:
    def nothing() -> None:
        """Nothing."""
    first, second, third = (task(task_id=name)(nothing)() for name in ("first", "second", "third"))
    first >> second >> third
'''


@dataclass
class Way:
    """Everything that runs, and the ledger."""

    night: Night
    airflow: AirflowClient
    hub: Hub
    sandbox: str

    def change(self, **spec: Any) -> None:
        """A recruiter's click, of which the HR system tells."""
        requests.post(f"{self.sandbox}/_sandbox/change", json=spec, timeout=30).raise_for_status()

    def seconds(self, **spec: Any) -> float:
        """From the click until the event's batch is confirmed, read again and closed."""
        known = {row["batch"] for row in self.batches()}
        began = time.perf_counter()
        self.change(**spec)
        while True:
            new = [row for row in self.batches() if row["batch"] not in known]
            if new and all(row["closed_at"] for row in new):
                if {row["state"] for row in new} != {"confirmed"}:
                    raise SystemExit(f"{spec} ended as {new}")
                return time.perf_counter() - began
            if time.perf_counter() - began > PATIENCE:
                raise SystemExit(f"{spec} did not arrive")
            time.sleep(0.1)

    def batches(self) -> list[dict[str, Any]]:
        """The ledger's event batches."""
        return [row for row in report.batches(self.hub, 1000) if row["kind"] == "event"]

    def empty(self) -> float:
        """What Airflow needs for three tasks that do nothing."""
        began = time.perf_counter()
        run = self.airflow.trigger("empty")
        while self.airflow.run_state("empty", run) not in ("success", "failed"):
            time.sleep(0.1)
        return time.perf_counter() - began

    def waiting(self) -> int:
        """Events that no batch has taken."""
        with self.hub.ledger.read() as tx:
            return sum(inbox.waiting(tx).values())


def main() -> None:
    """Prints the table."""
    results = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    burst = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with _running() as path:
        # who was never pulled brings everything with her
        first = [path.seconds(what="stage", candidate=key, stage="hired") for key in HIRED]
        fresh, floor = [], []
        for i in range(results):
            key, other = _words(i)
            fresh.append(path.seconds(what="recording", candidate=key, file=FILES.get(other, f"{other}.ogg")))
            if i % 2:
                floor.append(path.empty())
        told = _burst(path, burst)
    table = Table(
        title="from the vendor's call to ERP confirmed, HR record updated and both read again; seconds"
    )
    for title in ("what", "results", "median", "95 of 100", "longest"):
        table.add_column(title, justify="left" if title == "what" else "right")
    for name, seconds in (
        ("fresh result, transcription left out", fresh),
        ("first result with transcription", first),
        ("three empty tasks of Airflow", floor),
    ):
        shown = (f"{value:.1f}" for value in (_share(seconds, 0.5), _share(seconds, 0.95), max(seconds)))
        table.add_row(name, str(len(seconds)), *shown)
    Console(width=130).print(table)
    print(told)


def _words(result: int) -> tuple[str, str]:
    """Who is heard again, and whose recording she is given: never the one that she has."""
    turn, which = divmod(result, len(HIRED))
    key = HIRED[which]
    position = next(hired for hired in POSITIONS if key in hired)
    return key, position[(position.index(key) + turn + 1) % len(position)]


def _burst(path: Way, size: int) -> str:
    known = len(path.batches())
    began = time.perf_counter()
    for i in range(size):
        path.change(what="name", candidate=HIRED[i % len(HIRED)], name=f"Name {i}")
    sent = time.perf_counter() - began
    while path.waiting() or not all(row["closed_at"] for row in path.batches()):
        if time.perf_counter() - began > 2 * PATIENCE:
            raise SystemExit("the burst did not arrive")
        time.sleep(0.2)
    with path.hub.ledger.read() as tx:
        stored = inbox.count(tx)
    return (
        f"{size} events within {sent:.0f} s: {len(path.batches()) - known} batches, all taken after "
        f"{time.perf_counter() - began:.0f} s; {stored} events stored altogether, {path.waiting()} left"
    )


def _share(seconds: Sequence[float], share: float) -> float:
    """The nearest rank."""
    return sorted(seconds)[math.ceil(share * len(seconds)) - 1]


@contextmanager
def _running() -> Iterator[Way]:
    console = Console(quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        home, state = Path(folder) / "home", Path(folder) / "state"
        state.mkdir()
        for name in ("mappings", "dags", "plugins"):
            shutil.copytree(ROOT / name, home / name)
        (home / "dags" / "empty.py").write_text(EMPTY)
        ledger = f"sqlite:///{state / 'ledger.db'}"
        settings = Settings(home, state, ledger, state / "connections.json")
        port, inbound = free_port(), free_port()
        with Processes(demo.wanted(settings, port, inbound), state / "processes.json") as running:
            airflow = AirflowClient(f"http://localhost:{port}")
            night = Night(console, settings, airflow, running, demo.FLOW, inbound)
            night.wait_until_ready()
            night.set_up()
            airflow.unpause("empty")
            _listening(inbound)
            connections = stored_connections(settings.connections, environ={})
            with open_hub(settings, connections) as hub:
                yield Way(night, airflow, hub, str(connections(HR).standard["host"]))


def _listening(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise SystemExit("trivet serve did not come up")


if __name__ == "__main__":
    os.environ.setdefault("NO_PROXY", "localhost,127.0.0.1")
    main()
