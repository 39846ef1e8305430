"""Options that several commands share, and the hub that they open."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from trivet.connections import stored_connections
from trivet.settings import load_settings

if TYPE_CHECKING:
    from trivet.flow.hub import Hub

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most this many rows.")]


def user() -> str:
    """Who is at the terminal, as the audit trail names them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"  # no account of that number on this machine


@contextmanager
def hub() -> Iterator["Hub"]:
    """The deployment that the environment names, opened."""
    # the flow package brings SQLAlchemy and the engines: `trivet --help` stays quick without them
    from trivet.flow.hub import open_hub

    settings = load_settings()
    with open_hub(settings, stored_connections(settings.connections)) as opened:
        yield opened
