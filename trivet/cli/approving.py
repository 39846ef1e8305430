"""`trivet approvals`: what waits for a named person, and her answer."""

from typing import Annotated, Any

import typer

from trivet.cli import options, output
from trivet.cli.options import Json, Limit

approvals = typer.Typer(help="Show, approve and reject what waits for a named person.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="The approval, see `trivet approvals list`.")]
Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept with every delivery.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept in the audit trail.")]
_LIST = ["approval", "flow", "batch", "state", "causes", "operations", "people", "expires_at", "decided_by"]


@approvals.command("list")
def list_(
    state: Annotated[
        str, typer.Option("--state", help="waiting, approved, rejected, expired, replaced, or all.")
    ] = "waiting",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List what waits for a named person, newest first. Example: `trivet approvals list`"""
    from trivet.flow.gates.approvals import listed

    with options.hub() as hub:
        rows = listed(hub, None if state == "all" else state, limit)
    output.print_rows(rows, _LIST, as_json=json, empty="nothing waits for an approval")


@approvals.command("show")
def show(which: Which, json: Json = False) -> None:
    """Show every operation of one approval: for whom, what would go where, and why. Example: `trivet approvals show a1f`"""
    from trivet.flow.gates.approvals import shown

    with options.hub() as hub:
        found = shown(hub, which)
    if json:
        output.print_json(found)
        return
    causes = ", ".join(found["causes"])
    output.print_lines([f"{found['approval']} of batch {found['batch']}: {found['state']}, for {causes}", ""])
    columns = ["target", "entity", "kind", "subject_ref", "decision", "reason"]
    if wanted := found.get("wanted"):
        about = f"batch {wanted['batch']}" if wanted["batch"] else f"person {wanted['subject_ref']}"
        output.print_lines([f"{wanted['asked_by']} wants {wanted['verb']} of {about}: {wanted['reason']}"])
        told = [
            wanted["number"] and f"employee number: {wanted['number']}",
            wanted["outcome"] and f"came to: {wanted['outcome']}",
            wanted["changed"]
            and "what it would do has changed since it was asked: it cannot be approved any more",
        ]
        output.print_lines([*filter(None, told), ""])
        columns = ["target", "entity", "kind", "subject_ref", "reference", "state"]
    output.print_rows(found["operations_waiting"], columns, as_json=False)


@approvals.command("approve")
def approve(
    which: Which,
    actor: Actor = "cli",
    note: Note = "",
    seen: Annotated[
        str | None,
        typer.Option("--seen", help="The `digest` that `show --json` told: what changed since is refused."),
    ] = None,
    json: Json = False,
) -> None:
    """Approve all of it and send it, or do what somebody asked for.

    Example: `trivet approvals approve a1f --note "talked with the managers"`"""
    from trivet.flow import wishes
    from trivet.flow.gates import approvals as deciding

    with options.hub() as hub:
        wish = "wanted" in deciding.shown(hub, which)
        done = deciding.approve(hub, which, actor=actor, note=note, seen=seen)
        rows = wishes.carry_out(hub, which) if wish else deciding.send(hub, which)
    _say(done, rows, as_json=json)
    raise typer.Exit(1 if any(row.get("problem") or row.get("message") for row in rows) else 0)


@approvals.command("reject")
def reject(which: Which, actor: Actor = "cli", note: Note = "", json: Json = False) -> None:
    """Reject all of it: it is cancelled, and not asked for again unless it changes. Example: `trivet approvals reject a1f`"""
    from trivet.flow.gates import approvals as deciding

    with options.hub() as hub:
        done = deciding.reject(hub, which, actor=actor, note=note)
    _say(done, [], as_json=json)


@approvals.command("reset-passkeys")
def reset_passkeys(
    person: Annotated[str, typer.Argument(help="Who lost the last device, as approvals show the name.")],
    actor: Actor = "cli",
    json: Json = False,
) -> None:
    """Forget somebody's passkeys, so that the next login registers one; nobody does it to herself.

    Example: `trivet approvals reset-passkeys li.na`
    """
    from trivet.flow.gates import passkeys

    with options.hub() as hub:
        done = passkeys.reset(hub, person, actor=actor)
    _say(done, [], as_json=json)


def _say(done: Any, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"changed": done.changed, "message": done.message, "rows": rows})
        return
    output.print_lines([done.message])
    if rows:
        sent = ["target", "confirmed", "refused", "left", "problem"]
        undone = ["would", "target", "entity", "reference", "state", "message"]
        output.print_rows(rows, undone if "would" in rows[0] else sent, as_json=False)
