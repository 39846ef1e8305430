"""The DAG `rollback` in a running Airflow: two people, one of them over the page's own call, take a night back."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from conftest import World
from end_to_end.airflow import eventually, noted, running_airflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


@dataclass
class Desk:
    """What one logged-in user does with the DAG `rollback`."""

    address: str
    world: World
    user: str

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One call of the page's own interface."""
        with requests.Session() as session:
            session.trust_env = False
            login = {"username": self.user, "password": self.user}
            token = session.post(f"{self.address}/auth/token", json=login, timeout=30).json()["access_token"]
            session.headers["Authorization"] = f"Bearer {token}"
            address = f"{self.address}/api/v2/dags/rollback/dagRuns{path}"
            answer = session.request(method, address, timeout=60, **options)
        assert answer.ok, answer.text
        return answer.json()

    def ask(self, what: str) -> str:
        """Triggers a rollback; the run's id."""
        conf = {"what": what, "reason": "wrong table", "four_eyes": True}
        return str(self.call("POST", "", json={"logical_date": None, "conf": conf})["dag_run_id"])

    def asked(self, run: str) -> Any:
        """The open question of that run."""
        task = f"/{run}/taskInstances/approve"
        waits = lambda: self.call("GET", task)["state"] == "awaiting_input"  # noqa: E731
        eventually(waits, 120, "the question is asked")
        eventually(lambda: noted(self.world, "rollback", run), 60, "the scheduler knows that it waits")
        return self.call("GET", f"{task}/-1/hitlDetails")

    def respond(self, run: str, option: str) -> None:
        """Clicks on Approve or Reject."""
        path = f"/{run}/taskInstances/approve/-1/hitlDetails"
        self.call("PATCH", path, json={"chosen_options": [option]})

    def end(self, run: str) -> tuple[str, dict[str, str]]:
        """How the run ended, and its tasks."""
        over = {"success", "failed"}
        eventually(lambda: self.call("GET", f"/{run}")["state"] in over, 180, "the run is over")
        tasks = self.call("GET", f"/{run}/taskInstances")["task_instances"]
        return self.call("GET", f"/{run}")["state"], {task["task_id"]: task["state"] for task in tasks}


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """A running Airflow with the deployment's connections and the rollback DAG."""
    with running_airflow(world, "rollback") as client:
        yield client.address


def test_two_people_take_a_night_back(world: World, address: str) -> None:
    """A refusal and one person alone undo nothing; another person's word does, and the trail names both."""
    before = world.erps()
    batch_id = world.night()
    held = world.erps()
    admin, hr = (Desk(address, world, user) for user in ("admin", "hr"))

    run = admin.ask(batch_id)
    question = admin.asked(run)
    assert "× take back" in question["body"]
    assert question["body"].count("| take back |") == 24
    assert "林晓雨" not in question["body"]
    admin.respond(run, "Approve")
    tasks = {"preview": "success", "approve": "failed", "undo": "upstream_failed"}
    assert admin.end(run) == ("failed", tasks)
    assert world.erps() == held

    run = admin.ask(batch_id)
    admin.asked(run)
    hr.respond(run, "Reject")
    assert admin.end(run) == ("failed", tasks)
    assert world.erps() == held

    run = admin.ask(batch_id)
    admin.asked(run)
    hr.respond(run, "Approve")
    assert admin.end(run) == ("success", dict.fromkeys(tasks, "success"))
    assert world.erps() == before
    with sqlite3.connect(world.state / "ledger.db") as db:
        said = db.execute(
            "SELECT DISTINCT actor, note FROM event WHERE code = 'ROLLED_BACK' AND actor <> 'trivet'"
        ).fetchall()
    db.close()
    assert said == [("admin", "wrong table (approved by hr)")]
