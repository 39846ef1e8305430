"""The fixture world: the demo company behind stand-in servers, and a deployment that points at them."""

import atexit
import gc
import json
import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trivet_sandbox
from hypothesis import settings as hypothesis_settings
from ruamel.yaml import YAML
from sqlalchemy import Engine

from trivet.connections import stored_connections
from trivet.flow import report, steps
from trivet.flow.hub import Hub, open_hub
from trivet.ledger import database, open_ledger
from trivet.settings import Settings

ROOT = Path(__file__).parents[1]
MEMORY, ROOM = Path("/dev/shm"), 6 << 30  # noqa: S108


def _takes_folders(place: Path) -> bool:
    """Whether it is there, has room, and lets programs run: some tests install Trivet."""
    return (
        place.is_dir()
        and shutil.disk_usage(place).free > ROOM
        and not os.statvfs(place).f_flag & os.ST_NOEXEC
    )


# to wait for the disk to confirm every ledger's commits took half of the suite's time: folders lie in memory that has room
if "TMPDIR" not in os.environ and _takes_folders(MEMORY):
    tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY)
SHARED = tempfile.gettempdir()
"""Where what tests share lies, wherever one of them lets temporary files go."""
# how long one example takes says how busy the machine is
hypothesis_settings.register_profile("trivet", deadline=None)
hypothesis_settings.load_profile("trivet")
# a stranger's connector: found by entry point because its folder is on the path
sys.path.insert(0, str(ROOT / "tests" / "world"))
SCORERS: dict[str, dict[str, Any]] = {
    "script_reader": {"type": "script_reader"},
    "whisper_local": {"type": "whisper_local"},
    "behaviour_baseline": {"type": "behaviour_baseline"},
    "terms_engineering": {"type": "term_recogniser", "dictionaries": ["engineering"]},
    "terms_sales": {"type": "term_recogniser", "dictionaries": ["sales"]},
    "terms_finance": {"type": "term_recogniser", "dictionaries": ["finance"]},
}


def _share_statements() -> None:
    """SQLite's engines share what they compile: every ledger compiled its statements anew, a third of a small test's time."""
    make, first = database.make_engine, list[Engine]()

    def made(url: str) -> Engine:
        engine = make(url)
        if engine.dialect.name == "sqlite":
            if not first:
                first.append(engine)
            engine.dialect = first[0].dialect
            engine._compiled_cache = first[0]._compiled_cache
        return engine

    database.make_engine = made


_share_statements()


def pytest_collection_finish() -> None:
    """What was collected stays to the end: looking through it for cycles took a tenth of a worker's time."""
    gc.collect()
    gc.freeze()


class Clock:
    """The time, which a test may move on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **how: float) -> None:
        """Lets time pass."""
        self.ahead += timedelta(**how)


@dataclass
class World:
    """The company's servers and one deployment of Trivet, whose flow reads scripts instead of transcribing."""

    sandbox: Any
    base: Path
    clock: Clock = field(default_factory=Clock)
    flow: str = "nightly_interviews"
    differs: dict[str, Any] = field(default_factory=dict)
    """Settings that this deployment has and others have not."""

    @cached_property
    def home(self) -> Path:
        """The folder with this deployment's own mappings; laid out when first asked for: most tests of connectors never do."""
        shutil.copytree(_mappings(), self.base / "home" / "mappings")
        return self.base / "home"

    @cached_property
    def state(self) -> Path:
        """The state folder, with connections to the stand-ins and the scorers."""
        return shutil.copytree(_started(), self.base / "state")

    @property
    def settings(self) -> Settings:
        """Where this deployment keeps its things."""
        return Settings(
            self.home, self.state, f"sqlite:///{self.state / 'ledger.db'}", self.state / "connections.json",
            **self.differs,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        """What a command line of this deployment needs to know."""
        return {
            "TRIVET_HOME": str(self.home), "TRIVET_STATE": str(self.state), "PYTHONPATH": str(ROOT / "tests" / "world"),
            "COLUMNS": "200",
        }  # fmt: skip

    def hub(self) -> AbstractContextManager[Hub]:
        """The deployment, opened."""
        return open_hub(self.settings, stored_connections(self.settings.connections, {}), self.clock)

    def connect(self, **changed: dict[str, Any]) -> None:
        """Writes the connections file, with changes to single connections."""
        known = self.sandbox.connections()
        for name, extra in SCORERS.items():
            rest = {key: value for key, value in extra.items() if key != "type"}
            known[name] = {
                "conn_type": f"trivet_{extra['type']}",
                "extra": {"environment": "sandbox", **rest},
            }
        for name, change in changed.items():
            known[name] = {**known.get(name, {}), **change}
        (self.state / "connections.json").write_text(json.dumps(known))

    def edit_flow(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Edits the flow file as an engineer would."""
        edit(self.home / "mappings" / "flows" / f"{self.flow}.yaml", change)

    def noon(self) -> date:
        """Moves the clock to the next day's noon in the demo flow's zone, where no day ends meanwhile; that day."""
        here = self.clock().astimezone(ZoneInfo("Asia/Shanghai"))
        noon = datetime.combine(here.date() + timedelta(days=1), time(12), here.tzinfo)
        self.clock.forward(seconds=(noon - here).total_seconds())
        return noon.date()

    def night(self) -> str:
        """One run of the flow, in this process; the batch's id. A system that is down does not stop the others."""
        from trivet.errors import ConnectorError

        with self.hub() as hub:
            flow = hub.flow(self.flow)
            batch_id = steps.pull(hub, self.flow, "test")
            for shard in range(flow.shards):
                steps.score(hub, batch_id, shard, flow.shards)
            steps.decide(hub, batch_id)
            for target in flow.targets():
                try:
                    steps.push(hub, batch_id, target)
                except ConnectorError:
                    continue
            with suppress(ConnectorError):
                steps.conclude(hub, batch_id)
            return batch_id

    def fresh(self) -> str | None:
        """One run for what HR systems told, in this process; the batch's id, None where they told nothing."""
        with self.hub() as hub:
            batch_id = steps.hear(hub, self.flow, "test")
            if batch_id is not None:
                steps.score(hub, batch_id, 0, 1)
                steps.deliver_fresh(hub, batch_id)
                steps.tell_back(hub, batch_id)
            return batch_id

    def summary(self, batch_id: str) -> dict[str, Any]:
        """What the batch came to."""
        with self.hub() as hub:
            return report.summary(hub, batch_id)

    def batches(self) -> list[dict[str, Any]]:
        """The ledger's batches, newest first."""
        with self.hub() as hub:
            return report.batches(hub, 100)

    def operations(self, **which: Any) -> list[dict[str, Any]]:
        """The ledger's operations."""
        with self.hub() as hub:
            return report.deliveries(hub, limit=1000, **which)

    def held(self, name: str) -> Any:
        """The full state of one stand-in."""
        return self._ask(name, "GET", "state")

    def erps(self) -> Any:
        """The full state of both ERPs."""
        return {name: self.held(name) for name in ("successfactors", "kingdee_cloud")}

    def change(self, name: str, **spec: Any) -> Any:
        """Something that a person does in the vendor's own screens."""
        return self._ask(name, "POST", "change", spec)

    def speak(self, candidate: str, text: str, hr: str = "feishu_hire") -> None:
        """A new recording of the candidate, in which she says this."""
        content = b"script:" + text.encode()
        self.change(hr, what="recording", candidate=candidate, file="new.ogg", content_hex=content.hex())

    def misbehave(self, name: str, **fault: Any) -> None:
        """The next matching calls go wrong."""
        self._ask(name, "POST", "faults", fault)

    def spoiled(self, name: str) -> bool:
        """Whether a call has arrived that goes wrong, perhaps not answered yet."""
        return any(rule["times"] == 0 for rule in self._ask(name, "GET", "faults"))

    def behave(self, name: str) -> None:
        """No fault any more."""
        self._ask(name, "DELETE", "faults")

    def writes(self, name: str) -> list[dict[str, Any]]:
        """The calls that may have changed something."""
        reads = ("Query", "token", "Login", "/oauth/", ".list", ".info")
        return [
            call
            for call in self._ask(name, "GET", "log")
            if call["method"] != "GET" and not any(word in call["path"] for word in reads)
        ]

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Every call."""
        found: list[dict[str, Any]] = self._ask(name, "GET", "log")
        return found

    def _ask(self, name: str, method: str, what: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.sandbox[name].base_url}/_sandbox/{what}", method=method,
            data=json.dumps(body).encode() if body is not None else None,
        )  # fmt: skip
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def _servers() -> Iterator[Any]:
    with trivet_sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def world(_servers: Any, tmp_path: Path) -> World:
    """A fresh company and a fresh deployment whose flow reads scripts instead of transcribing."""
    return fresh_world(_servers, tmp_path)


def fresh_world(servers: Any, base: Path) -> World:
    """Those servers as after their start, and a deployment in that folder that points at them."""
    servers.reset()
    made = World(servers, base)
    made.connect()
    return made


def edit(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Edits a YAML file and keeps its comments."""
    yaml = YAML()
    data = yaml.load(file.read_text(encoding="utf-8"))
    change(data)
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(data, out)


@cache
def _started() -> Path:
    """The state folder of a ledger that nobody has used; copied by each deployment, for to migrate one takes half a second."""
    folder = Path(tempfile.mkdtemp(prefix="trivet-state-", dir=SHARED))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_ledger(f"sqlite:///{folder / 'ledger.db'}", folder).close()
    return folder


@cache
def _mappings() -> Path:
    """The shipped mappings, with a flow that reads scripts; copied by each deployment."""
    folder = Path(tempfile.mkdtemp(prefix="trivet-mappings-", dir=SHARED))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "mappings", folder, dirs_exist_ok=True)
    edit(
        folder / "flows" / "nightly_interviews.yaml",
        lambda flow: flow["scoring"].update(transcriber={"connection": "script_reader"}),
    )
    return folder
