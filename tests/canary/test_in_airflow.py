"""A night in a running Airflow with vendors that quote what they are sent: its logs, its database and what it printed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from canary import planted
from canary.disguise import Finder
from canary.places import Written
from conftest import World, fresh_world
from end_to_end.airflow import eventually, running_airflow

from trivet.dag_names import sync_dag

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]
ENDED = ("success", "failed")


def pools(world: World) -> Any:
    """The pools of the deployment's flows."""
    command = [sys.executable, "-m", "trivet.airflow.pools"]
    made = subprocess.run(command, env={**os.environ, **world.environment()}, check=True, capture_output=True)
    return json.loads(made.stdout)


def test_airflow_writes_nothing_of_it(tmp_path: Path) -> None:
    """Task logs with their tracebacks, XCom and everything else in Airflow's database, rendered and in whatever form."""
    written = Written()
    with planted.aviary() as sandbox:
        world = fresh_world(sandbox, tmp_path)
        world.connect(kingdee_cloud={"password": "wrong-canary-bullfinch"})
        for key in ("be1", "ae1"):
            world.speak(key, planted.script(key))
        for broken in ("echo_in_200", "echo_500"):
            world.misbehave("successfactors", kind=broken, path="upsert", method="POST", times=1)
        dag = sync_dag(world.flow)
        with running_airflow(world, dag) as client:
            client.put_pools(pools(world))
            run = client.trigger(dag)
            eventually(lambda: client.run_state(dag, run) in ENDED, 300, "the run ends")
            states = {task["task_id"]: task["state"] for task in client.tasks(dag, run)}
        finder = Finder(planted.secrets(world) | planted.persons())
        (batch,) = [row["batch"] for row in world.batches()]
        home = world.state / "airflow"
        written.add("a log", "airflow.log", (world.state / "airflow.log").read_bytes())
        for file in sorted(home.rglob("*")):
            path = file.relative_to(home).as_posix()
            written.add("a file's name", path, path)
            if file.is_file():
                written.add("a log", path, file.read_bytes())
    assert states["push__kingdee_cloud"] == "failed"
    assert list(written.leaks(finder)) == []
    # what was searched is what tasks wrote: the batch, and why a target let nobody in
    told = {where: content for _, where, content in written.pieces}
    logs = b"".join(content for where, content in told.items() if "push__kingdee_cloud" in where)
    assert b"AuthFailed" in logs
    assert batch.encode() in told["airflow.db"]
