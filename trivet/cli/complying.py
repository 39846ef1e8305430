"""`trivet compliance`: records of automated decisions, for auditors."""

from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json

compliance = typer.Typer(help="Records of automated decisions, for auditors.", no_args_is_help=True)


@compliance.command("export")
def export(
    flow: Annotated[str, typer.Argument(help="The flow's name.")],
    file: Annotated[Path, typer.Argument(help="A new file; JSON.")],
    since: Annotated[str, typer.Option("--since", help="From this day on, like 2026-01-01.")],
    groups: Annotated[
        Path | None,
        typer.Option(
            "--groups",
            help="Who belongs to which group, as for `trivet impact`: adds the tables of Local Law 144.",
        ),
    ] = None,
    actor: Annotated[
        str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")
    ] = "cli",
    json: Json = False,
) -> None:
    """Write what an auditor asks for about a flow: scorer versions, approvals with names, decisions counted, changes of files,
    drift, and the tables of Local Law 144. No candidate's data is in it.

    Example: `trivet compliance export nightly_interviews 2026.json --since 2026-01-01 --groups groups.csv`
    """
    from trivet.flow.privacy import compliance as recording

    with options.hub() as hub:
        made = recording.export(hub, flow, since, actor=actor, groups=groups)
    recording.write(made, file)
    row = {
        "file": str(file), "since": made["since"], "scorers": len(made["systems"]),
        "approvals": len(made["oversight"]["approvals"]), "decisions": sum(one["number"] for one in made["decisions"]),
    }  # fmt: skip
    output.print_rows([row], list(row), as_json=json)
