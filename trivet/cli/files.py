"""Commands on the files that integration engineers edit."""

from collections import Counter
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
) -> None:
    """Run every x.test.yaml beside its mapping.

    Example: `trivet test rules/`
    """
    from trivet.mapping.tests import run_tests

    results = [result for result in run_tests(load_settings().home) if only in str(result.file)]
    failed = [result for result in results if not result.passed]
    if json:
        output.print_json([result.as_json() for result in results])
    else:
        output.print_lines(f"{result.file}: {result.name}: {result.message}" for result in failed)
        counts = Counter(result.passed for result in results)
        output.print_lines([f"{counts[True]} passed, {counts[False]} failed"])
    raise typer.Exit(1 if failed or not results else 0)
