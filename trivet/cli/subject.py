"""`trivet subject`: what is held about a person, given out, erased with proof, or held for a court."""

from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json

subject = typer.Typer(
    help="Give out, erase or hold everything about one person. Examples: `trivet subject export 10000101`, "
    "`trivet subject erase 10000101 --reason 'asked by letter' --actor li.na --approved-by wang.wei --yes`",
    no_args_is_help=True,
)
Who = Annotated[
    str, typer.Argument(help="Candidate id, the HR system's id, an employee number, or the pseudonym.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]
Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")]
_PLACES = ["place", "state", "detail"]


@subject.command("export")
def export(
    who: Who,
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path("export"),
    recordings: Annotated[
        bool, typer.Option("--recordings", help="The recordings, too, in the clear.")
    ] = False,
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Write everything that is held about the person: `export.json`, and `export.txt` for reading.

    Example: `trivet subject export 10000101 --out /tmp/answer --recordings`
    """
    from trivet.flow.privacy.subject import export as exporting

    with options.hub() as hub:
        rows = exporting(hub, who, out, actor=actor, media=recordings)
    output.print_rows(rows, ["file", "bytes"], as_json=json)


@subject.command("erase")
def erase(
    who: Who,
    reason: Reason,
    actor: Actor = "cli",
    approved_by: Annotated[
        str | None,
        typer.Option("--approved-by", help="Who approved it, another person: production demands one."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it only shows the places.")] = False,
    json: Json = False,
) -> None:
    """Erase the person everywhere: take back what was pushed, delete what is stored, erase the key, list what cannot come back.

    Without --yes it only shows every place. Exit 1 where something is still in the air: call it again, or let the nightly run.
    Example: `trivet subject erase 10000101 --reason "asked by letter" --actor li.na --approved-by wang.wei --yes`
    """
    from trivet.flow.privacy import erase as erasing

    with options.hub() as hub:
        if not yes:
            output.print_rows(erasing.preview(hub, who), _PLACES, as_json=json)
            if not json:
                output.print_lines(["", "nothing was erased; add --yes to do it"])
            return
        done = erasing.erase(hub, erasing.Erasing(who, reason, actor, approved_by))
    if json:
        output.print_json(done)
    else:
        output.print_rows(done["places"], _PLACES, as_json=False)
        said = (
            f"erased; proof: {done['proof']}"
            if "proof" in done
            else "erased"
            if "sha256" in done
            else "not done yet"
        )
        output.print_lines(["", said])
    raise typer.Exit(1 if done.get("state") == "waits" else 0)


@subject.command("hold")
def hold(who: Who, reason: Reason, actor: Actor = "cli", json: Json = False) -> None:
    """Erase nothing of the person until the hold is released. Example: `trivet subject hold 10000101 --reason "case 12/2026"`"""
    from trivet.flow.privacy import retention

    with options.hub() as hub:
        row = retention.hold(hub, who, reason=reason, actor=actor)
    output.print_rows([row], ["subject_ref", "reason", "said_by"], as_json=json)


@subject.command("release")
def release(who: Who, reason: Reason, actor: Actor = "cli", json: Json = False) -> None:
    """End a legal hold. Example: `trivet subject release 10000101 --reason "case closed"`"""
    from trivet.flow.privacy import retention

    with options.hub() as hub:
        row = retention.release(hub, who, reason=reason, actor=actor)
    output.print_rows([row], ["subject_ref", "released"], as_json=json)


@subject.command("readmit")
def readmit(
    candidate: Annotated[
        str, typer.Argument(help="The candidate's canonical id, as it was: <system>/candidate/…")
    ],
    reason: Reason,
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Let a person who was erased be taken in again, because she applied anew.

    Example: `trivet subject readmit feishu_hire/candidate/7001 --reason "applied again"`
    """
    from trivet.flow.privacy import erase as erasing

    with options.hub() as hub:
        freed = erasing.readmit(hub, candidate, actor=actor, reason=reason)
    output.print_rows([{"candidate": candidate, "freed": freed}], ["candidate", "freed"], as_json=json)


def retention(
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without this it only shows what is due.")
    ] = False,
    json: Json = False,
) -> None:
    """End what was kept long enough by the rules of mappings/sites/, and go on with erasures that waited.

    Example: `trivet retention`
    """
    from trivet.flow.privacy.retention import run

    with options.hub() as hub:
        rows = run(hub, dry_run=not yes)
    columns = ["subject_ref", "data", "since", "kept_days", "state"]
    output.print_rows(rows, columns, as_json=json, empty="nothing was kept too long")
    if rows and not yes and not json:
        output.print_lines(["", "nothing was erased; add --yes to do it"])
