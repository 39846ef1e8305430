"""The deployment behind the pages: one open ledger a process, and the mapping files as they lie there now."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trivet.connections import Connection
    from trivet.flow.hub import Hub
    from trivet.settings import Settings


class Deployments:
    """The hubs that were opened, by their settings; a server has one of them, tests have several."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Settings, Hub] = {}
        self._stack = ExitStack()

    def hub(self) -> "Hub":
        """The hub of the settings in the environment, with files that are read anew."""
        # imported here, as all of trivet.flow is in this package: every Airflow process imports the plugin
        from trivet.flow.hub import open_hub
        from trivet.mapping import Library
        from trivet.settings import load_settings

        settings = load_settings()
        with self._lock:
            if settings not in self._open:
                opened = open_hub(settings, _connections(settings))
                self._open[settings] = self._stack.enter_context(opened)
            known = self._open[settings]
        return replace(known, library=Library(settings.home, known.contracts), _applied={})

    def close(self) -> None:
        """Closes every ledger."""
        with self._lock:
            self._open.clear()
            self._stack.close()


deployments = Deployments()


def _connections(settings: "Settings") -> "Callable[[str], Connection]":
    """Airflow's connections, then those of the command line's file."""
    from airflow.models import Connection as Stored
    from airflow.sdk.exceptions import AirflowNotFoundException

    from trivet.airflow.connections import from_airflow
    from trivet.connections import stored_connections

    elsewhere = stored_connections(settings.connections)

    def connection(conn_id: str) -> "Connection":
        try:
            stored = Stored.get_connection_from_secrets(conn_id)
        except AirflowNotFoundException:
            return elsewhere(conn_id)
        return from_airflow(stored)

    return connection


def the_hub() -> Iterator["Hub"]:
    """A route's dependency."""
    yield deployments.hub()
