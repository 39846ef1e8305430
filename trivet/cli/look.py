"""Commands that only look."""

from typing import Annotated

import typer

from trivet.cli import options, output
from trivet.cli.options import Json, Limit


def flows(json: Json = False) -> None:
    """List the flows: when they run, from where, to where.

    Example: `trivet flows`
    """
    from trivet.flow.definition import flow_files, load_flow
    from trivet.settings import load_settings

    home = load_settings().home
    rows = []
    for file in flow_files(home):
        flow = load_flow(home, file.stem)
        rows.append(
            {
                "flow": flow.name,
                "environment": flow.environment,
                "schedule": f"{flow.cron or 'by hand'} {flow.timezone}",
                "source": flow.sources(),
                "targets": flow.targets(),
                "title": flow.title,
            }
        )
    output.print_rows(
        rows,
        ["flow", "environment", "schedule", "source", "targets", "title"],
        as_json=json,
        empty="no flow files",
    )


def status(limit: Limit = 10, json: Json = False) -> None:
    """Show the latest batches: what was delivered, what waits, what was set aside and why.

    Example: `trivet status --limit 3`
    """
    from trivet.flow import reconcile, report

    with options.hub() as hub:
        rows = report.batches(hub, limit)
        aside = report.set_asides(hub, rows[0]["batch"]) if rows else []
        counted = reconcile.last(hub)
    if json:
        output.print_json({"batches": rows, "set_aside": aside, "reconciled": counted})
        return
    output.print_rows(
        rows,
        ["batch", "kind", "state", "opened_at", "operations", "set_aside"],
        as_json=False,
        empty="no batch yet: trivet run FLOW",
    )
    left = [
        f"{row['batch']}: a failed step left work, which the next night takes over"
        for row in rows
        if row["left_work"]
    ]
    output.print_lines(["", *left] if left else [])
    if aside:
        output.print_lines(["", "set aside in the latest batch:"])
        output.print_rows(aside, ["stage", "code", "place", "pointer", "message"], as_json=False)
    if counted:
        numbers = ", ".join(f"{counted[name]} {name}" for name in reconcile.NUMBERS if counted[name])
        output.print_lines(
            ["", f"counted {counted['at'][:16]}Z, {counted['about']}: {counted['state']} ({numbers})"]
        )


def deliveries(
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only this state, e.g. confirmed, rejected, waiting_identity, stuck."),
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="Only this target connection.")] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="Only this batch.")] = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List operations, newest first: what went where, its state, the vendor's answer, when it is due again.

    Example: `trivet deliveries --state rejected --system successfactors`
    """
    from trivet.flow import report

    with options.hub() as hub:
        rows = report.deliveries(hub, state=state, target=system, batch_id=batch, limit=limit)
    output.print_rows(
        rows,
        [
            "target",
            "entity",
            "kind",
            "reference",
            "state",
            "remote_id",
            "error_code",
            "error_text",
            "due_at",
            "batch_id",
        ],
        as_json=json,
    )


def orders(
    status: Annotated[
        str | None, typer.Option("--status", help="Only these: open, completed or cancelled.")
    ] = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List the assessments that were ordered in HR systems, newest first: how old, of what, what was sent about them.

    Example: `trivet orders --status open`
    """
    from trivet.flow.orders import listed

    with options.hub() as hub:
        rows = listed(hub, status, limit)
    output.print_rows(
        rows,
        ["order", "connection", "package", "status", "days", "application", "sent"],
        as_json=json,
        empty="nothing was ordered",
    )


def person(
    who: Annotated[
        str, typer.Argument(help="Candidate id, the HR system's id, an employee number, or the pseudonym.")
    ],
    json: Json = False,
) -> None:
    """Everything known about one candidate and everything sent, in order, with the reason for each decision.

    Example: `trivet person 10000101`
    """
    from trivet.flow import report
    from trivet.flow.privacy import opened

    with options.hub() as hub:
        found = report.person(hub, who)
        opened.note(hub, [found["subject_ref"]], "trivet person", actor=options.user())
    if json:
        output.print_json(found)
        return
    output.print_lines([f"{found['name']}  {found['candidate_id']}  pseudonym {found['subject_ref']}", ""])
    output.print_rows(found["timeline"], ["at", "what", "about", "detail"], as_json=False)


def connectors(json: Json = False) -> None:
    """List the installed connectors, ours and third parties'.

    Example: `trivet connectors`
    """
    from trivet.registry import installed

    rows = [
        {
            "role": group.removeprefix("trivet."),
            "name": declaration.name,
            "title": declaration.title,
            "experimental": declaration.experimental or None,
            "connection_type": f"trivet_{declaration.name}",
            "settings": sorted(declaration.config.model_fields),
        }
        for group, declaration in installed()
    ]
    output.print_rows(rows, ["role", "name", "title", "connection_type", "experimental"], as_json=json)


def doctor(json: Json = False) -> None:
    """Check this deployment: folders, keys, ledger, files, and every connection of every flow.

    Example: `trivet doctor`
    """
    from trivet.cli.doctor import diagnose

    rows = diagnose()
    output.print_rows(rows, ["ok", "what", "detail", "cure"], as_json=json)
    raise typer.Exit(1 if any(row["ok"] == "no" for row in rows) else 0)


def compare(flow: Annotated[str, typer.Argument(help="The flow's name.")], json: Json = False) -> None:
    """How scorers that a flow tries out (`shadow`) differ from what it delivered, per competency, on the same interviews.

    Differences are in points of 10: tried out minus delivered; `far_apart` counts those above one point.
    Example: `trivet compare nightly_interviews`
    """
    from trivet.flow.judging import compare as comparing

    with options.hub() as hub:
        rows = comparing.compare(hub, hub.flow(flow))
    columns = [
        "scorer", "competency", "both", "only_tried", "only_delivered", "mean_difference", "mean_apart", "far_apart",
        "correlation",
    ]  # fmt: skip
    output.print_rows(
        rows, columns, as_json=json,
        empty="nothing to compare: name scorers under `shadow` in a route of the flow, and let a night run",
    )  # fmt: skip
