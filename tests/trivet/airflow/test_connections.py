"""Airflow's stored connections as Trivet's."""

import json

import pytest
from airflow.sdk import Connection as Stored

from trivet.airflow.connections import from_airflow, task_connection
from trivet.errors import ConfigError

FORM = {
    "conn_type": "trivet_kingdee_cloud",
    "host": "http://127.0.0.1:9",
    "login": "integration",
    "password": "s3cret",
    "extra": {"environment": "sandbox", "account_id": "5f", "rate_per_minute": None},
}


def stored(**changed: object) -> Stored:
    """The form as Airflow hands it to a task."""
    form = {**FORM, **changed}
    return Stored(conn_id="kingdee_cloud", **{**form, "extra": json.dumps(form["extra"])})


def test_a_stored_connection_keeps_its_fields() -> None:
    """Type, environment, standard fields and extra arrive; the type loses its prefix."""
    connection = from_airflow(stored())
    assert (connection.id, connection.connector, connection.environment) == (
        "kingdee_cloud",
        "kingdee_cloud",
        "sandbox",
    )
    assert connection.standard["login"] == "integration"
    assert connection.extra == {"account_id": "5f"}


def test_an_untouched_field_of_the_form_counts_as_not_set() -> None:
    """The form stores null for an optional field that nobody filled, and the default has to hold then."""
    assert "rate_per_minute" not in from_airflow(stored()).extra


def test_the_repr_shows_no_secret() -> None:
    """Logs and stack traces may show a connection; neither login nor password is in it."""
    assert "s3cret" not in repr(from_airflow(stored()))
    assert "integration" not in repr(from_airflow(stored()))


def test_a_task_finds_a_connection_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`AIRFLOW_CONN_<ID>` in JSON form reaches a task as it reaches the CLI."""
    monkeypatch.setenv("AIRFLOW_CONN_KINGDEE_CLOUD", json.dumps(FORM))
    assert task_connection("kingdee_cloud").standard["host"] == "http://127.0.0.1:9"


def test_a_missing_connection_says_where_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that names the connection, and the cure."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")
    with pytest.raises(ConfigError) as caught:
        task_connection("nowhere")
    assert "connection nowhere" in str(caught.value)
    assert "AIRFLOW_CONN_NOWHERE" in str(caught.value.cure)


@pytest.mark.parametrize("environment", [None, "prod"])
def test_a_connection_must_say_its_environment(environment: str | None) -> None:
    """What lies behind a connection is never guessed."""
    with pytest.raises(ConfigError, match="CONNECTION_ENVIRONMENT"):
        from_airflow(stored(extra={"environment": environment}))


def test_a_foreign_connection_type_is_refused() -> None:
    """A connection of another type under our id is a mistake, and named as one."""
    with pytest.raises(ConfigError, match="CONNECTION_TYPE"):
        from_airflow(stored(conn_type="http"))
