"""What vendors told starts runs in Airflow: one for many events, again where the first one died, later where nobody is home."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import World
from trivet_sandbox.server import Answer, Request, Running, Vendor
from trivet_sandbox.store import Store

from trivet.inbound import waking
from trivet.inbound.waking import Waker, listened_to, open_waker
from trivet.ledger import inbox
from trivet.model import Event

HR, FLOW = "feishu_hire", "nightly_interviews"


class AirflowApi(Vendor):
    """The three answers of Airflow's API that matter here, over a socket."""

    name = "airflow"

    def __init__(self) -> None:
        super().__init__(Store(None))
        self.runs: list[tuple[str, str]] = []
        self.tokens = {"t-1"}
        self.known = True
        self.route("POST", "/auth/token", self.token)
        self.route("POST", "/api/v2/dags/{dag}/dagRuns", self.start)

    def token(self, request: Request) -> Answer:
        """A login."""
        if request.json() != {"username": "hr", "password": "right"}:
            return Answer({"detail": "Invalid credentials"}, 401)
        self.tokens.add(token := f"t-{len(self.tokens) + 1}")
        return Answer({"access_token": token}, 201)

    def start(self, request: Request) -> Answer:
        """A run."""
        if (request.headers.get("Authorization") or "").removeprefix("Bearer ") not in self.tokens:
            return Answer({"detail": "Invalid token"}, 401)
        if not self.known:
            return Answer({"detail": "DAG not found"}, 404)
        run = (request.params["dag"], request.json()["dag_run_id"])
        if run in self.runs:
            return Answer({"detail": "exists"}, 409)
        self.runs.append(run)
        return Answer({"dag_run_id": run[1]}, 200)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(waking, "LONGEST_WAIT", 0.2)


@pytest.fixture
def airflow() -> Iterator[AirflowApi]:
    """An Airflow's API."""
    api = AirflowApi()
    running = Running(api)
    yield api
    running.stop()


@contextmanager
def woken(world: World, address: str, password: str = "right") -> Iterator[tuple[Any, Waker]]:  # noqa: S107
    """The deployment with a waker for that address."""
    extra = {"environment": "sandbox", "calls_per_second": 1000.0}
    known = {"conn_type": "trivet_airflow", "host": address, "login": "hr", "password": password}
    world.connect(airflow={**known, "extra": extra})
    with world.hub() as hub, open_waker(hub, listened_to(hub)) as waker:
        assert waker is not None
        yield hub, waker


def told(hub: Any, *names: str) -> None:
    """So many events of the HR system are stored."""
    with hub.ledger.begin() as tx:
        inbox.put(tx, HR, [Event(name, "kind") for name in names])


def eventually(true: Callable[[], object]) -> None:
    """Polls until it is true."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_many_events_start_one_run(world: World, airflow: AirflowApi) -> None:
    """However often they are told, until a batch has taken them; then the next ones start another."""
    with woken(world, airflow.base_url) as (hub, waker):
        told(hub, *map(str, range(500)))
        waker.wake()
        eventually(lambda: airflow.runs)
        told(hub, "one more")
        calls = len(airflow.log)
        waker.wake()
        eventually(lambda: len(airflow.log) > calls)
        assert len(airflow.runs) == 1
        assert airflow.runs[0][0] == f"event__{FLOW}"
        with hub.ledger.begin() as tx:
            inbox.take(tx, HR, "a batch")
        told(hub, "another")
        waker.wake()
        eventually(lambda: len(airflow.runs) == 2)


def test_what_came_while_nobody_was_here_starts_a_run(world: World, airflow: AirflowApi) -> None:
    """Without a new event."""
    with world.hub() as hub:
        told(hub, "1")
    with woken(world, airflow.base_url):
        eventually(lambda: airflow.runs)


def test_a_run_that_took_nothing_is_followed_by_another(world: World, airflow: AirflowApi) -> None:
    """After two minutes: it may have died before it began."""
    with woken(world, airflow.base_url) as (hub, waker):
        told(hub, "1")
        waker.wake()
        eventually(lambda: len(airflow.runs) == 1)
        world.clock.forward(seconds=waking.AGAIN + 1)
        eventually(lambda: len(airflow.runs) == 2)


def test_nobody_home_is_tried_again(world: World) -> None:
    """Nothing is lost while Airflow is down, and nobody has to press anything when it is back."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with woken(world, f"http://127.0.0.1:{port}") as (hub, waker):
        told(hub, "1")
        waker.wake()
        api = AirflowApi()
        running = Running(api, port)
        eventually(lambda: api.runs)
        running.stop()


def test_a_login_that_ran_out_is_renewed(world: World, airflow: AirflowApi) -> None:
    """Tokens of Airflow live a day, this process for months."""
    with woken(world, airflow.base_url) as (hub, waker):
        told(hub, "1")
        waker.wake()
        eventually(lambda: airflow.runs)
        airflow.tokens.clear()
        with hub.ledger.begin() as tx:
            inbox.take(tx, HR, "a batch")
        told(hub, "2")
        waker.wake()
        eventually(lambda: len(airflow.runs) == 2)


@pytest.mark.parametrize("trouble", ["wrong password", "no such DAG"])
def test_bad_input_waits_and_is_told_with_its_cure(
    trouble: str, world: World, airflow: AirflowApi, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names cause and cure, and no password; the event is kept."""
    airflow.known = trouble != "no such DAG"
    password = "not-it" if trouble == "wrong password" else "right"
    with woken(world, airflow.base_url, password) as (hub, waker):
        told(hub, "1")
        waker.wake()
        eventually(lambda: "events of feishu_hire wait" in caplog.text)
        said = caplog.text
        assert ("the credentials are refused" if trouble == "wrong password" else "DAG folder") in said
        assert "not-it" not in said
        with hub.ledger.read() as tx:
            assert inbox.waiting(tx) == {HR: 1}


def test_without_a_connection_nobody_is_woken(world: World) -> None:
    """The event is taken by the next night, or by hand."""
    with world.hub() as hub, open_waker(hub, listened_to(hub)) as waker:
        assert waker is None
