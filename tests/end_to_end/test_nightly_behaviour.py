"""Nights that were missed, runs that overlap, hours in which a system is left alone, and a ledger of an earlier version."""

import base64
import json
import lzma
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from end_to_end.shell import trivet

from trivet.cli.doctor import diagnose
from trivet.connections import parse_connection
from trivet.errors import ConfigError, LedgerError
from trivet.flow import holding, report, runs, steps, upkeep
from trivet.flow.definition import load_flow
from trivet.flow.gates import approvals
from trivet.flow.windows import closed_until
from trivet.flow.workbench import explain
from trivet.ledger import leases

LEDGERS = Path(__file__).parents[1] / "world" / "ledgers"
SPRING = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
"""01:30 in Berlin, half an hour before its clocks go forward."""


@pytest.mark.parametrize(
    ("window", "at", "until"),
    [
        ({"from": "22:00", "to": "02:00", "timezone": "UTC"}, "2026-11-28T23:00+00:00", "2026-11-29T02:00+00:00"),
        ({"from": "22:00", "to": "02:00", "timezone": "UTC"}, "2026-11-28T02:00+00:00", None),
        ({"days": ["sat"], "from": "22:00", "to": "02:00", "timezone": "UTC"}, "2026-11-29T01:00Z", "2026-11-29T02:00Z"),
        ({"days": ["sun"], "from": "22:00", "to": "02:00", "timezone": "UTC"}, "2026-11-29T01:00+00:00", None),
        ({"from": "01:00", "to": "05:00", "timezone": "Asia/Shanghai"}, "2026-11-28T18:00+00:00", "2026-11-28T21:00+00:00"),
        # an hour less on the wall: it ends by its clock
        ({"from": "01:00", "to": "04:00", "timezone": "Europe/Berlin"}, SPRING.isoformat(), "2026-03-29T02:00+00:00"),
    ],
)  # fmt: skip
def test_a_window_is_told_by_the_clock_of_its_zone(
    window: dict[str, Any], at: str, until: str | None
) -> None:
    """Over midnight, on its days only, daylight saving included."""
    stored = {"conn_type": "trivet_x", "extra": {"environment": "test", "maintenance": [window]}}
    told = closed_until(parse_connection("erp", stored), datetime.fromisoformat(at))
    assert told == (datetime.fromisoformat(until) if until else None)


@pytest.mark.parametrize(
    "window",
    [
        {"from": "22:00"},
        {"from": "22:00", "to": "22:00", "timezone": "UTC"},
        {"from": "late", "to": "early", "timezone": "UTC"},
        {"from": "22:00", "to": "23:00", "timezone": "Mars/Olympus"},
        {"days": ["holiday"], "from": "22:00", "to": "23:00", "timezone": "UTC"},
        {"dayz": [], "from": "22:00", "to": "23:00", "timezone": "UTC"},
        "at night",
    ],
)
def test_bad_input_of_a_maintenance_window(window: Any) -> None:
    """It names the connection, and how to write one."""
    stored = {"conn_type": "trivet_x", "extra": {"environment": "test", "maintenance": [window]}}
    with pytest.raises(ConfigError) as caught:
        closed_until(parse_connection("erp", stored), SPRING)
    assert (caught.value.code, caught.value.place) == ("CONNECTION_MAINTENANCE", "connection erp")
    with pytest.raises(ConfigError):
        parse_connection(
            "erp", {"conn_type": "trivet_x", "extra": {"environment": "test", "maintenance": "never"}}
        )


def test_missed_nights_come_with_the_next_run(world: World) -> None:
    """It reads on from the cursors, delivers what was new meanwhile, and says how many nights it makes up for."""
    first = world.night()
    world.speak("be1", "I led a team of five and I always share what I learn with my colleagues.")
    world.clock.forward(days=4)
    second = world.night()
    with world.hub() as hub:
        assert steps.about_run(hub, first) == f"batch {first}"
        assert steps.about_run(hub, second) == f"batch {second}, catches up 3 missed nights"
        assert report.progress(hub, second)["scored"] == 1
    assert world.operations(batch_id=second, target="feishu_hire")


def test_two_runs_do_not_pull_at_once(world: World) -> None:
    """The second waits for a dead one to be forgotten, and leaves a living one alone; whoever lost the claim writes nothing."""
    with world.hub() as hub:
        flow = hub.flow(world.flow)
        with runs.alone(hub, flow) as claim:
            with pytest.raises(LedgerError) as caught, runs.alone(hub, flow, patience=0):
                pass
            assert caught.value.code == "RUN_OVERLAPS"
            world.clock.forward(seconds=runs.CLAIM + 1)
            with (
                runs.alone(hub, flow, patience=0),
                pytest.raises(LedgerError) as fenced,
                hub.ledger.begin() as tx,
            ):
                leases.renew(tx, claim)
            assert fenced.value.code == "FENCED"
        assert steps.pull(hub, world.flow, "next")


def test_a_flow_runs_by_the_clock_of_its_site(world: World) -> None:
    """Unless its schedule names another zone."""
    world.edit_flow(lambda flow: (flow.update(site="global"), flow["schedule"].pop("timezone")))
    assert load_flow(world.home, world.flow).timezone == "Asia/Singapore"
    world.edit_flow(lambda flow: flow["schedule"].update(timezone="Europe/Berlin"))
    assert load_flow(world.home, world.flow).timezone == "Europe/Berlin"


def put_older_ledger(world: World) -> None:
    """A ledger as the program before schema 0010 left it after a night in which an ERP was down, of two people."""
    (world.state / "ledger.db").unlink()
    (world.state / "ledger.keys").write_text(f"old:{base64.b64encode(bytes(range(32))).decode()}\n")
    (world.state / "ledger.keys").chmod(0o600)
    with sqlite3.connect(world.state / "ledger.db") as db:
        db.executescript(lzma.decompress((LEDGERS / "0009.sql.xz").read_bytes()).decode())
        (closed,) = db.execute("SELECT max(closed_at) FROM batch").fetchone()
    # an hour later: on another day what is decided has another due date, and takes the place of what was left
    world.clock.forward(seconds=(datetime.fromisoformat(closed) - datetime.now(UTC)).total_seconds() + 3600)


def test_a_ledger_of_the_version_before_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows open, its audit chains hold, what it left planned goes once, and what is new works on it."""
    put_older_ledger(world)
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    told = {row["what"]: row for row in diagnose()}
    assert "was 0009: upgraded now" in told["ledger version"]["detail"]
    with world.hub() as hub:
        assert upkeep.verify(hub) == []
        left = report.deliveries(hub, state="planned")
        assert [entry["target"] for entry in left] == ["kingdee_cloud"] * len(left) != []
        sent = report.deliveries(hub, state="confirmed")
        assert explain.explain(hub, sent[0]["id"])["document"]
        assert report.person(hub, left[0]["subject_ref"])["timeline"]
        assert approvals.listed(hub) == []
    world.night()
    now = {entry["id"]: entry["state"] for entry in world.operations(target="kingdee_cloud")}
    assert {now[entry["id"]] for entry in left} == {"confirmed"}
    trivet(world, "pause", "kingdee_cloud", "--reason", "upgrade tonight")
    with world.hub() as hub:
        assert holding.listed(hub)[0]["name"] == "kingdee_cloud"
        assert upkeep.verify(hub) == []


def test_the_doctor_says_what_is_wrong_around_the_flows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sites, rights, approvers, holds and Airflow: each with the cure."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    fine = {row["what"]: row for row in diagnose()}
    assert (fine["sites"]["ok"], fine["ledger version"]["ok"]) == ("yes", "yes")

    known = json.loads(world.settings.connections.read_text())
    for one in known.values():
        one["extra"]["environment"] = "production"
    known["airflow"] = {"conn_type": "trivet_airflow", "host": "http://127.0.0.1:9", "login": "a", "password": "b",
                        "extra": {"environment": "production"}}  # fmt: skip
    world.settings.connections.write_text(json.dumps(known))
    world.edit_flow(lambda flow: flow.update(environment="production", site="nowhere", versions="files"))
    with world.hub() as hub:
        holding.put_on_hold(hub, "flow", world.flow, actor="ann", reason="reorganisation")
    access = world.home / "mappings" / "sites" / "access.yaml"
    head = "apiVersion: trivet/v1\nkind: Access\nmetadata: {name: access}\n"
    access.write_text(head + "grants: [{users: [ann], rights: [view], sites: ['*']}]\n", encoding="utf-8")
    wrong = {row["what"]: row for row in diagnose() if row["ok"] == "no"}
    assert "has no file" in wrong["site nowhere"]["detail"]
    assert "nobody may approve" in wrong[f"approvers of {world.flow}"]["detail"]
    assert any("reorganisation" in row["detail"] for row in diagnose() if row["what"] == f"flow {world.flow}")
    assert wrong["Airflow"]["cure"]
    access.write_text("grants: 3\n", encoding="utf-8")
    assert {row["what"]: row["ok"] for row in diagnose()}["rights"] == "no"
