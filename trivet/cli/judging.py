"""`trivet agreement` and `trivet impact`: how AI and people compare, and how scores fall on groups of people."""

from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json

OnlyFlow = Annotated[str | None, typer.Option("--flow", help="Only what the systems of this flow hold.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write the table to this file as well.")]


def agreement(
    flow: OnlyFlow = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only judgements from this day on, like 2026-11-01.")
    ] = None,
    csv: Csv = None,
    json: Json = False,
) -> None:
    """Compare the AI's scores with the interviewers', per competency, position family and scorer version.

    Kappa and correlations: 1 is full agreement, 0 none. Difference: AI minus people, in points. Example: `trivet agreement`
    """
    from trivet.flow import agreement as comparing
    from trivet.spreadsheet import write_rows

    with options.hub() as hub:
        rows = comparing.agreement(hub, flow, since)
    if csv is not None:
        write_rows(csv, comparing.COLUMNS, rows)
    columns = ["competency", "family", "n", "says", "kappa", "pearson", "spearman", "difference", "distance"]
    columns += ["ai_silent", "people_n", "people_kappa", "scorers"]
    output.print_rows(
        rows if json else comparing.for_people(rows), columns, as_json=json,
        empty="no interview has both an assessment and a judgement",
    )  # fmt: skip
