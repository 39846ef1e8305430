"""Airflow's stored connections as Trivet's; whoever stores them (form, variable, secrets backend)."""

from typing import Any

from airflow.sdk import Connection as Stored
from airflow.sdk.exceptions import AirflowNotFoundException

from trivet.connections import Connection, parse_connection
from trivet.errors import ConfigError


def task_connection(conn_id: str) -> Connection:
    """The connection of that id as a task sees it, or `ConfigError`."""
    try:
        stored = Stored.get(conn_id)
    except AirflowNotFoundException:
        raise ConfigError(
            "no such connection in Airflow",
            code="CONNECTION_MISSING",
            place=f"connection {conn_id}",
            cure=f"add it under Admin, Connections, or set AIRFLOW_CONN_{conn_id.upper()}",
        ) from None
    return from_airflow(stored)


def from_airflow(stored: Any) -> Connection:
    """An Airflow connection as Trivet's; a field left empty in the form counts as not set."""
    # the form stores an untouched optional field as null
    extra = {name: value for name, value in stored.extra_dejson.items() if value is not None}
    standard = ("conn_type", "host", "login", "password", "port", "schema")
    return parse_connection(
        stored.conn_id, {**{name: getattr(stored, name) for name in standard}, "extra": extra}
    )
