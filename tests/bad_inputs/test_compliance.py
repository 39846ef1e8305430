"""What may not leave: blocked between the decision and the push, set aside with its code, and not a byte goes out."""

import json
import shutil
from pathlib import Path

import pytest
from bad_inputs.law import clear, lawful
from conftest import World
from sqlalchemy import update

from trivet.flow import steps
from trivet.ledger import tables

CASES = {
    "62-without consent": "CONSENT_MISSING",
    "62-kept too long": "RETENTION_EXPIRED",
    "62-another region": "RESIDENCY_BLOCKED",
}
RULES = {
    "62-kept too long": "{region: CN, retention: [{data: person, purpose: recruiting, days: 30}, "
    "{data: person, purpose: employment, days: 30}]}",
    "62-another region": "{region: CN, may_go_to: [HK]}",
}
TARGET = "successfactors"


@pytest.fixture
def ready(decided: tuple[World, str], tmp_path: Path) -> tuple[World, str]:
    """The same in a deployment of its own."""
    first, batch_id = decided
    made = World(first.sandbox, tmp_path)
    shutil.rmtree(made.state)
    shutil.copytree(first.state, made.state)
    return made, batch_id


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, ready: tuple[World, str]) -> None:
    """Cancelled with its reason, for everybody whom it is about."""
    world, batch_id = ready
    code = CASES[name]
    lawful(name, code)
    forbid(name, world)
    calls = len(world.writes(TARGET))
    with world.hub() as hub:
        steps.push(hub, batch_id, TARGET)
    rows = world.operations(target=TARGET)
    assert {row["state"] for row in rows} == {"cancelled"}
    assert len(world.writes(TARGET)) == calls
    aside = [row for row in world.summary(batch_id)["set_aside"] if row["code"] == code]
    assert {row["subject_ref"] for row in aside} >= {row["subject_ref"] for row in rows}
    for row in aside:
        clear(f"{row['code']} {row['message']}", code)
        assert name != "62-another region" or ("CN" in row["message"] and "US" in row["message"])
        assert name != "62-kept too long" or "30 days" in row["message"]


def forbid(name: str, world: World) -> None:
    """It was allowed when it was decided."""
    if name in RULES:
        for site in ("cn", "global"):
            file = world.home / "mappings" / "sites" / f"{site}.yaml"
            file.write_text(f"{file.read_text(encoding='utf-8')}\ndata: {RULES[name]}\n", encoding="utf-8")
    if name == "62-without consent":
        with world.hub() as hub, hub.ledger.begin() as tx:
            back = update(tables.consent).filter_by(purpose="share_erp")
            tx.conn.execute(back.values(withdrawn_at=tx.stamp))
    if name == "62-kept too long":
        world.clock.forward(days=31)
    known = json.loads(world.settings.connections.read_text())
    known[TARGET]["extra"]["region"] = "US" if name == "62-another region" else "CN"
    world.settings.connections.write_text(json.dumps(known))


def test_without_a_prohibition_everything_goes(ready: tuple[World, str]) -> None:
    """The same push, with nothing forbidden."""
    world, batch_id = ready
    with world.hub() as hub:
        steps.push(hub, batch_id, TARGET)
    assert {row["state"] for row in world.operations(target=TARGET)} >= {"confirmed"}
