"""A night as OpenLineage events, judged by the project's own client; nobody's name is in them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.generated.job_type_job import JobTypeJobFacet
from openlineage.client.generated.output_statistics_output_dataset import OutputStatisticsOutputDatasetFacet

from trivet.flow import lineage


class _Marquez(BaseHTTPRequestHandler):
    """A lineage service that keeps what it is told."""

    told: list[Any] = []  # noqa: RUF012 - one server a test
    status = 201

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.append((self.path, self.headers.get("Authorization"), json.loads(body)))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def marquez() -> Iterator[str]:
    """Its address."""
    _Marquez.told, _Marquez.status = [], 201
    server = HTTPServer(("127.0.0.1", 0), _Marquez)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def judged(event: dict[str, Any]) -> RunEvent:
    """The event through the classes of OpenLineage's client, which know its required fields, formats and facets."""
    facet = event["job"]["facets"]["jobType"]
    ours = JobTypeJobFacet(processingType="BATCH", integration="TRIVET", jobType="FLOW")
    assert facet["_schemaURL"].partition("#")[2] == ours._schemaURL.partition("#")[2]
    assert {name for name in facet if name[0] != "_"} <= {
        name for name in ours.__attrs_attrs__ and dir(ours) if name[0] != "_"
    }
    for dataset in event["outputs"]:
        told = dataset["outputFacets"]["outputStatistics"]
        theirs = OutputStatisticsOutputDatasetFacet(rowCount=told["rowCount"])
        assert told["_schemaURL"].partition("#")[2] == theirs._schemaURL.partition("#")[2]
    for facets in (event["job"]["facets"], *(d["facets"] for d in (*event["inputs"], *event["outputs"]))):
        assert all({"_producer", "_schemaURL"} <= set(facet) for facet in facets.values())
    return RunEvent(
        eventTime=event["eventTime"],
        run=Run(runId=event["run"]["runId"]),
        job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
        producer=event["producer"],
        eventType=RunState[event["eventType"]],
        inputs=[InputDataset(namespace=d["namespace"], name=d["name"]) for d in event["inputs"]],
        outputs=[OutputDataset(namespace=d["namespace"], name=d["name"]) for d in event["outputs"]],
    )


def test_a_night_is_told_to_a_file_and_to_a_service(
    world: World, tmp_path: Path, marquez: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams in, entities out, each with the versions that made it and how many; told again it is the same run."""
    file = tmp_path / "lineage.jsonl"
    monkeypatch.setenv("TRIVET_LINEAGE_FILE", str(file))
    batch_id = world.night()
    start, end = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert judged(start).run.runId == judged(end).run.runId
    streams = {(d["namespace"], d["name"]): d["facets"]["trivet_mappings"]["versions"] for d in end["inputs"]}
    assert streams["yunxiu/feishu_hire", "talents"][0].startswith("feishu_hire/")
    confirmed = [row for row in world.operations() if row["state"] == "confirmed"]
    rows = sum(d["outputFacets"]["outputStatistics"]["rowCount"] for d in end["outputs"])
    assert rows == len(confirmed) > 0
    assert {d["namespace"] for d in end["outputs"]} == {f"yunxiu/{row['target']}" for row in confirmed}
    people = {row["subject_ref"] for row in confirmed}
    assert not any(person and person in file.read_text(encoding="utf-8") for person in people)
    environ = {"TRIVET_LINEAGE_URL": f"{marquez}/api/v1/lineage", "TRIVET_LINEAGE_TOKEN": "t"}
    with world.hub() as hub:
        flow = hub.flow(world.flow)
        assert lineage.tell(hub, flow, batch_id, environ) == 2
        assert [(path, login) for path, login, _ in _Marquez.told] == [("/api/v1/lineage", "Bearer t")] * 2
        assert _Marquez.told[1][2]["run"]["runId"] == end["run"]["runId"]
        # who does not answer, or does not want it, holds nothing up
        _Marquez.status = 500
        assert lineage.tell(hub, flow, batch_id, environ) == 0
        assert lineage.tell(hub, flow, batch_id, {"TRIVET_LINEAGE_URL": "http://127.0.0.1:9/x"}) == 0
        assert (
            lineage.tell(hub, flow, batch_id, {"TRIVET_LINEAGE_FILE": str(tmp_path / "no" / "folder")}) == 0
        )
        assert lineage.tell(hub, flow, batch_id, {}) == 0
