"""A whole night of many candidates in Airflow standalone, without audio, beside a DAG of tasks that do nothing.

    python -m benchmarks.night [CANDIDATES] [--reports]

Stand-ins, Airflow (standalone, SQLite) and `trivet serve` run as in the demo, with a company of so many candidates; recordings
are looked up instead of transcribed, and the vendors' own limits are lifted. Printed are the memory of the set-up before anything
runs (proportional set size, the stand-ins left out), the seconds of the DAG's run and of each of its tasks, and Airflow's own
share: the seconds in which none of the run's tasks was at work, and what as many empty tasks take. The aims: 120 s for 10,000
candidates, 1.3 GB idle. Reports are made with `--reports` only.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.event_path import EMPTY
from trivet.cli import demo
from trivet.cli.demo_airflow import AirflowClient, free_port
from trivet.cli.demo_connections import announced
from trivet.cli.demo_night import Night
from trivet.cli.demo_processes import Processes
from trivet.dag_names import sync_dag
from trivet.settings import Settings

ROOT = Path(__file__).parents[1]
IDLE = 20.0
"""Seconds after its start when the idle set-up is looked at."""


def main() -> None:
    """Prints the tables."""
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    size = int(numbers[0]) if numbers else 10_000
    os.environ["PYTHONPATH"] = str(ROOT / "tests" / "world")
    with tempfile.TemporaryDirectory() as folder:
        settings = _deployment(Path(folder), reports="--reports" in sys.argv)
        port, inbound = free_port(), free_port()
        wanted = demo.wanted(settings, port, inbound)
        more = ["--candidates", str(size)]
        wanted = [replace(w, argv=[*w.argv, *more]) if w.name == "sandbox" else w for w in wanted]
        airflow = AirflowClient(f"http://localhost:{port}")
        with Processes(wanted, settings.state / "processes.json") as running:
            night = Night(Console(quiet=True), settings, airflow, running, demo.FLOW, inbound)
            night.wait_until_ready()
            _connect(announced(settings))
            night.set_up()
            airflow.unpause("empty")
            time.sleep(IDLE)
            idle = _megabytes()
            empty = _seconds(airflow, "empty")
            run = airflow.trigger(sync_dag(demo.FLOW))
            _watch(airflow, sync_dag(demo.FLOW), run)
            tasks = airflow.tasks(sync_dag(demo.FLOW), run)
    _print(size, idle, empty, tasks)


def _deployment(folder: Path, *, reports: bool) -> Settings:
    home, state = folder / "home", folder / "state"
    state.mkdir()
    for name in ("mappings", "dags", "plugins"):
        shutil.copytree(ROOT / name, home / name)
    (home / "dags" / "empty.py").write_text(EMPTY)
    file = home / "mappings" / "flows" / f"{demo.FLOW}.yaml"
    flow = yaml.safe_load(file.read_text(encoding="utf-8"))
    flow["scoring"]["transcriber"] = {"connection": "script_reader"}
    for name in ("going_live", *(() if reports else ("reports",))):
        del flow[name]
    file.write_text(yaml.safe_dump(flow, allow_unicode=True), encoding="utf-8")
    return Settings(home, state, f"sqlite:///{state / 'ledger.db'}", state / "connections.json")


def _connect(file: Path) -> None:
    """No limits of the vendors' own, and a scorer that looks up what was said."""
    known = json.loads(file.read_text(encoding="utf-8"))
    for entry in known.values():
        entry["extra"]["calls_per_second"] = 100_000
    known["script_reader"] = {"conn_type": "trivet_script_reader", "extra": {"environment": "sandbox"}}
    file.write_text(json.dumps(known), encoding="utf-8")


def _seconds(airflow: AirflowClient, dag: str) -> float:
    began = time.perf_counter()
    _watch(airflow, dag, airflow.trigger(dag))
    return time.perf_counter() - began


def _watch(airflow: AirflowClient, dag: str, run: str) -> None:
    while (state := airflow.run_state(dag, run)) not in ("success", "failed"):
        time.sleep(0.5)
    if state == "failed":
        raise SystemExit(f"{dag} failed: {[(t['task_id'], t['state']) for t in airflow.tasks(dag, run)]}")


def _megabytes() -> dict[str, float]:
    """Proportional set size of everything below this process, Airflow and the rest apart; the stand-ins left out."""
    found: dict[str, float] = defaultdict(float)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace")
            rolled = (folder / "smaps_rollup").read_text()
            ours = str(os.getpid()) in _ancestors(int(folder.name))
        except OSError:
            continue
        if ours and "trivet_sandbox" not in words:
            name = "trivet serve" if "serve" in words and "airflow" not in words else "Airflow"
            found[name] += int(re.findall(r"^Pss:\s+(\d+)", rolled, re.MULTILINE)[0]) / 1024
    return found


def _ancestors(pid: int) -> set[str]:
    found = set()
    while pid > 1:
        pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        found.add(str(pid))
    return found


def _print(size: int, idle: dict[str, float], empty: float, tasks: list[dict[str, Any]]) -> None:
    spans = sorted(
        (_moment(t["start_date"]), _moment(t["end_date"]), t["task_id"]) for t in tasks if t["end_date"]
    )
    begin, end = spans[0][0], max(span[1] for span in spans)
    busy, reached = 0.0, begin
    for start, stop, _ in spans:
        busy += max(0.0, stop - max(start, reached))
        reached = max(reached, stop)
    table = Table(title=f"a night of {size} candidates in Airflow standalone, no audio; seconds")
    table.add_column("task")
    table.add_column("runs", justify="right")
    table.add_column("seconds, together", justify="right")
    for name in dict.fromkeys(span[2] for span in spans):
        own = [stop - start for start, stop, task in spans if task == name]
        table.add_row(name, str(len(own)), f"{sum(own):.1f}")
    table.add_row("whole run", str(len(spans)), f"{end - begin:.1f}")
    table.add_row("no task at work", "", f"{end - begin - busy:.1f}")
    table.add_row("as many empty tasks", str(len(spans)), f"{empty / 3 * len(spans):.1f}")
    Console(width=100).print(table)
    shares = ", ".join(f"{name} {value:.0f} MB" for name, value in sorted(idle.items()))
    print(f"idle: {sum(idle.values()):.0f} MB ({shares})")


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    os.environ.setdefault("NO_PROXY", "localhost,127.0.0.1")
    main()
