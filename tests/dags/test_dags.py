"""The DAG files as Airflow finds them."""

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bag() -> DagBag:
    """Every DAG of the repository."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIVET_HOME", str(REPOSITORY))
        return DagBag(str(REPOSITORY / "dags"))


def test_every_dag_loads(bag: DagBag) -> None:
    """No import error, and exactly the DAGs that we mean to have."""
    assert bag.import_errors == {}
    flows = {f"sync__{file.stem}" for file in (REPOSITORY / "mappings" / "flows").glob("*.yaml")}
    fresh = {"event__nightly_interviews"}
    own = {"settle", "rollback", "replay", "reconcile", "retention", "watch"}
    asked = {f"approve__{name}" for name in ("nightly_interviews",)}
    assert set(bag.dags) == own | flows | fresh | asked
    assert "sync__nightly_interviews" in bag.dags


def test_only_one_of_each_runs_at_a_time(bag: DagBag) -> None:
    """Two settlements would ask the vendor twice, two nights would share a batch; questions wait beside each other."""
    alone = [dag for name, dag in bag.dags.items() if not name.startswith("approve__")]
    assert {dag.max_active_runs for dag in alone} == {1}
    assert {dag.catchup for dag in bag.dags.values()} == {False}


def test_settle_runs_every_minute(bag: DagBag) -> None:
    """What was sent and not answered is not left until the next night."""
    assert bag.dags["settle"].timetable.expression == "* * * * *"
    assert bag.dags["settle"].task_ids == ["settle"]


def test_a_rollback_shows_before_it_acts_and_asks_for_a_reason(bag: DagBag) -> None:
    """Preview, approval, undo; silence is a refusal; the reason goes into the audit trail and is required."""
    dag = bag.dags["rollback"]
    assert dag.get_task("approve").upstream_task_ids == {"preview"}
    assert dag.get_task("undo").upstream_task_ids == {"approve"}
    assert dag.get_task("undo").trigger_rule == "all_success"
    assert dag.get_task("approve").defaults == ["Reject"]
    assert dag.timetable.can_be_scheduled is False
    assert set(dag.params) == {"what", "reason", "four_eyes"}
    assert dag.params["four_eyes"] is False
    assert all(dag.get_task(task).retries == 0 for task in dag.task_ids)


def test_a_replay_is_asked_for_and_a_count_comes_every_morning(bag: DagBag) -> None:
    """The audit trail is proven before its heads are noted; the count stands beside it."""
    assert bag.dags["replay"].timetable.can_be_scheduled is False
    assert set(bag.dags["replay"].params) == {"what", "flow", "state", "again"}
    dag = bag.dags["reconcile"]
    assert dag.timetable.expression == "0 5 * * *"
    assert dag.get_task("anchor_audit").upstream_task_ids == {"verify_audit"}
    assert dag.get_task("reconcile").upstream_task_ids == set()


def test_a_fresh_result_takes_three_tasks_and_goes_first(bag: DagBag) -> None:
    """Each costs a second; a system that fails keeps the HR record from hearing nothing, and the run is red."""
    dag = bag.dags["event__nightly_interviews"]
    assert dag.timetable.can_be_scheduled is False
    assert set(dag.task_ids) == {"hear", "deliver", "write_back", "verdict"}
    assert dag.get_task("write_back").upstream_task_ids == {"hear", "deliver"}
    assert dag.get_task("write_back").trigger_rule == "all_done_min_one_success"
    assert dag.get_task("verdict").upstream_task_ids == {"hear", "deliver", "write_back"}
    night = bag.dags["sync__nightly_interviews"]
    assert all(
        dag.get_task(one).priority_weight > night.get_task(other).priority_weight
        for one in dag.task_ids
        for other in night.task_ids
    )


def test_every_dag_tells_what_it_is_for(bag: DagBag) -> None:
    """HR IT reads the description in the list and the documentation on the page."""
    for dag in bag.dags.values():
        assert dag.description
        assert dag.doc_md
        assert "trivet" in dag.tags


@pytest.mark.parametrize("name", sorted(file.name for file in (REPOSITORY / "dags").glob("*.py")))
def test_a_dag_file_only_wires(name: str) -> None:
    """Logic lives in trivet.flow; a DAG file that grows has found some of its own."""
    assert len((REPOSITORY / "dags" / name).read_text(encoding="utf-8").splitlines()) <= 60
