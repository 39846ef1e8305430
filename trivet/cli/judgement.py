"""`trivet judgement`: what interviewers thought, typed in or read from a spreadsheet."""

from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json
from trivet.errors import DocumentRefused

judgement = typer.Typer(
    help="Keep what interviewers thought, beside the AI's scores; `trivet agreement` compares the two.",
    no_args_is_help=True,
)
Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who types; kept in the audit trail.")]
COLUMNS = ["interview", "by", "given_at", "scores", "overall"]


@judgement.command("add")
def add(
    interview: Annotated[str, typer.Argument(help="The interview's id, or the HR system's own id of it.")],
    by: Annotated[
        str, typer.Option("--by", help="Who judged: name, e-mail or number. A pseudonym of it is kept.")
    ],
    score: Annotated[
        list[str] | None, typer.Option("--score", help="COMPETENCY=0..10 with one decimal; may come again.")
    ] = None,
    overall: Annotated[str | None, typer.Option("--overall", help="The whole impression, 0..10.")] = None,
    remarks: Annotated[str | None, typer.Option("--remarks", help="In the interviewer's own words.")] = None,
    given_at: Annotated[str | None, typer.Option("--given-at", help="When; now, if left out.")] = None,
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Keep one interviewer's judgement of one interview; said again, it replaces what she said before.

    Example: `trivet judgement add 7012 --by "Li Na" --score teamwork=7 --score communication=8.5`
    """
    from trivet.flow.judging import judgements

    said = judgements.Said(interview, by, _scores(score or []), overall, remarks, given_at)
    with options.hub() as hub:
        rows = judgements.add(hub, [said], actor=actor)
    output.print_rows(rows, [*COLUMNS, "became"], as_json=json)


@judgement.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, UTF-8; the first line names the columns.")],
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Keep every judgement of a CSV with the columns interview, by, and one for each competency; given_at, overall and
    remarks where you like. All rows or none.

    Example: `trivet judgement import judgements.csv`
    """
    from trivet.flow.judging import judgements

    with options.hub() as hub:
        rows = judgements.import_file(hub, file, actor=actor)
    output.print_rows(rows, [*COLUMNS, "became"], as_json=json)


@judgement.command("list")
def show(
    interview: Annotated[str | None, typer.Argument(help="Only of this interview.")] = None,
    json: Json = False,
) -> None:
    """List the judgements, newest first; remarks are shown by `trivet person`. Example: `trivet judgement list 7012`"""
    from trivet.flow.judging import judgements

    with options.hub() as hub:
        rows = judgements.shown(hub, interview)
    output.print_rows(rows, [*COLUMNS, "remarks"], as_json=json, empty="no judgement is known")


def _scores(said: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in said:
        name, equals, number = entry.partition("=")
        if not equals or name.strip() in found:
            told = "is given twice" if equals else "is not COMPETENCY=SCORE"
            raise DocumentRefused(
                f"--score {name.strip()!r} {told}", code="SCORE_OPTION", cure="--score teamwork=7"
            )
        found[name.strip()] = number
    return found
