"""Commands for those who write connectors."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import output
from trivet.cli.options import Json


class Kind(StrEnum):
    """What a new connector is to be."""

    target = "target"
    source = "source"
    scorer = "scorer"


def connector(
    name: Annotated[str, typer.Argument(help="The vendor, maybe with its protocol: acme, acme_soap.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What it is to be.")],
    into: Annotated[Path, typer.Option("--into", help="The folder in which its folder is made.")] = Path(),
    json: Json = False,
) -> None:
    """Write the package of a new connector: lints clean, and its tests fail at every promise that is still to be written.

    Nothing is overwritten. Example: `trivet new connector acme --kind target --into ..`
    """
    from trivet.scaffold import scaffold

    written = scaffold(name, kind.value, into)
    rows = [{"file": str(file), "lines": file.read_text(encoding="utf-8").count("\n")} for file in written]
    output.print_rows(rows, ["file", "lines"], as_json=json)
    if not json:
        output.print_lines(
            [
                "",
                "next: the far end in tests/test_conformance.py, then pytest shows what is still to be written",
            ]
        )
