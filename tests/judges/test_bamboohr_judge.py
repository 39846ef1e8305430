"""BambooHR's own OpenAPI judges both sides: Prism stands as a proxy between our connector and our stand-in.

`tests/peers/bamboohr/openapi.json` is the vendor's file, cut to the calls that we make. A request or an answer that breaks it
comes back as an error of Prism's, or with the header `sl-violations`; the test collects every answer that the connector got.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import World
from trivet_connectors.bamboohr import DIRECTORY, RECORDINGS, SOURCE, TARGET
from trivet_connectors.bamboohr.config import BambooHrConfig

from trivet.contract import Services
from trivet.model import Confirmed, Operation

NAME = "bamboohr"
SPEC = Path(__file__).parents[1] / "peers" / "bamboohr" / "openapi.json"
CACHE = Path(__file__).parents[2] / ".judges" / "prism"
PACKAGE = "@stoplight/prism-cli@5.16.0"
REFERENCE = "ABCDEFGHIJKLMNOP"


def _node() -> int:
    """Node's major version, 0 where there is none."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.lstrip("v").split(".")[0])


pytestmark = [
    pytest.mark.skipif(_node() < 18, reason="node 18 or newer, with npm, is not installed"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def prism() -> Path:
    """The program; fetched once, into `.judges/prism`."""
    program = CACHE / "node_modules" / ".bin" / "prism"
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        install = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            str(CACHE),
            PACKAGE,
        ]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot fetch {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}")
    return program


@pytest.fixture(scope="module")
def proxy(prism: Path, _servers: Any) -> Iterator[str]:
    """The address of Prism before our stand-in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    behind = _servers[NAME].base_url
    command = [str(prism), "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), str(SPEC), behind]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Until it listens; it takes its time to read a specification."""
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, "Prism ended by itself"
            assert time.monotonic() < deadline, "Prism did not start"
            time.sleep(0.1)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every answer that comes through the proxy."""
    answers: list[Any] = []
    plain = requests.Session.send

    def send(self: Any, request: Any, **how: Any) -> Any:
        answer = plain(self, request, **how)
        if _is_problem(answer):
            answer.content  # noqa: B018 - kept, for the connector's reading uses it up
        answers.append(answer)
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    return answers


@contextmanager
def built(connector: Any, address: str, world: World, folder: Path) -> Iterator[Any]:
    """One side of the connector, its calls going through the proxy."""
    said = {**world.sandbox[NAME].announce(), "base_url": address, "calls_per_second": 1000.0, "page_size": 2}
    there = Services(NAME, folder, folder, lambda: datetime.now(UTC))
    with connector.build(BambooHrConfig.model_validate(said), there) as made:
        yield made


def operation(entity: str, kind: Any, document: Any, remote_id: str | None = None) -> Operation:
    """One of ours."""
    return Operation(f"{REFERENCE}-X1", REFERENCE, kind, entity, document, remote_id)


def violations(answer: Any) -> str:
    """What Prism says against the call, empty where it says nothing."""
    if "sl-violations" in answer.headers:
        return str(answer.headers["sl-violations"])
    # with --errors the violations stand in an answer of Prism's own
    said = answer.json() if _is_problem(answer) else {}
    return json.dumps(said.get("validation", said)) if said else ""


def _is_problem(answer: Any) -> bool:
    return "problem+json" in answer.headers.get("Content-Type", "")


def judged(heard: list[Any]) -> set[str]:
    """Method and kind of path of everything that was asked, once it is known that nothing was broken."""
    assert {f"{a.request.method} {a.request.url}": v for a in heard if (v := violations(a))} == {}
    kinds = set()
    for answer in heard:
        assert answer.status_code < 300
        path = answer.request.path_url.partition("?")[0]
        parts = ["{}" if part.isdecimal() else part for part in path.split("/")]
        kinds.add(f"{answer.request.method} {'/'.join(parts)}")
    return kinds


def test_every_call_keeps_the_vendors_own_specification(
    proxy: str, heard: list[Any], world: World, tmp_path: Path
) -> None:
    """Requests and answers, of whatever the connector can ask."""
    world.change(NAME, what="rows", rows=5)
    with built(SOURCE, proxy, world, tmp_path) as source:
        source.check()
        for stream in SOURCE.streams:
            pages = list(source.pages(stream, None))
            list(source.pages(stream, pages[-1].cursor))
        assert dict(source.around("applications", ["3000"]))["applications"]
    with built(DIRECTORY, proxy, world, tmp_path) as directory:
        directory.check()
        (*_, last) = directory.pages("employees", None)
        list(directory.pages("employees", last.cursor))
    with built(TARGET, proxy, world, tmp_path) as target:
        target.check()
        said = {"application_id": "3000", "comment": "𠮷田 O'Brien"}
        for kind in ("create", "update"):
            assert isinstance(target.send([operation("comment", kind, said)])[0], Confirmed)
    with built(RECORDINGS, proxy, world, tmp_path) as recordings:
        recordings.check()
        recordings._link({"application_id": "3000", "attachment_id": "9000"})
    assert judged(heard) == {
        "GET /api/v1/applicant_tracking/statuses",
        "GET /api/v1/applicant_tracking/jobs",
        "GET /api/v1/applicant_tracking/applications",
        "GET /api/v1/applicant_tracking/applications/{}",
        "POST /api/v1/applicant_tracking/applications/{}/comments",
        "GET /api/v1/employees/changed",
        "GET /api/v1/employees/{}",
    }


ASKED: dict[str, tuple[str, str, Any]] = {
    "status": ("POST", "/api/v1/applicant_tracking/applications/3000/status", {"status": 40}),
    "directory": ("GET", "/api/v1/employees/directory", None),
    "training types": ("GET", "/api/v1/training/type", None),
    "no training records": ("GET", "/api/v1/training/record/employee/100", None),
    "new training record": ("POST", "/api/v1/training/record/employee/100", {"completed": "2026-11-20", "type": 1, "hours": 4}),
    "training records": ("GET", "/api/v1/training/record/employee/100?type=1", None),
    "changed training record": ("PUT", "/api/v1/training/record/500", {"completed": "2026-11-21", "notes": "x"}),
    "training record that goes": ("DELETE", "/api/v1/training/record/500", None),
    "new goal": ("POST", "/api/v1/performance/employees/100/goals",
                 {"title": "x", "dueDate": "2026-12-31", "sharedWithEmployeeIds": [100]}),
    "changed goal": ("PUT", "/api/v1_1/performance/employees/100/goals/600",
                     {"title": "y", "dueDate": "2026-12-31", "sharedWithEmployeeIds": [100]}),
    "goals": ("GET", "/api/v1/performance/employees/100/goals?filter=status-all", None),
    "goal that goes": ("DELETE", "/api/v1/performance/employees/100/goals/600", None),
}  # fmt: skip


def test_what_else_the_stand_in_answers_keeps_it_too(proxy: str, world: World) -> None:
    """The calls of a customer's trial that our connector does not make."""
    key = world.sandbox[NAME].announce()["api_key"]
    with requests.Session() as session:
        session.auth = (key, "x")
        session.headers["Accept"] = "application/json"
        for name, (method, path, body) in ASKED.items():
            answer = session.request(method, proxy + path, json=body, timeout=30)
            assert violations(answer) == "", name
            assert answer.status_code < 300, name


def test_the_judge_can_say_no(proxy: str, world: World) -> None:
    """A request and an answer that break the specification are told, each."""
    key = world.sandbox[NAME].announce()["api_key"]
    path = "/api/v1/applicant_tracking/applications"
    with requests.Session() as session:
        session.auth = (key, "x")
        wrong = session.post(f"{proxy}{path}/3000/comments", json={"text": "x"}, timeout=30)
        world.misbehave(
            NAME, kind="answer", path=path, body='{"paginationComplete": "yes", "applications": []}'
        )
        lying = session.get(f"{proxy}{path}", timeout=30)
    assert "comment" in violations(wrong)
    assert "paginationComplete" in violations(lying)
