"""Reading an HR system: our source beside a minimal hand-written reader of the same pages, and what storing costs.

    python -m benchmarks.sources [CANDIDATES] [MANY]

Candidates and applications of Greenhouse's stand-in are rendered before, 500 a page, and said by a server of its own process,
each page after 20 ms. The reader by hand logs in, follows the cursors and parses the JSON. `pull` is the step of a flow: pages
stored sealed, mapped, checked by schema and stored as canonical documents. The best of three runs each, in turns. Memory is a
process's peak, for so many candidates and for MANY. The aims: 0.7 of the reader by hand, 3,000 records a second with storage.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from benchmarks.replay_server import Replay, replaying
from sandbox.greenhouse.listing import listed
from sandbox.greenhouse.seed import seed
from sandbox.store import Store
from trivet.connections import stored_connections
from trivet.contract import Services, SourceConnector
from trivet.flow import steps
from trivet.flow.definition import load_flow
from trivet.flow.hub import open_hub
from trivet.registry import find_connector
from trivet.settings import Settings

ROOT = Path(__file__).parents[1]
RUNS, PAGE, DELAY = 3, "500", 0.02
FLOW = "nightly_interviews"
STREAMS = ("candidates", "applications")
MAPPINGS = {
    "jobs": ["greenhouse/requisition"],
    "candidates": ["greenhouse/candidate", "greenhouse/consent"],
    "applications": ["greenhouse/application"],
}


def main() -> None:
    """Prints the tables."""
    if sys.argv[1:2] == ["--pull"]:
        print(json.dumps(_pulled(sys.argv[2], int(sys.argv[3]))))
        return
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    many = int(sys.argv[2]) if len(sys.argv) > 2 else 10 * size
    rates: dict[str, float] = {}
    with replaying(_rendered(size), DELAY) as server, tempfile.TemporaryDirectory() as folder:
        for _ in range(RUNS):
            for name, read in (("by hand", _by_hand), ("our source", _ours)):
                began = time.perf_counter()
                count = read(server.base_url, Path(folder))
                rates[name] = max(rates.get(name, 0.0), count / (time.perf_counter() - began))
                server.used()
            told = _in_a_process(server, size)
            rates["pull"] = max(rates.get("pull", 0.0), told["rate"])
    table = Table(title=f"{size} candidates with their applications, {DELAY * 1000:.0f} ms a page")
    for title in ("reader", "records/s", "of by hand"):
        table.add_column(title, justify="left" if title == "reader" else "right")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / rates['by hand']:.2f}")
    Console().print(table)
    with replaying(_rendered(many)) as server:
        large = _in_a_process(server, many)
    print(
        f"peak memory of a pull: {told['megabytes']:.0f} MB for {size}, {large['megabytes']:.0f} MB for {many} candidates"
    )


def _rendered(size: int) -> Mapping[str, Sequence[bytes]]:
    store = Store(None)
    seed(store, size)
    answers = {"POST /token": [_answer({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})]}
    for kind in ("jobs", *STREAMS):
        query: dict[str, str] | None = {"per_page": PAGE}
        pages = []
        while query is not None:
            rows, cursor = listed(store, kind, query)
            pages.append(
                _answer(rows, f'<http://there/v3/{kind}?cursor={cursor}>; rel="next"' if cursor else None)
            )
            query = {"cursor": cursor} if cursor else None
        answers[f"GET /v3/{kind}"] = pages
    return answers


def _answer(body: Any, link: str | None = None) -> bytes:
    said = json.dumps(body, ensure_ascii=False).encode()
    more = f"Link: {link}\r\n" if link else ""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n{more}\r\n"
    return head.encode() + said


def _by_hand(url: str, folder: Path) -> int:  # noqa: ARG001
    count = 0
    with requests.Session() as session:
        token = session.post(
            f"{url}/token", auth=("id", "secret"), data={"grant_type": "client_credentials"}
        ).json()
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        for kind in STREAMS:
            query = {"per_page": PAGE}
            while query:
                answer = session.get(f"{url}/v3/{kind}", params=query)
                count += len([(row["id"], row["updated_at"]) for row in answer.json()])
                found = re.search(r"cursor=([^>]+)>", answer.headers.get("Link", ""))
                query = {"cursor": found[1]} if found else {}
    return count


def _ours(url: str, folder: Path) -> int:
    declared = find_connector(SourceConnector, "greenhouse")
    config = declared.config.model_validate(_settings(url))
    with declared.build(config, Services("bench", folder, folder, lambda: datetime.now(UTC))) as source:
        return sum(len(page.records) for stream in STREAMS for page in source.pages(stream, None))


def _settings(url: str) -> dict[str, Any]:
    return {
        "base_url": url,
        "auth_url": url,
        "client_id": "id",
        "client_secret": "secret",
        "calls_per_second": 1e6,
    }


def _in_a_process(server: Replay, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.sources", "--pull", server.base_url, str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    server.used()
    said: dict[str, float] = json.loads(done.stdout)
    return said


def _pulled(url: str, size: int) -> dict[str, float]:
    """Rate and peak memory of one pull into an empty ledger."""
    with tempfile.TemporaryDirectory() as folder:
        home, state = Path(folder) / "home", Path(folder) / "state"
        state.mkdir()
        shutil.copytree(ROOT / "mappings", home / "mappings")
        file = home / "mappings" / "flows" / "nightly_interviews.yaml"
        flow = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        flow["source"] = {"connection": "hr", "mappings": MAPPINGS}
        file.write_text(json.dumps(flow))
        hr = {"conn_type": "trivet_greenhouse", "extra": {"environment": "sandbox", **_settings(url)}}
        # named by the flow, and not asked by a pull
        other = {"conn_type": "trivet_other", "extra": {"environment": "sandbox"}}
        others = dict.fromkeys(load_flow(home, FLOW).connections(), other)
        (state / "connections.json").write_text(json.dumps({**others, "hr": hr}))
        seconds = _timed(home, state)
    return {"rate": 2 * size / seconds, "megabytes": _peak()}


def _peak() -> float:
    """Of this process alone: what `getrusage` tells survives an exec, and would be the caller's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) / 1024


def _timed(home: Path, state: Path) -> float:
    settings = Settings(home, state, f"sqlite:///{state / 'ledger.db'}", state / "connections.json")
    with open_hub(settings, stored_connections(settings.connections, {})) as hub:
        began = time.perf_counter()
        steps.pull(hub, FLOW, "benchmark")
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
