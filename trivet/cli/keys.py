"""`trivet keys`: which keys data lies under, a new one, everything moved to it, an old one taken away."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json
from trivet.settings import load_settings

keys = typer.Typer(
    help="The keys under which data lies: show, renew, rotate, take away. Keys themselves are never shown.",
    no_args_is_help=True,
)
Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")]
_COLUMNS = ["key", "state", "values", "people_keys", "needed"]


@keys.command("status")
def status(json: Json = False) -> None:
    """How much lies under each key, and which can be taken away. Example: `trivet keys status`"""
    from trivet.flow.privacy import keys as keeping

    with options.hub() as hub:
        rows = keeping.status(hub)
    output.print_rows(rows, _COLUMNS, as_json=json)


@keys.command("new")
def new(json: Json = False) -> None:
    """Put a new key first in the key file: what is sealed from now on has it. Example: `trivet keys new`"""
    from trivet.flow.privacy import keys as keeping

    row = {"key": keeping.new(load_settings(), os.environ), "state": "newest"}
    output.print_rows([row], ["key", "state"], as_json=json)
    if not json:
        output.print_lines(["", "copy the key file to every host, then `trivet keys rotate`"])


@keys.command("rotate")
def rotate(actor: Actor = "cli", json: Json = False) -> None:
    """Move everything to the newest key, and what is about people to their own. May be stopped at any time: the next run goes on.

    Exit 1 where something does not open; it stays as it is. Example: `trivet keys rotate`
    """
    from trivet.flow.privacy import keys as keeping

    live = sys.stderr.isatty() and not json

    def told(what: str, number: int) -> None:
        if live:
            sys.stderr.write(f"\r\x1b[K{what}: {number}")

    with options.hub() as hub:
        done = keeping.rotate(hub, told, actor=actor)
    if live:
        sys.stderr.write("\r\x1b[K")
    if json:
        output.print_json(done)
    else:
        moved = [{"what": what, "moved": number} for what, number in done["moved"].items()]
        output.print_rows(
            moved, ["what", "moved"], as_json=False, empty=f"everything lies under {done['newest']}"
        )
        if done["troubles"]:
            output.print_lines(["", "these do not open and stay as they are:"])
            output.print_rows(done["troubles"], ["place", "code"], as_json=False)
    raise typer.Exit(1 if done["troubles"] else 0)


@keys.command("drop")
def drop(
    key: Annotated[str, typer.Argument(help="Id of an old key, as `trivet keys status` shows it.")],
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Take an old key out of the key file, once nothing lies under it. Example: `trivet keys drop 3f2a91bc`

    Backups made before the rotation open with it still: keep a copy for as long as you keep them.
    """
    from trivet.flow.privacy import keys as keeping

    with options.hub() as hub:
        keeping.drop(hub, key, os.environ, actor=actor)
    output.print_rows([{"key": key, "state": "taken away"}], ["key", "state"], as_json=json)


@keys.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="Is written anew; an earlier copy there is replaced.")],
    json: Json = False,
) -> None:
    """Copy people's keys, wrapped, apart from a PostgreSQL dump. Example: `trivet keys backup /backup/ledger.keys`

    Keep one generation, where it can be written: erasing a person takes the key out of it.
    """
    from trivet.flow.upkeep import backup_keys

    with options.hub() as hub:
        row = backup_keys(hub, file)
    output.print_rows([row], ["file", "keys"], as_json=json)


@keys.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `trivet keys backup` wrote.")],
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Put people's keys back that are missing; who was erased stays erased. Example: `trivet keys restore /backup/ledger.keys`"""
    from trivet.flow.upkeep import restore_keys

    with options.hub() as hub:
        row = restore_keys(hub, file, actor=actor)
    output.print_rows([row], ["file", "restored", "missing"], as_json=json)
