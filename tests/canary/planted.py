"""What is planted and must not be found: every secret of a deployment, and what makes its people known."""

import copy
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import trivet_sandbox
from conftest import ROOT, World
from pydantic import BaseModel, SecretStr
from trivet_sandbox.company import company, people

from trivet.connections import stored_connections
from trivet.errors import ConfigError
from trivet.registry import installed

PERSONAL = ("name", "email", "phone", "number", "quote", "remark")
SECRET = "secret"
LOGIN = "login"
"""The name of an account, which goes over the line with every call."""
REMARK = "Thought the cinnabar wagtail was a kind colleague / 觉得朱砂鹡鸰是位好同事"
_NAMES = {"en": "Quillfeather Canarina", "zh": "欧阳鸑鷟翾"}
_SAYS = {
    "en": "Together with my colleagues I fed the vermilion kestrel of bay {n} and I asked the team for help.",
    "zh": "我和同事一起照顾第{n}号的朱红隼，我们互相帮助，我向团队请教。",
}


@contextmanager
def aviary() -> Iterator[Any]:
    """The stand-ins with the company's people under names, addresses and numbers that stand nowhere else."""
    known = company()
    before = copy.deepcopy(known["candidates"])
    try:
        for n, person in enumerate(known["candidates"]):
            person["name"] = f"{_NAMES[person['language']]} {'甲乙丙丁戊己庚辛壬癸子丑寅卯'[n]}{n}"
            person["email"] = f"quill.{person['key']}@canary-aviary.example"
            person["phone"] = f"+4416327738{n:02d}"
            if person.get("employee_number"):
                person["employee_number"] = f"773158{n:02d}"
        with trivet_sandbox.start() as sandbox:
            yield sandbox
    finally:
        known["candidates"] = before


def sentence(key: str) -> str:
    """What this candidate says and is quoted with."""
    (n, person), *_ = [(n, c) for n, c in enumerate(company()["candidates"]) if c["key"] == key]
    return _SAYS[person["language"]].format(n=n)


def script(key: str) -> str:
    """The candidate's whole interview, with the planted sentence."""
    (recording,) = [p.recording for p in people() if p.key == key]
    file = ROOT / "sandbox" / "world" / "scripts" / f"{recording.partition('.')[0]}.txt"
    return f"{file.read_text(encoding='utf-8').strip()} {sentence(key)}"


def persons() -> dict[str, str]:
    """What makes each person known, by kind and candidate; asked while the company is the planted one."""
    found = {f"remark {0}": REMARK}
    for person in people():
        found |= {
            f"name {person.key}": person.name, f"email {person.key}": person.email,
            f"phone {person.key}": person.phone.removeprefix("+"), f"quote {person.key}": sentence(person.key),
        }  # fmt: skip
        if person.employee_number:
            found[f"number {person.key}"] = person.employee_number
    return found


def secrets(world: World) -> dict[str, str]:
    """Every secret setting of every connection, what the stand-ins have issued for them, and the key ring."""
    configs = {declaration.name: declaration.config for _, declaration in installed()}
    found: dict[str, str] = {}
    connection = stored_connections(world.settings.connections, {})
    for name in (*world.sandbox.connections(), *_more(world)):
        stored = connection(name)
        # a connector may have several configs, one a role
        models = {d.config for _, d in installed() if d.name == stored.connector} or {
            configs[stored.connector]
        }
        for model in models:
            try:
                config = stored.config(model)
            except ConfigError:
                continue
            found |= {f"{SECRET} {name}.{path}": text for path, text in _inside(config, "") if text}
    for name, running in world.sandbox.servers.items():
        issued = getattr(running.vendor, "tokens", ())
        issued = issued if isinstance(issued, dict | set) else ()
        found |= {f"{SECRET} token {n} of {name}": str(token) for n, token in enumerate(issued)}
    ring = world.state / "ledger.keys"
    if ring.exists():
        for n, line in enumerate(ring.read_text().split()):
            found[f"{SECRET} key {n} of the ring"] = line.partition(":")[2]
    return found


def _more(world: World) -> list[str]:
    import json

    known = json.loads(world.settings.connections.read_text())
    return sorted(set(known) - set(world.sandbox.connections()))


def _inside(config: BaseModel, path: str) -> Iterator[tuple[str, str]]:
    for name in type(config).model_fields:
        yield from _texts(getattr(config, name), f"{path}{name}")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, SecretStr):
        yield path, value.get_secret_value()
    elif isinstance(value, BaseModel):
        yield from _inside(value, f"{path}.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}")
    elif isinstance(value, tuple | list):
        for n, inner in enumerate(value):
            yield from _texts(inner, f"{path}.{n}")


def kind(name: str) -> str:
    """Whether the planted word is a secret, a name, …"""
    return name.partition(" ")[0]


def environment() -> dict[str, str]:
    """Secrets that come by variable, as a deployment may have them."""
    return {
        "TRIVET_METRICS_TOKEN": "metrics-canary-serin-token",
        "TRIVET_LINEAGE_TOKEN": "lineage-canary-siskin-token",
        "AIRFLOW__CORE__FERNET_KEY": "fernet-canary-goldfinch-key",
        "AWS_SECRET_ACCESS_KEY": "cloud-canary-greenfinch-key",
        "PATH": os.environ["PATH"],
    }
