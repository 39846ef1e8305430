"""Commands that keep the ledger: prove its audit chains, anchor them outside, back up, restore, archive."""

from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json
from trivet.settings import load_settings

audit = typer.Typer(
    help="Prove the audit chains, and note their heads outside the database.", no_args_is_help=True
)
ledger = typer.Typer(help="Back up, restore and archive the ledger.", no_args_is_help=True)

Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")]
Anchors = Annotated[
    Path | None, typer.Option("--anchors", help="A file of heads noted earlier: shows a cut tail, too.")
]


@audit.command("verify")
def audit_verify(anchors: Anchors = None, json: Json = False) -> None:
    """Read every audit chain, archived months included, and show each break. Example: `trivet audit verify`"""
    from trivet.flow.upkeep import verify

    with options.hub() as hub:
        rows = verify(hub, anchors)
    output.print_rows(rows, ["chain", "n", "reason"], as_json=json, empty="every chain holds")
    raise typer.Exit(1 if rows else 0)


@audit.command("anchor")
def audit_anchor(
    file: Annotated[
        Path, typer.Argument(help="Is appended to; keep it where the database's users cannot write.")
    ],
    json: Json = False,
) -> None:
    """Append the heads of the audit chains to a file outside the database. Example: `trivet audit anchor /mnt/worm/heads`"""
    from trivet.flow.upkeep import anchor

    with options.hub() as hub:
        row = anchor(hub, file)
    output.print_rows([row], ["file", "chains", "appended"], as_json=json)


@ledger.command("backup")
def ledger_backup(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    json: Json = False,
) -> None:
    """Copy the ledger while others work in it; people's keys lie beside the copy, the key ring's nowhere.

    Keep `FILE.keys` where it can be written: erasing a person takes the key out of it, which erases the backup, too.
    Example: `trivet ledger backup /backup/monday.db`
    """
    from trivet.flow.upkeep import backup

    with options.hub() as hub:
        row = backup(hub, file)
    output.print_rows([row], ["file", "keys", "bytes", "batches", "operations"], as_json=json)


@ledger.command("restore")
def ledger_restore(
    file: Annotated[Path, typer.Argument(help="A backup that `trivet ledger backup` made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace a ledger that holds something.")] = False,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Copy of people's keys (default: FILE.keys beside it).")
    ] = None,
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Put a backup in the ledger's place, once its version, keys and audit chains are proven; what was there is kept aside.

    Example: `trivet ledger restore /backup/monday.db --yes`
    """
    from trivet.flow.upkeep import restore

    row = restore(load_settings(), file, yes=yes, actor=actor, keys=keys)
    columns = ["ledger", "from", "backup_at", "kept", "batches", "operations", "keys_missing"]
    output.print_rows([row], columns, as_json=json)


@ledger.command("archive")
def ledger_archive(
    before: Annotated[str, typer.Option("--before", help="A month, YYYY-MM; it and later ones stay.")],
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Move what no later delivery needs out of the ledger, month by month, into files under the state folder.

    Example: `trivet ledger archive --before 2026-01`
    """
    from trivet.flow.upkeep import archive

    with options.hub() as hub:
        rows = archive(hub, before, actor=actor)
    output.print_rows(
        rows, ["month", "file", "batches", "operations", "events"], as_json=json, empty="nothing to archive"
    )
