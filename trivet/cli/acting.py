"""Commands with which a person acts on what went wrong: hold, pause, retry, decide a case, write off."""

from typing import Annotated, Any

import typer

from trivet.cli import options, output
from trivet.cli.options import Json

case = typer.Typer(help="List and decide what waits for a person.", no_args_is_help=True)

Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]
ApprovedBy = Annotated[
    str | None,
    typer.Option("--approved-by", help="Who approved it, another person: where the flow's policy asks."),
]
FlowName = Annotated[str, typer.Argument(help="Name of a file in mappings/flows/, without .yaml.")]
System = Annotated[str, typer.Argument(help="Id of a connection.")]
Which = Annotated[
    str, typer.Argument(help="A case (see `trivet case list`), or an operation's id or reference.")
]


def hold(flow: FlowName, reason: Reason, actor: Actor = "cli", json: Json = False) -> None:
    """Hold a flow: its next runs end at once and say why; nothing is lost, and the first run after the release goes on.

    Example: `trivet hold nightly_interviews --reason "reorganisation until Monday"`
    """
    from trivet.flow.holding import put_on_hold

    with options.hub() as hub:
        _say(put_on_hold(hub, "flow", flow, actor=actor, reason=reason), as_json=json)


def release(flow: FlowName, reason: Reason = "", actor: Actor = "cli", json: Json = False) -> None:
    """Let a held flow run again. Example: `trivet release nightly_interviews`"""
    from trivet.flow.holding import release as releasing

    with options.hub() as hub:
        _say(releasing(hub, "flow", flow, actor=actor, reason=reason), as_json=json)


def pause(system: System, reason: Reason, actor: Actor = "cli", json: Json = False) -> None:
    """Leave one system alone: nothing is read from it or sent to it, what is planned waits, and the others go on.

    Example: `trivet pause successfactors --reason "upgrade tonight"`
    """
    from trivet.flow.holding import put_on_hold

    with options.hub() as hub:
        _say(put_on_hold(hub, "system", system, actor=actor, reason=reason), as_json=json)


def resume(system: System, reason: Reason = "", actor: Actor = "cli", json: Json = False) -> None:
    """Let a paused system be called again; the next run sends what waited. Example: `trivet resume successfactors`"""
    from trivet.flow.holding import release as releasing

    with options.hub() as hub:
        _say(releasing(hub, "system", system, actor=actor, reason=reason), as_json=json)


def holds(json: Json = False) -> None:
    """List the flows on hold, the paused systems, and those in a maintenance window. Example: `trivet holds`"""
    from trivet.flow.holding import listed

    with options.hub() as hub:
        rows = listed(hub)
    output.print_rows(
        rows, ["kind", "name", "since", "by", "reason"], as_json=json, empty="nothing is on hold"
    )


def retry(
    operation: Annotated[str, typer.Argument(help="An operation's id or reference.")],
    reason: Reason = "",
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Send one refused or stuck operation again, as it is. Example: `trivet retry 5f2c9c-2 --reason "goal plan opened"`

    `trivet replay` decides it again with the files that count now.
    """
    from trivet.flow.actions import retry as retrying

    with options.hub() as hub:
        _done(retrying(hub, operation, actor=actor, note=reason), as_json=json)


def write_off(
    which: Which, reason: Reason, actor: Actor = "cli", approved_by: ApprovedBy = None, json: Json = False
) -> None:
    """Give up a stuck operation, or close a case, with the reason. Example: `trivet write-off c1f --reason "entered by hand"`"""
    from trivet.flow.actions import write_off as writing_off

    with options.hub() as hub:
        _done(writing_off(hub, which, actor=actor, reason=reason, approved_by=approved_by), as_json=json)


@case.command("list")
def case_list(json: Json = False) -> None:
    """List the open cases, oldest first, with what can be decided. Example: `trivet case list`"""
    from trivet.flow.actions import open_cases

    with options.hub() as hub:
        rows = open_cases(hub)
    columns = ["case", "opened_at", "code", "target", "reference", "message", "possible"]
    output.print_rows(rows, columns, as_json=json, empty="no case is open")


@case.command("decide")
def case_decide(
    which: Which,
    decision: Annotated[
        str,
        typer.Argument(
            help="send_again; confirmed or compensated (you looked there); take_back; written_off."
        ),
    ],
    reason: Reason = "",
    actor: Actor = "cli",
    approved_by: ApprovedBy = None,
    json: Json = False,
) -> None:
    """Decide a case: what you found at the system, or what is to be done. Example: `trivet case decide c1f confirmed`"""
    from trivet.errors import LedgerError
    from trivet.flow.actions import DECISIONS, decide_case

    chosen = next((one for one in DECISIONS if one == decision), None)
    if chosen is None:
        raise LedgerError(
            f"{decision!r} is no decision", code="DECISION_UNKNOWN", cure=f"one of {', '.join(DECISIONS)}"
        )
    with options.hub() as hub:
        done = decide_case(hub, which, chosen, actor=actor, note=reason, approved_by=approved_by)
    _done(done, as_json=json)


def _say(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json(row)
    else:
        output.print_lines([row["message"]])


def _done(done: Any, *, as_json: bool) -> None:
    if as_json:
        output.print_json({"changed": done.changed, "message": done.message, "rows": list(done.rows)})
    else:
        output.print_lines([done.message])
