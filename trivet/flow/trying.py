"""Proves one connection, for Airflow's Test button and the command line alike: every role that its connector is installed for."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trivet import registry
from trivet.connections import Connection
from trivet.contract import Services
from trivet.errors import ConfigError


def try_connection(connection: Connection, home: Path, now: Callable[[], datetime]) -> list[str]:
    """The roles that answered; a typed error where one refuses. A chat bot posts one line, which says that it is a test."""
    declared = [(group, found) for group, found in registry.installed() if found.name == connection.connector]
    if not declared:
        raise ConfigError(
            f"no connector {connection.connector!r} is installed", code="CONNECTOR_UNKNOWN",
            place=f"connection {connection.id}", cure="install the package that brings it, or correct the connection's type",
        )  # fmt: skip
    # in a folder of its own: this may run in the api-server, and must leave no rate budget or token behind
    with TemporaryDirectory() as state:
        services = Services(connection.id, home, Path(state), now)
        for _, declaration in declared:
            build: Any = declaration.build
            with build(connection.config(declaration.config), services) as built:
                # what only listens calls nobody: its settings are all there is to check
                if hasattr(built, "check"):
                    built.check()
    return [group.removeprefix("trivet.") for group, _ in declared]
