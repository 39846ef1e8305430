"""Vendor pages into the ledger, with what they become and their cursor: what a killed night had pulled is not asked for again.

What a vendor says is gone is marked so; and from time to time a stream is read whole, so that what is gone without a word
is noticed as well. `trivet.flow.gone` draws the consequences.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from trivet.contract import CatalogueConnector, Source, SourceConnector
from trivet.errors import AuthFailed, ConnectorError, RateLimited, Rejected
from trivet.flow.ahead import ahead
from trivet.flow.definition import Flow, Inflow
from trivet.flow.holding import system_waits
from trivet.flow.hub import Hub
from trivet.flow.ports import Port, ports
from trivet.flow.translate import Translation, erased
from trivet.ledger import batches, cursors, documents, inbox, leases, orders, records, set_asides
from trivet.ledger.batches import Batch, Kind
from trivet.ledger.leases import Lease
from trivet.ledger.ledger import Transaction
from trivet.ledger.set_asides import SetAside
from trivet.ledger.times import stamp
from trivet.model import Cursor, Gone, Page

log = logging.getLogger(__name__)
PATIENCE = 900.0
"""Seconds of a vendor's pauses that one stream waits out in a run; beyond it is set aside and goes on in the next."""
LISTS = (SourceConnector, CatalogueConnector)
"""What is missing there is gone; a feed of results or of staff may begin anywhere."""
ABANDONED = timedelta(hours=1)
"""An event batch that is unfinished for so long was given up by its run."""
FEW = 20
"""So many records may be missing from a list at any time; more only up to the flow's share of those that we know."""


def open_batch(hub: Hub, flow: Flow, run_key: str, kind: Kind = "night") -> Batch:
    """The flow's unfinished batch of that kind, or a new one; a night takes over what an event batch left undone."""
    with hub.ledger.begin() as tx:
        left = _abandoned(tx, flow, hub.now()) if kind == "night" else []
        for one in left:
            batches.close(tx, one.id)
        batch, resumed = batches.open_or_resume(
            tx,
            tenant=flow.tenant,
            flow=flow.name,
            run_key=run_key,
            environment=flow.environment,
            kind=kind,
            atomic=flow.policy.atomic,
            max_failed_share=flow.policy.max_failed_share,
            too_many=flow.policy.too_many,
        )
        for one in left:
            records.move(tx, one.id, batch.id)
            documents.move(tx, one.id, batch.id)
            orders.move(tx, one.id, batch.id)
            inbox.give_back(tx, one.id)
        for name in batches.take_over(tx, batch) if kind == "night" else ():
            documents.move(tx, name, batch.id)
        if kind == "night" and flow.rules:
            documents.take_up(tx, batch)
    if resumed:
        log.info("resumed batch=%s", batch.id)
    return batch


def _abandoned(tx: Transaction, flow: Flow, now: datetime) -> list[Batch]:
    return batches.abandoned(tx, tenant=flow.tenant, flow=flow.name, before=stamp(now - ABANDONED))


def pull_streams(hub: Hub, flow: Flow, batch: Batch, claim: Lease | None = None) -> Counter[str]:
    """Counts of new or changed records per stream; a stream that fails is set aside, the others go on.

    `claim` is renewed with every page: FENCED where another run took over.
    AuthFailed of the HR system stops the flow; that of an ERP is set aside, unless no system let us in.
    """
    counts: Counter[str] = Counter()
    locked: list[AuthFailed] = []
    opened = ports(hub, flow)
    for port in opened:
        waits = system_waits(hub, port.connection)
        if waits is not None:
            log.info("pull batch=%s: %s; the next run reads on from its cursors", batch.id, waits)
            continue
        try:
            _pull_port(hub, flow, batch, port, counts, claim)
            _take_events(hub, batch, port.connection)
        except AuthFailed as error:
            if port.kind is SourceConnector:
                raise
            locked.append(error)
            _set_stream_aside(hub, batch, port.connection, port.streams[0], error)
    if locked and len(locked) == len(opened):
        raise locked[0]
    if flow.recordings is not None and flow.recordings not in flow.sources():
        # that a recording is ready needs no pull: whoever waits for one is looked at in every run
        _take_events(hub, batch, flow.recordings)
    return counts


def _take_events(hub: Hub, batch: Batch, connection: str) -> None:
    """Marks what the connection's events say is gone; last, for what was read before may hold it still."""
    with hub.ledger.begin() as tx:
        inbox.take(tx, connection, batch.id)
        for stream, lost in inbox.told(tx, connection, batch.id).gone:
            records.mark_gone(tx, batch, connection, stream, [lost])


def _pull_port(
    hub: Hub, flow: Flow, batch: Batch, port: Port, counts: Counter[str], claim: Lease | None
) -> None:
    with hub.built(port.kind, port.connection) as source:
        for stream in port.streams:
            made = Translation(hub, flow, batch, port.connection, stream)
            try:
                _pull_stream(hub, flow, batch, source, port, stream, counts, claim, made)
            except AuthFailed:
                raise
            except ConnectorError as error:
                # the cursor stays before the bad page, so that the next run asks for it again
                _set_stream_aside(hub, batch, port.connection, stream, error)
                continue
            finally:
                made.end()
            with hub.ledger.begin() as tx:
                set_asides.resolve(tx, batch.tenant, "pull", stream, [port.connection])


def _pull_stream(
    hub: Hub, flow: Flow, batch: Batch, source: Source, port: Port, stream: str, counts: Counter[str],
    claim: Lease | None, made: Translation,
) -> None:  # fmt: skip
    here: dict[str, Any] = {"connection": port.connection, "stream": stream}
    inflow = next(
        entry for entry in flow.inflows if entry.connection == port.connection and stream in entry.streams
    )
    began = hub.now()
    with hub.ledger.read() as tx:
        stored = cursors.get(tx, tenant=flow.tenant, flow=flow.name, **here)
    since = None if stored is None or _due(stored.whole_at, began, inflow) else stored.value
    listed: set[str] = set()
    for page in ahead(_pages(source, stream, since)):
        with hub.ledger.begin() as tx:
            if claim is not None:
                leases.renew(tx, claim)
            fresh = made.pulled(tx, page.records)
            gone = records.mark_gone(tx, batch, port.connection, stream, page.gone)
            set_asides.add_many(tx, batch, [erased(stream, *entry) for entry in fresh.buried.items()])
            cursors.put(tx, tenant=flow.tenant, flow=flow.name, **here, value=page.cursor)
            batches.count(tx, batch.id, records=len(fresh.records) + gone)
        counts[stream] += len(fresh.records) + gone
        listed |= {entry.external_id for entry in page.records}
    with hub.ledger.begin() as tx:
        # an empty position is none: such a list is read from its beginning every time
        if not since and listed and port.kind in LISTS:
            counts[stream] += _missing(tx, batch, port, stream, inflow, listed)
        if not since or stored is None or stored.whole_at is None:
            cursors.read_whole(tx, tenant=flow.tenant, flow=flow.name, **here, at=began.isoformat())


def _due(whole_at: str | None, now: datetime, inflow: Inflow) -> bool:
    """Whether it is time to read the stream whole again."""
    return whole_at is not None and now - datetime.fromisoformat(whole_at) >= timedelta(
        days=inflow.whole_days
    )


def _missing(tx: Transaction, batch: Batch, port: Port, stream: str, inflow: Inflow, listed: set[str]) -> int:
    """Marks as gone what the list, read whole, does not hold; how many records that are.

    `Rejected` MASS_DELETION where they are so many that a fault of the vendor's is likelier than their deletion.
    """
    known = records.known(tx, batch.tenant, port.connection, stream)
    missing = sorted(known - listed)
    if len(missing) > max(FEW, inflow.max_gone_share * len(known)):
        raise Rejected(
            f"{len(missing)} of {len(known)} records are missing in a list that was read whole; none is taken for deleted",
            connector=port.connection, operation=f"list {stream}", vendor_code="MASS_DELETION",
            cure="were they deleted on purpose, raise `max_gone_share` of the system in the flow file for one run",
        )  # fmt: skip
    return records.mark_gone(tx, batch, port.connection, stream, [Gone(name, "unlisted") for name in missing])


def _pages(source: Source, stream: str, since: Cursor | None) -> Iterator[Page]:
    """The stream's pages; a pause that the vendor asks for is waited out."""
    patience = PATIENCE
    while True:
        try:
            for page in source.pages(stream, since or None):
                since = page.cursor
                yield page
            return
        except RateLimited as pause:
            patience -= pause.retry_after
            if patience < 0:
                raise
            log.info("stream %s goes on in %.0f s: %s", stream, pause.retry_after, pause.message)
            time.sleep(pause.retry_after)


def _set_stream_aside(hub: Hub, batch: Batch, connection: str, stream: str, error: ConnectorError) -> None:
    log.warning("%s", error)
    entry = SetAside(
        stage="pull",
        kind=stream,
        item=connection,
        code=error.reason,
        message=str(error),
        place=f"connection {connection}, stream {stream}",
    )
    with hub.ledger.begin() as tx:
        set_asides.add_many(tx, batch, [entry])
