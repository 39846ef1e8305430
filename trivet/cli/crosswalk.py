"""`trivet crosswalk`: who is who between HR system and ERPs, and a person's word on it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trivet.cli import options, output
from trivet.cli.options import Json

if TYPE_CHECKING:
    from trivet.flow.crosswalk import Correction

crosswalk = typer.Typer(help="Show and correct which employee number is a candidate's.", no_args_is_help=True)
Who = Annotated[
    str, typer.Argument(help="Candidate id, the HR system's id, an employee number, or the pseudonym.")
]
Number = Annotated[str, typer.Argument(help="Employee number, as the ERP writes it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]
Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")]
ApprovedBy = Annotated[
    str | None,
    typer.Option("--approved-by", help="Who approved taking back, another person: production demands one."),
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Leave what was delivered; the next run changes it where the ERP can.")
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Do it; without this it only shows what would be taken back.")
]


@crosswalk.command("show")
def show(who: Who, json: Json = False) -> None:
    """Every id of a person and who says so. Example: `trivet crosswalk show 10000101`"""
    from trivet.flow import crosswalk as correcting

    with options.hub() as hub:
        rows = correcting.show(hub, who)
    output.print_rows(rows, ["subject_ref", "system", "identifier", "source"], as_json=json)


@crosswalk.command("link")
def link(
    who: Who, number: Number, reason: Reason, actor: Actor = "cli", approved_by: ApprovedBy = None,
    keep: Keep = False, yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """Say that a number is this candidate's, whatever systems say: what was delivered under another one is taken back, and the
    next night delivers it anew.

    Example: `trivet crosswalk link 10000101 10000999 --reason "typed wrong by HR" --yes`
    """
    from trivet.flow.crosswalk import Correction
    from trivet.flow.crosswalk import link as linking

    _correct(linking, Correction(who, number, actor, reason, approved_by, keep), yes=yes, as_json=json)


@crosswalk.command("unlink")
def unlink(
    who: Who, number: Number, reason: Reason, actor: Actor = "cli", approved_by: ApprovedBy = None,
    keep: Keep = False, yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """Say that a number is not this candidate's: what was delivered under it is taken back, and waits for the right one.

    Example: `trivet crosswalk unlink 10000101 10000101 --reason "another person" --yes`
    """
    from trivet.flow.crosswalk import Correction
    from trivet.flow.crosswalk import unlink as unlinking

    _correct(unlinking, Correction(who, number, actor, reason, approved_by, keep), yes=yes, as_json=json)


def _correct(do: Callable[[Any, "Correction"], Any], said: "Correction", *, yes: bool, as_json: bool) -> None:
    from trivet.flow import undoing

    with options.hub() as hub:
        if not yes:
            rows = [] if said.keep else undoing.preview_rollback(hub, said.who)
            columns = ["target", "entity", "reference", "state", "would"]
            output.print_rows(rows, columns, as_json=as_json, empty="nothing to take back")
            if not as_json:
                output.print_lines(["", "nothing was changed; add --yes to do it"])
            return
        rows = do(hub, said)
    columns = ["target", "entity", "reference", "state", "message"]
    output.print_rows(rows, columns, as_json=as_json, empty="nothing had to be taken back")
    if not as_json:
        output.print_lines(["", "the crosswalk is corrected; the next night delivers what belongs to it"])
