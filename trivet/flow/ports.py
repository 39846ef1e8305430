"""What can be read through a connection: a source's streams, and what an ERP knows, port by port.

Read in this order, within a flow and within a system, so that an interview finds its person and feedback its employee:

    source ─► directory ─► catalogue ─► feedback
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from trivet.contract import CatalogueConnector, DirectoryConnector, FeedbackConnector, SourceConnector
from trivet.errors import ConfigError
from trivet.flow.definition import Flow, Inflow
from trivet.flow.hub import Hub
from trivet.registry import find_connector, offers

KINDS: tuple[type[SourceConnector[Any]], ...] = (
    SourceConnector,
    DirectoryConnector,
    CatalogueConnector,
    FeedbackConnector,
)


@dataclass(frozen=True, slots=True)
class Port:
    """One role of one connection, with the streams that the flow reads through it, in the order of their reading."""

    connection: str
    kind: type[SourceConnector[Any]]
    streams: tuple[str, ...]


def ports(hub: Hub, flow: Flow) -> list[Port]:
    """Every port that the flow reads; `ConfigError` STREAM_UNKNOWN for a stream that nobody has."""
    found = [port for inflow in flow.inflows for port in _of_connection(hub, flow, inflow)]
    return sorted(found, key=lambda port: KINDS.index(port.kind))


def _of_connection(hub: Hub, flow: Flow, inflow: Inflow) -> Iterator[Port]:
    name = hub.connections(inflow.connection).connector
    offered: list[str] = []
    for kind in KINDS:
        if offers(kind, name):
            streams = find_connector(kind, name).streams
            offered += streams
            wanted = tuple(stream for stream in streams if stream in inflow.streams)
            if wanted:
                yield Port(inflow.connection, kind, wanted)
    for stream in inflow.streams:
        if stream not in offered:
            near = get_close_matches(stream, offered, n=1)
            raise ConfigError(
                f"connector {name} has no stream {stream!r}", code="STREAM_UNKNOWN", place=str(flow.file),
                cure=f"did you mean {near[0]}?" if near else f"there are: {', '.join(offered) or 'none'}",
            )  # fmt: skip
