"""A running Airflow whose ledger knows two weeks of nights, and a headless Chromium that looks at it."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import ROOT, fresh_world
from end_to_end.airflow import eventually

from benchmarks import seeded
from trivet.cli.demo_airflow import environment, free_port
from trivet.cli.demo_processes import Processes, Wanted
from trivet.ledger import open_ledger

SHOTS = ROOT / ".screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True)
class Site:
    """The running console."""

    address: str
    batch: str
    person: str
    delivery: str
    world: Any = None
    """The deployment behind it."""

    def token(self, user: str) -> str:
        """A login of one of the demo's users, whose password is her name."""
        said = requests.post(
            f"{self.address}/auth/token", json={"username": user, "password": user}, timeout=30
        )
        return str(said.json()["access_token"])


@pytest.fixture(scope="session")
def site(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Airflow's api-server on a deployment with nights, people and trouble of every kind."""
    folder = tmp_path_factory.mktemp("browser")
    world = fresh_world(_servers, folder)
    clock = seeded.Clock(datetime.now(UTC))
    ledger = open_ledger(world.settings.ledger_url, world.state, now=clock)
    seeded.seed(ledger, clock, seeded.Size(people=140, deliveries=4_200, nights=14))
    ledger.close()
    # one night of the real thing on top: recordings, evidence, reports
    batch = world.night()
    with world.hub() as hub:
        from trivet.flow.console import deliveries

        rows = deliveries.deliveries(hub, deliveries.Wanted(batch_id=batch, target="successfactors")).rows
    shutil.copytree(ROOT / "plugins", world.home / "plugins")
    (world.home / "dags").mkdir()
    port = free_port()
    variables = {
        **environment(world.settings, port, os.environ),
        **world.environment(),
        "AIRFLOW__CORE__DAGS_FOLDER": str(world.home / "dags"),
    }
    airflow = f"{sys.executable} -m airflow"
    command = ["sh", "-c", f"{airflow} db migrate && exec {airflow} api-server --workers 1"]
    with Processes(
        [Wanted("airflow", command, variables, world.state / "airflow.log")], world.state / "spec.json"
    ):
        address = f"http://localhost:{port}"
        eventually(lambda: _up(address), 120, "the api-server is up")
        yield Site(address, batch, str(rows[0].subject_ref), rows[0].id, world)


def _up(address: str) -> bool:
    try:
        return requests.get(f"{address}/api/v2/version", timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; the tests are skipped, and say so, where there is none."""
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: install Debian's chromium (and fonts-noto-cjk) to run these tests")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="NO DRIVER: `make setup` installs playwright"
    )
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def shots(worker_id: str) -> Path:
    """Where the screenshots of this run lie; each process of it has a folder of its own, for it empties it first."""
    folder = SHOTS / worker_id
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
