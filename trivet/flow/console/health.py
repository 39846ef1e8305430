"""How the connections of flows are doing: who uses them, whether they are paused, what they spend, what went wrong last."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from trivet.errors import TrivetError
from trivet.flow.definition import Flow, load_flow
from trivet.flow.hub import Hub
from trivet.ledger import breakers
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import cursor, operation, scoring
from trivet.ledger.times import stamp


@dataclass(slots=True)
class Health:
    """One connection."""

    id: str
    connector: str = ""
    environment: str = ""
    problem: str = ""
    """Why it cannot be used at all: not stored, or stored wrongly."""
    uses: set[tuple[str, str]] = field(default_factory=set)
    """Flow and role: `source`, `recordings`, `scorer`, `target`, `mail`."""
    failures: int = 0
    until: str = ""
    """Nobody calls it before that time."""
    reason: str = ""
    in_the_air: int = 0
    error_code: str = ""
    error_text: str = ""
    error_at: str = ""
    calls_per_second: float | None = None
    paused_until: str = ""
    """The vendor asked for a pause."""
    backlog_seconds: float = 0.0
    """So far ahead its calls are booked."""
    last_read: str = ""

    @property
    def state(self) -> str:
        """`broken`, `paused`, `failing`, or `fine` as far as the last calls tell."""
        if self.problem:
            return "broken"
        if self.until or self.paused_until:
            return "paused"
        return "failing" if self.failures else "fine"


def connections(hub: Hub, flows: Iterable[str]) -> list[Health]:
    """The connections of these flows, those in trouble first."""
    found: dict[str, Health] = {}
    for name in flows:
        try:
            flow = load_flow(hub.settings.home, name)
        except TrivetError:
            continue
        for role, conn_id in _roles(flow):
            found.setdefault(conn_id, Health(conn_id)).uses.add((name, role))
    with hub.ledger.read() as tx:
        for known in found.values():
            _stored(hub, known)
            _spared(tx, known)
            _last(tx, known)
            _budget(hub, known)
    order = ("broken", "paused", "failing", "fine")
    return sorted(found.values(), key=lambda one: (order.index(one.state), one.id))


def check(hub: Hub, conn_id: str, flows: Iterable[str]) -> list[tuple[str, str]]:
    """Asks the connection in each of its roles whether it answers: role and what is wrong, empty where nothing is."""
    from trivet.contract import MailerConnector, RecordingsConnector, ScorerConnector, TargetConnector
    from trivet.flow.ports import ports

    kinds: dict[str, Any] = {
        "recordings": RecordingsConnector, "scorer": ScorerConnector, "target": TargetConnector, "mail": MailerConnector,
    }  # fmt: skip
    roles: dict[str, Any] = {}
    for name in flows:
        flow = load_flow(hub.settings.home, name)
        roles |= {role: kinds[role] for role, one in _roles(flow) if one == conn_id and role in kinds}
        if any(one == conn_id for role, one in _roles(flow) if role == "source"):
            roles |= {
                port.kind.__name__.removesuffix("Connector").lower(): port.kind
                for port in ports(hub, flow)
                if port.connection == conn_id
            }
    return [(role, _answer(hub, kind, conn_id)) for role, kind in sorted(roles.items())]


def _answer(hub: Hub, kind: Any, conn_id: str) -> str:
    try:
        with hub.built(kind, conn_id) as built:
            built.check()
    except TrivetError as error:
        return error.explained()
    return ""


def _roles(flow: Flow) -> list[tuple[str, str]]:
    named = [("source", one.connection) for one in flow.inflows]
    named += [("recordings", flow.recordings)] if flow.recordings else []
    named += [("scorer", name) for name in flow.scorers()]
    named += [("target", name) for name in flow.targets()]
    named += [("mail", flow.reports.mail.connection)] if flow.reports and flow.reports.mail else []
    return list(dict.fromkeys(named))


def _stored(hub: Hub, known: Health) -> None:
    try:
        stored = hub.connections(known.id)
    except TrivetError as error:
        known.problem = error.explained()
        return
    known.connector, known.environment = stored.connector, stored.environment
    network = stored.extra.get("network")
    rate = network.get("calls_per_second") if isinstance(network, dict) else None
    known.calls_per_second = float(rate) if isinstance(rate, int | float) else None


def _spared(tx: Transaction, known: Health) -> None:
    failing = breakers.get(tx, known.id)
    if failing is not None:
        known.failures, known.reason = failing.failures, failing.reason
        known.until = failing.until if failing.until > tx.stamp else ""


def _last(tx: Transaction, known: Health) -> None:
    at_it = operation.c.target == known.id
    flying = operation.c.state.in_(("intent", "accepted", "unknown", "comp_intent", "comp_unknown"))
    known.in_the_air = tx.conn.scalar(select(func.count()).where(at_it, flying)) or 0
    refused = select(operation.c.error_code, operation.c.error_text, operation.c.updated_at)
    refused = refused.where(at_it, operation.c.state.in_(("rejected", "stuck")))
    row = tx.conn.execute(refused.order_by(operation.c.seq.desc()).limit(1)).first()
    if row is None:
        failed = select(scoring.c.code, scoring.c.message, scoring.c.updated_at)
        failed = failed.where(scoring.c.scorer == known.id, scoring.c.state == "refused")
        scores = any(role == "scorer" for _, role in known.uses)
        row = (
            tx.conn.execute(failed.order_by(scoring.c.updated_at.desc()).limit(1)).first() if scores else None
        )
    if row is not None:
        known.error_code, known.error_text, known.error_at = row[0] or "", row[1] or "", row[2]
    known.last_read = (
        tx.conn.scalar(select(func.max(cursor.c.updated_at)).where(cursor.c.connection == known.id)) or ""
    )


def _budget(hub: Hub, known: Health) -> None:
    """What the machine's shared rate budget says (`trivet.budget`); absent where it never called."""
    file = hub.settings.state / "budget" / f"{known.id}.json"
    try:
        state = json.loads(file.read_bytes() or b"{}")
    except (OSError, ValueError):
        return
    paused, now = float(state.get("paused_until", 0)), time.time()
    if paused > now:
        known.paused_until = stamp(datetime.fromtimestamp(paused, UTC))
    known.backlog_seconds = max(0.0, float(state.get("next", 0)) - now)
