"""What goes wrong gets one clear line with place, cause and cure; the rest goes on; nothing is lost; nothing is doubled."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import command as trivet
from sqlalchemy import select

from trivet.ledger import batches, cursors, records
from trivet.ledger.tables import record


def errors(run: subprocess.CompletedProcess[str]) -> list[str]:
    """The error lines; a traceback is no answer."""
    assert "Traceback" not in run.stderr
    return [line for line in run.stderr.splitlines() if line.startswith("error:")]


def test_an_unknown_key_names_file_line_and_cure(world: World) -> None:
    """A misspelt key is refused before anything happens."""
    world.edit_flow(lambda flow: flow["policy"].update(max_failed_shares=0.2))
    run = trivet(world, "run", world.flow)
    assert run.returncode == 2
    (line,) = errors(run)
    assert "nightly_interviews.yaml:" in line
    assert "did you mean 'max_failed_share'" in line
    assert "CONFIG_UNKNOWN_KEY" in line
    assert not world.calls("feishu_hire")
    findings = json.loads(trivet(world, "check", "--json").stdout)
    assert [f["code"] for f in findings if f["file"].endswith("nightly_interviews.yaml")] == [
        "CONFIG_UNKNOWN_KEY"
    ]


def test_a_missing_connection_names_it_and_where_to_add_it(world: World) -> None:
    """Nothing is pulled for a flow that could not deliver."""
    world.edit_flow(lambda flow: flow["deliver"][0].update(connection="succesfactors"))
    run = trivet(world, "run", world.flow)
    assert run.returncode == 2
    (line,) = errors(run)
    assert "connection succesfactors: no such connection" in line
    assert "did you mean successfactors?" in run.stderr
    assert not world.calls("feishu_hire")


def test_environments_are_not_mixed(world: World) -> None:
    """A production flow refuses a sandbox connection."""
    world.edit_flow(lambda flow: flow.update(environment="production"))
    run = trivet(world, "run", world.flow)
    assert run.returncode == 2
    assert "ENVIRONMENT_MIXED" in errors(run)[0]


def test_a_wrong_password_at_the_source_stops_with_its_cure(world: World) -> None:
    """One line names connection, cause and cure; no secret is shown."""
    world.connect(feishu_hire={"password": "not-the-secret-42"})
    run = trivet(world, "run", world.flow)
    assert run.returncode == 2
    (line,) = errors(run)
    assert "feishu_hire login: app id or app secret is wrong [10014]" in line
    assert "developer console" in run.stderr
    assert "not-the-secret-42" not in run.stderr + run.stdout


def test_a_wrong_password_at_one_erp_leaves_the_others(world: World) -> None:
    """The other systems get their results; what could not go stays planned and goes in the night after the cure."""
    world.connect(successfactors={"password": "wrong"})
    run = trivet(world, "run", world.flow)
    assert run.returncode == 1
    assert any("successfactors" in line and "credentials are refused" in line for line in errors(run))
    assert len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"]) == 3
    assert {o["state"] for o in world.operations(target="successfactors")} == {"planned", "waiting_identity"}
    world.connect()
    assert trivet(world, "run", world.flow).returncode == 0
    assert len(world.held("successfactors")["Goal_1"]) == 3


def test_an_unreadable_recording_is_set_aside_and_the_others_are_scored(world: World) -> None:
    """Code and place of the one; twelve less one notes arrive; a good recording heals it in the next night."""
    world.change("feishu_hire", what="recording", candidate="be1", file="be1.ogg", content_hex=b"noise".hex())
    run = trivet(world, "run", world.flow, "--json")
    assert run.returncode == 1
    asides = {a["code"]: a for a in json.loads(run.stdout)["set_aside"]}
    assert "recording feishu_hire/attachment/" in asides["MEDIA_DECODE_FAILED"]["place"]
    assert len(world.held("feishu_hire")["note"]) == 11
    world.change("feishu_hire", what="recording", candidate="be1", file="be1.ogg")
    world.night()
    assert len(world.held("feishu_hire")["note"]) == 12
    assert not [a for a in open_asides(world) if a["stage"] == "score"]


def open_asides(world: World) -> list[dict[str, Any]]:
    """What is still set aside."""
    from trivet.flow import report

    with world.hub() as hub:
        return report.open_set_asides(hub)


def test_a_malformed_page_is_set_aside_and_read_again_next_night(world: World) -> None:
    """The stream that is broken waits, the others go on, and the cursor has not moved past it."""
    world.misbehave("feishu_hire", kind="malformed_json", path="/hire/v1/talents")
    run = trivet(world, "run", world.flow, "--json")
    assert run.returncode == 1
    asides = json.loads(run.stdout)["set_aside"]
    (broken,) = [a for a in asides if a["stage"] == "pull"]
    assert broken["place"] == "connection feishu_hire, stream talents"
    world.night()
    assert len(world.held("feishu_hire")["note"]) == 12
    assert not [a for a in open_asides(world) if a["stage"] == "pull"]


def test_an_unknown_batch_or_person_is_said_so(world: World) -> None:
    """A mistyped id changes nothing and names the way to the right one."""
    run = trivet(world, "rollback", "nobody", "--yes")
    assert run.returncode == 2
    assert "PERSON_UNKNOWN" in errors(run)[0]


@pytest.mark.parametrize("page", [1, 3, 5])
def test_a_pull_that_dies_at_a_page_leaves_nothing_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Records, what they become and the position are one: the next run asks for that page again, and delivers everything."""
    reached: dict[str, str] = {}
    put, left = cursors.put, iter(range(1, page))

    def dies(tx: Any, **how: Any) -> None:
        put(tx, **how)
        if next(left, None) is None:
            raise KeyboardInterrupt
        reached[how["stream"]] = how["value"]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(cursors, "put", dies)
        world.night()
    (batch,) = world.batches()
    with world.hub() as hub, hub.ledger.read() as tx:
        known = cursors.show(tx, tenant=hub.flow(world.flow).tenant, flow=world.flow)
        assert {c.stream: c.value for c in known} == reached
        stored = Counter(row.stream for row in tx.conn.execute(select(record.c.stream)))
        assert stored.keys() == reached.keys()
        assert stored.total() == batches.get(tx, batch["batch"]).counters.get("records", 0)
        assert not records.untranslated(tx, batch["batch"])
    world.night()
    assert len(world.held("feishu_hire")["note"]) == 12


def test_a_process_killed_in_the_middle_of_the_push_goes_on_with_the_next_run(world: World) -> None:
    """SIGKILL while the ERP works: the next run asks, finishes, and nothing is there twice."""
    for _ in range(2):
        world.misbehave("successfactors", kind="delay", method="POST", path="upsert", seconds=3.0)
    command = [sys.executable, "-m", "trivet.cli", "run", world.flow]
    process = subprocess.Popen(
        command,
        env={**os.environ, **world.environment()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # the call has arrived and is being worked at: an intent alone may die before its first byte
    wait_for(lambda: world.spoiled("successfactors"), process)
    assert any(o["state"] == "intent" for o in world.operations())
    process.send_signal(signal.SIGKILL)
    process.wait()
    # the answer of the killed call may still take effect: that is what the quiet time is for
    wait_for(lambda: world.writes("successfactors"), None)
    world.clock.forward(minutes=10)
    from trivet.flow import steps

    with world.hub() as hub:
        steps.settle(hub)
    world.clock.forward(minutes=10)
    world.night()
    with world.hub() as hub:
        steps.settle(hub)
    assert {o["state"] for o in world.operations()} == {"confirmed", "waiting_identity"}
    held = world.held("successfactors")
    assert [len(held[e]) for e in ("Goal_1", "Goal_101", "cust_TalentPoolEntry")] == [3, 3, 3]
    assert len(world.held("kingdee_cloud")["PAEZ_TrainingPlan"]) == 3
    assert len(world.held("feishu_hire")["note"]) == 12


def wait_for(true: Any, process: subprocess.Popen[bytes] | None) -> None:
    """Polls until it is true, at most a minute."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "did not come about in a minute"
        assert process is None or process.poll() is None, "the process ended before"
        time.sleep(0.02)
