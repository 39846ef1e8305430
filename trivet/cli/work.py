"""Commands that do something: run, settle, roll back, move a cursor, start the sandbox or the demo."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json

cursor = typer.Typer(help="Show or reset where a flow's streams resume.", no_args_is_help=True)
sandbox = typer.Typer(help="Stand-in vendor servers for a trial.", no_args_is_help=True)


def run(
    flow: Annotated[str, typer.Argument(help="Name of a file in mappings/flows/, without .yaml.")],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show every operation and send none; the next run goes on from here."),
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Only what HR systems told `trivet serve` of since; not the whole night."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Run a flow here and now: the same steps as in Airflow, in this process.

    Example: `trivet run nightly_interviews --dry-run`, `trivet run nightly_interviews --fresh`
    """
    from trivet.cli.running import run_flow

    with options.hub() as hub:
        key = f"cli-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        raise typer.Exit(run_flow(hub, flow, key, fresh=fresh, dry_run=dry_run, as_json=json))


def settle(json: Json = False) -> None:
    """Ask the targets about everything whose answer was lost, and confirm, resend or open a case.

    Example: `trivet settle`
    """
    from trivet.flow import steps

    with options.hub() as hub:
        rows = steps.settle(hub)
    output.print_rows(
        rows,
        ["target", "confirmed", "resend", "cases", "waiting", "problem"],
        as_json=json,
        empty="nothing to settle",
    )
    raise typer.Exit(1 if any(row.get("problem") for row in rows) else 0)


def rollback(
    what: Annotated[
        str, typer.Argument(help="A batch id (see `trivet status`) or a person (see `trivet person`).")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")] = "",
    actor: Annotated[
        str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")
    ] = "cli",
    approved_by: Annotated[
        str | None,
        typer.Option("--approved-by", help="Who approved it, another person: production demands one."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without this it only shows what would be undone.")
    ] = False,
    json: Json = False,
) -> None:
    """Take back what a batch, or a person, was sent; never overwrites what somebody changed since.

    Example: `trivet rollback nightly_interviews-20261123-1 --reason "wrong course table" --yes`
    """
    from trivet.flow import undoing

    with options.hub() as hub:
        if not yes:
            rows = undoing.preview_rollback(hub, what)
            output.print_rows(
                rows,
                ["target", "entity", "reference", "state", "would"],
                as_json=json,
                empty="nothing to take back",
            )
            if rows and not json:
                output.print_lines(["", "nothing was changed; add --yes to do it"])
            return
        rows = undoing.rollback(
            hub, what, actor=actor, reason=reason or "no reason given", approved_by=approved_by
        )
    output.print_rows(
        rows,
        ["target", "entity", "reference", "state", "message"],
        as_json=json,
        empty="nothing to take back",
    )
    raise typer.Exit(1 if undoing.left(rows) else 0)


@cursor.command("show")
def cursor_show(flow: Annotated[str, typer.Argument(help="Name of the flow.")], json: Json = False) -> None:
    """Show where each stream of a flow resumes. Example: `trivet cursor show nightly_interviews`"""
    from trivet.flow import steps

    with options.hub() as hub:
        rows = steps.cursors_of(hub, flow)
    output.print_rows(
        rows, ["connection", "stream", "cursor", "updated_at"], as_json=json, empty="nothing pulled yet"
    )


@cursor.command("reset")
def cursor_reset(
    flow: Annotated[str, typer.Argument(help="Name of the flow.")],
    stream: Annotated[str | None, typer.Option("--stream", help="Only this stream.")] = None,
    json: Json = False,
) -> None:
    """Forget the cursors, so that the next run reads everything again; what is unchanged is not sent again.

    Example: `trivet cursor reset nightly_interviews --stream talents`
    """
    from trivet.flow import steps

    with options.hub() as hub:
        rows = steps.reset_cursors(hub, flow, stream)
    output.print_rows(rows, ["connection", "stream", "cursor"], as_json=json, empty="no cursor was set")


@sandbox.command("up")
def sandbox_up(
    only: Annotated[
        str | None, typer.Option("--only", help="Comma list of stand-ins; all of them by default.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=1, max=65000, help="First port; each stand-in takes the next. Free ones by default."
        ),
    ] = None,
    candidates: Annotated[
        int | None, typer.Option("--candidates", min=1, help="A company of this many candidates.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="Folder that keeps what they hold; in memory by default.")
    ] = None,
    connections: Annotated[
        Path | None, typer.Option("--connections", help="File to write the connections to them into.")
    ] = None,
    announce: Annotated[
        Path | None, typer.Option("--announce", help="File to write their addresses and logins into.")
    ] = None,
) -> None:
    """Start the stand-in servers and stay until Ctrl-C.

    Example: `trivet sandbox up --only feishu_hire,successfactors --connections sandbox.json`
    """
    given = {
        "--only": only, "--port": port, "--candidates": candidates,
        "--state": state, "--connections": connections, "--announce": announce,
    }  # fmt: skip
    told = [text for name, value in given.items() if value is not None for text in (name, str(value))]
    # becomes a program of its own: the sandbox must not share code with what it judges
    os.execv(sys.executable, [sys.executable, "-m", "trivet_sandbox", "up", *told])  # noqa: S606 - our own module


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after one night, with a verdict as exit code.")
    ] = False,
) -> None:
    """Start sandbox and Airflow, run one nightly flow on real recordings, and show what was delivered.

    Example: `trivet demo --once`
    """
    from trivet.cli.demo import demo as start

    raise typer.Exit(start(once=once))
