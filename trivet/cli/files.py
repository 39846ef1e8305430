"""Commands on the files that integration engineers edit."""

from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import output
from trivet.cli.options import Json
from trivet.settings import load_settings


def check(json: Json = False) -> None:
    """Check every file in mappings/: YAML, schema, expressions, paths, tables; each finding with line and cure.

    Example: `trivet check --json`
    """
    from trivet.flow.check import check_home

    findings = check_home(load_settings().home)
    if json:
        output.print_json([finding.as_json() for finding in findings])
    else:
        output.print_lines([str(finding) for finding in findings] or ["no findings"])
    raise typer.Exit(1 if findings else 0)


def effective(
    name: Annotated[
        str, typer.Argument(help="A mapping or rules file: its path below mappings/, without .yaml.")
    ],
) -> None:
    """Print a file with its layers laid over each other, and where each line comes from.

    Example: `trivet effective rules/competencies`
    """
    from trivet.documents import Contracts
    from trivet.mapping import Library
    from trivet.mapping.effective import effective_lines

    output.print_lines(effective_lines(Library(load_settings().home, Contracts.packaged()), name))


def test(
    only: Annotated[str, typer.Argument(help="Only files whose path contains this.")] = "",
    json: Json = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file too.")] = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Rewrite snapshots that no longer hold: expect_exact, _many, _decisions."
        ),
    ] = False,
    coverage: Annotated[
        bool,
        typer.Option(
            "--coverage", help="List fields, branches, look-ups, defaults and rules that no case reaches."
        ),
    ] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Break the files in small ways; list what no case notices.")
    ] = False,
    fail_under: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Exit 1 below this percentage of coverage, or mutants killed."),
    ] = None,
) -> None:
    """Run every x.test.yaml beside its mapping.

    Example: `trivet test rules/ --coverage --mutate --fail-under 90`
    """
    from trivet.cli.trial import Trial

    if fail_under is not None and not (coverage or mutate):
        raise typer.BadParameter("--fail-under needs --coverage or --mutate")
    trial = Trial(load_settings().home, only, quiet=json)
    if update:
        trial.update()
    trial.run(junit)
    if coverage:
        trial.cover()
    if mutate:
        trial.mutate()
    trial.report()
    raise typer.Exit(0 if trial.good(fail_under) else 1)
