"""The watch in Airflow: a run that failed is told once, and what is over is told, too."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trivet_sandbox.running import start

pytestmark = [pytest.mark.airflow]

REPOSITORY = Path(__file__).parents[3]
# a night that failed at 01:00, and the watch after it; then the same run mended by a person, and the watch again
RUN = """
import faulthandler; faulthandler.dump_traceback_later(180, exit=True)
import json, sys
from datetime import datetime, timezone
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from trivet.connections import stored_connections
from trivet.flow.hub import open_hub
from trivet.ledger import batches
from trivet.settings import load_settings

bag = DagBag()
assert not bag.import_errors, bag.import_errors
settings = load_settings()
with open_hub(settings, stored_connections(settings.connections)) as hub, hub.ledger.begin() as tx:
    batches.open_or_resume(tx, tenant="yunxiu", flow="nightly_interviews", run_key="manual__1", environment="sandbox")
with create_session() as session:
    session.add(DagRun(dag_id="sync__nightly_interviews", run_id="manual__1", run_type=DagRunType.MANUAL,
                       state="failed", run_after=datetime.now(timezone.utc), start_date=datetime.now(timezone.utc),
                       triggered_by=DagRunTriggeredByType.TEST))
said = []
for state in ("failed", "failed", "success"):
    with create_session() as session:
        for run in session.query(DagRun).filter(DagRun.run_id == "manual__1"):
            run.state = state
    said.append(str(bag.dags["trivet_watch"].test().state))

Path(sys.argv[1]).write_text(json.dumps(said))
"""


def test_a_failed_run_is_told_once_and_its_end(migrated_home: Path, tmp_path: Path) -> None:
    """By Airflow's own answer about the run that worked in the newest batch; the link leads to this Airflow."""
    with start(["chat_bots"]) as sandbox:
        stored = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(form) for name, form in sandbox.connections().items()
        }
        places = {
            "AIRFLOW_HOME": str(migrated_home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "TRIVET_HOME": str(REPOSITORY),
            "TRIVET_STATE": str(tmp_path / "state"),
        }
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(tmp_path / "said.json")],
            env={**os.environ, **stored, **places}, timeout=200, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert (tmp_path / "said.json").exists(), done.stdout[-3000:] + done.stderr[-3000:]
        assert json.loads((tmp_path / "said.json").read_text()) == ["success"] * 3
        posted: list[Any] = [body for _, body in sandbox["chat_bots"].store.all("message")]
    english = ["\n".join(body["lines"]) for body in posted if body["vendor"] == "slack"]
    assert len(english) == 2, english
    assert "The newest run of nightly_interviews failed (manual__1)." in english[0]
    assert "http://localhost:18080/trivet/flow/nightly_interviews" in english[0]
    assert "Over: Run failed" in english[1]
