"""What vendors told becomes a batch of its own: only what the events are about is read, whatever the night does meanwhile.

Events that a batch has taken stay with it until it is finished: a run that died reads them again, which changes nothing.
"""

import logging
from collections import defaultdict

from trivet.contract import Focused, InboundConnector, SourceConnector
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.ports import Port, ports
from trivet.flow.pull import open_batch
from trivet.flow.translate import translate
from trivet.ledger import batches, inbox, records
from trivet.ledger.batches import Batch
from trivet.ledger.inbox import Told
from trivet.registry import offers

log = logging.getLogger(__name__)


def telling(hub: Hub, flow: Flow) -> list[Port]:
    """The flow's HR systems that may tell us of what happens there."""
    return [
        port
        for port in ports(hub, flow)
        if port.kind is SourceConnector
        and offers(InboundConnector, hub.connections(port.connection).connector)
    ]


def hear(hub: Hub, flow: Flow, run_key: str) -> Batch | None:
    """The flow's event batch, with what its events are about in it as canonical documents; None where nothing was told.

    A connector's error is raised: the next run goes on with the same events.
    """
    told_by = telling(hub, flow)
    with hub.ledger.read() as tx:
        waits = inbox.waiting(tx)
        left = batches.unfinished(tx, tenant=flow.tenant, flow=flow.name, kind="event")
    if left is None and not any(port.connection in waits for port in told_by):
        return None
    batch = open_batch(hub, flow, run_key, "event")
    for port in told_by:
        with hub.ledger.begin() as tx:
            taken = inbox.take(tx, port.connection, batch.id)
            told = inbox.told(tx, port.connection, batch.id)
        log.info("hear batch=%s %s: %d events", batch.id, port.connection, taken)
        _read(hub, batch, port, told)
    translate(hub, flow, batch)
    return batch


def _read(hub: Hub, batch: Batch, port: Port, told: Told) -> None:
    wanted: dict[str, list[str]] = defaultdict(list)
    for stream, external_id in sorted(told.about):
        wanted[stream].append(external_id)
    if wanted:
        with hub.built(SourceConnector, port.connection) as source:
            # what cannot be asked for alone comes with the next night
            for stream, names in wanted.items() if isinstance(source, Focused) else ():
                for found, read in source.around(stream, names):
                    if found in port.streams:
                        with hub.ledger.begin() as tx:
                            kept = records.store(tx, batch, port.connection, found, read)
                            batches.count(tx, batch.id, records=kept.new + kept.changed)
    with hub.ledger.begin() as tx:
        for stream, lost in told.gone:
            records.mark_gone(tx, batch, port.connection, stream, [lost])
