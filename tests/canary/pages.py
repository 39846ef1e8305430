"""What the console shows to whom: every route, filled in with all that there is, asked by people of unequal rights."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from canary.journey import DATABASE, logged
from canary.places import Written
from conftest import World
from console import Console

from trivet.airflow.web.app import app
from trivet.flow import wishes
from trivet.flow.gates import approvals
from trivet.ledger import cases, documents

PLACES = {
    "op": "a page for anybody else", "viewer": "a page for anybody else", "admin": "a page for who may see people",
}  # fmt: skip
"""Who operates without the right to personal data is shown most of all who have it not."""
ROUTES = [(m, r.path) for r in app.routes for m in (getattr(r, "methods", None) or {"GET"}) - {"HEAD"}]
MOST = 6
"""Fillings of one route; the first of them by everybody."""
PREVIEWED = ("feishu_hire/candidate", "successfactors/kpi_weight")
Filled = Mapping[str, Sequence[str]]


def seen(world: World, console: Console, written: Written) -> None:
    """Every route before anything is changed, then what asks for no reason is done, then settings are wrong."""
    (world.base / "pages").mkdir()
    with pytest.MonkeyPatch.context() as patch, logged(world.base / "pages" / "console.log"):
        for name, value in world.environment().items():
            patch.setenv(name, value)
        known = _known(world)
        for method, path in ROUTES:
            for n, url in enumerate(_filled(path, known, MOST)):
                for role in list(PLACES)[: 1 if n else None]:
                    for answer in _answers(console, method, url, role, known):
                        assert answer.status_code < 500
                        assert method == "POST" or answer.status_code in (200, 303) or "/report/" in url, url
                        written.add(PLACES[role], f"{method} {url} for {role}", _said(answer))
        for path in (path for method, path in ROUTES if method == "POST"):
            for url in _filled(path, known, 1):
                answer = console.post(url, "op", data={"sure": "yes", "who": known["subject_ref"][0]})
                written.add(PLACES["op"], f"{url} done", _said(answer))
        _wrong(world, console, written, patch)
    written.add("a log", "the console's", (world.base / "pages" / "console.log").read_bytes())


def _known(world: World) -> dict[str, Sequence[str]]:
    """What the parts in braces of a route's address may be, all of it that the ledger holds."""
    entries = world.operations()
    # one of each kind, those first that were answered with a refusal
    entries.sort(key=lambda entry: not entry["error_text"])
    some = {(o["target"], o["entity"], o["state"], o["error_text"]): o["id"] for o in entries}
    stored = json.loads(world.settings.connections.read_text())
    with world.hub() as hub:
        wanted = wishes.ask(hub, "rollback", entries[-1]["subject_ref"], actor="li.na", reason="wrong table")
        asked = [wanted.id, *(row["approval"] for row in approvals.listed(hub, None))]
        with hub.ledger.read() as tx:
            scored = {one.subject_ref: one.id for one in documents.of_kind(tx, "yunxiu", "assessment")}
            opened = [one.id for one in cases.find(tx, tenant="yunxiu")]
    return {
        "name": [world.flow], "flow": [world.flow], "batch_id": [b["batch"] for b in world.batches()],
        "subject_ref": list(scored), "operation_id": list(some.values()),
        "approval_id": asked, "assessment": list(scored.values()), "conn_id": list(stored), "system": list(stored),
        "which of a case": opened, "which of an operation": list(some.values()),
        "record": [entries[-1]["reference"]],
    }  # fmt: skip


def _filled(path: str, known: Filled, most: int) -> Iterator[str]:
    which = "which of a case" if "/case/" in path else "which of an operation"
    names = re.findall(r"\{(\w+)(?::\w+)?\}", path)
    found = [known[which if name == "which" else name] for name in names]
    for values in list(product(*found))[:most]:
        url = path
        for value in values:
            url = re.sub(r"\{[^}]*\}", value, url, count=1)
        yield url


def _answers(console: Console, method: str, url: str, role: str, known: Filled) -> Iterator[Any]:
    """With the fields of forms and addresses that pages have, none of them a name."""
    batch, person, flow = known["batch_id"][-1], known["subject_ref"][0], known["flow"][0]
    if method == "GET":
        yield console.get(url, role)
        if url.count("/") == 1:
            for narrowed in (f"batch={batch}", f"person={person}", f"flow={flow}&dag=sync__{flow}&run=test"):
                yield console.get(f"{url}?{narrowed}", role)
        return
    yield console.post(url, role)
    if "preview" in url:
        for file, record in product(PREVIEWED, known["record"]):
            yield console.post(url, role, data={"file": file, "record": record})


def _said(answer: Any) -> str:
    return f"{answer.status_code}\n{answer.headers}\n{answer.text}"


def _wrong(world: World, console: Console, written: Written, patch: pytest.MonkeyPatch) -> None:
    """A connection that is stored wrongly, and a ledger that is not there: pages say so."""
    stored = json.loads(world.settings.connections.read_text())["feishu_hire"]
    secret = stored["password"]
    for spoiled in ({"encrypt_key": [secret]}, {"app_secrt": secret}, {"environment": secret}):
        patch.setenv(
            "AIRFLOW_CONN_FEISHU_HIRE", json.dumps({**stored, "extra": {**stored["extra"], **spoiled}})
        )
        for role, place in PLACES.items():
            written.add(place, f"connections for {role}", _said(console.get("/connections", role)))
            told = console.post("/connections/feishu_hire/check", role, data={"sure": "yes"})
            written.add(place, f"a look at a connection for {role}", _said(told))
    patch.setenv("TRIVET_LEDGER_URL", DATABASE)
    for role, place in PLACES.items():
        answer = console.get("/", role)
        assert answer.status_code == 503
        written.add(place, f"no ledger for {role}", _said(answer))
