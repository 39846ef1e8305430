"""Every connection can be tried through Airflow's REST and from the command line, wherever its secret is kept."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient
from trivet_sandbox.running import start

pytestmark = pytest.mark.airflow

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


def test_every_connection_is_tried_through_airflow(admin: TestClient, known: dict[str, Any]) -> None:
    """The connector's own check against its stand-in, for every type that has one."""
    said = {name: tried(admin, name, form) for name, form in known.items()}
    assert {name: row["message"] for name, row in said.items() if not row["status"]} == {}
    assert len(said) > 30
    wrong = tried(admin, "kingdee_cloud", {**known["kingdee_cloud"], "password": "wrong"})
    assert wrong["status"] is False
    assert "wrong" not in wrong["message"].replace("are wrong", "").replace("is wrong", "")


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
