"""Planned operations go out, unknowns are settled, what arrived is read again, and the batch comes to its end."""

import logging
from contextlib import ExitStack
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from trivet.contract import Describing, TargetConnector, TargetTraits
from trivet.delivery import compensate, progress
from trivet.delivery import push as pushing
from trivet.delivery import settle as settling
from trivet.delivery import verify as verifying
from trivet.delivery.compensate import RollbackReport, Scope
from trivet.delivery.push import PushReport
from trivet.delivery.settle import SettleReport
from trivet.delivery.states import FLYING, TAKING_BACK
from trivet.delivery.work import Limits
from trivet.errors import AuthFailed, ConfigError, ConnectorError, LedgerError, TrivetError
from trivet.flow.definition import Flow
from trivet.flow.drift import hold, notice, target_seen
from trivet.flow.gates.asking import ask
from trivet.flow.holding import flow_waits, system_waits
from trivet.flow.hub import Hub
from trivet.flow.privacy.forbidden import stop_forbidden
from trivet.flow.through import missing
from trivet.ledger import batches, gates, operations
from trivet.ledger.batches import Batch
from trivet.ledger.tables import operation

log = logging.getLogger(__name__)
_NOT_NOW = ("LEASE_HELD", "DRIFT_HELD")
"""Another worker is at it, or a person has to accept first what looks different: a later run sends it."""


def push(hub: Hub, flow: Flow, batch: Batch, target_id: str) -> PushReport | None:
    """Sends what is planned for one target; None before the flow's cut-over date, and while flow or system is on hold.

    Raises AuthFailed, RateLimited or Retryable where the connection must stop; what was not sent stays planned.
    """
    if not _ready(hub, flow, batch, target_id):
        return None
    declaration, _ = hub.declared(TargetConnector, target_id)
    with hub.built(TargetConnector, target_id) as target:
        target.check()
        if isinstance(target, Describing):
            notice(hub, flow, batch, [target_seen(target_id, target.describe())])
        done = _send(hub, flow, batch, target_id, target, declaration.traits)
    if done.stopped is not None:
        raise done.stopped
    return done


def _ready(hub: Hub, flow: Flow, batch: Batch, target_id: str) -> bool:
    """Whether anything may go there now; what of it must not is stopped, or a person is asked."""
    night = _night(hub, flow)
    if night is not None and night < 0:
        log.info("push batch=%s target=%s held until the cut-over date", batch.id, target_id)
        return False
    waits = flow_waits(hub, flow.name) or system_waits(hub, target_id)
    if waits is not None:
        log.info("push batch=%s target=%s waits: %s", batch.id, target_id, waits)
        return False
    stop_forbidden(hub, flow, batch, target_id)
    # what is planned since, or marked by a policy that is stricter now, must not slip through
    ask(hub, flow, batch)
    return True


def _send(
    hub: Hub, flow: Flow, batch: Batch, target_id: str, target: Any, traits: TargetTraits
) -> PushReport:
    """Sends what is planned, of as many people as the first nights allow; `LedgerError` DRIFT_HELD where a person comes first."""
    if isinstance(target, Describing):
        hold(hub, flow)
    night = _night(hub, flow)
    first = night is not None and night < flow.going_live.nights
    return pushing.push(
        hub.ledger,
        batch.id,
        target_id,
        target,
        traits,
        cap=flow.going_live.persons if first else None,
        cap_since=_today(hub, flow),
        limits=_limits(flow, target_id),
    )


def _limits(flow: Flow, target_id: str) -> Limits:
    codes = [entry.closed_codes for entry in flow.deliveries if entry.connection == target_id]
    return Limits(closed=frozenset().union(*codes))


def _night(hub: Hub, flow: Flow) -> int | None:
    """Nights since the cut-over in the flow's own zone, negative before it; None where none is set."""
    if flow.going_live.cut_over is None:
        return None
    return (_today(hub, flow).date() - flow.going_live.cut_over) // timedelta(days=1)


def _today(hub: Hub, flow: Flow) -> datetime:
    """When the day began in the flow's own zone."""
    return datetime.combine(hub.now().astimezone(zone := ZoneInfo(flow.timezone)), time.min, zone)


def conclude(hub: Hub, flow: Flow, batch: Batch) -> list[TrivetError]:
    """Settles, takes back what the policy demands, verifies, closes the batch; the troubles that stay."""
    troubles = look_after(hub, flow, batch)
    with hub.ledger.read() as tx:
        left = missing(flow, batches.get(tx, batch.id))
    if left:
        log.warning(
            "conclude batch=%s: the next night goes on with what is left of %s", batch.id, ", ".join(left)
        )
    progress.finish(hub.ledger, batch.id, left)
    return troubles


def look_after(hub: Hub, flow: Flow, batch: Batch) -> list[TrivetError]:
    """Settles and verifies what the batch sent; the troubles that stay."""
    troubles: list[TrivetError] = []
    for target_id in flow.targets():
        try:
            _settle_and_verify(hub, batch, target_id)
        except TrivetError as error:
            log.warning("conclude batch=%s target=%s: %s", batch.id, target_id, error)
            troubles.append(error)
    return troubles


def _settle_and_verify(hub: Hub, batch: Batch, target_id: str) -> None:
    declaration, _ = hub.declared(TargetConnector, target_id)
    with hub.ledger.read() as tx:
        here = (operation.c.batch_id == batch.id, operation.c.target == target_id)
        if not operations.tally(tx, *here):
            return
    if system_waits(hub, target_id):
        return
    with hub.built(TargetConnector, target_id) as target:
        done = _settled(hub, target_id, target, declaration.traits)
        if done.stopped is None:
            looked = verifying.verify(hub.ledger, batch.id, target_id, target, declaration.traits)
            if looked.stopped is not None:
                raise looked.stopped
    if done.stopped is not None:
        raise done.stopped


def settle(hub: Hub) -> list[dict[str, Any]]:
    """One row a target that has something in the air, due for a second look, or planned again by settling."""
    with hub.ledger.read() as tx:
        in_the_air = operation.c.state.in_(sorted(FLYING | TAKING_BACK))
        second_look = operation.c.state.in_(["confirmed", "compensated"]) & (operation.c.due_at <= tx.stamp)
        targets = {target for target, _ in operations.tally(tx, in_the_air | second_look)}
    rows = [_settle_target(hub, target_id) for target_id in sorted(targets)]
    return rows + _send_approved(hub)


def _send_approved(hub: Hub) -> list[dict[str, Any]]:
    """One row a batch and target of which something was approved since its run ended."""
    with hub.ledger.read() as tx:
        ready = gates.ready(tx)
    rows: list[dict[str, Any]] = []
    for batch_id, target_id in sorted(ready):
        with hub.ledger.read() as tx:
            batch = batches.get(tx, batch_id)
        row: dict[str, Any] = {"target": target_id, "problem": None}
        try:
            done = push(hub, hub.flow(batch.flow), batch, target_id)
        except (ConnectorError, ConfigError) as error:
            rows.append({**row, "problem": str(error)})
        except LedgerError as error:
            if error.code not in _NOT_NOW:
                raise
        else:
            if done is not None:
                rows.append({**row, "confirmed": done.confirmed, "waiting": done.unknown + done.accepted})
    return rows


def _settle_target(hub: Hub, target_id: str) -> dict[str, Any]:
    row: dict[str, Any] = {"target": target_id}
    try:
        waits = system_waits(hub, target_id)
        if waits is not None:
            return {**row, "waits": waits}
        declaration, _ = hub.declared(TargetConnector, target_id)
        with hub.built(TargetConnector, target_id) as target:
            done = _settled(hub, target_id, target, declaration.traits)
            looked = verifying.second_look(hub.ledger, target_id, target, declaration.traits)
    except (ConnectorError, AuthFailed) as error:
        return {**row, "problem": str(error)}
    stopped = done.stopped or looked.stopped
    return {
        **row,
        "confirmed": done.confirmed,
        "resend": done.resend,
        "cases": done.stuck,
        "repaired": done.repaired + looked.repaired,
        "waiting": done.left,
        "problem": str(stopped) if stopped else None,
    }


def _settled(hub: Hub, target_id: str, target: Any, traits: TargetTraits) -> SettleReport:
    """Settles what is in the air there; what turned out not to have arrived is sent again at once."""
    done = settling.settle(
        hub.ledger, target_id, target, traits, waits=lambda batch: flow_waits(hub, batch.flow) is not None
    )
    for batch_id in done.batches:
        _resend(hub, batch_id, target_id, target, traits)
    return done


def _resend(hub: Hub, batch_id: str, target_id: str, target: Any, traits: TargetTraits) -> None:
    with hub.ledger.read() as tx:
        batch = batches.get(tx, batch_id)
    try:
        flow = hub.flow(batch.flow)
        if _ready(hub, flow, batch, target_id):
            _send(hub, flow, batch, target_id, target, traits)
    except ConfigError as error:
        # its flow file is gone or broken: what is planned again waits for the next run of a mended one
        log.warning("settle batch=%s target=%s: %s", batch_id, target_id, error)
    except LedgerError as error:
        if error.code not in _NOT_NOW:
            raise
        log.info("settle batch=%s target=%s: %s", batch_id, target_id, error)


def rollback(hub: Hub, scope: Scope, *, actor: str, reason: str) -> RollbackReport:
    """Takes a batch or a person back at every target that holds something of it; a paused one follows when it may be called."""
    with hub.ledger.read() as tx:
        ids = dict.fromkeys(entry.target for entry in operations.find(tx, scope.condition()))
        if not ids and scope.batch_id is not None:
            batches.get(tx, scope.batch_id)
    built: dict[str, Any] = {}
    with ExitStack() as stack:
        for target_id in ids:
            if system_waits(hub, target_id):
                continue  # the wish is noted, and `settle` goes on with it
            declaration, _ = hub.declared(TargetConnector, target_id)
            target = stack.enter_context(hub.built(TargetConnector, target_id))
            built[target_id] = (target, declaration.traits)
        return compensate.rollback(hub.ledger, scope, built, actor=actor, reason=reason)
