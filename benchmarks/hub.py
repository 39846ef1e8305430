"""The hub's own time for a night of 1,000 candidates without audio, step by step, beside the vendors' servers.

    python -m benchmarks.hub [CANDIDATES]

Everything runs over real sockets against the stand-ins, which are a process of their own; recordings are looked up instead of
transcribed. CPU seconds are this process's; fetching recordings, and the scorers' work with them opened for it, are shown apart:
they are the audio's share. Beside it the limit: one bare `requests` call, measured in the same run, times the calls that the
vendors' protocols ask for. The hub's own time is what it takes beyond that.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import requests

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "world"))
SCORERS: dict[str, dict[str, Any]] = {
    "script_reader": {},
    "behaviour_baseline": {},
    "terms_engineering": {"dictionaries": ["engineering"]},
    "terms_sales": {"dictionaries": ["sales"]},
    "terms_finance": {"dictionaries": ["finance"]},
}


class Row(NamedTuple):
    """One step."""

    name: str
    cpu: float
    wall: float
    calls: int
    ours: bool = True
    """Whether it counts as the hub's own."""


class Apart:
    """Work within a step that has a row of its own."""

    def __init__(self, name: str, work: Callable[..., Any], sent: Callable[[], int]) -> None:
        self.row = Row(name, 0.0, 0.0, 0, ours=False)
        self._work = work
        self._sent = sent

    def __get__(self, owner: Any, _: type) -> Any:
        return partial(self, owner)

    def __call__(self, *given: Any) -> Any:
        """Does it, and counts what it took."""
        cpu, wall, calls = time.thread_time(), time.perf_counter(), self._sent()
        try:
            return self._work(*given)
        finally:
            took = time.thread_time() - cpu, time.perf_counter() - wall, self._sent() - calls
            self.row = self.row._replace(
                cpu=self.row.cpu + took[0], wall=self.row.wall + took[1], calls=self.row.calls + took[2]
            )


def main() -> None:
    """Prints the table."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder, _sandbox(Path(folder), size) as connections:
        home, state = Path(folder) / "home", Path(folder) / "state"
        shutil.copytree(ROOT / "mappings", home / "mappings")
        flow = home / "mappings" / "flows" / "nightly_interviews.yaml"
        text = flow.read_text(encoding="utf-8").replace(
            "{connection: whisper_local}", "{connection: script_reader}"
        )
        flow.write_text(
            text.replace('cut_over: "2026-01-01", first_nights: {nights: 3, persons: 500}', "{}").replace(
                "{{}}", "{}"
            ),
            encoding="utf-8",
        )
        state.mkdir()
        for name, extra in SCORERS.items():
            kind = "term_recogniser" if name.startswith("terms_") else name
            connections[name] = {"conn_type": f"trivet_{kind}", "extra": {"environment": "sandbox", **extra}}
        for entry in connections.values():
            # the vendors' own limits are not what is measured
            if "host" in entry:
                entry["extra"]["calls_per_second"] = 100_000
        (state / "connections.json").write_text(json.dumps(connections))
        rows, operations = _night(home, state)
        _print(size, rows, operations, _bare(connections))


@contextmanager
def _sandbox(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    file = folder / "sandbox.json"
    command = [
        sys.executable,
        "-m",
        "trivet_sandbox",
        "up",
        "--candidates",
        str(size),
        "--connections",
        str(file),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not file.exists():
            time.sleep(0.05)
        yield json.loads(file.read_text())
    finally:
        process.terminate()
        process.wait()


def _night(home: Path, state: Path) -> tuple[list[Row], int]:
    from trivet.connections import stored_connections
    from trivet.flow import report, score, steps
    from trivet.flow.fetch import Fetcher
    from trivet.flow.hub import open_hub
    from trivet.ledger import batches
    from trivet.settings import Settings

    settings = Settings(home, state, f"sqlite:///{state / 'ledger.db'}", state / "connections.json")
    rows: list[Row] = []
    sent: Counter[int] = Counter()
    """Calls by thread."""
    send = requests.Session.send

    def counted(*given: Any, **how: Any) -> Any:
        sent[threading.get_ident()] += 1
        return send(*given, **how)

    requests.Session.send = counted  # type: ignore[method-assign]

    def own() -> int:
        return sent[threading.get_ident()]

    fetching = Apart("recordings", Fetcher._put, own)
    waiting = Apart("recordings", Fetcher.fetch, own)
    spoken = Apart("scorers at work", vars(score)["_spoken"], own)
    Fetcher._put = fetching  # type: ignore[method-assign, assignment]
    Fetcher.fetch = waiting  # type: ignore[method-assign, assignment]
    vars(score)["_spoken"] = spoken
    with open_hub(settings, stored_connections(settings.connections, {})) as hub:

        def step(name: str, work: Callable[[], Any]) -> Any:
            cpu, wall, calls = time.process_time(), time.perf_counter(), sent.total()
            done = work()
            took = time.process_time() - cpu, time.perf_counter() - wall, sent.total() - calls
            rows.append(Row(name, *took))
            return done

        batch_id = step("pull and translate", lambda: steps.pull(hub, "nightly_interviews", "bench"))
        flow = hub.flow("nightly_interviews")
        step("score", lambda: [steps.score(hub, batch_id, n, flow.shards) for n in range(flow.shards)])
        whole = rows.pop()
        # they are fetched beside the step's own work: of their seconds those count for which it waited
        apart = [fetching.row._replace(wall=waiting.row.wall), spoken.row]
        rest = whole._replace(
            cpu=whole.cpu - sum(one.cpu for one in apart),
            wall=whole.wall - sum(one.wall for one in apart),
            calls=whole.calls - sum(one.calls for one in apart),
        )
        rows.extend((*apart, rest))
        step("decide and plan", lambda: steps.decide(hub, batch_id))
        for target in flow.targets():
            step(f"push {target}", partial(steps.push, hub, batch_id, target))
        # a page and a candidate's page an interview are made at the end: a row of their own
        making = vars(steps)["make_reports"]
        vars(steps)["make_reports"] = lambda *_: Counter()
        step("settle, verify, close", lambda: steps.conclude(hub, batch_id))
        with hub.ledger.read() as tx:
            closed = batches.get(tx, batch_id)
        step("reports", lambda: making(hub, flow, closed))
        operations = sum(
            sum(n for k, n in row.items() if k != "system")
            for row in report.summary(hub, batch_id)["systems"]
        )
    return rows, operations


def _bare(connections: dict[str, Any]) -> float:
    """CPU seconds of one call with nothing around it."""
    session = requests.Session()
    session.trust_env = False
    address = connections["feishu_hire"]["host"] + "/_sandbox/health"
    cpu = time.process_time()
    for _ in range(1000):
        session.get(address).json()
    return (time.process_time() - cpu) / 1000


def _print(size: int, rows: list[Row], operations: int, call: float) -> None:
    print(f"{size} candidates, {operations} operations; a bare call takes {call * 1000:.2f} ms CPU\n")
    print(f"{'step':<26}{'CPU s':>8}{'calls':>8}{'bare calls s':>14}{'own CPU s':>11}{'wall s':>8}")
    ours = [row for row in rows if row.ours]
    total = Row(
        "together, without audio",
        sum(row.cpu for row in ours),
        sum(row.wall for row in ours),
        sum(row.calls for row in ours),
    )
    for row in [*rows, total]:
        bare = row.calls * call
        own = f"{row.cpu - bare:.2f}" if row.ours else "(audio)"
        print(f"{row.name:<26}{row.cpu:>8.2f}{row.calls:>8}{bare:>14.2f}{own:>11}{row.wall:>8.2f}")


if __name__ == "__main__":
    main()
