"""A sync run from its first task to its last, in one process, against the stand-in vendors over sockets."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trivet_sandbox.running import start

pytestmark = pytest.mark.airflow

REPOSITORY = Path(__file__).parents[3]
SCORERS = ("whisper_local", "terms_engineering", "terms_sales", "terms_finance", "behaviour_baseline")
# airflow's own test run: no scheduler, no pools, every task in this process
RUN = """
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
assert not bag.import_errors, bag.import_errors
run = bag.dags["sync__nightly_interviews"].test()
states = {f"{t.task_id}[{t.map_index}]": str(t.state) for t in run.get_task_instances()}
Path(sys.argv[1]).write_text(json.dumps({"run": str(run.state), "tasks": states}))
"""


@pytest.fixture
def connections() -> Iterator[dict[str, Any]]:
    """Connections to stand-ins of a company without candidates; nothing has to be heard."""
    with start(size=0) as sandbox:
        scorers = {name: {"conn_type": "trivet_x", "extra": {"environment": "sandbox"}} for name in SCORERS}
        yield sandbox.connections() | scorers


def run(home: Path, connections: dict[str, Any], folder: Path) -> dict[str, Any]:
    """How the run and its tasks ended."""
    stored = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(form) for name, form in connections.items()}
    places = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "TRIVET_HOME": str(REPOSITORY),
        "TRIVET_STATE": str(folder / "state"),
    }
    command = [sys.executable, "-c", RUN, str(folder / "said.json")]
    # killed, not asked: a test run that hangs ignores the polite signal
    done = subprocess.run(
        command,
        env={**os.environ, **stored, **places},
        timeout=200,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (folder / "said.json").exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return dict(json.loads((folder / "said.json").read_text(encoding="utf-8")))


def test_every_step_runs_and_the_run_is_green(
    migrated_home: Path, connections: dict[str, Any], tmp_path: Path
) -> None:
    """Pull to conclude through Airflow's connections; the verdict has nothing to say."""
    said = run(migrated_home, connections, tmp_path)
    for name in ("verdict", "ask"):
        assert said["tasks"].pop(f"{name}[-1]") == "skipped"
    assert set(said["tasks"].values()) == {"success"}, said
    assert {"score[0]", "score[1]", "push__kingdee_cloud[-1]", "write_back[-1]"} <= set(said["tasks"])
    assert said["run"] == "success"


def test_a_system_that_refuses_us_stops_nobody_but_makes_the_run_red(
    migrated_home: Path, connections: dict[str, Any], tmp_path: Path
) -> None:
    """A wrong password fails its own push at the first try; the other ERP, the HR record and the closing go on."""
    connections["kingdee_cloud"]["password"] = "wrong"
    said = run(migrated_home, connections, tmp_path)
    failed = {name for name, state in said["tasks"].items() if state == "failed"}
    assert failed == {"push__kingdee_cloud[-1]", "verdict[-1]"}, said
    unasked = {"ask[-1]"}
    others = {name: state for name, state in said["tasks"].items() if name not in failed | unasked}
    assert set(others.values()) == {"success"}
    assert said["run"] == "failed"
