"""Commands that look after what was sent: send again what was refused, count what is there."""

from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json

Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")]


def replay(
    what: Annotated[
        str | None,
        typer.Argument(help="An operation's id or reference, a batch, or a person. Default: all that match."),
    ] = None,
    flow: Annotated[str | None, typer.Option("--flow", help="Only this flow.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only rejected, stuck, or set_aside. Default: all three.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="Only this target connection.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send the same document once more: the target was mended.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be planned; nothing is written or sent.")
    ] = False,
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Decide again what was refused, got stuck or was set aside, with the files that count now, and send the difference.

    Example: `trivet replay --state rejected --system successfactors --dry-run`
    """
    from trivet.flow.replay import replay as replaying

    with options.hub() as hub:
        done = replaying(
            hub, what, flow=flow, state=state, target=system, again=again, dry_run=dry_run, actor=actor
        )
    output.print_rows(
        done.rows,
        ["target", "entity", "reference", "before", "before_code", "now", "now_code", "message"],
        as_json=json,
        empty="nothing to replay",
    )
    for error in done.troubles:
        output.print_error(error, as_json=False)
    if dry_run:
        if done.rows and not json:
            output.print_lines(["", "nothing was changed; without --dry-run it is"])
        return
    raise typer.Exit(0 if done.clean else 1)


def reconcile(
    flow: Annotated[str | None, typer.Option("--flow", help="Only what this flow sent.")] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="Only what this batch touched.")] = None,
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Count at every target what was sent, is confirmed, and is found there; missing and doubled records open a case.

    Example: `trivet reconcile --flow nightly_interviews`
    """
    from trivet.flow.reconcile import reconcile as counting

    with options.hub() as hub:
        rows = counting(hub, flow=flow, batch_id=batch, actor=actor)
    columns = [
        "target",
        "entity",
        "sent",
        "confirmed",
        "found",
        "missing",
        "differing",
        "doubled",
        "balanced",
    ]
    output.print_rows(rows, columns, as_json=json, empty="nothing was sent yet")
    if not json:
        for row in rows:
            for word, references in row["examples"].items():
                output.print_lines([f"{row['target']} {row['entity']} {word}: {', '.join(references)}"])
            if row["problem"]:
                output.print_lines([f"{row['target']}: {row['problem']}"])
    raise typer.Exit(0 if all(row["balanced"] == "yes" for row in rows) else 1)
