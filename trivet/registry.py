"""Finds connectors by entry point, so that ours and a stranger's come through the same door."""

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from trivet.contract import (
    AssessmentsConnector,
    CatalogueConnector,
    DirectoryConnector,
    FeedbackConnector,
    InboundConnector,
    MailerConnector,
    MessengerConnector,
    RecordingsConnector,
    ScorerConnector,
    SourceConnector,
    TargetConnector,
)
from trivet.errors import ConfigError

Declaration = (
    SourceConnector[Any]
    | InboundConnector[Any]
    | AssessmentsConnector[Any]
    | RecordingsConnector[Any]
    | ScorerConnector[Any]
    | TargetConnector[Any]
    | MailerConnector[Any]
    | MessengerConnector[Any]
)
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

GROUPS: dict[type, str] = {
    SourceConnector: "trivet.sources",
    InboundConnector: "trivet.inbound",
    AssessmentsConnector: "trivet.assessments",
    DirectoryConnector: "trivet.directories",
    CatalogueConnector: "trivet.catalogues",
    FeedbackConnector: "trivet.feedback",
    RecordingsConnector: "trivet.recordings",
    ScorerConnector: "trivet.scorers",
    TargetConnector: "trivet.targets",
    MailerConnector: "trivet.mailers",
    MessengerConnector: "trivet.messengers",
}
OWN = "trivet_connectors."
"""Where Trivet's own connectors are installed."""


def find_connector(kind: type[D], name: str) -> D:
    """The declaration of that kind and name, imported now; `ConfigError` lists what is installed."""
    entries = _entries(GROUPS[kind])
    entry = entries.get(name)
    if entry is None:
        near = get_close_matches(name, entries, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(
            f"no connector {name!r} in {GROUPS[kind]}",
            code="CONNECTOR_UNKNOWN",
            cure=f"{hint}installed: {', '.join(sorted(entries)) or 'none'}; install the package that brings it",
        )
    declaration = _import(entry)
    if type(declaration) is not kind:
        raise ConfigError(
            f"{entry.value} is a {type(declaration).__name__}, not a {kind.__name__}",
            code="CONNECTOR_DECLARATION",
            place=f"entry point {GROUPS[kind]}:{name}",
        )
    return declaration


def offers(kind: type[Declaration], name: str) -> bool:
    """Whether the connector of that name is installed for this role too; imports nothing."""
    return name in _entries(GROUPS[kind])


def offered(kind: type[Declaration]) -> list[str]:
    """The names of the connectors that are installed for this role; imports nothing."""
    return list(_entries(GROUPS[kind]))


def ours(kind: type[Declaration], name: str) -> bool:
    """Whether the connector comes with Trivet itself; imports nothing."""
    return _entries(GROUPS[kind])[name].value.startswith(OWN)


def installed() -> list[tuple[str, Declaration]]:
    """Every installed declaration with its group, by group and name."""
    return [
        (group, _import(entry)) for group in GROUPS.values() for _, entry in sorted(_entries(group).items())
    ]


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in _every_entry().select(group=group)}


# reading the metadata of every installed package takes 20 ms: once a process, not once a group; its type is another in 3.12
@cache
def _every_entry() -> Any:
    return entry_points()


def _import(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except ImportError as error:
        raise ConfigError(
            f"{entry.value} cannot be imported: {error}",
            code="CONNECTOR_IMPORT",
            place=f"entry point {entry.group}:{entry.name}",
            cure="install the missing package, or remove the connector's package",
        ) from error
