"""Where data came from and went to, batch by batch, as OpenLineage events: counts, names of systems, versions of mappings.

    TRIVET_LINEAGE_URL     endpoint of a lineage service, such as https://marquez.example/api/v1/lineage
    TRIVET_LINEAGE_TOKEN   bearer token for it; TRIVET_LINEAGE_TOKEN_FILE names a file that holds it
    TRIVET_LINEAGE_FILE    or a file to which the events are appended, a line each

A batch tells its START and its end together when it is closed. What cannot be told is logged and left out: no night waits
for it. The run's id follows from the batch's, so that a batch that is told twice is one run.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import func, select

from trivet import __version__
from trivet.contract import Services
from trivet.dag_names import event_dag, sync_dag
from trivet.errors import TrivetError
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.http import HttpClient
from trivet.ledger import batches
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import document, operation
from trivet.model import Document
from trivet.settings import secret

log = logging.getLogger(__name__)
URL, TOKEN, FILE = "TRIVET_LINEAGE_URL", "TRIVET_LINEAGE_TOKEN", "TRIVET_LINEAGE_FILE"
PRODUCER = f"https://trivet.example/trivet/{__version__}"
_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_STATISTICS = (
    f"{_SPEC}/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet"
)
_JOB_TYPE = f"{_SPEC}/facets/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"
_MAPPINGS = "https://trivet.example/schemas/lineage.schema.json#/$defs/mappings"
_FAILED = ("stuck", "compensating", "compensated")


def tell(hub: Hub, flow: Flow, batch_id: str, environ: Mapping[str, str] = os.environ) -> int:
    """How many events were handed over; 0 where nobody wants them or they could not be."""
    url, file = environ.get(URL), environ.get(FILE)
    if not url and not file:
        return 0
    try:
        with hub.ledger.read() as tx:
            known = batches.get(tx, batch_id)
            told = list(events(tx, flow, known))
        if file:
            _append(Path(file), told)
        if url:
            _post(hub, url, secret(environ, TOKEN), told)
    except (TrivetError, OSError) as error:
        log.warning("lineage of batch %s is not told: %s", batch_id, error)
        return 0
    return len(told)


def events(tx: Transaction, flow: Flow, batch: Batch) -> Iterator[Document]:
    """START and, of a closed batch, COMPLETE or FAIL."""
    made = {
        "producer": PRODUCER,
        "schemaURL": _EVENT,
        "run": {"runId": str(uuid5(NAMESPACE_URL, f"trivet:{batch.tenant}:{batch.id}")), "facets": {}},
        "job": {
            "namespace": f"trivet/{batch.tenant}",
            "name": event_dag(flow.name) if batch.kind == "event" else sync_dag(flow.name),
            "facets": {
                "jobType": _facet(_JOB_TYPE, processingType="BATCH", integration="TRIVET", jobType="FLOW")
            },
        },
    }
    yield {**made, "eventType": "START", "eventTime": batch.opened_at, "inputs": [], "outputs": []}
    if batch.closed_at:
        kind = "FAIL" if batch.state in _FAILED else "COMPLETE"
        yield {
            **made, "eventType": kind, "eventTime": batch.closed_at, "inputs": list(_inputs(tx, flow, batch)),
            "outputs": list(_outputs(tx, batch)),
        }  # fmt: skip


def _inputs(tx: Transaction, flow: Flow, batch: Batch) -> Iterator[Document]:
    """Every stream that the flow reads, with the versions of the mappings that read it this time."""
    query = select(document.c.mapping_version).where(document.c.changed_batch == batch.id).distinct()
    used = sorted(version for version in tx.conn.scalars(query) if version)
    for connection, stream, names in flow.read_by():
        versions = [version for version in used if version.partition("@")[0] in names]
        yield {
            "namespace": f"{batch.tenant}/{connection}", "name": stream,
            "facets": {"trivet_mappings": _facet(_MAPPINGS, versions=versions)},
        }  # fmt: skip


def _outputs(tx: Transaction, batch: Batch) -> Iterator[Document]:
    """Every entity of every system that something was delivered to."""
    what = (operation.c.target, operation.c.entity)
    query = select(*what, operation.c.mapping_version, func.count().label("n")).where(
        operation.c.batch_id == batch.id, operation.c.state == "confirmed"
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in tx.conn.execute(query.group_by(*what, operation.c.mapping_version)):
        found.setdefault((row.target, row.entity), {})[row.mapping_version] = row.n
    for (target, entity), versions in sorted(found.items()):
        yield {
            "namespace": f"{batch.tenant}/{target}", "name": entity,
            "facets": {"trivet_mappings": _facet(_MAPPINGS, versions=sorted(versions))},
            "outputFacets": {"outputStatistics": _facet(_STATISTICS, rowCount=sum(versions.values()))},
        }  # fmt: skip


def _facet(schema: str, **values: Any) -> Document:
    return {"_producer": PRODUCER, "_schemaURL": schema, **values}


def _append(file: Path, told: list[Document]) -> None:
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in told)
    # one write: another worker's lines stand before or after, never between
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(handle, lines.encode())
    finally:
        os.close(handle)


def _post(hub: Hub, url: str, token: str, told: list[Document]) -> None:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    services = Services("lineage", hub.settings.home, hub.settings.state, hub.now)
    login = {"Authorization": f"Bearer {token}"} if token else {}
    with HttpClient("lineage", origin, services, authenticate=lambda: login) as http:
        for event in told:
            reply = http.write("tell", "POST", url.removeprefix(origin), json=event)
            if reply.status >= 300:
                http.reject("tell", "the event is refused", code=f"HTTP {reply.status}")
