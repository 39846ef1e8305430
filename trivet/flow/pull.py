"""Vendor pages into the ledger together with their cursor: what a killed night had pulled is not asked for again."""

import logging
from collections import Counter

from trivet.contract import Source, SourceConnector
from trivet.errors import AuthFailed, ConnectorError
from trivet.flow.ahead import ahead
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.ledger import batches, cursors, records, set_asides
from trivet.ledger.batches import Batch
from trivet.ledger.set_asides import SetAside

log = logging.getLogger(__name__)


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
    """Counts of new or changed records per stream; a stream that fails is set aside, the others go on."""
    counts: Counter[str] = Counter()
    declaration, _ = hub.declared(SourceConnector, flow.source)
    with hub.built(SourceConnector, flow.source) as source:
        for stream in declaration.streams:
            if stream not in flow.streams:
                continue
            try:
                _pull_stream(hub, flow, batch, source, stream, counts)
            except AuthFailed:
                raise
            except ConnectorError as error:
                # the cursor stays before the bad page, so that the next run asks for it again
                _set_stream_aside(hub, flow, batch, stream, error)
                continue
            with hub.ledger.begin() as tx:
                set_asides.resolve(tx, batch.tenant, "pull", stream, [flow.source])
    return counts


def _pull_stream(
    hub: Hub, flow: Flow, batch: Batch, source: Source, stream: str, counts: Counter[str]
) -> None:
    with hub.ledger.read() as tx:
        since = cursors.get(tx, tenant=flow.tenant, flow=flow.name, connection=flow.source, stream=stream)
    for page in ahead(iter(source.pages(stream, since))):
        with hub.ledger.begin() as tx:
            stored = records.store_page(tx, batch, flow.source, stream, page)
            batches.count(tx, batch.id, records=stored.new + stored.changed)
        counts[stream] += stored.new + stored.changed


def _set_stream_aside(hub: Hub, flow: Flow, batch: Batch, stream: str, error: ConnectorError) -> None:
    log.warning("%s", error)
    entry = SetAside(
        stage="pull",
        kind=stream,
        item=flow.source,
        code=error.vendor_code or type(error).__name__,
        message=str(error),
        place=f"connection {flow.source}, stream {stream}",
    )
    with hub.ledger.begin() as tx:
        set_asides.add_many(tx, batch, [entry])
