"""The question of a night: asked in a run of its own where something waits, answered once, whoever answers first."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
    DagRunTriggerException,
    TaskAwaitingInput,
)
from conftest import World
from sqlalchemy import select

from trivet.airflow import asking, tasks
from trivet.errors import LedgerError
from trivet.flow import steps, undoing, wishes
from trivet.flow.gates import approvals
from trivet.ledger import leases
from trivet.ledger.tables import gate


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
    """What airflow gives the tasks of a run, and what they leave there."""

    def __init__(self, dag_id: str, run_id: str, patch: pytest.MonkeyPatch, **params: str) -> None:
        self.kept: dict[str, Any] = {}
        self.asked: dict[str, Any] = {}
        self.patch = patch
        ti = SimpleNamespace(
            id="ti-1", dag_id=dag_id, run_id=run_id, xcom_push=self._push, xcom_pull=lambda task_ids, key: self.kept[key]
        )  # fmt: skip
        self.context: Any = {"ti": ti, "task_instance": ti, "params": params}
        self.task = asking.named_person()
        patch.setattr(
            "airflow.providers.standard.operators.hitl.upsert_hitl_detail",
            lambda **what: self.asked.update(what),
        )

    def _push(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def wait(self) -> None:
        """The task `approve` asks, and waits."""
        with pytest.raises(TaskAwaitingInput):
            self.task.execute(self.context)

    def answer(self, option: str, who: str | None) -> str:
        """The task resumed with that answer."""
        user = {"id": who, "name": who} if who else None
        event = {"chosen_options": [option], "params_input": {}, "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
                 "responded_by_user": user}  # fmt: skip
        return self.task.execute_complete(self.context, event)


def asked(batch: str, patch: pytest.MonkeyPatch) -> DagRunTriggerException:
    """What the night's task `ask` starts."""
    night = Run("sync__nightly_interviews", "r1", patch)
    patch.setattr(asking, "get_current_context", lambda: night.context)
    with pytest.raises(DagRunTriggerException) as started:
        asking.ask(batch)
    return started.value


def question(batch: str, patch: pytest.MonkeyPatch) -> Run:
    """The run that the night's task started, waiting."""
    started = asked(batch, patch)
    run = Run(started.trigger_dag_id, started.dag_run_id, patch, **started.conf)  # type: ignore[arg-type]
    run.wait()
    return run


def test_a_night_asks_only_where_something_waits(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Skipped at once otherwise, and no run is started."""
    with world.hub() as hub:
        steps.decide(hub, night)
    monkeypatch.setattr(asking, "get_current_context", dict)
    with pytest.raises(AirflowSkipException, match="waits for a named person"):
        asking.ask(night)


def test_a_fresh_result_asks_as_its_last_step(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written back it ends as it is where nothing waits, and starts the question's run where something does."""
    with world.hub() as hub:
        steps.decide(hub, night)
    asking.tell_back_and_ask(night)
    strict(world)
    world.speak("wa1", "I worked alone. I do not like teams. I never ask anybody for help.")
    with world.hub() as hub:
        fresh = steps.pull(hub, world.flow, "fresh")
        for shard in range(2):
            steps.score(hub, fresh, shard, 2)
        steps.deliver_fresh(hub, fresh)
    event = Run("event__nightly_interviews", "r2", monkeypatch)
    monkeypatch.setattr(asking, "get_current_context", lambda: event.context)
    with pytest.raises(DagRunTriggerException) as started:
        asking.tell_back_and_ask(fresh)
    with world.hub() as hub:
        told = approvals.shown(hub, started.value.dag_run_id)
    assert (told["state"], told["batch"], told["asked"][0]) == ("waiting", fresh, "event__nightly_interviews")


def test_one_answer_counts_and_carries_the_name(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's id is the question's, so that a second start collides; asked with counts and no names; approved it is sent, once,
    by the night's own steps; a later answer changes nothing."""
    strict(world)
    with world.hub() as hub:
        steps.decide(hub, night)
    started = asked(night, monkeypatch)
    again = asked(night, monkeypatch)
    assert (started.trigger_dag_id, started.skip_when_already_exists, started.wait_for_completion) == (
        "approve__nightly_interviews", True, False,
    )  # fmt: skip
    assert (again.dag_run_id, again.conf) == (started.dag_run_id, {"approval": started.dag_run_id})
    assert "wait for a named person (sensitive)" in str(started.note)
    run = question(night, monkeypatch)
    assert f"Batch `{night}`" in run.asked["body"]
    assert "| successfactors" in run.asked["body"]
    assert run.task.response_timeout is not None
    assert 0 < run.task.response_timeout.total_seconds() <= 20 * 3600
    with pytest.raises(AirflowException, match="asked anew: nobody has answered"):
        run.answer("Reject", None)  # silence before its time is no answer of anybody's
    assert run.answer("Approve", "bea") == night
    with world.hub() as hub:
        told = approvals.shown(hub, started.dag_run_id)
    assert (told["state"], told["decided_by"], told["how"]) == ("approved", "bea", "airflow")
    assert told["asked"] == ["sync__nightly_interviews", "r1"]
    assert told["run"] == ["approve__nightly_interviews", started.dag_run_id]
    tasks.push_approved(night, "successfactors")
    assert len(world.held("successfactors")["cust_TalentPoolEntry"]) == 3
    sent = world.writes("successfactors")
    tasks.push_approved(night, "successfactors")
    assert world.writes("successfactors") == sent
    tasks.follow_up(night)
    assert {o["approved_by"] for o in gates(world)} == {"bea"}
    assert run.answer("Reject", "eve") == night
    assert run.task.execute(run.context) == night  # a run that comes late finds the answer


def gates(world: World) -> list[dict[str, Any]]:
    """What waited, and who let it go."""
    with world.hub() as hub, hub.ledger.read() as tx:
        return [dict(row) for row in tx.conn.execute(select(gate)).mappings()]


def test_an_answer_that_cannot_count_is_asked_for_anew(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click cannot stand in for the passkey, nor for an approver, nor approve more than it saw; a rejection ends the run with
    the name, and nothing was sent."""
    strict(world)
    world.edit_flow(
        lambda flow: flow["policy"].update(approval={"passkey": True, "approvers": ["bea", "cho"]})
    )
    with world.hub() as hub:
        steps.decide(hub, night)
    run = question(night, monkeypatch)
    assert "with your passkey" in run.asked["body"]
    for who, code in (("bea", "APPROVAL_PASSKEY"), ("eve", "APPROVAL_NOT_YOURS")):
        with pytest.raises(AirflowException, match=rf"asked anew: .*{code}"):
            run.answer("Approve", who)
    seen, run.kept["seen"] = run.kept["seen"], "something else"
    with pytest.raises(AirflowException, match=r"asked anew: .*APPROVAL_CHANGED"):
        run.answer("Reject", "bea")
    run.kept["seen"] = seen
    with pytest.raises(AirflowSkipException, match="is rejected by bea"):
        run.answer("Reject", "bea")
    assert world.operations(state="cancelled")


def test_a_question_that_is_over_ends_its_run(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken back meanwhile: a click after that, the time limit and a run that starts late end skipped, nothing sent."""
    strict(world)
    with world.hub() as hub:
        steps.decide(hub, night)
    run = question(night, monkeypatch)
    with world.hub() as hub:
        undoing.rollback(hub, night, actor="ann", reason="wrong table")
    for who in ("bea", None):
        with pytest.raises(AirflowSkipException, match="is about nothing any more"):
            run.answer("Approve", who)
    with pytest.raises(AirflowSkipException, match="is about nothing any more"):
        run.task.execute(run.context)
    with world.hub() as hub:
        batch = steps.pull(hub, world.flow, "second")
        steps.conclude(hub, batch)
    assert not world.held("successfactors").get("cust_TalentPoolEntry")


def test_a_question_expires(world: World, night: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's time limit comes with it: the run ends skipped, and what waits stays planned."""
    strict(world)
    with world.hub() as hub:
        steps.decide(hub, night)
    run = question(night, monkeypatch)
    waits = len(world.operations(state="planned"))
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.execute("UPDATE approval SET expires_at = '2020-01-01T00:00:00.000000Z'")
    with pytest.raises(AirflowSkipException, match="is expired: nothing of it was sent"):
        run.answer("Reject", None)
    assert len(world.operations(state="planned")) == waits


def test_a_wish_is_not_answered_by_a_run(world: World, night: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback that somebody asked for is approved on the page; an id that nobody knows is refused."""
    with world.hub() as hub:
        steps.decide(hub, night)
        steps.push(hub, night, "kingdee_cloud")
        wish = wishes.ask(hub, "rollback", night, actor="ann", reason="wrong table")
    with pytest.raises(AirflowFailException, match="on the page"):
        run = Run("approve__x", wish.id, monkeypatch, approval=wish.id)
        run.task.execute(run.context)
    with pytest.raises(LedgerError, match="no approval"):
        run = Run("approve__x", "x", monkeypatch, approval="nothing")
        run.task.execute(run.context)


def test_beside_another_worker_the_task_comes_again(
    world: World, night: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`settle` may be faster by a moment, a killed worker's claim may last: that is no failure, and no try is spent."""
    strict(world)
    with world.hub() as hub:
        steps.decide(hub, night)
    run = question(night, monkeypatch)
    run.answer("Approve", "bea")
    with world.hub() as hub, hub.ledger.begin() as tx:
        held = leases.claim(tx, f"{night}/successfactors", 60)
        assert held is not None
    for look in (tasks.push_approved, tasks.push):
        with pytest.raises(AirflowRescheduleException):
            look(night, "successfactors")
