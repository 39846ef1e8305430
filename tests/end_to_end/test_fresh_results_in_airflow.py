"""The event path in a running Airflow: from the vendor's call to ERP and HR record, and nothing lost while Airflow is down."""

from pathlib import Path
from typing import Any

import pytest
from conftest import World
from end_to_end.airflow import eventually, running_airflow
from end_to_end.test_approvals import strict
from end_to_end.test_events import KEY, TOKEN, served, waiting
from strangers import Service

from trivet.cli.demo_airflow import AirflowClient, free_port
from trivet.dag_names import approve_dag
from trivet.flow.gates import approvals

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]
HR, DAG = "feishu_hire", "event__nightly_interviews"
SOLO = "I worked alone. I do not like teams. I never ask anybody for help. I keep my code to myself."
TOGETHER = (
    "We solved it together. I shared my knowledge with my colleagues. I asked for help. We helped each other."
)


def delivered(world: World, before: set[str]) -> list[dict[str, Any]]:
    """What was delivered since, once all of it is confirmed and the HR record has it."""
    new = [o for o in world.operations() if o["id"] not in before]
    done = {o["target"] for o in new if o["state"] == "confirmed"}
    return new if {HR, "successfactors"} <= done and all(o["state"] == "confirmed" for o in new) else []


def questions(world: World) -> list[dict[str, Any]]:
    """The open questions for which a run waits."""
    with world.hub() as hub:
        found = [approvals.shown(hub, one["approval"]) for one in approvals.listed(hub)]
    return [one for one in found if one.get("run")]


def rescheduled(client: AirflowClient) -> bool:
    """Whether the task that hears waits without a place of its own."""
    states = [task["state"] for task in client.tasks(DAG, "~") if task["task_id"] == "hear"]
    return "up_for_reschedule" in states


def test_a_fresh_result_travels_by_itself(world: World, tmp_path: Path) -> None:
    """Told while Airflow is down it waits, and goes as soon as Airflow is up; then another one at once, and one whose
    transcription is answered later: its task gives its place free meanwhile. What must not go by itself is asked in a run."""
    queue = Service("queued_reader", tmp_path / "queue", poll_after=5)
    world.connect(queue=queue.connection)
    world.night()
    port = free_port()
    airflow = {
        "conn_type": "trivet_airflow", "host": f"http://localhost:{port}", "login": "hr", "password": "hr",
        "extra": {"environment": "sandbox"},
    }  # fmt: skip
    with served(world, airflow=airflow, queue=queue.connection) as base:
        keys = {"encrypt_key": KEY, "verification_token": TOKEN}
        world.change(HR, what="subscribe", url=f"{base}/in/{HR}", **keys)
        before = {o["id"] for o in world.operations()}
        world.speak("be2", SOLO)
        eventually(lambda: waiting(world), 20, "the event is stored")
        with running_airflow(world, DAG, port=port) as client:
            new = eventually(lambda: delivered(world, before), 240, "what had waited is delivered")
            assert len({o["subject_ref"] for o in new}) == 1
            before |= {o["id"] for o in new}
            world.speak("be1", SOLO)
            new = eventually(lambda: delivered(world, before), 120, "a second one follows")
            assert len({o["subject_ref"] for o in new}) == 1
            done = lambda: {b["state"] for b in world.batches() if b["kind"] == "event"} == {"confirmed"}  # noqa: E731
            eventually(done, 60, "the batches are closed")
            before |= {o["id"] for o in new}
            world.edit_flow(lambda flow: flow["scoring"].update(transcriber={"connection": "queue"}))
            world.speak("be2", TOGETHER)
            eventually(queue.billed, 120, "the recording is ordered")
            eventually(lambda: rescheduled(client), 60, "nobody sits and waits")
            queue.put("ready")
            eventually(lambda: delivered(world, before), 120, "the late answer is delivered")
            assert len(queue.billed()) == 1
            eventually(done, 60, "its batch is closed")
            strict(world)
            world.edit_flow(lambda flow: flow["scoring"].update(transcriber={"connection": "script_reader"}))
            world.speak("wa1", SOLO)
            asked = eventually(lambda: questions(world), 120, "somebody is asked")
            assert [one["asked"][0] for one in asked] == [DAG]
            assert [one["run"] for one in asked] == [[approve_dag(world.flow), asked[0]["approval"]]]
    assert waiting(world) == {}
