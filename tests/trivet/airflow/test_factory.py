"""One DAG per flow file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from airflow.serialization.serialized_objects import DagSerialization

from trivet.airflow import factory
from trivet.airflow.heads import read_head
from trivet.airflow.pools import pools
from trivet.errors import ConfigError

REPOSITORY = Path(__file__).parents[3]
FLOW = """\
metadata: {name: NAME, title: A flow, owner: hr-it@example.org}
tenant: acme
environment: test
schedule: {cron: "30 2 * * *", timezone: Europe/Berlin}
source: {connection: hr}
scoring: {shards: 3}
deliver: [{connection: erp_a}, {connection: erp_b}]
write_back: {connection: hr}
"""


def add(deployment: Path, name: str, text: str = FLOW) -> Path:
    """A flow file in the deployment."""
    file = deployment / "mappings" / "flows" / f"{name}.yaml"
    file.write_text(text.replace("NAME", name), encoding="utf-8")
    return file


@pytest.fixture
def dag(deployment: Path) -> DAG:
    """The DAG of a flow with two ERPs, three shards and a write-back."""
    return factory.flow_dag(add(deployment, "nightly"))


def upstream(dag: DAG, task: str) -> set[str]:
    """What runs before a task, without `pull`, which hands everyone the batch id."""
    return set(dag.get_task(task).upstream_task_ids) - {"pull"}


def test_the_steps_run_in_order(dag: DAG) -> None:
    """Pull, score, decide, one push per ERP, write back, conclude."""
    assert upstream(dag, "score") == set()
    assert upstream(dag, "decide") == {"score"}
    assert upstream(dag, "push__erp_a") == upstream(dag, "push__erp_b") == {"decide"}
    assert upstream(dag, "write_back") == {"push__erp_a", "push__erp_b"}
    assert upstream(dag, "conclude") == {"write_back"}


def test_the_night_asks_last_and_waits_for_nobody(dag: DAG) -> None:
    """After the pushes, which look once more at what must not go; no task of the night waits for a person."""
    assert upstream(dag, "ask") == {"write_back"}
    assert dag.get_task("ask").downstream_task_ids == {"verdict"}
    assert not [task for task in dag.tasks if isinstance(task, ApprovalOperator)]


def test_the_answer_is_awaited_in_a_dag_of_its_own(deployment: Path) -> None:
    """One run a question, beside each other; silence is a refusal; what was approved goes as in the night, in the same pools."""
    dag = factory.approval_dag(add(deployment, "nightly"))
    assert dag is not None
    assert (dag.dag_id, dag.max_active_runs, dag.is_paused_upon_creation) == ("approve__nightly", 64, False)
    approve = dag.get_task("approve")
    assert (approve.defaults, approve.upstream_task_ids) == (["Reject"], set())
    assert upstream(dag, "push__erp_a") == upstream(dag, "push__erp_b") == {"approve"}
    assert upstream(dag, "write_back") == {"approve", "push__erp_a", "push__erp_b"}
    assert upstream(dag, "follow_up") == {"approve", "write_back"}
    night = factory.flow_dag(add(deployment, "nightly"))
    for task in ("push__erp_a", "push__erp_b", "write_back"):
        ours, theirs = dag.get_task(task), night.get_task(task)
        assert (ours.pool, ours.retries, ours.retry_policy) == (
            theirs.pool,
            theirs.retries,
            theirs.retry_policy,
        )
    assert set(dag.get_task("verdict").upstream_task_ids) == set(dag.task_ids) - {"verdict"}


def test_a_flow_that_sends_nothing_to_an_erp_asks_nobody(deployment: Path) -> None:
    """No DAG for its questions, and no task that would start one; nor for a file that cannot be read."""
    file = add(
        deployment,
        "feedback",
        "metadata: {name: NAME}\ntenant: a\nenvironment: test\nknows: [{connection: erp}]\n",
    )
    assert factory.approval_dag(file) is None
    assert "ask" not in factory.flow_dag(file).task_ids
    assert factory.approval_dag(add(deployment, "broken", "metadata: [")) is None


def test_results_of_orders_go_beside_the_write_back(deployment: Path) -> None:
    """A task of their own: what the one cannot do does not hold the other back."""
    ordered = FLOW + "assessment_orders: {connection: hr, target: exams}\n"
    dag = factory.flow_dag(add(deployment, "nightly", ordered))
    erps = {"push__erp_a", "push__erp_b"}
    assert upstream(dag, "write_back__hr") == upstream(dag, "write_back__exams") == erps
    assert upstream(dag, "conclude") == {"write_back__hr", "write_back__exams"}
    alone = FLOW.replace("write_back: {connection: hr}\n", "") + "assessment_orders: {connection: partner}\n"
    dag = factory.flow_dag(add(deployment, "alone", alone))
    assert upstream(dag, "write_back") == erps


def test_a_flow_that_only_listens_scores_and_pushes_nothing(deployment: Path) -> None:
    """What the ERPs know goes back to the HR system: pull, decide, write back, conclude."""
    text = """\
metadata: {name: NAME}
tenant: acme
environment: test
knows: [{connection: erp_a}, {connection: erp_b}]
feedback: {connection: hr}
"""
    dag = factory.flow_dag(add(deployment, "feedback", text))
    assert set(dag.task_ids) == {"pull", "decide", "write_back", "conclude", "verdict"}
    assert upstream(dag, "write_back") == {"decide"}
    assert upstream(dag, "conclude") == {"write_back"}
    assert "From **erp_a**, **erp_b**, then **hr** is told" in str(dag.doc_md)


def test_a_failed_shard_or_system_does_not_stop_the_others(dag: DAG) -> None:
    """What follows a failure runs as long as there is a batch."""
    for task in ("decide", "write_back", "conclude"):
        assert dag.get_task(task).trigger_rule == "all_done_min_one_success"


def test_a_run_in_which_anything_failed_is_red(dag: DAG) -> None:
    """The run's last task sees every other one, and fails as soon as one failed."""
    verdict = dag.get_task("verdict")
    assert dag.leaves == [verdict]
    assert verdict.trigger_rule == "one_failed"
    assert set(verdict.upstream_task_ids) == set(dag.task_ids) - {"verdict"}
    with pytest.raises(AirflowFailException):
        factory.verdict()


def test_work_waits_in_the_pool_of_its_system(dag: DAG) -> None:
    """Scoring and each system have a pool, and each of these pools is in the list that the demo imports."""
    used = {task.pool for task in dag.tasks} - {"default_pool"}
    assert used == {"trivet_scoring", "trivet_erp_a", "trivet_erp_b", "trivet_hr"}
    assert used == set(pools(["erp_a", "erp_b", "hr"]))


def test_one_night_at_a_time_in_the_flows_own_time_zone(dag: DAG) -> None:
    """Two runs would share a batch; no missed night is caught up; unpausing starts nothing old."""
    assert (dag.max_active_runs, dag.catchup, dag.start_date) == (1, False, None)
    assert dag.timetable.expression == "30 2 * * *"
    assert str(dag.timetable.timezone) == "Europe/Berlin"
    assert {"trivet", "sync", "test", "acme"} <= set(dag.tags)


def test_a_flow_without_schedule_or_write_back_runs_on_request(deployment: Path) -> None:
    """Both are optional in a flow file."""
    lines = [line for line in FLOW.splitlines() if not line.startswith(("schedule", "write_back"))]
    dag = factory.flow_dag(add(deployment, "by_hand", "\n".join(lines)))
    assert dag.timetable.can_be_scheduled is False
    assert "write_back" not in dag.task_ids
    assert upstream(dag, "conclude") == {"push__erp_a", "push__erp_b"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\nmetadata: [unclosed", "nightly.yaml:3"),
        ("", "nightly.yaml"),
        (FLOW.replace("tenant: acme\n", ""), "'tenant' is missing"),
        (FLOW.replace("30 2 * * *", "at night"), "at night"),
        (FLOW.replace("Europe/Berlin", "Mars/Olympus"), "Mars/Olympus"),
        (FLOW.replace("shards: 3", "shards: many"), "shards"),
        (FLOW.replace("erp_a", "an erp!"), "an erp!"),
    ],
)
def test_a_broken_file_is_named_with_its_place(deployment: Path, text: str, complaint: str) -> None:
    """File, complaint and cure: in the head's error and in the DAG that takes the flow's place."""
    file = add(deployment, "nightly", text)
    with pytest.raises(ConfigError) as caught:
        read_head(file)
    assert complaint in str(caught.value)
    dag = factory.flow_dag(file)
    assert (dag.dag_id, dag.task_ids) == ("sync__nightly", ["read_flow_file"])
    assert complaint in str(dag.doc_md)
    # a night that cannot run must not stay silent
    assert dag.timetable.can_be_scheduled is not False
    with pytest.raises(AirflowFailException, match=r"nightly\.yaml"):
        dag.get_task("read_flow_file").python_callable()


def test_a_broken_file_does_not_break_the_others(deployment: Path) -> None:
    """Each file stands for itself: the DAG bag loads, and the broken one says so in its own place."""
    add(deployment, "fine")
    add(deployment, "broken", "metadata: [")
    bag = DagBag(str(REPOSITORY / "dags" / "trivet_flows.py"))
    assert bag.import_errors == {}
    assert set(bag.dags) == {"sync__fine", "approve__fine", "event__fine", "sync__broken"}
    assert "broken" in bag.dags["sync__broken"].tags


def test_a_tasks_process_parses_its_own_flow_only(deployment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred flows cost a task nothing: the parsing context names the one that it belongs to."""
    add(deployment, "mine")
    add(deployment, "theirs")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "sync__mine")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "pull")
    assert [dag.dag_id for dag in factory.flow_dags()] == ["sync__mine"]


def test_a_file_name_that_airflow_would_refuse_becomes_one_that_it_takes(deployment: Path) -> None:
    """Spaces and signs in a file name cost a flow nothing but these characters in the DAG's id."""
    assert factory.flow_dag(add(deployment, "夜间 sync+1")).dag_id == "sync__夜间_sync_1"


def test_the_dag_survives_serialisation(dag: DAG) -> None:
    """The scheduler and the UI see the DAG as JSON, retry policy and mapped task included."""
    data = DagSerialization.to_dict(dag)
    restored = DagSerialization.from_dict(data)
    assert set(restored.task_dict) == set(dag.task_dict)
    assert restored.task_dict["push__erp_a"].has_retry_policy


def test_parsing_imports_nothing_heavy(deployment: Path) -> None:
    """Parsing happens all the time: no database, no HTTP client of ours, no validator, no connector."""
    add(deployment, "nightly")
    code = (
        "import sys, airflow.sdk, airflow.dag_processing.dagbag; before = set(sys.modules)\n"
        "from trivet.airflow.factory import flow_dags; assert flow_dags()\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before}\n"
        "ours = {m for m in sys.modules if m.startswith('trivet.')}\n"
        "heavy = {'ruamel', 'jsonschema_rs', 'jlens', 'alembic', 'faster_whisper', 'numpy'} & new\n"
        "rooms = ('flow', 'ledger', 'delivery', 'mapping', 'documents')\n"
        "deep = {m for m in ours if m.split('.')[1] in rooms}\n"
        "sys.exit(' '.join(heavy | deep) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_pools_of_a_deployment_can_be_printed(deployment: Path) -> None:
    """`python -m trivet.airflow.pools` prints what `airflow pools import` takes, for the flows here."""
    shutil.copytree(REPOSITORY / "mappings", deployment / "mappings", dirs_exist_ok=True)
    printed = subprocess.run(
        [sys.executable, "-m", "trivet.airflow.pools"],
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert '"trivet_successfactors"' in printed
    assert '"trivet_scoring"' in printed
