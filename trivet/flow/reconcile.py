"""The nightly count: sent = confirmed = found, at every target; kept in the audit chain of the whole ledger."""

import json
import logging
from typing import Any

from sqlalchemy import ColumnElement, select

from trivet.contract import TargetConnector
from trivet.delivery import reconcile as counting
from trivet.errors import ConnectorError
from trivet.flow.hub import Hub
from trivet.ledger import batches
from trivet.ledger.audit import WHOLE_LEDGER, Event
from trivet.ledger.tables import batch, event, operation

log = logging.getLogger(__name__)
Row = dict[str, Any]
NUMBERS = ("sent", "confirmed", "found", "missing", "differing", "doubled", "unasked")
_CODE = "RECONCILED"


def reconcile(hub: Hub, *, flow: str | None = None, batch_id: str | None = None, actor: str) -> list[Row]:
    """One row per target and entity; a target that does not answer has a row with its `problem`."""
    among = _among(hub, flow, batch_id)
    with hub.ledger.read() as tx:
        query = select(operation.c.target).where(operation.c.attempts > 0, *among).distinct()
        targets = sorted(tx.conn.scalars(query))
    rows = [row for target_id in targets for row in _of_target(hub, target_id, among)]
    said = [[row["target"], row["entity"], *(row[name] for name in NUMBERS)] for row in rows]
    with hub.ledger.begin() as tx:
        note = json.dumps({"counts": said}, ensure_ascii=False, separators=(",", ":"))
        state = "balanced" if all(row["balanced"] == "yes" for row in rows) else "unbalanced"
        about = batch_id or flow or "everything"
        tx.events.append(Event(WHOLE_LEDGER, about, _CODE, to_state=state, actor=actor, note=note))
    return rows


def last(hub: Hub) -> Row | None:
    """What the newest count came to, in total; None where there was none yet."""
    newest = select(event).where(event.c.chain == WHOLE_LEDGER, event.c.code == _CODE)
    with hub.ledger.read() as tx:
        row = tx.conn.execute(newest.order_by(event.c.n.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    counts = json.loads(row["note"])["counts"]
    totals = {name: sum(count[at] for count in counts) for at, name in enumerate(NUMBERS, start=2)}
    return {"at": row["at"], "about": row["about"], "state": row["to_state"], **totals}


def _among(hub: Hub, flow: str | None, batch_id: str | None) -> list[ColumnElement[bool]]:
    among: list[ColumnElement[bool]] = []
    if flow is not None:
        known = hub.flow(flow)
        ours = (batch.c.flow == known.name) & (batch.c.tenant == known.tenant)
        among.append(operation.c.batch_id.in_(select(batch.c.id).where(ours)))
    if batch_id is not None:
        with hub.ledger.read() as tx:
            among.append(operation.c.batch_id == batches.get(tx, batch_id).id)
    return among


def _of_target(hub: Hub, target_id: str, among: list[ColumnElement[bool]]) -> list[Row]:
    try:
        declaration, _ = hub.declared(TargetConnector, target_id)
        with hub.built(TargetConnector, target_id) as target:
            counts = counting.reconcile(hub.ledger, target_id, target, declaration.traits, *among)
    except ConnectorError as error:
        log.warning("reconcile target=%s: %s", target_id, error)
        return [{"target": target_id, "entity": "", **dict.fromkeys(NUMBERS, 0), "balanced": "no", "examples": {},
                 "problem": str(error)}]  # fmt: skip
    return [
        {
            "target": count.target,
            "entity": count.entity,
            **{name: getattr(count, name) for name in NUMBERS},
            "balanced": "yes" if count.balanced else "no",
            "examples": count.examples,
            "problem": None,
        }
        for count in counts
    ]
