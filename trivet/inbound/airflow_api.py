"""Airflow's REST API, as far as `trivet serve` needs it: starting a run.

Its address and login are those of the connection `airflow` (type `trivet_airflow`), which `trivet serve` reads as every command
does: from `AIRFLOW_CONN_AIRFLOW` or the connections file.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from trivet.contract import Services
from trivet.errors import AuthFailed, Rejected
from trivet.http import HttpClient, HttpSettings

NAME = "airflow"
_CREATED, _THERE_ALREADY = 201, 409


class AirflowSettings(HttpSettings):
    """Where Airflow's API server is, and who starts runs there."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "username",
        "password": "password",
    }

    base_url: str
    """Address of the API server, without /api/v2."""
    username: str
    """A user who may trigger DAG runs."""
    password: SecretStr
    """The user's password."""


class AirflowApi:
    """One Airflow's API as one user; a context manager's value, see `open_api`."""

    def __init__(self, settings: AirflowSettings, services: Services) -> None:
        self.settings = settings
        self.http = HttpClient(
            NAME, settings.base_url.rstrip("/"), services, authenticate=self._login, network=settings
        )

    def start(self, dag_id: str, run_id: str) -> bool:
        """Starts a run under that id; False where it was started before. A connector's error where it cannot be."""
        path = f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns"
        # the id makes it safe to be repeated
        reply = self.http.read("start", "POST", path, json={"dag_run_id": run_id, "logical_date": None})
        if reply.status == _THERE_ALREADY:
            return False
        if reply.status >= 300:
            raise Rejected(
                f"{dag_id} cannot be started", connector=NAME, operation="start", vendor_code=f"HTTP {reply.status}",
                cure="the DAG files of Trivet belong into Airflow's DAG folder; a new flow takes a minute to be found",
            )  # fmt: skip
        return True

    def look(self) -> None:
        """Proves that it answers and lets us in; a connector's error where it does not."""
        reply = self.http.read("look", "GET", "/api/v2/dags?limit=1")
        if reply.status >= 300:
            raise Rejected(
                "it does not show its DAGs",
                connector=NAME,
                operation="look",
                vendor_code=f"HTTP {reply.status}",
            )

    def _login(self) -> Mapping[str, str]:
        said = {
            "username": self.settings.username,
            "password": self.settings.password.get_secret_value(),
        }
        reply, answer = self.http.ask_for_login("POST", "/auth/token", json=said)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if reply.status != _CREATED or not token:
            raise AuthFailed(
                "there is no token for this user", connector=NAME, operation="login", vendor_code=f"HTTP {reply.status}",
                cure="connection `airflow` needs a user who may trigger DAG runs",
            )  # fmt: skip
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def open_api(settings: AirflowSettings, services: Services) -> Iterator[AirflowApi]:
    """The API, its sockets closed on leaving."""
    api = AirflowApi(settings, services)
    with api.http:
        yield api
