"""Nights that were missed, runs that overlap, hours in which a system is left alone, and a ledger of an earlier version."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import World

from trivet.cli.doctor import diagnose
from trivet.connections import parse_connection
from trivet.errors import ConfigError, LedgerError
from trivet.flow import holding, runs, steps
from trivet.flow.definition import load_flow
from trivet.flow.windows import closed_until
from trivet.ledger import leases

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
    before = len(world.operations())
    world.speak("10000101", "团队协作。我们一起完成项目。")
    world.clock.forward(days=4)
    calls = len(world.calls("feishu_hire"))
    second = world.night()
    with world.hub() as hub:
        assert steps.about_run(hub, first) == f"batch {first}"
        assert steps.about_run(hub, second) == f"batch {second}, catches up 3 missed nights"
    assert len(world.operations()) >= before
    asked = [call["path"] for call in world.calls("feishu_hire")[calls:]]
    assert any(
        "update" in path or "since" in path or "page_token" in path or "talents" in path for path in asked
    )


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
