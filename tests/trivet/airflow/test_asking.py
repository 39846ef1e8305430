"""The question of a sync run: asked where something waits, answered once, whoever answers first."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskAwaitingInput
from conftest import World

from trivet.airflow.asking import NamedPerson, send_approved
from trivet.flow import steps
from trivet.flow.gates import approvals


@pytest.fixture
def night(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A night that was decided and not sent yet; the batch's id. Airflow knows the connections."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    for name, stored in json.loads(world.settings.connections.read_text()).items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(stored))
    with world.hub() as hub:
        batch = steps.pull(hub, world.flow, "test")
        for shard in range(2):
            steps.score(hub, batch, shard, 2)
        yield batch


def strict(world: World) -> None:
    """Nothing sensitive flows."""
    for file in (world.home / "mappings" / "sites").glob("*.yaml"):
        text = file.read_text(encoding="utf-8").partition("decisions:")[0]
        file.write_text(f"{text}decisions: {{flow: []}}\n", encoding="utf-8")


class Run:
    """What airflow gives the task, and what the task leaves there."""

    def __init__(self, batch: str, patch: pytest.MonkeyPatch) -> None:
        self.kept: dict[str, Any] = {}
        self.asked: dict[str, Any] = {}
        ti = SimpleNamespace(
            id="ti-1", dag_id="sync__x", run_id="r1", xcom_push=self._push, xcom_pull=lambda task_ids, key: self.kept[key]
        )  # fmt: skip
        self.context: Any = {"ti": ti, "task_instance": ti}
        self.task = NamedPerson(task_id="approve", subject="?", batch_id=batch, defaults="Reject")
        patch.setattr(
            "airflow.providers.standard.operators.hitl.upsert_hitl_detail",
            lambda **what: self.asked.update(what),
        )

    def _push(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def answer(self, option: str, who: str | None) -> str:
        """The task resumed with that answer."""
        user = {"id": who, "name": who} if who else None
        event = {"chosen_options": [option], "params_input": {}, "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
                 "responded_by_user": user}  # fmt: skip
        return self.task.execute_complete(self.context, event)


def test_a_run_asks_only_where_something_waits(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Skipped at once otherwise, and nothing is asked."""
    with world.hub() as hub:
        steps.decide(hub, night)
    run = Run(night, monkeypatch)
    with pytest.raises(AirflowSkipException, match="nothing of this batch waits"):
        run.task.execute(run.context)
    assert run.asked == {}


def test_one_answer_counts_and_carries_the_name(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Approved in Airflow it is sent; asked with counts and no names. Answered elsewhere first, the ledger's answer counts."""
    strict(world)
    with world.hub() as hub:
        steps.decide(hub, night)
    run = Run(night, monkeypatch)
    with pytest.raises(TaskAwaitingInput):
        run.task.execute(run.context)
    assert f"Batch `{night}`" in run.asked["body"]
    assert "| successfactors" in run.asked["body"]
    with pytest.raises(AirflowSkipException, match="is waiting: nothing of it was sent"):
        run.answer("Reject", None)  # silence is no answer of anybody's
    approval = run.answer("Approve", "bea")
    with world.hub() as hub:
        told = approvals.shown(hub, approval)
    assert (told["state"], told["decided_by"], told["how"], told["run"]) == (
        "approved",
        "bea",
        "airflow",
        ["sync__x", "r1"],
    )
    send_approved(approval)
    assert len(world.held("successfactors")["cust_TalentPoolEntry"]) == 3
    assert run.answer("Reject", "eve") == approval


def test_a_refusal_and_a_missing_passkey(world: World, night: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A click cannot stand in for the passkey; a rejection ends the branch with the name, and nothing was sent."""
    strict(world)
    world.edit_flow(lambda flow: flow["policy"].update(approval={"passkey": True}))
    with world.hub() as hub:
        steps.decide(hub, night)
    run = Run(night, monkeypatch)
    with pytest.raises(TaskAwaitingInput):
        run.task.execute(run.context)
    assert "with your passkey" in run.asked["body"]
    with pytest.raises(AirflowFailException, match="APPROVAL_PASSKEY"):
        run.answer("Approve", "bea")
    with pytest.raises(AirflowSkipException, match="is rejected by bea: nothing of it was sent"):
        run.answer("Reject", "bea")
    assert world.operations(state="cancelled")
