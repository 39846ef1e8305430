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
    from trivet.flow.judging import agreement as comparing
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


def impact(
    groups: Annotated[
        Path,
        typer.Option(
            "--groups", help="CSV: application_id or candidate_id, sex, race_ethnicity. Is read, never kept."
        ),
    ],
    competency: Annotated[
        str | None, typer.Option("--competency", help="Of this competency's scores.")
    ] = None,
    overall: Annotated[
        bool, typer.Option("--overall", help="Of the mean of all scores; the default.")
    ] = False,
    flow: OnlyFlow = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only assessments from this day on, like 2026-01-01.")
    ] = None,
    leave_out_small: Annotated[
        bool, typer.Option("--leave-out-small", help="No ratio for categories below 2 % of the people.")
    ] = False,
    csv: Csv = None,
    json: Json = False,
) -> None:
    """Show how scores fall on groups of people, in the tables of New York City's Local Law 144: rate above the median and
    impact ratio by sex, race/ethnicity, and both.

    Example: `trivet impact --groups groups.csv --since 2026-01-01 --csv tables.csv`
    """
    from trivet.errors import ConfigError
    from trivet.flow.judging import impact as falling
    from trivet.spreadsheet import write_rows

    if overall and competency:
        raise ConfigError(
            "--overall and --competency exclude each other", code="OPTIONS", cure="give one of them"
        )
    with options.hub() as hub:
        found = falling.impact(
            hub, groups, competency=competency, flow=flow, since=since, leave_out_small=leave_out_small
        )
    if csv is not None:
        write_rows(csv, falling.COLUMNS, found.rows)
    if json:
        output.print_json({"sample": found.sample, "tables": found.rows})
        return
    columns = ["table", "category", "count", "share", "above_median", "scoring_rate", "impact_ratio", "note"]
    output.print_rows(falling.for_people(found.rows), columns, as_json=False)
    output.print_lines(["", *falling.notes(found.sample)])
