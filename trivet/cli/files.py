"""Commands on the files that integration engineers edit."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import output
from trivet.cli.options import Json
from trivet.settings import load_settings


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    sarif = "sarif"


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Only these files or folders; everything in mappings/ without."),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="text with carets, json, or SARIF 2.1.0 for code hosts.")
    ] = Format.text,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    json: Json = False,
) -> None:
    """Check the files in mappings/: YAML, schema, expressions, paths, targets, personal data, tables, codes.

    Exit 1 where a finding is an error. Example: `trivet check mappings/kingdee_cloud --format sarif > check.sarif`
    """
    from trivet.flow.check import check_home
    from trivet.mapping.check import shown

    home = load_settings().home
    found = check_home(home, paths or ())
    if form is Format.sarif:
        from trivet import __version__
        from trivet.mapping.check.sarif import sarif

        output.print_json(sarif(found.findings, __version__))
    elif json or form is Format.json:
        output.print_json([finding.as_json() for finding in found.findings])
    else:
        output.print_lines([*shown(home, found.findings), found.summary()])
    raise typer.Exit(1 if found.errors or (strict and found.findings) else 0)


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
