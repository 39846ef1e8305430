"""Vendor pages into the ledger together with their cursor: what a killed night had pulled is not asked for again."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from trivet.contract import CatalogueConnector, Source, SourceConnector
from trivet.errors import AuthFailed, ConnectorError, RateLimited
from trivet.flow.ahead import ahead
from trivet.flow.catalogue import retire
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.ports import Port, ports
from trivet.ledger import batches, cursors, records, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.set_asides import SetAside
from trivet.model import Cursor, Page

log = logging.getLogger(__name__)
PATIENCE = 900.0
"""Seconds of a vendor's pauses that one stream waits out in a run; beyond it is set aside and goes on in the next."""


def open_batch(hub: Hub, flow: Flow, run_key: str) -> Batch:
    """The flow's unfinished batch, or a new one."""
    with hub.ledger.begin() as tx:
        batch, resumed = batches.open_or_resume(
            tx,
            tenant=flow.tenant,
            flow=flow.name,
            run_key=run_key,
            environment=flow.environment,
            atomic=flow.policy.atomic,
            max_failed_share=flow.policy.max_failed_share,
            too_many=flow.policy.too_many,
        )
    if resumed:
        log.info("resumed batch=%s", batch.id)
    return batch


def pull_streams(hub: Hub, flow: Flow, batch: Batch) -> Counter[str]:
    """Counts of new or changed records per stream; a stream that fails is set aside, the others go on.

    AuthFailed of the HR system stops the flow; that of an ERP is set aside, unless no system let us in.
    """
    counts: Counter[str] = Counter()
    locked: list[AuthFailed] = []
    opened = ports(hub, flow)
    for port in opened:
        try:
            _pull_port(hub, flow, batch, port, counts)
        except AuthFailed as error:
            if port.kind is SourceConnector:
                raise
            locked.append(error)
            _set_stream_aside(hub, batch, port.connection, port.streams[0], error)
    if locked and len(locked) == len(opened):
        raise locked[0]
    return counts


def _pull_port(hub: Hub, flow: Flow, batch: Batch, port: Port, counts: Counter[str]) -> None:
    with hub.built(port.kind, port.connection) as source:
        for stream in port.streams:
            try:
                _pull_stream(hub, flow, batch, source, port, stream, counts)
            except AuthFailed:
                raise
            except ConnectorError as error:
                # the cursor stays before the bad page, so that the next run asks for it again
                _set_stream_aside(hub, batch, port.connection, stream, error)
                continue
            with hub.ledger.begin() as tx:
                set_asides.resolve(tx, batch.tenant, "pull", stream, [port.connection])


def _pull_stream(
    hub: Hub, flow: Flow, batch: Batch, source: Source, port: Port, stream: str, counts: Counter[str]
) -> None:
    here: dict[str, Any] = {"connection": port.connection, "stream": stream}
    with hub.ledger.read() as tx:
        since = cursors.get(tx, tenant=flow.tenant, flow=flow.name, **here)
    listed: set[str] = set()
    whole = port.kind is CatalogueConnector
    for page in ahead(_pages(source, stream, since)):
        with hub.ledger.begin() as tx:
            stored = records.store_page(tx, batch, port.connection, stream, page)
            batches.count(tx, batch.id, records=stored.new + stored.changed)
        counts[stream] += stored.new + stored.changed
        listed |= {entry.external_id for entry in page.records}
        whole = whole and not page.cursor
    if whole and listed:
        counts[stream] += retire(hub, flow, batch, port, stream, listed)


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
        code=error.vendor_code or type(error).__name__,
        message=str(error),
        place=f"connection {connection}, stream {stream}",
    )
    with hub.ledger.begin() as tx:
        set_asides.add_many(tx, batch, [entry])
