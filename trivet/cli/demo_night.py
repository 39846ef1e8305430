"""One night of the demo: wait for the parts, give Airflow connections and pools, start the flow, watch it."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import requests
from rich.console import Console

from trivet.cli.demo_airflow import AirflowClient
from trivet.cli.demo_connections import announced, write_connections
from trivet.cli.demo_processes import Processes
from trivet.cli.demo_report import Ticker, progress_line, show_differences, show_night
from trivet.connections import stored_connections
from trivet.dag_names import event_dag, sync_dag
from trivet.errors import TrivetError
from trivet.flow import report
from trivet.flow.hub import open_hub
from trivet.settings import Settings

PATIENCE = 300.0  # seconds to start in; a quiet laptop needs 20 to 40, a busy one has been seen to need 100
POLL = 1.0
BACKGROUND = ("settle", "rollback", "replay", "reconcile", "watch", "retention")
HR = "feishu_hire"


class Night:
    """Drives one run of the flow from outside, as a person at the UI would."""

    def __init__(
        self,
        console: Console,
        settings: Settings,
        airflow: AirflowClient,
        processes: Processes,
        flow: str,
        inbound: int,
    ) -> None:
        self._console = console
        self._settings = settings
        self._airflow = airflow
        self._processes = processes
        self._dag_id, self._event_dag_id = sync_dag(flow), event_dag(flow)
        self._inbound = f"http://127.0.0.1:{inbound}"
        self._run_id = ""
        self._told: set[tuple[str, int, int]] = set()

    def wait_until_ready(self) -> None:
        """Return once the sandbox and Airflow are at work; says meanwhile what is missing."""
        deadline = time.monotonic() + PATIENCE
        with Ticker(self._console) as ticker:
            while missing := self._unready():
                self._processes.check()
                ticker.show(f"starting, waiting for {missing}")
                if time.monotonic() > deadline:
                    raise TrivetError(
                        f"{missing} did not come up within {PATIENCE:.0f} s",
                        code="DEMO_SLOW",
                        cure=f"see {self._settings.state}/airflow.log and sandbox.log there",
                    )
                time.sleep(POLL / 2)

    def set_up(self) -> None:
        """Connections, pools, DAGs let go; what an interrupted demo left running is given up first."""
        self._airflow.login()
        while not self._airflow.knows(self._dag_id):
            self._processes.check()
            time.sleep(POLL / 2)
        # its own process: nothing outside trivet.airflow imports what knows Airflow
        pools = subprocess.run(
            [sys.executable, "-m", "trivet.airflow.pools"],
            check=True,
            capture_output=True,
            text=True,
            cwd=self._settings.home,
        )
        self._airflow.put_pools(json.loads(pools.stdout))
        known = write_connections(self._settings, self._airflow.address)
        self._airflow.put_connections({name: form for name, form in known.items() if name != "airflow"})
        self._airflow.abandon_runs(self._dag_id)
        for dag_id in (self._dag_id, self._event_dag_id, *BACKGROUND):
            self._airflow.unpause(dag_id)
        self._subscribe()

    def _subscribe(self) -> None:
        """The HR system tells `trivet serve` of what happens from here on."""
        extra = self._known(HR)["extra"]
        wanted = {"what": "subscribe", "url": f"{self._inbound}/in/{HR}"}
        for name in ("encrypt_key", "verification_token"):
            wanted[name] = extra[name]
        answer = requests.post(f"{self._known(HR)['host']}/_sandbox/change", json=wanted, timeout=30)
        answer.raise_for_status()

    def try_this(self) -> str:
        """A command that makes the HR system tell of a fresh result."""
        spec = json.dumps({"what": "recording", "candidate": "be2", "file": "be1.ogg"})
        return f"curl -d '{spec}' {self._known(HR)['host']}/_sandbox/change"

    def _known(self, name: str) -> Any:
        return json.loads(self._settings.connections.read_text(encoding="utf-8"))[name]

    def run(self) -> None:
        """Start the flow and watch until the run has ended."""
        self._run_id = self._airflow.trigger(self._dag_id)
        with self._hub() as hub, Ticker(self._console) as ticker:
            while self._airflow.run_state(self._dag_id, self._run_id) not in ("success", "failed"):
                self._processes.check()
                self._tell_failures()
                batch_id = self._airflow.batch_of(self._dag_id, self._run_id)
                ticker.show(
                    progress_line(report.progress(hub, batch_id))
                    if batch_id
                    else "pulling from the HR system"
                )
                time.sleep(POLL)
        self._tell_failures()

    def close(self) -> bool:
        """Show what came of the night; whether it succeeded and brought what the sandbox's world promises."""
        succeeded = self._airflow.run_state(self._dag_id, self._run_id) == "success"
        batch_id = self._airflow.batch_of(self._dag_id, self._run_id)
        with self._hub() as hub:
            if batch_id:
                show_night(self._console, report.summary(hub, batch_id))
            as_expected = show_differences(self._console, hub)
        return succeeded and as_expected

    def _unready(self) -> str | None:
        return self._airflow.unready() if announced(self._settings).exists() else "the sandbox"

    def _tell_failures(self) -> None:
        for task in self._airflow.tasks(self._dag_id, self._run_id):
            mark = (task["task_id"], task["map_index"], task["try_number"])
            if (
                task["state"] not in ("failed", "up_for_retry")
                or task["task_id"] == "verdict"
                or mark in self._told
            ):
                continue
            self._told.add(mark)
            again = " (tried again soon)" if task["state"] == "up_for_retry" else ""
            self._console.print(
                f"{_name(task)} failed{again}: {self._airflow.complaint(task)}", markup=False, style="red"
            )

    def _hub(self) -> Any:
        return open_hub(self._settings, stored_connections(self._settings.connections, environ={}))


def _name(task: Mapping[str, Any]) -> str:
    return str(task["task_id"]) if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"
