"""Four eyes in the DAG `rollback`: who asks does not approve, a refusal undoes nothing, and the trail names both."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput
from conftest import World

from trivet.airflow import approval
from trivet.airflow.approval import SecondPerson, table

REPOSITORY = Path(__file__).parents[3]
RUN = """
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag

bag = DagBag()
assert not bag.import_errors, bag.import_errors
run = bag.dags[sys.argv[2]].test(run_conf=json.loads(sys.argv[3]))
states = {t.task_id: str(t.state) for t in run.get_task_instances()}
Path(sys.argv[1]).write_text(json.dumps({"run": str(run.state), "tasks": states}))
"""


def operator() -> SecondPerson:
    """The task as the DAG has it."""
    return SecondPerson(task_id="approve", subject="?", body="the table", defaults="Reject")


def context(requester: str | None = "ann", *, needed: bool = True) -> Any:
    """What airflow gives the task."""
    ti = SimpleNamespace(id="ti-1", xcom_pull=lambda task_ids, key: needed)
    return {"ti": ti, "task_instance": ti, "dag_run": SimpleNamespace(triggering_user_name=requester)}


def answer(option: str, who: dict[str, str] | None) -> dict[str, Any]:
    """What airflow resumes the task with."""
    return {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
        "responded_by_user": who,
    }


def test_where_nobody_is_needed_nobody_is_asked() -> None:
    """A sandbox run goes on at once."""
    assert operator().execute(context(needed=False)) is None


def test_where_somebody_is_needed_the_run_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request holds the table and takes silence for a refusal."""
    asked: dict[str, Any] = {}
    place = "airflow.providers.standard.operators.hitl.upsert_hitl_detail"
    monkeypatch.setattr(place, lambda **what: asked.update(what))
    with pytest.raises(TaskAwaitingInput):
        operator().execute(context())
    assert (asked["body"], asked["defaults"]) == ("the table", ["Reject"])


def test_another_person_approves() -> None:
    """The task returns the approver's name, for the audit trail."""
    event = answer("Approve", {"id": "7", "name": "bea"})
    assert operator().execute_complete(context(), event) == "bea"


@pytest.mark.parametrize(
    ("requester", "event", "said"),
    [
        ("ann", answer("Reject", {"id": "7", "name": "bea"}), "not approved, by bea"),
        ("ann", answer("Reject", None), "by nobody in time"),
        ("ann", {"error": "late", "error_type": "timeout"}, "nobody approved (timeout)"),
        ("ann", answer("Approve", {"id": "1", "name": "ann"}), "APPROVAL_SAME_PERSON"),
        ("ann", answer("Approve", {"id": "ANN ", "name": "Ann Smith"}), "APPROVAL_SAME_PERSON"),
        ("ann", answer("Approve", None), "APPROVAL_MISSING"),
        (None, answer("Approve", {"id": "7", "name": "bea"}), "REQUESTER_UNKNOWN"),
    ],
)
def test_bad_input(requester: str | None, event: dict[str, Any], said: str) -> None:
    """A refusal, silence, or one person in both roles fails the task at once; `undo` never runs."""
    with pytest.raises(AirflowFailException) as caught:
        operator().execute_complete(context(requester), event)
    assert said in str(caught.value)


def test_the_table_counts_everything_and_shows_fifty() -> None:
    """Markdown, ids only; what comes from outside cannot break out of its cell."""
    row = {"would": "take back", "target": "erp", "entity": "goal", "reference": "R|1`", "state": "confirmed"}
    said = table("batch`1", [{**row, "message": "林晓雨"}] * 120 + [{**row, "would": "leave: because"}])
    assert said.splitlines()[0] == "Rollback of `batch'1`: 120 × take back, 1 × leave"
    assert said.count("| take back |") == approval.ROWS
    assert said.endswith("and 71 more")
    assert "R\\|1'" in said
    assert "林晓雨" not in said


def run(world: World, home: Path, dag: str, **conf: Any) -> dict[str, Any]:
    """How a run of the DAG ended, in Airflow's own test run: every task in one process."""
    known = json.loads(world.settings.connections.read_text())
    said = world.state / "said.json"
    environment = {
        **os.environ,
        **world.environment(),
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(form) for name, form in known.items()},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
    }
    # killed, not asked: a test run that hangs ignores the polite signal
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(said), dag, json.dumps(conf)],
        env=environment, timeout=200, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert said.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return {**json.loads(said.read_text(encoding="utf-8")), "log": done.stdout + done.stderr}


@pytest.mark.airflow
def test_a_sandbox_rollback_runs_through(migrated_home: Path, world: World) -> None:
    """Preview, no question, undo: the ERPs are as before."""
    before = world.erps()
    batch_id = world.night()
    ended = run(world, migrated_home, "rollback", what=batch_id, reason="wrong table")
    assert ended["tasks"] == {"preview": "success", "approve": "success", "undo": "success"}, ended["log"][
        -3000:
    ]
    assert world.erps() == before


@pytest.mark.airflow
def test_without_an_approval_nothing_is_undone(migrated_home: Path, world: World) -> None:
    """Somebody marked the task `approve` as done: `undo` asks for the approver itself, and finds none."""
    from trivet.errors import LedgerError
    from trivet.flow import undoing

    batch_id = world.night()
    held = world.erps()
    with world.hub() as hub:
        for actor, approver, code in (
            ("ann", None, "APPROVAL_MISSING"),
            ("ann", "Ann", "APPROVAL_SAME_PERSON"),
            ("airflow", "bea", "REQUESTER_UNKNOWN"),
        ):
            with pytest.raises(LedgerError) as caught:
                undoing.rollback(
                    hub, batch_id, actor=actor, reason="wrong table", approved_by=approver, four_eyes=True
                )
            assert caught.value.code == code
    assert world.erps() == held


@pytest.mark.airflow
def test_a_replay_and_a_count_run_as_dags(migrated_home: Path, world: World) -> None:
    """Refused records go again from the DAG; the count balances, the trail is proven and anchored."""
    file = world.home / "mappings" / "successfactors" / "performance_focus.yaml"
    fine = file.read_text(encoding="utf-8")
    file.write_text(fine.replace("weight: {value: 0.0}", "weight: {value: 250.0}"), encoding="utf-8")
    world.night()
    file.write_text(fine, encoding="utf-8")
    ended = run(world, migrated_home, "replay", flow=world.flow)
    assert ended["run"] == "success", ended["log"][-3000:]
    assert len(world.held("successfactors")["Goal_101"]) == 3
    ended = run(world, migrated_home, "reconcile")
    assert ended["run"] == "success", ended["log"][-3000:]
    assert set(ended["tasks"]) == {"reconcile", "verify_audit", "anchor_audit"}
    for secret in ("林晓雨", "10000401"):
        assert secret not in ended["log"]
