"""A night that has to ask, in a running Airflow: it ends, the next one runs, and the answer comes from a named user later."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import requests
from conftest import World
from end_to_end.airflow import eventually, noted, running_airflow
from end_to_end.test_approvals import strict, waiting

from trivet.cli.demo_airflow import AirflowClient
from trivet.dag_names import approve_dag, sync_dag
from trivet.flow import report
from trivet.flow.workbench import explain

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]
ENDED = ("success", "failed")


@dataclass
class Question:
    """What a logged-in user sees and answers of one waiting run."""

    address: str
    world: World
    dag: str
    run: str

    def call(self, user: str, method: str, path: str = "", **options: Any) -> requests.Response:
        """One call of Airflow's own interface."""
        with requests.Session() as session:
            session.trust_env = False
            login = {"username": user, "password": user}
            token = session.post(f"{self.address}/auth/token", json=login, timeout=30).json()["access_token"]
            session.headers["Authorization"] = f"Bearer {token}"
            place = f"{self.address}/api/v2/dags/{quote(self.dag)}/dagRuns/{quote(self.run)}{path}"
            return session.request(method, place, timeout=60, **options)

    def task(self) -> dict[str, Any]:
        """The task that waits; empty before the run has begun."""
        said = self.call("admin", "GET", "/taskInstances/approve")
        return dict(said.json()) if said.ok else {}

    def asked(self, tries: int) -> str:
        """The question's text, once it is asked for that time and may be answered."""
        waits = lambda: (  # noqa: E731
            (task := self.task()).get("state") == "awaiting_input" and task["try_number"] == tries
        )
        eventually(waits, 120, f"the question is asked, try {tries}")
        heard = lambda: noted(self.world, self.dag, self.run, tries)  # noqa: E731
        eventually(heard, 60, "the scheduler knows that it waits")
        return str(self.call("admin", "GET", "/taskInstances/approve/-1/hitlDetails").json()["body"])

    def answer(self, user: str, option: str = "Approve") -> int:
        """The user's click; Airflow's status."""
        path = "/taskInstances/approve/-1/hitlDetails"
        return self.call(user, "PATCH", path, json={"chosen_options": [option]}).status_code


def night(client: AirflowClient, dag: str) -> dict[str, str]:
    """A run from its start to its end: the states of its tasks."""
    run = client.trigger(dag)
    eventually(lambda: client.run_state(dag, run) in ENDED, 240, "the night ends")
    assert client.run_state(dag, run) == "success", client.tasks(dag, run)
    return {task["task_id"]: task["state"] for task in client.tasks(dag, run)}


def pools(world: World) -> Any:
    """The pools of the deployment's flows."""
    command = [sys.executable, "-m", "trivet.airflow.pools"]
    made = subprocess.run(command, env={**os.environ, **world.environment()}, check=True, capture_output=True)
    return json.loads(made.stdout)


def test_two_nights_end_before_somebody_answers(world: World) -> None:
    """The first asks and is over, the second runs and asks nothing again; a viewer may not answer, one who is no approver is
    asked over, and the approver's name is with every delivery. Nobody had to switch the waiting DAG on."""
    strict(world)
    world.edit_flow(lambda flow: flow["policy"].update(approval={"approvers": ["hr"]}))
    dag = sync_dag(world.flow)
    with running_airflow(world, dag) as client:
        client.put_pools(pools(world))
        first = night(client, dag)
        assert (first["ask"], first["conclude"], first["verdict"]) == ("success", "success", "skipped")
        one = waiting(world)
        assert one["asked"][0] == dag
        question = Question(client.address, world, approve_dag(world.flow), one["approval"])
        body = question.asked(1)
        assert f"Batch `{one['batch']}`" in body
        assert "林晓雨" not in body
        assert night(client, dag)["ask"] == "skipped"
        assert waiting(world)["digest"] == one["digest"]
        assert "cust_TalentPoolEntry" not in world.held("successfactors")

        assert question.answer("viewer") == requests.codes.forbidden
        assert question.answer("admin") == requests.codes.ok  # no approver of this flow
        question.asked(2)
        assert "cust_TalentPoolEntry" not in world.held("successfactors")
        assert question.answer("hr") == requests.codes.ok
        over = lambda: client.run_state(question.dag, question.run) in ENDED  # noqa: E731
        eventually(over, 120, "what was approved is sent")
        tasks = {task["task_id"]: task["state"] for task in client.tasks(question.dag, question.run)}
        assert client.run_state(question.dag, question.run) == "success", tasks
    sends = ("push__successfactors", "push__kingdee_cloud", "write_back")
    assert tasks == dict.fromkeys(("approve", *sends, "follow_up"), "success") | {"verdict": "skipped"}
    assert len(world.held("successfactors")["cust_TalentPoolEntry"]) == 3
    with world.hub() as hub:
        sent = [o["id"] for o in report.deliveries(hub, limit=100) if o["entity"] == "cust_TalentPoolEntry"]
        gates = [explain.explain(hub, name)["approval"] for name in sent]
    assert [(gate["approved_by"], gate["approval_id"]) for gate in gates] == [("hr", one["approval"])] * 3
