"""What vendors told becomes a batch of its own: only what the events are about is read, whatever the night does meanwhile.

Events that a batch has taken stay with it until it is finished: a run that died reads them again, which changes nothing.
"""

import logging
from collections import defaultdict

from trivet.awaiting import NOT_YET
from trivet.contract import DirectoryConnector, Focused, InboundConnector, SourceConnector
from trivet.flow.definition import Flow
from trivet.flow.holding import system_waits
from trivet.flow.hub import Hub
from trivet.flow.ports import Port, ports
from trivet.flow.pull import open_batch
from trivet.flow.translate import Translation, translate
from trivet.ledger import batches, documents, inbox, records, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.inbox import Told
from trivet.model import Record
from trivet.registry import find_connector, offers

log = logging.getLogger(__name__)
ASKED = (SourceConnector, DirectoryConnector)
"""Who is asked for what an event is about: an HR system for candidates and what is theirs, and for who works there."""


def telling(hub: Hub, flow: Flow) -> list[str]:
    """The flow's connections that may tell us of what happens there: its HR systems, and who records its interviews."""
    named = [*_systems(hub, flow), *([flow.recordings] if flow.recordings else [])]
    return [
        name for name in dict.fromkeys(named) if offers(InboundConnector, hub.connections(name).connector)
    ]


def _systems(hub: Hub, flow: Flow) -> dict[str, list[Port]]:
    found: dict[str, list[Port]] = {}
    for port in ports(hub, flow):
        if port.kind in ASKED:
            found.setdefault(port.connection, []).append(port)
    return found


def hear(hub: Hub, flow: Flow, run_key: str) -> Batch | None:
    """The flow's event batch, with what its events are about in it as canonical documents; None where nothing was told.

    A connector's error is raised: the next run goes on with the same events.
    """
    # what a paused system told waits until it may be asked
    told_by = [name for name in telling(hub, flow) if not system_waits(hub, name)]
    with hub.ledger.read() as tx:
        waits = inbox.waiting(tx)
        left = batches.unfinished(tx, tenant=flow.tenant, flow=flow.name, kind="event")
    if left is None and not any(name in waits for name in told_by):
        return None
    batch = open_batch(hub, flow, run_key, "event")
    systems = _systems(hub, flow)
    for name in told_by:
        with hub.ledger.begin() as tx:
            taken = inbox.take(tx, name, batch.id)
            told = inbox.told(tx, name, batch.id)
        log.info("hear batch=%s %s: %d events", batch.id, name, taken)
        for port in systems.get(name, ()):
            _read(hub, flow, batch, port, told)
        if name not in systems:
            _look_again(hub, batch, told)
    translate(hub, flow, batch)
    return batch


def _read(hub: Hub, flow: Flow, batch: Batch, port: Port, told: Told) -> None:
    has = find_connector(port.kind, hub.connections(port.connection).connector).streams
    wanted: dict[str, list[str]] = defaultdict(list)
    for stream, external_id in sorted(told.about):
        if stream in has:
            wanted[stream].append(external_id)
    read: dict[str, list[Record]] = defaultdict(list)
    if wanted:
        with hub.built(port.kind, port.connection) as source:
            # what cannot be asked for alone comes with the next night
            for stream, names in wanted.items() if isinstance(source, Focused) else ():
                for found, part in source.around(stream, names):
                    read[found] += part
    # in the flow's order: an interview finds its person through the application
    for stream in filter(read.get, port.streams):
        made = Translation(hub, flow, batch, port.connection, stream)
        with hub.ledger.begin() as tx:
            fresh = made.pulled(tx, read[stream])
            batches.count(tx, batch.id, records=len(fresh.records))
        made.end()
    with hub.ledger.begin() as tx:
        for stream, lost in told.gone:
            records.mark_gone(tx, batch, port.connection, stream, [lost])


def _look_again(hub: Hub, batch: Batch, told: Told) -> None:
    """Who waits for a recording that is told to be ready is looked at in this batch; whoever does not wait yet, in a night."""
    names = {name for _, name in told.about}
    with hub.ledger.begin() as tx:
        asides = set_asides.find(tx, tenant=batch.tenant)
        who = {entry.subject_ref for entry in asides if entry.code == NOT_YET and entry.subject_ref}
        held = documents.by_subject(tx, batch.tenant, who, "recording")
        ready = [e.id for e in held if names & {str(v) for v in e.document["source_reference"].values()}]
        documents.look_at(tx, batch, "recording", ready)
