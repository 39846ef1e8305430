"""One run of a flow pulls at a time, and says how many nights it makes up for.

Airflow keeps a flow's runs apart; a run of the command line, or of a second scheduler, is kept apart here. The claim is
renewed with every page, so that a dead run's ends by itself, and who lost it writes nothing more.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from trivet.errors import LedgerError
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.ledger import batches, leases
from trivet.ledger.batches import Batch
from trivet.ledger.leases import Lease
from trivet.ledger.times import instant

log = logging.getLogger(__name__)
CLAIM = 120.0
"""Seconds that a silent run keeps its flow."""
PATIENCE = CLAIM + 30
"""A run that died somewhere else is waited out; one that lives renews its claim."""
_LOOK = 5.0


@contextmanager
def alone(hub: Hub, flow: Flow, patience: float = PATIENCE) -> Iterator[Lease]:
    """The flow's claim, for as long as one run pulls; `LedgerError` RUN_OVERLAPS where another one lives."""
    name = f"pull {flow.tenant}/{flow.name}"
    ends = time.monotonic() + patience
    while True:
        with hub.ledger.begin() as tx:
            held = leases.claim(tx, name, CLAIM)
        if held is not None:
            break
        if time.monotonic() >= ends:
            raise LedgerError(
                f"another run of {flow.name} is pulling; this one does nothing", code="RUN_OVERLAPS",
                place=f"flow {flow.name}", cure="let it finish: what is new until then comes with it or with the next run",
            )  # fmt: skip
        time.sleep(min(_LOOK, max(0.0, ends - time.monotonic())))
    try:
        yield held
    finally:
        with hub.ledger.begin() as tx:
            leases.release(tx, held)


def nights_missed(hub: Hub, flow: Flow, batch: Batch) -> int:
    """The nights without a run before this one, in the flow's own zone; 0 for a flow's first, and one without schedule.

    What they would have brought comes with this run: it reads on from where the last one ended.
    """
    if flow.cron is None:
        return 0
    with hub.ledger.read() as tx:
        known = [
            one
            for one in batches.recent(tx, tenant=flow.tenant, flow=flow.name, limit=20)
            if one.kind == "night"
        ]
    before = next((one for one in known if one.id != batch.id and one.opened_at < batch.opened_at), None)
    if before is None:
        return 0
    zone = ZoneInfo(flow.timezone)
    last, now = (instant(one.opened_at).astimezone(zone).date() for one in (before, batch))
    return max(0, (now - last).days - 1)


def said(hub: Hub, flow: Flow, batch: Batch) -> str:
    """`batch 20261123-…`, and how many nights it catches up where some were missed."""
    missed = nights_missed(hub, flow, batch)
    if not missed:
        return f"batch {batch.id}"
    return f"batch {batch.id}, catches up {missed} missed night{'s' if missed > 1 else ''}"
