"""HR systems that are read and not written: their people arrive, the ERPs get what they should, and results go elsewhere."""

from collections import Counter
from typing import Any

import pytest
from conftest import ROOT, World
from ruamel.yaml import YAML

from trivet.ledger import documents

READ: dict[str, dict[str, list[str]]] = {
    "moka": {
        "jobs": ["requisition"],
        "candidates": ["candidate", "consent"],
        "applications": ["application", "interview", "recording"],
    },
    "beisen": {
        "jobs": ["requisition"],
        "candidates": ["candidate", "consent"],
        "applications": ["application", "recording"],
        "interviews": ["interview"],
    },
}
KINDS = ("candidate", "consent", "requisition", "application", "interview", "recording")


@pytest.fixture(params=READ)
def hr(world: World, request: pytest.FixtureRequest) -> str:
    """The HR system; nothing is written back to it."""
    name = str(request.param)

    def change(flow: dict[str, Any]) -> None:
        streams = {stream: [f"{name}/{m}" for m in mappings] for stream, mappings in READ[name].items()}
        flow["source"] = {"connection": name, "mappings": streams}
        flow["recordings"] = {"connection": name}
        del flow["write_back"]

    world.edit_flow(change)
    return name


def test_everybody_arrives_and_the_erps_get_what_they_should(hr: str, world: World) -> None:
    """As canonical documents that keep their contracts; recordings are fetched by their links, and nothing is written there."""
    expected = YAML(typ="safe").load(
        (ROOT / "sandbox" / "world" / "expected.yaml").read_text(encoding="utf-8")
    )
    company = YAML(typ="safe").load((ROOT / "sandbox" / "world" / "company.yaml").read_text(encoding="utf-8"))
    batch_id = world.night()
    assert Counter(a["code"] for a in world.summary(batch_id)["set_aside"]) == expected["set_aside"]
    with world.hub() as hub, hub.ledger.read() as tx:
        held = {kind: list(documents.of_kind(tx, "yunxiu", kind)) for kind in KINDS}
    people = len(company["candidates"])
    assert {kind: len(found) for kind, found in held.items()} == {
        **dict.fromkeys(KINDS, people), "requisition": len(company["positions"]),
    }  # fmt: skip
    assert {c.document["name"] for c in held["candidate"]} == {c["name"] for c in company["candidates"]}
    for erp in ("successfactors", "kingdee_cloud"):
        wanted = {
            (entity, "waiting_identity" if word == "waiting" else "confirmed"): n
            for entity, words in expected["deliveries"][erp].items()
            for word, n in words.items()
        }
        found = Counter((o["entity"], o["state"]) for o in world.operations() if o["target"] == erp)
        assert found == wanted
    assert {o["target"] for o in world.operations()} == {"successfactors", "kingdee_cloud"}


def test_a_second_night_sends_nothing(hr: str, world: World) -> None:
    """Though windows overlap and links are other ones."""
    world.night()
    before = {name: len(world.writes(name)) for name in ("successfactors", "kingdee_cloud")}
    batch_id = world.night()
    assert {name: len(world.writes(name)) for name in before} == before
    assert world.summary(batch_id)["systems"] == []


def test_a_hire_releases_what_waited(hr: str, world: World) -> None:
    """The number comes with the application."""
    world.night()
    waiting = [o for o in world.operations() if o["state"] == "waiting_identity"]
    assert waiting
    world.change(hr, what="hire", candidate="be3", employee_number="10000103")
    world.night()
    assert len([o for o in world.operations() if o["state"] == "waiting_identity"]) < len(waiting)


def test_who_is_gone_there_is_left_alone(hr: str, world: World) -> None:
    """Noticed when the list is read whole."""
    world.night()
    waiting = [o for o in world.operations() if o["state"] == "waiting_identity"]
    world.change(hr, what="delete", candidate="be3")
    world.clock.forward(days=8)
    world.night()
    assert len([o for o in world.operations() if o["state"] == "waiting_identity"]) < len(waiting)
