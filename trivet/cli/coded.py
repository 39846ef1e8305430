"""The command that says what a code means."""

from typing import Annotated, Literal

import typer

from trivet.cli import output
from trivet.cli.options import Json


def errors(
    name: Annotated[
        str | None, typer.Argument(help="A code, e.g. URL_BLOCKED_ADDRESS; without one all are listed.")
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option("--lang", help="In which language: en or zh.")] = "en",
    json: Json = False,
) -> None:
    """Say what an error code means and what to do about it.

    Example: `trivet errors RESIDENCY_BLOCKED --lang zh`
    """
    from trivet.documents.codes import code, codes

    chosen = list(codes().values()) if name is None else [code(name)]
    rows = [
        {
            "code": one.name,
            "area": one.area[lang],
            "meaning": one.said[lang].means,
            "cure": one.said[lang].cure,
        }
        for one in chosen
    ]
    if name is None or json:
        output.print_rows(rows, ["code", "area", "meaning", "cure"], as_json=json)
        return
    (row,) = rows
    output.print_lines([f"{row['code']}  ({row['area']})", f"  {row['meaning']}"])
    if row["cure"]:
        output.print_lines([f"  {row['cure']}"])
