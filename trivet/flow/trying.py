"""Proves one connection, for Airflow's Test button and the command line alike: every role that its connector is installed for."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trivet import registry
from trivet.connections import Connection
from trivet.contract import Services
from trivet.errors import ConfigError, Rejected, TrivetError

NOT_MEANT = frozenset({"STREAM", "ENTITY", "RECORDING_CALL"})
"""Codes of a connector that is described by its user: this connection says nothing of that role, and is meant for another."""


def try_connection(connection: Connection, home: Path, now: Callable[[], datetime]) -> list[str]:
    """The roles that answered; a typed error where one refuses. A chat bot posts one line, which says that it is a test."""
    declared = [(group, found) for group, found in registry.installed() if found.name == connection.connector]
    if not declared:
        raise ConfigError(
            f"no connector {connection.connector!r} is installed", code="CONNECTOR_UNKNOWN",
            place=f"connection {connection.id}", cure="install the package that brings it, or correct the connection's type",
        )  # fmt: skip
    answered: list[str] = []
    unmeant: list[TrivetError] = []
    # in a folder of its own: this may run in the api-server, and must leave no rate budget or token behind
    with TemporaryDirectory() as state:
        services = Services(connection.id, home, Path(state), now)
        for group, declaration in declared:
            build: Any = declaration.build
            try:
                with build(connection.config(declaration.config), services) as built:
                    # what only listens calls nobody: its settings are all there is to check
                    if hasattr(built, "check"):
                        built.check()
            except (Rejected, ConfigError) as error:
                if error.reason not in NOT_MEANT:
                    raise
                unmeant.append(error)
                continue
            answered.append(group.removeprefix("trivet."))
    if not answered:
        raise unmeant[0]
    return answered
