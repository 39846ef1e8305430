"""Server time of each page of the console with a large ledger, on SQLite and on PostgreSQL; aim: 300 ms.

    python -m benchmarks.operations [DELIVERIES] [PEOPLE]

The ledger is seeded by its own stores; each page is asked once to warm the process, then five times: the median counts. The
requests go through Airflow's whole application (login, rights, rendering), but not through a socket.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.seeded import FLOW, Clock, Size, seed
from trivet.ledger import open_ledger
from trivet.settings import Settings

ROOT = Path(__file__).parents[1]
AIM, TIMES, NIGHTS = 0.3, 5, 60
AIRFLOW = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "AIRFLOW__API__BASE_URL": "http://localhost:18080",
    "AIRFLOW__API_AUTH__JWT_SECRET": "of this benchmark only" * 4,
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
}


def measure(settings: Settings, client: Any) -> dict[str, float]:
    """Median seconds of each page."""
    os.environ.update(
        TRIVET_HOME=str(settings.home),
        TRIVET_STATE=str(settings.state),
        TRIVET_LEDGER_URL=settings.ledger_url,
    )
    batch, person, delivery, last = _examples(settings)
    day = {"since": _day(), "until": _day()}
    pages: dict[str, tuple[str, dict[str, str]]] = {
        "overview": ("/", {}),
        "nights of a flow": (f"/flow/{FLOW}", {}),
        "deliveries": ("/deliveries", {}),
        "deliveries, the last page": ("/deliveries", {"after": last}),
        "deliveries of one system": ("/deliveries", {"system": "kingdee_cloud"}),
        "deliveries, stuck": ("/deliveries", {"state": "stuck"}),
        "deliveries, stuck there": ("/deliveries", {"state": "stuck", "system": "successfactors"}),
        "deliveries, in the air": ("/deliveries", {"state": "in_the_air"}),
        "deliveries of one person": ("/deliveries", {"person": person}),
        "deliveries of one day": ("/deliveries", day),
        "batch": (f"/batch/{batch}", {}),
        "person": (f"/person/{person}", {}),
        "delivery": (f"/delivery/{delivery}", {}),
        "cases": ("/cases", {}),
        "approvals": ("/approvals", {}),
        "mappings": ("/mappings", {"flow": FLOW}),
        "preview": ("/mappings/preview", {}),
        "connections": ("/connections", {}),
        "agreement": ("/agreement", {"flow": FLOW}),
        "audit": ("/audit", {}),
        "audit of a batch": ("/audit", {"batch": batch}),
        "audit of a person": ("/audit", {"person": person}),
        "audit of one day": ("/audit", day),
        "audit by code": ("/audit", {"code": "PERSONAL_DATA_OPENED"}),
    }
    return {name: _median(client, *page) for name, page in pages.items()}


def _median(client: Any, path: str, query: dict[str, str]) -> float:
    took = []
    for _ in range(TIMES + 1):
        begin = time.perf_counter()
        answer = client.get(f"/trivet{path}", params=query)
        took.append(time.perf_counter() - begin)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: HTTP {answer.status_code}")
    return statistics.median(took[1:])


def _examples(settings: Settings) -> tuple[str, str, str, str]:
    """The newest batch, one person and delivery, and the mark of the last page."""
    from trivet.connections import stored_connections
    from trivet.flow.console import deliveries, overview
    from trivet.flow.hub import open_hub

    with open_hub(settings, stored_connections(settings.connections)) as hub:
        night = overview.nights(hub, flow=FLOW, most=1)[0]
        row = deliveries.deliveries(hub, deliveries.Wanted(batch_id=night.batch)).rows[10]
        oldest = overview.nights(hub, flow=FLOW, most=NIGHTS)[-1]
        first = deliveries.deliveries(hub, deliveries.Wanted(batch_id=oldest.batch)).rows[-1]
    return night.batch, str(row.subject_ref), row.id, f"{first.seq}.{first.id}"


def _day() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def deployment(folder: Path, url: str, size: Size) -> Settings:
    """A home with the demo's mappings and a seeded ledger."""
    home, state = folder / "home", folder / "state"
    shutil.copytree(ROOT / "mappings", home / "mappings")
    state.mkdir()
    settings = Settings(home, state, url or f"sqlite:///{state}/ledger.db", state / "connections.json")
    clock = Clock(datetime.now(UTC))
    begin = time.perf_counter()
    ledger = open_ledger(settings.ledger_url, state, now=clock)
    seed(ledger, clock, size)
    if ledger.engine.dialect.name == "postgresql":
        # what autovacuum does within a minute of such a night
        with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("VACUUM ANALYZE")
    ledger.close()
    print(
        f"{settings.ledger_url.split(':')[0]}: seeded in {time.perf_counter() - begin:.0f} s", file=sys.stderr
    )
    return settings


@contextmanager
def console(folder: Path) -> Iterator[Any]:
    """A client that is logged in to Airflow's application."""
    os.environ.update(AIRFLOW, AIRFLOW_HOME=str(folder / "airflow"))
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    with TestClient(create_app(), base_url="http://localhost:18080") as client:
        client.headers["Authorization"] = f"Bearer {client.get('/auth/token').json()['access_token']}"
        yield client


@contextmanager
def postgres() -> Iterator[str | None]:
    """A throw-away PostgreSQL; None where it is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not programs:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    # it refuses to run as root
    first = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    options = f"-k {folder} -c listen_addresses=''"
    subprocess.run(
        [*first, programs[0] / "initdb", "-D", f"{folder}/data", "-U", "trivet", "--auth=trust", "-E", "UTF8"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    control = [*first, str(programs[0] / "pg_ctl"), "-D", f"{folder}/data", "-w", "-l", f"{folder}/log"]
    subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd=folder)
    try:
        yield f"postgresql://trivet@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder)
        shutil.rmtree(folder)


def main() -> None:
    """Prints the table."""
    numbers = [int(text) for text in sys.argv[1:]]
    many, people = [*numbers, 200_000, 20_000][:2] if not numbers else [*numbers, 20_000][:2]
    size = Size(deliveries=many, people=people, nights=NIGHTS)
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="trivet-") as temporary, postgres() as url:
        folder = Path(temporary)
        (folder / "sqlite").mkdir()
        (folder / "postgres").mkdir()
        with console(folder) as client:
            found["SQLite"] = measure(deployment(folder / "sqlite", "", size), client)
            if url is not None:
                found["PostgreSQL"] = measure(deployment(folder / "postgres", url, size), client)
    print(
        f"{size.deliveries:,} deliveries, {size.people:,} people, {size.nights} nights; median of {TIMES}, ms\n"
    )
    print(f"{'page':<28}" + "".join(f"{name:>12}" for name in found))
    for page in found["SQLite"]:
        print(f"{page:<28}" + "".join(f"{1000 * each[page]:>12.0f}" for each in found.values()))
    slow = [f"{page} ({name})" for name, each in found.items() for page, took in each.items() if took > AIM]
    print(f"\nabove the aim of {1000 * AIM:.0f} ms: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()
