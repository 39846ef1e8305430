"""The ledger in numbers, over a real socket; the dashboard asks for nothing that is not there."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from conftest import World
from prometheus_client.parser import text_string_to_metric_families
from serving import served

from trivet.flow import report
from trivet.ledger import breakers
from trivet.ledger.times import stamp

DASHBOARD = Path(__file__).parents[3] / "deploy" / "grafana" / "trivet.json"


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Value by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_night_in_numbers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus' own parser reads it; the sums are the ledger's; the dashboard's names are all there; strangers get nothing."""
    monkeypatch.setenv("TRIVET_METRICS_TOKEN", "scrape-me")
    batch_id = world.night()
    delivered = [row for row in world.operations() if row["state"] == "confirmed"]
    with world.hub() as hub:
        with hub.ledger.begin() as tx:
            breakers.put(tx, "yonyou_bip", 6, stamp(tx.now + timedelta(minutes=5)), "no answer")
        with served(hub) as address:
            answer = requests.get(f"{address}/metrics", timeout=10)
            again = requests.get(
                f"{address}/metrics", timeout=10, headers={"Authorization": "Bearer scrape-me"}
            )
            refused = [
                requests.get(f"{address}/metrics", timeout=10, headers=headers).status_code
                for headers in (
                    {"X-Forwarded-For": "203.0.113.9"}, {"Authorization": "Bearer wrong"}, {"Forwarded": "for=10.0.0.9"},
                )
            ]  # fmt: skip
    assert answer.status_code == again.status_code == 200
    assert refused == [401, 401, 401]
    found = samples(answer.text)
    flow = world.flow
    with world.hub() as hub:
        progress = report.progress(hub, batch_id)
    assert found["trivet_records_total", flow] == progress["records"] > 0
    assert found["trivet_interviews_scored_total", flow] == progress["scored"] > 0
    confirmed = sum(n for key, n in found.items() if key[0] == "trivet_deliveries" and "confirmed" in key)
    assert confirmed == len(delivered) > 0
    assert found["trivet_breaker_open", "yonyou_bip"] == 1
    assert 0 < found["trivet_recording_to_erp_seconds_count",] <= confirmed
    # asked twice, counted once
    assert (
        samples(again.text)["trivet_recording_to_erp_seconds_count",]
        == found["trivet_recording_to_erp_seconds_count",]
    )
    assert "queue" in answer.text
    people = {row["subject_ref"] for row in world.operations() if row.get("subject_ref")}
    assert not any(person in answer.text for person in people)
    _names_are_there(answer.text)


def _names_are_there(text: str) -> None:
    """Every name in the dashboard's expressions is one that is exposed, with the labels that it groups by."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    exposed = set(kinds)
    exposed |= {
        f"{n}{end}"
        for n, kind in kinds.items()
        if kind == "histogram"
        for end in ("_bucket", "_sum", "_count")
    }
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"trivet_\w+", target["expr"])
    }
    assert asked
    assert asked <= exposed, asked - exposed
    # and nothing that is exposed is left out of sight, but for how long the gathering took
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert set(kinds) - shown == {"trivet_metrics_seconds"}


def test_the_command_writes_a_whole_file(world: World, tmp_path: Path) -> None:
    """As node_exporter's textfile collector wants it."""
    file = tmp_path / "trivet.prom"
    subprocess.run(
        [sys.executable, "-m", "trivet.cli", "metrics", "--output", str(file)], check=True, timeout=120,
        env={**os.environ, **world.environment()},
    )  # fmt: skip
    names = {family.name for family in text_string_to_metric_families(file.read_text())}
    assert {"trivet_deliveries", "trivet_queue_length", "trivet_alerts_open"} <= names
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []
