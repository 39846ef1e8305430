"""Events of HR systems over real sockets: proven, stored before they are answered, taken by the next run."""

import http.client
import json
import secrets
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import ROOT, World, fresh_world
from end_to_end.airflow import eventually
from hr import use
from sqlalchemy import delete
from trivet_sandbox.ashby import hooks as ashby_hooks
from trivet_sandbox.bamboohr import hooks as bamboohr_hooks
from trivet_sandbox.feishu_hire import events
from trivet_sandbox.greenhouse import hooks
from trivet_sandbox.http_json import hr as in_house
from trivet_sandbox.lever import hooks as lever_hooks

from trivet.ledger import cases, inbox
from trivet.ledger.tables import inbound

KEY, TOKEN, SECRET = "an-encrypt-key", "a-verification-token", "a-hook-secret"  # noqa: S105
APP = "cli_a1b2c3d4e5f60001"
Sent = tuple[bytes, dict[str, str]]


@contextmanager
def served(world: World, **more: dict[str, Any]) -> Iterator[str]:
    """`trivet serve` in a process of its own, with more connections; its address."""
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
        assert "Traceback" not in said


def healthy(base: str) -> bool:
    """Whether it answers."""
    try:
        urllib.request.urlopen(f"{base}/health").close()
    except urllib.error.URLError:
        return False
    return True


@pytest.fixture
def serving(world: World) -> Iterator[str]:
    """`trivet serve`; its address."""
    with served(world) as base:
        yield base


@pytest.fixture(scope="module")
def _open(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    world = fresh_world(_servers, tmp_path_factory.mktemp("open"))
    with served(world) as base:
        yield world, base


@pytest.fixture
def door(_open: tuple[World, str]) -> tuple[World, str]:
    """A deployment, with nothing in its inbox, and the address of the `trivet serve` that these tests share."""
    world, base = _open
    with world.hub() as hub, hub.ledger.begin() as tx:
        tx.conn.execute(delete(inbound))
    return world, base


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


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_event_is_stored_once_however_often_it_comes(vendor: str, door: tuple[World, str]) -> None:
    """The same delivery again is answered with success and changes nothing; another one is another."""
    world, serving = door
    first = VENDORS[vendor]()
    for _ in range(3):
        assert posted(serving, vendor, first) == (200, {})
    assert waiting(world) == {vendor: 1}
    assert posted(serving, vendor, VENDORS[vendor]()) == (200, {})
    assert waiting(world) == {vendor: 2}


def test_the_challenge_is_answered(door: tuple[World, str]) -> None:
    """Encrypted or not; with another token it is refused."""
    _, serving = door
    said = {"type": "url_verification", "challenge": "a-challenge", "token": TOKEN}
    for body in (events.encrypted(said, KEY), json.dumps(said).encode()):
        assert posted(serving, "feishu_hire", (body, {})) == (200, {"challenge": "a-challenge"})
    wrong = json.dumps({**said, "token": "another"}).encode()
    assert posted(serving, "feishu_hire", (wrong, {})) == (401, {"error": "WEBHOOK_SIGNATURE"})


def changed(sent: Sent) -> Sent:
    """One byte of the body is another."""
    return sent[0].replace(b"{", b"{ ", 1), sent[1]


def retold(sent: Sent, **changed: Any) -> Sent:
    """With other values in the body."""
    return json.dumps({**json.loads(sent[0]), **changed}).encode(), sent[1]


BAD: dict[str, tuple[str, Callable[[], Sent], int, str]] = {
    "feishu: bad signature": ("feishu_hire", lambda: changed(feishu()), 401, "WEBHOOK_SIGNATURE"),
    "feishu: no signature": ("feishu_hire", lambda: (feishu()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "feishu: another tenant's key": ("feishu_hire", lambda: feishu(key="another"), 401, "WEBHOOK_SIGNATURE"),
    "feishu: another app": ("feishu_hire", lambda: feishu(app="cli_other"), 401, "WEBHOOK_SIGNATURE"),
    "feishu: another token": ("feishu_hire", lambda: feishu(token="other"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "feishu: an old time stamp": ("feishu_hire", lambda: feishu(at=time.time() - 301), 401, "WEBHOOK_STALE"),
    "feishu: a time stamp to come": ("feishu_hire", lambda: feishu(at=time.time() + 302), 401, "WEBHOOK_STALE"),
    "feishu: not JSON": ("feishu_hire", lambda: (b"<xml/>", {}), 400, "EVENT_MALFORMED"),
    "feishu: a list": ("feishu_hire", lambda: (b"[]", {}), 400, "EVENT_MALFORMED"),
    "feishu: deep": ("feishu_hire", lambda: (b"[" * 100_000, {}), 400, "EVENT_MALFORMED"),
    "feishu: no cipher text": ("feishu_hire", lambda: (b'{"encrypt": 7}', {}), 401, "WEBHOOK_SIGNATURE"),
    "feishu: a short cipher text": ("feishu_hire", lambda: (b'{"encrypt": "AAAA"}', {}), 401, "WEBHOOK_SIGNATURE"),
    "greenhouse: bad signature": ("greenhouse", lambda: changed(greenhouse()), 401, "WEBHOOK_SIGNATURE"),
    "greenhouse: no signature": ("greenhouse", lambda: (greenhouse()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "greenhouse: another secret": ("greenhouse", lambda: greenhouse(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "greenhouse: not JSON": (
        "greenhouse", lambda: (b"nothing", hooks.headers(b"nothing", SECRET)), 400, "EVENT_MALFORMED",
    ),
    "ashby: bad signature": ("ashby", lambda: changed(ashby()), 401, "WEBHOOK_SIGNATURE"),
    "ashby: no signature": ("ashby", lambda: (ashby()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "ashby: another secret": ("ashby", lambda: ashby(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "ashby: not JSON": (
        "ashby", lambda: (b"nothing", ashby_hooks.headers(b"nothing", SECRET)), 400, "EVENT_MALFORMED",
    ),
    "lever: bad signature": ("lever", lambda: retold(lever(), token="0" * 48), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "lever: no signature": ("lever", lambda: retold(lever(), signature=None), 401, "WEBHOOK_SIGNATURE"),
    "lever: another webhook's secret": ("lever", lambda: lever(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "lever: another time": ("lever", lambda: retold(lever(), triggeredAt=1), 401, "WEBHOOK_SIGNATURE"),
    "lever: a time that is a text": (
        "lever", lambda: retold(lever(), triggeredAt="1"), 401, "WEBHOOK_SIGNATURE",
    ),
    "lever: an old event": ("lever", lambda: lever(at=time.time() - 86_401), 401, "WEBHOOK_STALE"),
    "lever: an event to come": ("lever", lambda: lever(at=time.time() + 302), 401, "WEBHOOK_STALE"),
    "lever: not JSON": ("lever", lambda: (b"nothing", {}), 400, "EVENT_MALFORMED"),
    "lever: a list": ("lever", lambda: (b"[]", {}), 400, "EVENT_MALFORMED"),
    "lever: deep": ("lever", lambda: (b"[" * 100_000, {}), 400, "EVENT_MALFORMED"),
    "lever: data of another form": ("lever", lambda: retold(lever(), data=[]), 400, "EVENT_MALFORMED"),
    "bamboohr: bad signature": ("bamboohr", lambda: changed(bamboohr()), 401, "WEBHOOK_SIGNATURE"),
    "bamboohr: no signature": ("bamboohr", lambda: (bamboohr()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "bamboohr: another secret": ("bamboohr", lambda: bamboohr(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "bamboohr: an old time stamp": ("bamboohr", lambda: bamboohr(at=time.time() - 302), 401, "WEBHOOK_STALE"),
    "bamboohr: not JSON": (
        "bamboohr", lambda: (b"nothing", bamboohr_hooks.headers(b"nothing", SECRET)), 400, "EVENT_MALFORMED",
    ),
    "described: bad signature": ("in_house_hr", lambda: changed(described()), 401, "WEBHOOK_SIGNATURE"),
    "described: no signature": ("in_house_hr", lambda: (described()[0], {}), 401, "WEBHOOK_SIGNATURE"),
    "described: another secret": ("in_house_hr", lambda: described(secret="x"), 401, "WEBHOOK_SIGNATURE"),  # noqa: S106
    "an ERP of the same connector": ("http_json", described, 401, "WEBHOOK_SIGNATURE"),
    "nobody's address": ("nobody", greenhouse, 404, "NOT_FOUND"),
    "an ERP's address": ("kingdee_cloud", greenhouse, 404, "NOT_FOUND"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, door: tuple[World, str]) -> None:
    """Refused with a code and no detail; nothing is stored."""
    world, serving = door
    connection, made, status, code = BAD[name]
    assert posted(serving, connection, made()) == (status, {"error": code})
    assert waiting(world) == {}


def test_bad_input_of_100_mb_is_refused_before_it_is_read(door: tuple[World, str]) -> None:
    """By what it declares; and where it declares nothing, after the first megabyte."""
    there = urlsplit(door[1])
    for headers in ({"Content-Length": str(100 * 1024 * 1024)}, {"Transfer-Encoding": "chunked"}):
        line = http.client.HTTPConnection(there.hostname or "", there.port, timeout=10)
        line.putrequest("POST", "/in/greenhouse")
        for name, value in headers.items():
            line.putheader(name, value)
        line.endheaders()
        if "Transfer-Encoding" in headers:
            # one byte too many, and nothing after it: what nobody reads would reset the connection
            for size in (*[0x20000] * 8, 1):
                line.send(f"{size:x}\r\n".encode() + bytes(size) + b"\r\n")
        answer = line.getresponse()
        assert (answer.status, json.load(answer)) == (413, {"error": "BODY_TOO_LARGE"})
        line.close()


def test_without_a_secret_nobody_is_believed(world: World, serving: str) -> None:
    """A connection that was not given one takes no event, signed with nothing or with anything."""
    world.connect()
    for vendor, made in VENDORS.items():
        assert posted(serving, vendor, made())[0] == 401
    for vendor, made in (("greenhouse", greenhouse), ("ashby", ashby), ("bamboohr", bamboohr)):
        assert posted(serving, vendor, made(secret="")) == (401, {"error": "WEBHOOK_SIGNATURE"})


def test_what_cannot_be_stored_is_not_answered_with_success(world: World, serving: str) -> None:
    """The vendor sends it again; by then the ledger is back."""
    ledger = world.state / "ledger.db"
    with sqlite3.connect(ledger) as db:
        db.execute("ALTER TABLE inbound RENAME TO inbound_away")
    sent = greenhouse()
    status, _ = posted(serving, "greenhouse", sent)
    with sqlite3.connect(ledger) as db:
        db.execute("ALTER TABLE inbound_away RENAME TO inbound")
    assert status == 503
    assert posted(serving, "greenhouse", sent) == (200, {})
    assert waiting(world) == {"greenhouse": 1}


def told(world: World, hr: str, serving: str, **what: Any) -> list[str]:
    """Codes of the open cases after a night, a change of which the vendor tells, and another night."""
    use(world, hr)
    world.night()
    keys = {"encrypt_key": KEY, "verification_token": TOKEN, "secret": SECRET}
    world.change(hr, what="subscribe", url=f"{serving}/in/{hr}", **keys)
    world.change(hr, **what)
    eventually(lambda: waiting(world), 15, "the change is told of")
    world.night()
    assert waiting(world) == {}
    with world.hub() as hub, hub.ledger.read() as tx:
        return [entry.code for entry in cases.find(tx)]


@pytest.mark.parametrize("hr", TELLING)
def test_a_deletion_that_is_told_is_followed_in_the_next_run(hr: str, world: World, serving: str) -> None:
    """Not only when the list is read whole: by the vendor's own event, signed, over the socket."""
    assert told(world, hr, serving, what="delete", candidate="be1") == ["PERSON_GONE"]


def test_who_was_anonymised_is_left_alone(world: World, serving: str) -> None:
    """Her record is still listed, without a name."""
    assert told(world, "greenhouse", serving, what="anonymize", candidate="be1") == ["PERSON_GONE"]
    world.clock.forward(days=8)
    sent = {name: len(world.writes(name)) for name in world.sandbox.servers}
    world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == sent


@pytest.mark.parametrize("hr", ["greenhouse", "ashby"])
def test_a_merge_that_is_told_makes_one_of_two(hr: str, world: World, serving: str) -> None:
    """Nobody has to decide anything: what was known of the one is known of the other."""
    assert told(world, hr, serving, what="merge", candidate="be3", into="ae3") == []
    assert len({o["subject_ref"] for o in world.operations()}) == 11
