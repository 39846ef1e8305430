"""A running Airflow on a deployment of the fixture world."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from conftest import ROOT, World

from trivet.cli.demo_airflow import AirflowClient, environment, free_port
from trivet.cli.demo_processes import Processes, Wanted


def eventually(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Polls until it is true; what it then is."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return found


def noted(world: World, dag: str, run: str, tries: int = 1) -> bool:
    """Whether Airflow's scheduler has heard that the process which asked is gone.

    Airflow 3.3.2 fails a task whose answer comes before that; no person is so quick.
    """
    key = f"dag_id='{dag}', task_id='approve', run_id='{run}', try_number={tries},"
    said = f"executor event with state success for task instance TaskInstanceKey({key}"
    return said in (world.state / "airflow.log").read_text(encoding="utf-8")


@contextmanager
def running_airflow(world: World, *dags: str, port: int | None = None) -> Iterator[AirflowClient]:
    """Airflow with the deployment's connections, these DAGs switched on."""
    for folder in ("dags", "plugins"):
        shutil.copytree(ROOT / folder, world.home / folder)
    known = json.loads(world.settings.connections.read_text())
    port = port or free_port()
    variables = {
        **environment(world.settings, port, os.environ),
        **world.environment(),
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(form) for name, form in known.items()},
    }
    log = world.state / "airflow.log"
    command = [sys.executable, "-m", "airflow", "standalone"]
    with Processes([Wanted("airflow", command, variables, log)], world.state / "spec.json"):
        client = AirflowClient(f"http://localhost:{port}")
        eventually(lambda: client.unready() is None, 240, "airflow is up")
        client.login()
        for dag in dags:
            eventually(lambda dag=dag: client.knows(dag), 120, "the DAG is known")
            client.unpause(dag)
        yield client
