"""Every connection can be tried through Airflow's REST and from the command line, wherever its secret is kept."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient
from trivet_sandbox.running import start

from trivet.connections import parse_connection
from trivet.flow.trying import try_connection

# airflow's own route asks its manager of providers in a way that it gives up
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")]

REPOSITORY = Path(__file__).parents[3]
SECRET = "5f2c7a0e-hook"  # noqa: S105 - the stand-in's


@pytest.fixture(scope="module")
def known() -> Iterator[dict[str, Any]]:
    """A connection to every stand-in, of a company without candidates."""
    with start(size=0) as sandbox:
        yield sandbox.connections()


@pytest.fixture(scope="module")
def admin(migrated_home: Path) -> Iterator[TestClient]:
    """Airflow's API as the one who may edit connections."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
        patch.setenv("TRIVET_HOME", str(REPOSITORY))
        patch.setenv("TRIVET_STATE", str(migrated_home / "trivet"))
        with TestClient(create_app()) as client:
            token = client.get("/auth/token").json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield client


def tried(admin: TestClient, name: str, form: dict[str, Any]) -> dict[str, Any]:
    """What the Test button says."""
    body = {
        "connection_id": name,
        **{k: v for k, v in form.items() if k != "extra"},
        "extra": json.dumps(form["extra"]),
    }
    answer = admin.post("/api/v2/connections/test", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_every_stand_in_answers_to_the_check_of_its_connector(known: dict[str, Any]) -> None:
    """What the button and the command do, for every type that has a stand-in."""
    # who looks at faces is switched off until a law and a consent allow it
    for name, form in known.items():
        if name == "baidu_face":
            continue
        assert try_connection(parse_connection(name, form), REPOSITORY, lambda: datetime.now(UTC)), name
    assert len(known) > 30


def test_a_connection_is_tried_through_airflow(admin: TestClient, known: dict[str, Any]) -> None:
    """Through Airflow's own route: an ERP, a chat bot, and a wrong password, which is told without being shown."""
    for name in ("kingdee_cloud", "slack_bot"):
        said = tried(admin, name, known[name])
        assert said["status"], said
        assert said["message"].endswith("answered (sandbox)")
    refused = tried(admin, "kingdee_cloud", {**known["kingdee_cloud"], "password": "not-the-password"})
    assert refused["status"] is False
    assert "not-the-password" not in refused["message"]


def test_a_secrets_backend_serves_task_and_command_line_alike(
    migrated_home: Path, known: dict[str, Any], tmp_path: Path
) -> None:
    """Airflow's own backend for files is the judge: the same file, the same answer, and the secret is printed nowhere."""
    file = tmp_path / "connections.json"
    file.write_text(json.dumps({"feishu_bot": known["feishu_bot"]}))
    env = {
        **os.environ, "AIRFLOW_HOME": str(migrated_home), "TRIVET_HOME": str(REPOSITORY), "TRIVET_STATE": str(tmp_path),
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(file)}),
        "TRIVET_CONNECTIONS": str(file), "_AIRFLOW_PROCESS_CONTEXT": "client",
    }  # fmt: skip
    task = (
        "from datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from trivet.airflow.connections import task_connection\nfrom trivet.flow.trying import try_connection\n"
        "print(try_connection(task_connection('feishu_bot'), Path.cwd(), lambda: datetime.now(UTC)))"
    )
    for command in (
        [sys.executable, "-c", task],
        [sys.executable, "-m", "trivet.cli", "check-connection", "feishu_bot"],
    ):
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "messengers" in done.stdout
        assert SECRET not in done.stdout + done.stderr
