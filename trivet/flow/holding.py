"""Flows on hold and systems that are left alone: a person's word, or a maintenance window.

    flow held        its next run ends at once and says so; what is planned waits, what was pulled goes on later
    system paused    nothing is read from it or sent to it, settling and taking back included; the other systems go on
    maintenance      the same, for the hours that the system's connection names

Nothing is lost: cursors stay, operations stay planned, and the first run after the release takes over.
"""

from typing import Any

from trivet.errors import ConfigError, LedgerError
from trivet.flow.definition import flow_files, load_flow
from trivet.flow.gates.approval import NOBODY
from trivet.flow.hub import Hub
from trivet.flow.windows import closed_until
from trivet.ledger import holds
from trivet.ledger.holds import Held

Row = dict[str, Any]
FLOW_HELD = "FLOW_HELD"
SYSTEM_PAUSED = "SYSTEM_PAUSED"


def put_on_hold(hub: Hub, kind: Held, name: str, *, actor: str, reason: str) -> Row:
    """Holds a flow or pauses a system; a second time changes nothing, and the first word stays."""
    named(actor)
    _known(hub, kind, name)
    if len(reason.strip()) < 3:
        raise LedgerError(
            "say why: whoever finds it held at night has to know", code="REASON_MISSING",
            place=f"{kind} {name}", cure='--reason "ERP upgrade until Monday"',
        )  # fmt: skip
    with hub.ledger.begin() as tx:
        changed = holds.put(tx, kind, name, reason=reason.strip(), actor=actor)
        known = holds.get(tx, kind, name)
    return {"kind": kind, "name": name, "changed": changed, "message": known.said() if known else ""}


def release(hub: Hub, kind: Held, name: str, *, actor: str, reason: str = "") -> Row:
    """Lets it go on; a second time changes nothing."""
    named(actor)
    _known(hub, kind, name)
    with hub.ledger.begin() as tx:
        changed = holds.lift(tx, kind, name, reason=reason, actor=actor)
    said = "goes on with its next run" if changed else "was not on hold"
    return {"kind": kind, "name": name, "changed": changed, "message": f"{kind} {name} {said}"}


def listed(hub: Hub) -> list[Row]:
    """Everything that a person holds, and the systems in a maintenance window now."""
    with hub.ledger.read() as tx:
        rows: list[Row] = [
            {"kind": one.kind, "name": one.name, "since": one.since, "by": one.actor, "reason": one.reason}
            for one in holds.every(tx)
        ]
    for name in _systems(hub):
        until = closed_until(hub.connections(name), hub.now())
        if until is not None:
            reason = f"maintenance until {until.isoformat(timespec='minutes')}"
            rows.append(
                {"kind": "system", "name": name, "since": None, "by": "its connection", "reason": reason}
            )
    return rows


def check_flow(hub: Hub, flow_name: str) -> None:
    """`LedgerError` FLOW_HELD where a person holds the flow."""
    said = flow_waits(hub, flow_name)
    if said is not None:
        raise LedgerError(
            f"{said}; nothing is lost, the first run after its release takes over", code=FLOW_HELD,
            place=f"flow {flow_name}", cure=f"`trivet release {flow_name}` when the reason is gone",
        )  # fmt: skip


def flow_waits(hub: Hub, flow_name: str) -> str | None:
    """Who holds the flow and why; None where it may run."""
    with hub.ledger.read() as tx:
        held = holds.get(tx, "flow", flow_name)
    return held.said() if held else None


def system_waits(hub: Hub, conn_id: str) -> str | None:
    """Why the system is not to be called now; None where it may be."""
    with hub.ledger.read() as tx:
        held = holds.get(tx, "system", conn_id)
    if held is not None:
        return held.said()
    until = closed_until(hub.connections(conn_id), hub.now())
    return (
        f"system {conn_id} is in maintenance until {until.isoformat(timespec='minutes')}" if until else None
    )


def named(actor: str) -> None:
    """`LedgerError` ACTOR_UNKNOWN where the actor names no person."""
    if actor.strip().casefold() in NOBODY:
        raise LedgerError(
            "nobody is known to have asked for this, and the audit trail wants a name", code="ACTOR_UNKNOWN",
            cure="say who you are (--actor)",
        )  # fmt: skip


def _known(hub: Hub, kind: Held, name: str) -> None:
    # a misspelt name would be held, and the right one run
    if kind == "flow":
        load_flow(hub.settings.home, name)
    else:
        hub.connections(name)


def _systems(hub: Hub) -> list[str]:
    names: dict[str, None] = {}
    for file in flow_files(hub.settings.home):
        try:
            flow = load_flow(hub.settings.home, file.stem)
            for name in [*flow.sources(), *flow.targets()]:
                hub.connections(name)
                names[name] = None
        except ConfigError:
            # its own run says what is wrong with it
            continue
    return list(names)
