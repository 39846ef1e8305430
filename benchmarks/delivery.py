"""From the first GET to the last push: 10,000 results read, judged, mapped and pushed in bulk, beside a hand-written script.

    python -m benchmarks.delivery [RESULTS]

Both read the same pages of 100 from the same server on the loopback, judge each result (2.4 kB) by its schema, map it to
fifteen fields, judge it again and push it 500 a call. The script is what a careful person writes in an afternoon: a
`requests` session, jsonschema-rs, plain Python, a checkpoint on the disk after each call. Ours has the ledger on: every
operation sealed, fenced, audited and able to be taken back. The server renders its pages before the run and is a process
of its own. Then both are killed in the middle of a call and started again, and the server counts what it got twice. Last,
a vendor that takes one record a call, on eight connections, beside a bare `requests` thread pool with the same calls.
"""

import gc
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema_rs
import requests

from benchmarks import bulk_server
from benchmarks.mapping import ERP, NOW, RESULT, by_hand, documents, home
from trivet.contract import Services, TargetTraits
from trivet.delivery.plan import Wanted, plan
from trivet.delivery.push import push
from trivet.delivery.settle import settle
from trivet.documents import Contracts
from trivet.flow.ahead import ahead
from trivet.flow.hub import CONTAINERS
from trivet.http import HttpClient, HttpSettings
from trivet.ledger import batches, open_ledger
from trivet.ledger.bulk import chunks
from trivet.mapping import Library
from trivet.model import Confirmed, Found, Operation, Outcome

PAGE, BULK, CONNECTIONS = 100, 500, 8


def results(count: int) -> list[dict[str, Any]]:
    """The vendor's results, 2.4 kB each."""
    return [document | {"transcript": "这里是转写文本。" * 14} for document in documents(count)]


class Erp:
    """The target's connector: one POST a call, one outcome an item."""

    def __init__(self, client: HttpClient, die_at: int = 0) -> None:
        self.client, self.die_at, self.calls = client, die_at, 0

    def check(self) -> None:
        """Nothing to prove."""

    def send(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """Upserts by reference."""
        items = [{**one.document, "ref": one.reference} for one in operations]
        reply = self.client.write("upsert", "POST", "/bulk", json=items)
        self.calls += 1
        if self.calls == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return [Confirmed(said["id"]) for said in self.client.decode("upsert", reply, write=True)]

    def find(self, entity: str, operations: Sequence[Operation]) -> Mapping[str, Sequence[Found]]:
        """What is there."""
        del entity
        wanted = [one.reference for one in operations]
        reply = self.client.read("find", "POST", "/find", json=wanted)
        rows = self.client.decode("find", reply, write=False)
        return {ref: [Found(row["ref"], row) for row in rows[ref]] for ref in rows}


def ours(folder: Path, url: str, count: int, die_at: int = 0) -> None:
    """The hub's way; with Python's search for cycles as rare as every process of the hub has it."""
    pace = gc.get_threshold()
    gc.set_threshold(CONTAINERS)
    try:
        _ours(folder, url, count, die_at)
    finally:
        gc.set_threshold(*pace)


def _ours(folder: Path, url: str, count: int, die_at: int) -> None:
    contracts = Contracts({**Contracts.packaged().schemas, "result": RESULT, "erp": ERP})
    mapping = Library(folder, contracts).mapping("bench/sap")
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db", folder)
    traits = TargetTraits("searchable_reference", BULK, 0.0, deletes=True)
    services = Services("bench", folder, folder, lambda: NOW)
    with HttpClient("bench", url, services, network=HttpSettings(calls_per_second=1e6)) as client:
        erp = Erp(client, die_at)
        settle(ledger, "erp", erp, traits)
        with ledger.begin() as tx:
            batch, _ = batches.open_or_resume(tx, tenant="t", flow="bench", run_key="r", environment="test")
        read = ahead(pages(client, count))
        for part in chunks((result for page in read for result in page), BULK):
            plan(ledger, batch.id, [wanted(contracts, mapping, result) for result in part])
        done = push(ledger, batch.id, "erp", erp, traits)
        assert done.left + done.unknown == 0, done
    ledger.close()


def pages(client: HttpClient, count: int) -> Iterator[list[dict[str, Any]]]:
    """Every page."""
    for number in range(count // PAGE):
        yield client.decode("page", client.read("page", "GET", f"/results/{number}"), write=False)


def wanted(contracts: Contracts, mapping: Any, result: dict[str, Any]) -> Wanted:
    """One result judged, mapped and judged again."""
    assert not contracts.check("result", result)
    document = mapping.apply(result, variables={}, now=NOW).documents[0]
    assert not contracts.check("erp", document)
    decision = {"rule": "carried over", "result": result["id"]}
    return Wanted("erp", "Result", result["id"], document, decision, result["id"], mapping.version_id)


def script(folder: Path, url: str, count: int, die_at: int = 0) -> None:
    """The afternoon's way."""
    result_ok = jsonschema_rs.Draft202012Validator(RESULT, validate_formats=True)
    erp_ok = jsonschema_rs.Draft202012Validator(ERP, validate_formats=True)
    checkpoint = folder / "checkpoint.json"
    done = json.loads(checkpoint.read_text())["done"] if checkpoint.exists() else 0
    with requests.Session() as session:
        ready: list[dict[str, Any]] = []
        for number in range(done // PAGE, count // PAGE):
            for result in session.get(f"{url}/results/{number}", timeout=60).json():
                assert result_ok.is_valid(result)
                document = by_hand(result)
                assert erp_ok.is_valid(document)
                ready.append({**document, "ref": document["ExternalId"]})
            if len(ready) == BULK:
                answer = session.post(f"{url}/bulk", json=ready, timeout=60)
                answer.raise_for_status()
                if done // BULK + 1 == die_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                assert len(answer.json()) == BULK
                done += BULK
                with checkpoint.open("w") as file:
                    file.write(json.dumps({"done": done}))
                    file.flush()
                    os.fsync(file.fileno())
                ready = []


Way = Callable[..., None]


@contextmanager
def server(count: int, page_seconds: float, bulk_seconds: float, *, upsert: bool = True) -> Iterator[str]:
    """The vendor on both ends, in a process of its own; its address."""
    pages = [json.dumps(part, ensure_ascii=False).encode() for part in chunks(results(count), PAGE)]
    with bulk_server.running(pages, page_seconds, bulk_seconds, upsert=upsert) as url:
        yield url


def measured(way: Way, count: int, page_seconds: float, bulk_seconds: float) -> tuple[float, float, float]:
    """Wall seconds, our CPU seconds and the server's."""
    with tempfile.TemporaryDirectory() as name, server(count, page_seconds, bulk_seconds) as url:
        folder = home(Path(name))
        open_ledger(f"sqlite:///{folder}/ledger.db", folder).close()  # a deployment has one
        cpu, wall = time.process_time(), time.perf_counter()
        way(folder, url, count)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        told = requests.get(f"{url}/told", timeout=60).json()
        assert (told["rows"], told["doubled"]) == (count, 0), told
        return wall, cpu, told["cpu"]


def killed(way: Way, count: int) -> int:
    """How many results the server got twice when the way died in its third call and was started again."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as name, server(count, 0, 0, upsert=False) as url:
        folder = home(Path(name))
        for die_at in (3, 0):
            life = context.Process(target=way, args=(folder, url, count, die_at))
            life.start()
            life.join()
        assert life.exitcode == 0, "the second life failed"
        told = requests.get(f"{url}/told", timeout=60).json()
        assert told["rows"] == count, told
        return int(told["doubled"])


def one_by_one(count: int, seconds: float) -> tuple[float, float, float]:
    """Calls a second on eight connections to a vendor that takes `seconds` a record: what is possible by the time that the
    vendor really took, a bare thread pool, and ours."""
    with tempfile.TemporaryDirectory() as name, server(PAGE, 0, seconds) as url:
        folder = Path(name)
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db", folder)
        traits = TargetTraits("searchable_reference", 1, 0.0, deletes=True, connections=CONNECTIONS)
        documents = [by_hand(result) for result in results(count)]
        with ledger.begin() as tx:
            batch, _ = batches.open_or_resume(tx, tenant="t", flow="one", run_key="r", environment="test")
        plan(
            ledger,
            batch.id,
            [Wanted("erp", "R", d["ExternalId"], d, {"r": 1}, d["ExternalId"], "m") for d in documents],
        )
        sessions = threading.local()

        def bare(document: dict[str, Any]) -> None:
            if not hasattr(sessions, "own"):
                sessions.own = requests.Session()
            answer = sessions.own.post(f"{url}/bulk", json=[{**document, "ref": "x"}], timeout=60)
            assert answer.status_code == 200

        began = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(bare, documents))
        by_pool = count / (time.perf_counter() - began)
        with HttpClient(
            "one",
            url,
            Services("one", folder, folder, lambda: NOW),
            network=HttpSettings(calls_per_second=1e6),
        ) as client:
            began = time.perf_counter()
            assert push(ledger, batch.id, "erp", Erp(client), traits).confirmed == count
            ours_ = count / (time.perf_counter() - began)
        ledger.close()
        waited = requests.get(f"{url}/told", timeout=60).json()["waited"]
        return CONNECTIONS / waited, by_pool, ours_


def main() -> None:
    """Prints the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"{count} results, {PAGE} a page, {BULK} a call; milliseconds a result")
    print(f"{'':34s}{'wall s':>8}{'ratio':>7}{'our CPU ms':>12}{'server CPU s':>14}")
    for title, page_seconds, bulk_seconds in (
        ("pages 20 ms, calls 200 ms", 0.02, 0.2),
        ("a server that answers at once", 0.0, 0.0),
    ):
        base = measured(script, count, page_seconds, bulk_seconds)
        mine = measured(ours, count, page_seconds, bulk_seconds)
        print(title)
        for name, (wall, cpu, theirs) in (("hand-written script", base), ("trivet, ledger on", mine)):
            print(f"  {name:32s}{wall:8.2f}{wall / base[0]:7.2f}{cpu / count * 1e3:12.3f}{theirs:14.2f}")
    print("killed with SIGKILL after the vendor's third call, started again: results that arrived twice")
    for name, way in (("hand-written script", script), ("trivet, ledger on", ours)):
        print(f"  {name:32s}{killed(way, 2500):8d}")
    print(f"one record a call, {CONNECTIONS} connections: calls a second")
    print(f"{'':34s}{'possible':>10}{'bare pool':>11}{'trivet':>9}{'of possible':>13}{'of bare':>9}")
    for milliseconds, calls in ((50, 1600), (5, 3000)):
        possible, by_pool, by_us = one_by_one(calls, milliseconds / 1e3)
        print(
            f"  answers after {milliseconds:2d} ms{'':15s}{possible:10.0f}{by_pool:11.0f}{by_us:9.0f}"
            f"{by_us / possible:13.2f}{by_us / by_pool:9.2f}"
        )


if __name__ == "__main__":
    main()
