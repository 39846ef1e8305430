"""Airflow for the demo: its environment, and the few REST calls that set it up, start the flow, watch it."""

import json
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from trivet.errors import ConfigError, TrivetError
from trivet.settings import Settings

USERS = {"admin": "admin", "hr": "op", "viewer": "viewer"}
"""Demo logins by role; each password is the user's name."""
PREFERRED_PORT = 8080


def environment(settings: Settings, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of `airflow standalone` for this deployment: on loopback, small enough for SQLite."""
    home = settings.state / "airflow"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    passwords = home / "passwords.json"
    _write_private(passwords, json.dumps({user: user for user in USERS}))
    keys = _keys(home / "keys.json")
    address = f"http://localhost:{port}"
    return {
        **inherited,
        # airflow starts its parts by name
        "PATH": f"{Path(sys.executable).parent}:{inherited.get('PATH', '')}",
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(_dags(settings)),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # one SQLite file has one writer: at the default of 32 workers runs break with "database is locked"
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{user}:{role}" for user, role in USERS.items()
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__SECRET_KEY": keys["api"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt"],
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet"],
        # so long a task's place stays taken where its process ends a moment after its streams do; 5 s unless told otherwise
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def choose_port(wanted: int | None) -> int:
    """The port of the UI: the one asked for, else 8080, else any that is free."""
    if wanted is None:
        return PREFERRED_PORT if _is_free(PREFERRED_PORT) else free_port()
    if not _is_free(wanted):
        raise ConfigError(
            f"port {wanted} is taken",
            code="PORT_TAKEN",
            cure="end the program that listens there, or choose another with TRIVET_DEMO_PORT",
        )
    return wanted


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class AirflowClient:
    """Airflow's REST API as the demo's admin."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = requests.Session()
        # a proxy of the user's shell has no business on loopback
        self._session.trust_env = False
        # while Airflow starts, its one SQLite file is locked for seconds, and it answers 500
        busy = Retry(
            total=None, connect=0, read=0, redirect=0, status=6, backoff_factor=0.3, raise_on_status=False,
            status_forcelist=(500, 503), allowed_methods=("GET", "PATCH"),
        )  # fmt: skip
        self._session.mount("http://", HTTPAdapter(max_retries=busy))

    def unready(self) -> str | None:
        """What the start still waits for, in words; None once scheduler and DAG processor are at work."""
        try:
            health = self._session.get(f"{self.address}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return "the API server"
        for part, words in (("scheduler", "the scheduler"), ("dag_processor", "the DAG processor")):
            if (health.get(part) or {}).get("status") != "healthy":
                return words
        return None

    def login(self) -> None:
        """Act as the admin from here on."""
        answer = self._session.post(
            f"{self.address}/auth/token", json={"username": "admin", "password": "admin"}, timeout=30
        )
        if answer.status_code != requests.codes.created:
            raise TrivetError(
                f"airflow refuses the demo's admin with HTTP {answer.status_code}",
                code="DEMO_LOGIN",
                cure="another Airflow may listen on this port; choose one with TRIVET_DEMO_PORT",
            )
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def put_connections(self, stored: Mapping[str, Mapping[str, Any]]) -> None:
        """Store these connections, over what is there: the sandbox's ports change with every start."""
        known = ("conn_type", "description", "host", "login", "password", "port", "schema")
        entities = [
            {"connection_id": name, "extra": _text(form.get("extra"))}
            | {key: form[key] for key in known if key in form}
            for name, form in stored.items()
        ]
        self._put_all("connections", entities)

    def put_pools(self, pools: Mapping[str, Mapping[str, Any]]) -> None:
        """Create these pools, or give them these slots."""
        self._put_all("pools", [{"name": name, **pool} for name, pool in pools.items()])

    def knows(self, dag_id: str) -> bool:
        """Whether the DAG has been parsed."""
        return bool(self._session.get(self._url("dags", dag_id), timeout=30).ok)

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run."""
        self._call("PATCH", "dags", dag_id, json={"is_paused": False})

    def abandon_runs(self, dag_id: str) -> int:
        """Give up runs that an earlier demo left unfinished: they would block a new one for minutes."""
        runs = self._call("GET", "dags", dag_id, "dagRuns", params={"state": ["running", "queued"]})[
            "dag_runs"
        ]
        for run in runs:
            self._call("PATCH", "dags", dag_id, "dagRuns", run["dag_run_id"], json={"state": "failed"})
        return len(runs)

    def trigger(self, dag_id: str) -> str:
        """Start a run; its id."""
        run = self._call("POST", "dags", dag_id, "dagRuns", json={"logical_date": None})
        return str(run["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """`queued`, `running`, `success` or `failed`."""
        return str(self._call("GET", "dags", dag_id, "dagRuns", run_id)["state"])

    def batch_of(self, dag_id: str, run_id: str) -> str | None:
        """The batch that the run's first task returned."""
        path = ("dags", dag_id, "dagRuns", run_id, "taskInstances", "pull", "xcomEntries", "return_value")
        answer = self._session.get(self._url(*path), timeout=30)
        return str(answer.json()["value"]) if answer.status_code == requests.codes.ok else None

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The run's task instances."""
        found = self._call("GET", "dags", dag_id, "dagRuns", run_id, "taskInstances", params={"limit": 500})
        return list(found["task_instances"])

    def complaint(self, task: Mapping[str, Any]) -> str:
        """The last error in the log of a task that did not succeed."""
        path = (
            "dags",
            task["dag_id"],
            "dagRuns",
            task["dag_run_id"],
            "taskInstances",
            task["task_id"],
            "logs",
        )
        log = self._call("GET", *path, str(task["try_number"]), params={"map_index": task["map_index"]})
        errors = [
            line
            for line in log["content"]
            if isinstance(line, dict) and line.get("level") in ("error", "critical")
        ]
        ours = [line["event"] for line in errors if str(line.get("logger", "")).startswith("trivet.")]
        raised = [
            f"{what['exc_type']}: {what['exc_value']}"
            for line in errors
            for what in line.get("error_detail") or ()
        ]
        said = [str(line["event"]) for line in errors]
        return str([*said, *raised, *ours][-1]) if errors else "ended without an error line; see its log"

    def _put_all(self, what: str, entities: list[dict[str, Any]]) -> None:
        action = {"action": "create", "action_on_existence": "overwrite", "entities": entities}
        done = self._call("PATCH", what, json={"actions": [action]})
        problems = (done.get("create") or {}).get("errors")
        if problems:
            raise TrivetError(
                f"airflow refused {what}: {problems[0].get('error', problems[0])}", code="DEMO_AIRFLOW"
            )

    def _call(self, method: str, *path: str, **options: Any) -> dict[str, Any]:
        answer = self._session.request(method, self._url(*path), timeout=60, **options)
        if not answer.ok:
            raise TrivetError(
                f"HTTP {answer.status_code} to {method} /{'/'.join(path)}: {answer.text[:200]}",
                place="airflow",
                code="DEMO_AIRFLOW",
            )
        return dict(answer.json())

    def _url(self, *path: str) -> str:
        return "/".join([f"{self.address}/api/v2", *(quote(part, safe="") for part in path)])


def _dags(settings: Settings) -> Path:
    dags = settings.home / "dags"
    if not dags.is_dir():
        raise ConfigError(
            "no folder dags/ here",
            code="CONFIG_HOME",
            place=str(settings.home),
            cure="run the demo in a checkout of Trivet, or set TRIVET_HOME to one",
        )
    return dags


def _keys(file: Path) -> dict[str, str]:
    """Airflow's secrets, made once: stored connections and logins outlive a restart."""
    if not file.exists():
        from cryptography.fernet import Fernet

        made = {"api": secrets.token_urlsafe(64), "jwt": secrets.token_urlsafe(64)}
        _write_private(file, json.dumps({**made, "fernet": Fernet.generate_key().decode()}))
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        # as a server would: a connection that lingers from the last run does not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _text(extra: Any) -> str:
    return extra if isinstance(extra, str) else json.dumps(extra or {}, ensure_ascii=False)
