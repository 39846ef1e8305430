"""`trivet run`: the steps of a flow in this process, with progress while it works and a closing table."""

import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rich.console import Console

from trivet.cli import output
from trivet.errors import AuthFailed, ConnectorError, TrivetError
from trivet.flow import report, steps
from trivet.flow.gates import approvals
from trivet.flow.holding import flow_waits
from trivet.flow.hub import Hub


def run_flow(hub: Hub, name: str, run_key: str, *, fresh: bool, dry_run: bool, as_json: bool) -> int:
    """0 when everything that could be delivered was, 1 when something was set aside, refused or is stuck."""
    say = Console(stderr=True, quiet=as_json)
    flow = hub.flow(name)
    held = flow_waits(hub, name)
    if held is not None:
        output.print_json({"held": held}) if as_json else output.print_lines([held, "nothing was done"])
        return 0
    with say.status(f"{name}: pulling from {', '.join(flow.sources())}") as status:
        batch_id = steps.hear(hub, name, run_key) if fresh else steps.pull(hub, name, run_key)
        if batch_id is None:
            output.print_lines(["{}" if as_json else f"{name}: nobody told anything new"])
            return 0
        say.print(f"pulled into {steps.about_run(hub, batch_id)}")
        for shard in range(flow.shards):
            status.update(f"{name}: scoring, part {shard + 1} of {flow.shards}")
            _score(hub, batch_id, shard, flow.shards, status, name)
        if dry_run:
            return _show_plan(steps.plan_only(hub, batch_id), as_json=as_json)
        status.update(f"{name}: deciding")
        steps.decide(hub, batch_id)
        failures = []
        for target in flow.targets():
            status.update(f"{name}: pushing to {target}")
            failures += _push(hub, batch_id, target)
        status.update(f"{name}: settling and verifying")
        steps.conclude(hub, batch_id)
    return _close(hub, batch_id, failures, as_json=as_json)


def _score(hub: Hub, batch_id: str, shard: int, of: int, status: Any, name: str) -> None:
    """One shard, until no scorer works on anything of it any more or the flow's patience is over."""
    progress = partial(_scored, status, name)
    while (again_at := steps.score(hub, batch_id, shard, of, progress).again_at) is not None:
        status.update(f"{name}: scoring, a service works on, asked again at {again_at.astimezone():%H:%M:%S}")
        time.sleep(max(0.0, (again_at - hub.now()).total_seconds()))


def _scored(status: Any, name: str, done: int, of: int) -> None:
    status.update(f"{name}: scoring, {done} of {of} interviews")


def _push(hub: Hub, batch_id: str, target: str) -> list[TrivetError]:
    # one system that is down or locked out does not keep the results from the others
    try:
        steps.push(hub, batch_id, target)
    except (AuthFailed, ConnectorError) as error:
        output.print_error(error, as_json=False)
        return [error]
    return []


def _show_plan(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> int:
    output.print_rows(
        rows,
        ["target", "entity", "kind", "reference", "state", "document"],
        as_json=as_json,
        empty="nothing to send",
    )
    if rows and not as_json:
        output.print_lines(["", f"{len(rows)} operations planned, none sent"])
    return 0


def _close(hub: Hub, batch_id: str, failures: Sequence[TrivetError], *, as_json: bool) -> int:
    summary = report.summary(hub, batch_id)
    if as_json:
        output.print_json(summary)
    else:
        output.print_rows(
            summary["systems"],
            ["system", "delivered", "waiting", "planned", "refused", "unknown", "stuck", "cancelled"],
            as_json=False,
            empty="nothing to deliver",
        )
        if summary["set_aside"]:
            output.print_lines(["", "set aside:"])
            output.print_rows(
                summary["set_aside"], ["stage", "code", "place", "pointer", "message"], as_json=False
            )
        sys.stdout.write(f"\nbatch {batch_id}: {summary['state']}\n")
        _tell_what_waits(hub, batch_id)
    return 1 if failures or summary["problems"] else 0


def _tell_what_waits(hub: Hub, batch_id: str) -> None:
    for row in approvals.listed(hub):
        if row["batch"] == batch_id:
            said = f"{row['operations']} operations wait for a named person ({', '.join(row['causes'])})"
            output.print_lines([f"{said}: trivet approvals show {row['approval']}"])
