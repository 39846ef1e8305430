"""What the steps of a flow stand on: settings, connections, ledger, mapping files and schemas of one deployment."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from trivet.connections import Connection, Connections
from trivet.contract import (
    AssessmentsConnector,
    CatalogueConnector,
    Config,
    DirectoryConnector,
    FeedbackConnector,
    InboundConnector,
    MailerConnector,
    MessengerConnector,
    RecordingsConnector,
    ScorerConnector,
    Services,
    SourceConnector,
    TargetConnector,
)
from trivet.documents import Contracts
from trivet.errors import ConfigError
from trivet.flow.definition import Flow, load_flow
from trivet.ledger import Ledger, open_ledger, releases
from trivet.mapping import FileVersion, Library
from trivet.model import Document
from trivet.registry import find_connector
from trivet.settings import Settings
from trivet.store import Store, open_store

CONTAINERS = 50_000
"""So many more of them than before, and Python looks for cycles among the youngest."""
D = TypeVar(
    "D",
    SourceConnector[Any],
    InboundConnector[Any],
    AssessmentsConnector[Any],
    DirectoryConnector[Any],
    CatalogueConnector[Any],
    FeedbackConnector[Any],
    RecordingsConnector[Any],
    ScorerConnector[Any],
    TargetConnector[Any],
    MailerConnector[Any],
    MessengerConnector[Any],
)


@dataclass(frozen=True, slots=True)
class Hub:
    """One deployment, opened."""

    settings: Settings
    connections: Connections
    ledger: Ledger
    library: Library
    contracts: Contracts
    now: Callable[[], datetime]
    _applied: dict[tuple[str, str], Library] = field(default_factory=dict)
    _stores: list[Store] = field(default_factory=list)

    def flow(self, name: str) -> Flow:
        """The flow, once all its connections exist and belong to its environment."""
        flow = load_flow(self.settings.home, name)
        for conn_id in flow.connections():
            connection = self.connections(conn_id)
            if connection.environment != flow.environment:
                raise ConfigError(
                    f"flow is for {flow.environment}, connection {conn_id} for {connection.environment}",
                    code="ENVIRONMENT_MIXED",
                    place=str(flow.file),
                    cure="never mix them: choose connections of the flow's environment",
                )
        return flow

    @property
    def store(self) -> Store:
        """Where recordings lie; opened when it is first needed."""
        if not self._stores:
            self._stores.append(open_store(self.settings, self.connections))
        return self._stores[0]

    def files(self, flow: Flow) -> Library:
        """The mapping files that a run of the flow uses; `ConfigError` RELEASE_MISSING where none was applied."""
        if flow.versions == "files":
            return self.library
        key = (flow.tenant, flow.name)
        if key not in self._applied:
            with self.ledger.read() as tx:
                newest = releases.newest(tx, tenant=flow.tenant, flow=flow.name)
                stored = releases.contents(tx, newest.versions.values()) if newest else {}
            if newest is None:
                raise ConfigError(
                    f"no release of flow {flow.name} was applied", code="RELEASE_MISSING", place=str(flow.file),
                    cure=f"`trivet plan {flow.name}`, look at it, then `trivet apply`",
                )  # fmt: skip
            self._applied[key] = stored_library(self.library, stored)
        return self._applied[key]

    def keep_versions(self, flow: Flow) -> None:
        """Keeps the files that were used, so that what they made can be explained later."""
        used = self.files(flow).used()
        with self.ledger.read() as tx:
            known = releases.known(tx, used)
        fresh = {name: content for name, content in used.items() if name not in known}
        if fresh:
            with self.ledger.begin() as tx:
                releases.keep(tx, fresh)

    def declared(self, kind: type[D], conn_id: str) -> tuple[D, Connection]:
        """The connector's declaration behind a connection."""
        connection = self.connections(conn_id)
        return find_connector(kind, connection.connector), connection

    def built(self, kind: type[D], conn_id: str) -> AbstractContextManager[Any]:
        """The connector, built from the connection's validated config; close it by leaving the context."""
        declaration, connection = self.declared(kind, conn_id)
        config: Config = connection.config(declaration.config)
        services = Services(conn_id, self.settings.home, self.settings.state, self.now)
        built: AbstractContextManager[Any] = declaration.build(config, services)
        return built


def stored_library(like: Library, stored: Mapping[str, Document]) -> Library:
    """A library of these stored file contents, by version id."""
    versions = {
        content["name"]: FileVersion(id=version_id, **content) for version_id, content in stored.items()
    }
    return Library(like.home, like.contracts, stored=versions)


@contextmanager
def open_hub(
    settings: Settings, connections: Connections, now: Callable[[], datetime] | None = None
) -> Iterator[Hub]:
    """The deployment with its ledger migrated and its mapping files at hand."""
    clock = now or _utc_now
    # a night makes containers by the million and hardly a cycle of them: Python's own pace spends a sixth of it in search
    gc.set_threshold(max(gc.get_threshold()[0], CONTAINERS))
    ledger = open_ledger(settings.ledger_url, settings.state, now=clock)
    try:
        contracts = Contracts.packaged()
        yield Hub(settings, connections, ledger, Library(settings.home, contracts), contracts, clock)
    finally:
        ledger.close()


def _utc_now() -> datetime:
    return datetime.now(UTC)
