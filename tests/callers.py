"""`trivet serve` in a process of its own, and the HR systems that call it, as their vendors sign and seal."""

import json
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import ROOT, World, fresh_world
from end_to_end.airflow import eventually
from sqlalchemy import delete
from trivet_sandbox.ashby import hooks as ashby_hooks
from trivet_sandbox.bamboohr import hooks as bamboohr_hooks
from trivet_sandbox.feishu_hire import events
from trivet_sandbox.greenhouse import hooks
from trivet_sandbox.http_json import hr as in_house
from trivet_sandbox.lever import hooks as lever_hooks

from trivet.ledger import inbox
from trivet.ledger.tables import inbound

KEY, TOKEN, SECRET = "an-encrypt-key", "a-verification-token", "a-hook-secret"  # noqa: S105
APP = "cli_a1b2c3d4e5f60001"
Sent = tuple[bytes, dict[str, str]]


@contextmanager
def served(world: World, **more: dict[str, Any]) -> Iterator[str]:
    """`trivet serve` in a process of its own, with more connections; its address. What it `said` lies in that file afterwards."""
    known = world.sandbox.connections()
    feishu, greenhouse, ashby, lever, bamboohr = (
        known[name] for name in ("feishu_hire", "greenhouse", "ashby", "lever", "bamboohr")
    )
    world.connect(
        feishu_hire={"extra": {**feishu["extra"], "encrypt_key": KEY, "verification_token": TOKEN}},
        greenhouse={"extra": {**greenhouse["extra"], "webhook_secret": SECRET}},
        ashby={"extra": {**ashby["extra"], "webhook_secret": SECRET}},
        lever={"extra": {**lever["extra"], "signature_tokens": ["another-hook-s", SECRET]}},
        bamboohr={"extra": {**bamboohr["extra"], "webhook_key": SECRET}},
        in_house_hr={"extra": {**known["in_house_hr"]["extra"], "webhook_secret": SECRET}},
        **more,
    )
    command = [sys.executable, "-m", "trivet.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=world.environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert "/in/feishu_hire" in address
        base = address.removesuffix("/in/feishu_hire")
        try:
            eventually(lambda: healthy(base), 20, "it serves")
            yield base
        finally:
            # whatever the test came to: leaving waits for the process's end
            process.terminate()
            _, said = process.communicate(timeout=15)
        (world.base / "said").write_text(said, encoding="utf-8")
        assert "Traceback" not in said


@pytest.fixture(scope="module")
def open_door(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """The deployment behind `door`."""
    world = fresh_world(_servers, tmp_path_factory.mktemp("open"))
    with served(world) as base:
        yield world, base


@pytest.fixture
def door(open_door: tuple[World, str]) -> tuple[World, str]:
    """A deployment, with nothing in its inbox, and the address of the `trivet serve` that these tests share."""
    world, base = open_door
    with world.hub() as hub, hub.ledger.begin() as tx:
        tx.conn.execute(delete(inbound))
    return world, base


def healthy(base: str) -> bool:
    """Whether it answers."""
    try:
        urllib.request.urlopen(f"{base}/health").close()
    except urllib.error.URLError:
        return False
    return True


def posted(base: str, connection: str, sent: Sent) -> tuple[int, Any]:
    """Status and JSON of the answer."""
    body, headers = sent
    asked = urllib.request.Request(
        f"{base}/in/{connection}", body, {"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def feishu(kind: str = "hire.application.stage_changed_v1", *, app: str = APP, token: str = TOKEN,
           key: str = KEY, at: float | None = None, **body: Any) -> Sent:  # fmt: skip
    """An event of the open platform."""
    sent = events.encrypted(events.event(app, token, kind, body or {"application_id": "1"}), key)
    return sent, events.headers(sent, key, at)


def greenhouse(action: str = "update_candidate", secret: str = SECRET, **payload: Any) -> Sent:
    """A web hook."""
    sent = hooks.body(action, payload)
    return sent, hooks.headers(sent, secret)


def ashby(action: str = "applicationUpdate", secret: str = SECRET, **data: Any) -> Sent:
    """A webhook of Ashby's."""
    sent = ashby_hooks.body(action, data)
    return sent, ashby_hooks.headers(sent, secret)


def lever(
    event: str = "candidateStageChange", secret: str = SECRET, at: float | None = None, **data: Any
) -> Sent:
    """A webhook; `at` in seconds."""
    return lever_hooks.body(event, data, secret, None if at is None else int(at * 1000)), {}


def bamboohr(kind: str = "employee.updated", secret: str = SECRET, at: float | None = None) -> Sent:
    """A web hook of BambooHR's, each about another employee."""
    sent = bamboohr_hooks.body(kind, str(secrets.randbelow(10**9)), ["hireDate"])
    return sent, bamboohr_hooks.headers(sent, secret, at)


def described(kind: str = "candidate.changed", secret: str = SECRET, **names: Any) -> Sent:
    """An event of the HR system that its connection describes."""
    sent = in_house.event(kind, **names)
    return sent, in_house.signature(sent, secret)


VENDORS: dict[str, Callable[..., Sent]] = {
    "feishu_hire": feishu, "greenhouse": greenhouse, "ashby": ashby, "lever": lever, "bamboohr": bamboohr,
    "in_house_hr": described,
}  # fmt: skip
TELLING = ("feishu_hire", "greenhouse", "ashby", "lever", "in_house_hr")
"""Of candidates; BambooHR tells of employees only."""


def waiting(world: World) -> dict[str, int]:
    """Events that no run has taken yet."""
    with world.hub() as hub, hub.ledger.read() as tx:
        return inbox.waiting(tx)


def changed(sent: Sent) -> Sent:
    """One byte of the body is another."""
    return sent[0].replace(b"{", b"{ ", 1), sent[1]


def retold(sent: Sent, **changed: Any) -> Sent:
    """With other values in the body."""
    return json.dumps({**json.loads(sent[0]), **changed}).encode(), sent[1]
