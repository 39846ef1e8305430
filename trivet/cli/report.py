"""`trivet report`: the report of an interview as a file, and its letter."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from trivet.cli import options, output
from trivet.cli.options import Json


class _Reports(TyperGroup):
    """`trivet report 10000101` is short for `trivet report make 10000101`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


report = typer.Typer(
    cls=_Reports, help="Write the report of an interview, or mail it. Example: `trivet report 10000101`",
    no_args_is_help=True,
)  # fmt: skip
What = Annotated[
    str,
    typer.Argument(
        help="Candidate (id, the HR system's id, employee number, pseudonym), or id of an interview or application."
    ),
]


@report.command("make")
def make(
    what: What,
    language: Annotated[
        Literal["zh", "en"] | None, typer.Option("--language", help="Default: the position's language.")
    ] = None,
    audience: Annotated[
        Literal["recruiter", "candidate"],
        typer.Option(
            "--for", help="The candidate's version is short, and made only where the flow allows it."
        ),
    ] = "recruiter",
    form: Annotated[Literal["html", "pdf"], typer.Option("--format", help="What is written.")] = "html",
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path(),
    json: Json = False,
) -> None:
    """Write the report of each of the person's interviews, or of one, as a file. It holds personal data.

    Example: `trivet report 10000101 --format pdf --language en --out /tmp`
    """
    from trivet.flow.reports_by_hand import Wanted, write

    with options.hub() as hub:
        rows = write(hub, what, Wanted(language, audience, form), out, actor=options.user())
    _print(rows, ["interview", "reference", "language", "file"], as_json=json)


@report.command("mail")
def mail(
    what: What,
    again: Annotated[
        bool, typer.Option("--again", help="Those, too, who were refused or of whom the answer was lost.")
    ] = False,
    json: Json = False,
) -> None:
    """Send the report to those recipients of the flow who did not get it yet.

    Example: `trivet report mail 10000101 --again`
    """
    from trivet.flow.reports_by_hand import send

    with options.hub() as hub:
        rows = send(hub, what, again=again)
    _print(rows, ["interview", "reference", "letters", "code", "message"], as_json=json)
    raise typer.Exit(1 if any(row["code"] for row in rows) else 0)


def _print(rows: list[dict[str, Any]], columns: list[str], *, as_json: bool) -> None:
    output.print_rows(rows, columns, as_json=as_json)
