"""Everything that a deployment does while everything goes wrong: flows, commands, webhooks, alerts; and what was written then."""

import json
import logging
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from canary import handed_in, planted
from canary.places import Written
from conftest import ROOT, World
from end_to_end.airflow import eventually
from trivet_sandbox.company import people

from trivet.audio.sound import Limits, sound
from trivet.contract import (
    InboundConnector,
    RecordingsConnector,
    ScorerConnector,
    SourceConnector,
    TargetConnector,
)
from trivet.errors import TrivetError
from trivet.flow.hub import Hub
from trivet.registry import installed, offers

log = logging.getLogger("trivet.of.this.test")
HR, TALENTS = "feishu_hire", r"/talents\?"
BROKEN = ("echo_500", "echo_in_200", "truncated", "http_429")
"""What becomes of reading the HR system, a night each."""
WEBHOOK_SECRET = "hook-canary-brambling-secret"
DATABASE = "postgresql://trivet:ledger-canary-hawfinch@127.0.0.1:1/trivet"
# commands as they come from a shell, each in a process of its own; one import for all of them keeps this quick
_SHELL = """
import importlib, json, os, pkgutil, sys, traceback
from trivet import cli, delivery, flow, ledger, mapping, registry
from trivet.cli import main
for package in (cli, delivery, flow, ledger, mapping):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
registry.installed()
folder = sys.argv[1]
for n, (words, more) in enumerate(json.load(sys.stdin)):
    if not (pid := os.fork()):
        file = os.open(f"{folder}/{n}", os.O_WRONLY | os.O_CREAT)
        os.dup2(file, 1), os.dup2(file, 2)
        os.environ.update(more)
        sys.argv = ["trivet", *words]
        try:
            main()
        except SystemExit:
            pass
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(0)
    os.waitpid(pid, 0)
"""


def travel(world: World, written: Written) -> dict[str, str]:
    """Goes the whole way; what was planted, by name."""
    environment = planted.environment() | {"TRIVET_LINEAGE_FILE": str(world.base / "out" / "lineage.jsonl")}
    for folder in ("logs", "tmp", "out"):
        (world.base / folder).mkdir()
    _connect(world)
    with pytest.MonkeyPatch.context() as patch, logged(world.base / "logs" / "hub.log"), children(written):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(tempfile, "tempdir", str(world.base / "tmp"))
        _nights(world)
        _heard(world)
        _shown(world, written)
        # an open reader keeps the write-ahead log from being folded in and deleted
        with closing(sqlite3.connect(world.state / "ledger.db")) as reader:
            reader.execute("SELECT count(*) FROM event").fetchone()
            _served(world, written, environment)
            _commands(world, written, environment)
            _columns(world, written)
            written.add("an alert", "chat bots", json.dumps(world.held("chat_bots"), ensure_ascii=False))
            written.add_files(world.base)
    secrets = {
        f"{planted.SECRET} {name}": value
        for name, value in planted.environment().items()
        if "canary" in value
    }
    secrets |= {
        f"{planted.SECRET} database": "ledger-canary-hawfinch",
        f"{planted.SECRET} webhook": WEBHOOK_SECRET,
    }
    return secrets | planted.secrets(world) | planted.persons()


def _connect(world: World) -> None:
    known = world.sandbox.connections()
    world.connect(
        greenhouse={"extra": {**known["greenhouse"]["extra"], "webhook_secret": WEBHOOK_SECRET}},
        feishu_hire={"extra": {**known["feishu_hire"]["extra"], "record_exchanges": True}},
        successfactors={"extra": {**known["successfactors"]["extra"], "record_exchanges": True}},
        mail={
            "conn_type": "trivet_smtp", "host": "127.0.0.1", "port": 9, "login": "trivet", "password": "smtp-canary-linnet",
            "extra": {"environment": "sandbox", "sender": "trivet@yunxiu.example", "timeout": 1},
        },
        written_answers={"conn_type": "trivet_written_answers", "extra": {"environment": "sandbox"}},
    )  # fmt: skip


@contextmanager
def logged(file: Path) -> Iterator[None]:
    """Everything that anybody logs, however unimportant, with its traceback."""
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()


@contextmanager
def children(written: Written) -> Iterator[None]:
    """What every child process that is started here is given; only what is started by the hub is heard."""
    hearing, ours = [True], {_SHELL, "serve"}

    def hook(event: str, told: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and hearing[0] and not ours.intersection(told[1]):
            _, arguments, _, environment = told
            written.add("a child's command line", str(arguments[0]), "\0".join(map(str, arguments)))
            given = os.environ if environment is None else environment
            written.add("a child's environment", str(arguments[0]), repr(dict(given)))

    # an audit hook stays for good: it can only be told to listen no more
    sys.addaudithook(hook)
    try:
        yield
    finally:
        hearing[0] = False


def _nights(world: World) -> None:
    """Broken nights, then one that goes through while the ERPs refuse some and quote what they were sent."""
    for person in people():
        world.speak(person.key, planted.script(person.key))
    handed_in.hand_in(world)
    world.change(HR, what="judge", candidate="be1", by="ou_1", content=planted.REMARK, scores={"teamwork": 7})
    world.misbehave(HR, kind="expired_link", path="/file", times=2)
    for system, path in (("successfactors", "upsert"), ("kingdee_cloud", "Save"), (HR, "notes")):
        for broken in ("echo_in_200", "echo_500", "truncated"):
            world.misbehave(system, kind=broken, path=path, method="POST", times=1)
    for broken in BROKEN:
        world.misbehave(HR, kind=broken, path=TALENTS, times=3, retry_after="0.2")
        survives(world.night)
        world.behave(HR)
    for body in _odd():
        world.misbehave(HR, kind="answer", path=TALENTS, body=json.dumps(body))
        survives(world.night)
        world.behave(HR)
    survives(world.night)
    for system in ("successfactors", "kingdee_cloud", HR):
        world.behave(system)
    spoiled = {"what": "name", "candidate": "ae2", "name": f"{planted.persons()['name ae2']}\u0000"}
    world._ask(HR, "POST", "change", spoiled)
    world.speak("rs1", planted.script("rs1") + planted.sentence("rs1"))
    survives(world.night)


def _heard(world: World) -> None:
    """A recording is decoded in a child process."""
    folder = world.base / "tmp" / "decoding"
    with sound(ROOT / "sandbox" / "world" / "recordings" / "be1.ogg", Limits(), folder, "of this test"):
        pass


def _odd() -> list[dict[str, Any]]:
    """Answers whose values have other types than they should."""
    known = planted.persons()
    talent = {
        "id": "69301",
        "basic_info": {"name": [known["name be1"]], "email": {known["email be1"]: 1}, "mobile": 1e400},
    }
    page = lambda items: {"code": 0, "data": {"items": items, "has_more": False}}  # noqa: E731
    return [page([talent]), page(known["name be1"]), page([known["name ae1"]])]


def survives(night: Callable[[], Any]) -> None:
    """As a task of Airflow does: what goes wrong is logged with its traceback."""
    try:
        night()
    except Exception:
        log.exception("the night ended")


KINDS = (SourceConnector, RecordingsConnector, TargetConnector, ScorerConnector, InboundConnector)


def _shown(world: World, written: Written) -> None:
    """What Python shows of everything that holds a secret, as a traceback or a debugger would."""
    with world.hub() as hub:
        shown = f"{hub!r} {hub.settings!r} {replace(hub.settings, ledger_url=DATABASE)!r} {hub.ledger!r} {vars_of(hub.ledger)}"
        written.add("what Python shows of a value", "hub", shown)
        for name in world.sandbox.connections():
            connection = hub.connections(name)
            written.add("what Python shows of a value", name, f"{connection!r} {connection}")
            for _, declaration in installed():
                if declaration.name == connection.connector:
                    with suppress(TrivetError):
                        config = connection.config(declaration.config)
                        written.add(
                            "what Python shows of a value", name, f"{config!r} {config} {config.model_dump()}"
                        )
            for kind in KINDS:
                if offers(kind, connection.connector):
                    _built(hub, kind, name, written)


def _built(hub: Hub, kind: Any, name: str, written: Written) -> None:
    with suppress(TrivetError), hub.built(kind, name) as built:
        with suppress(TrivetError, AttributeError):
            built.check()
        written.add("what Python shows of a value", f"{name} after its login", vars_of(built))


def vars_of(value: Any, depth: int = 4) -> str:
    """Its `repr`, and those of what it holds that is ours."""
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    inner = {
        **getattr(value, "__dict__", {}),
        **{n: getattr(value, n, None) for n in slots if not n.startswith("__")},
    }
    ours = [
        one
        for one in inner.values()
        if type(one).__module__.partition(".")[0] in ("trivet", "trivet_connectors")
    ]
    return "\n".join([repr(value), *(vars_of(one, depth - 1) for one in ours if depth)])


def _served(world: World, written: Written, environment: Mapping[str, str]) -> None:
    """Webhooks with and without proof, orders, metrics: what is answered, and what `trivet serve` writes and looks like."""
    known = planted.persons()
    body = json.dumps(
        {"action": "x", "payload": {"name": known["name be1"], "email": known["email be1"]}}
    ).encode()
    log_file = (world.base / "logs" / "serve.log").open("wb")
    with log_file, subprocess.Popen(
        [sys.executable, "-m", "trivet.cli", "serve", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=log_file,
        env={**environment, **world.environment()},
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            base = process.stdout.readline().decode().strip().partition("/in/")[0].partition("/assess/")[0]
            command_line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            written.add("a child's command line", "trivet serve", command_line)
            eventually(lambda: _answer(f"{base}/health", {}, None), 20, "it serves")
            for path, headers in _calls():
                written.add("an answer to a webhook", path, _answer(f"{base}/{path}", headers, body))
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                written.add("metrics", "trivet serve", _answer(f"{base}/metrics", headers, None))
        finally:
            process.terminate()
            process.wait(15)


def _calls() -> Iterator[tuple[str, dict[str, str]]]:
    secret = WEBHOOK_SECRET
    for connection in (
        "feishu_hire",
        "greenhouse",
        "ashby",
        "lever",
        "bamboohr",
        "zoom",
        "in_house_hr",
        "nobody",
    ):
        yield f"in/{connection}", {"signature": "sha256 0", "greenhouse-event-id": "1"}
        yield (
            f"in/{connection}?token={secret}",
            {"Authorization": f"Bearer {secret}", "X-Lark-Signature": "é"},
        )
    for connection in ("greenhouse_assessments", "ashby_assessments"):
        yield f"assess/{connection}/list_tests", {"Authorization": f"Basic {secret}"}
        yield f"assess/{connection}/assessment.start", {}


def _answer(address: str, headers: dict[str, str], body: bytes | None) -> bytes:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request) as answer:
            return repr(answer.headers.items()).encode() + bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return repr(error.headers.items()).encode() + error.read()
    except urllib.error.URLError:
        return b""


RECORD_IDS = {"record": "external_id", "document": "id", "shape": "example"}
"""Columns that hold the vendors' own ids of records, which of an employee may be the employee number."""


def _columns(world: World, written: Written) -> None:
    """Every value of the ledger save those ids."""
    with closing(sqlite3.connect(world.state / "ledger.db")) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = db.execute(f'SELECT * FROM "{table}"')
            for n, (column, *_) in enumerate(rows.description):
                values = [row[n] for row in db.execute(f'SELECT * FROM "{table}"')]
                if RECORD_IDS.get(table) != column:
                    content = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in values)
                    written.add("a column of the ledger", f"{table}.{column}", content)


def _commands(world: World, written: Written, environment: Mapping[str, str]) -> None:
    """Commands of every kind, with faults on and settings wrong."""
    for name in ("http_scorer", "lever", "yonyou_bip", "yonyou_ncc"):
        for broken in ("echo_in_200", "echo_500"):
            world.misbehave(name, kind=broken, times=3)
    world.misbehave("chat_bots", kind="echo_in_200", times=1)
    asked = [(place, list(words), more) for place, words, more in _asked(world)]
    folder = world.base / "said"
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", _SHELL, str(folder)], input=json.dumps([one[1:] for one in asked]).encode(), cwd=ROOT,
        env={**environment, **world.environment(), "USER": "ann", "TMPDIR": str(world.base / "tmp")}, check=True,
        timeout=240, capture_output=True,
    )  # fmt: skip
    for n, (place, words, _) in enumerate(asked):
        file = folder / str(n)
        written.add(place, f"trivet {' '.join(words)}"[:100], file.read_bytes())
        file.unlink()
    folder.rmdir()


def _asked(world: World) -> Iterator[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Place, words and further variables of each command."""
    out = world.base / "out"
    entry = min(world.operations(target="successfactors"), key=lambda o: o["state"] != "confirmed")
    batch = world.batches()[0]["batch"]
    looks = (
        ("flows",), ("status",), ("deliveries",), ("orders",), ("holds",), ("connectors",), ("doctor",), ("check",),
        ("compare", world.flow), ("agreement",), ("releases", world.flow), ("plan", world.flow), ("case", "list"),
        ("approvals", "list"), ("cursor", "show", world.flow), ("judgement", "list"), ("keys", "status"), ("alerts", "list"),
        ("audit", "verify"), ("drift", "show", world.flow), ("settle",), ("replay", "--dry-run"), ("reconcile",),
        ("retention",), ("alerts", "send"), ("rollback", batch),
        ("run", "feedback"), ("run", world.flow, "--dry-run"),
    )  # fmt: skip
    for words in looks:
        yield "a command", (*words, "--json"), {}
    for words in looks[:6]:
        yield "a command", words, {}
    for name in json.loads(world.settings.connections.read_text()):
        yield "a command", ("check-connection", name), {}
    yield "a command", ("preview", "feishu_hire/candidate", "--input", _odd_file(world), "--json"), {}
    yield "a command", ("effective", "rules/competencies"), {}
    yield "a command", ("describe", "kingdee_cloud", "--json"), {}
    yield "a command", ("ledger", "backup", str(out / "backup.db")), {}
    yield "a command", ("audit", "anchor", str(out / "anchors")), {}
    yield "a command", ("metrics", "--output", str(out / "metrics.prom")), {}
    yield (
        "a command",
        ("compliance", "export", world.flow, str(out / "law.json"), "--since", "2026-01-01"),
        {},
    )
    yield "a command", ("agreement", "--csv", str(out / "agreement.csv")), {}
    yield from _wrong(world)
    ref = entry["subject_ref"]
    explained = ("explain", entry["reference"])
    for words in (
        ("person", ref),
        ("person", ref, "--json"),
        ("crosswalk", "show", ref),
        explained,
        (*explained, "--json"),
    ):
        yield "a command that opens one person", words, {}
    yield "a command", ("subject", "export", ref, "--out", str(out / "person")), {}
    yield "a command", ("report", "make", ref, "--out", str(out / "report")), {}
    yield "a command", ("report", "mail", ref), {}
    yield "a command", ("subject", "erase", ref, "--reason", "asked", "--actor", "li.na"), {}


def _odd_file(world: World) -> str:
    """A record that the mapping cannot read."""
    (world.base / "home" / "odd.json").write_text("{}")
    file = world.base.parent / f"{world.base.name}-odd.json"
    file.write_text(json.dumps(_odd()[0]["data"]["items"][0]))
    return str(file)


def _wrong(world: World) -> Iterator[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Settings that hold secrets and are wrong."""
    stored = json.loads(world.settings.connections.read_text())[HR]
    secret = stored["password"]
    spoiled: dict[str, Any] = {
        "no JSON": f'{{"conn_type": "trivet_feishu_hire", "password": "{secret}"',
        "another type": json.dumps(
            {**stored, "extra": {**stored["extra"], "encrypt_key": [secret], "calls_per_second": secret}}
        ),
        "an unknown setting": json.dumps({**stored, "extra": {**stored["extra"], "app_secrt": secret}}),
        "a wrong address": json.dumps({**stored, "host": f"http://{secret}@127.0.0.1:1"}),
        "a wrong kind": json.dumps({**stored, "conn_type": secret}),
        "a wrong environment": json.dumps({**stored, "extra": {"environment": secret}}),
        "a wrong password": json.dumps({**stored, "password": f"{secret}x"}),
    }
    for text in spoiled.values():
        yield "a command", ("check-connection", HR), {"AIRFLOW_CONN_FEISHU_HIRE": text}
    (key,) = re.findall(r":(\S+)", (world.state / "ledger.keys").read_text())[:1]
    for text in (f"{key}", f"id:{key}x", f"id:{key[:20]}", f"other:{key}", f"id:kms:{key}"):
        yield "a command", ("status",), {"TRIVET_KEYS": text}
    yield (
        "a command",
        ("status",),
        {
            "TRIVET_KMS_COMMAND": f"{sys.executable} -c 'import sys; sys.exit(sys.stdin.read())'",
            "TRIVET_KEYS": f"id:kms:{key}",
        },
    )
    for address in (DATABASE, DATABASE.replace("postgresql", "nosuchsql"), DATABASE.replace(":1/", ":x/")):
        yield "a command", ("status", "--json"), {"TRIVET_LEDGER_URL": address}
    yield (
        "a command",
        ("doctor",),
        {"TRIVET_LEDGER_URL": DATABASE, "AIRFLOW_CONN_FEISHU_HIRE": spoiled["another type"]},
    )
