"""The same company behind every HR system that we know: the ERPs come out the same, and each record gets its scores."""

from collections import Counter
from typing import Any

import pytest
from conftest import ROOT, World
from ruamel.yaml import YAML

HR: dict[str, dict[str, Any]] = {
    "greenhouse": {
        "source": {
            "jobs": ["requisition"],
            "candidates": ["candidate", "consent"],
            "applications": ["application"],
            "interviews": ["interview"],
            "attachments": ["recording"],
        },
        "write_back": "scores",
        "people": r"/v3/candidates\?",
    },
}


@pytest.fixture(params=HR)
def hr(world: World, request: pytest.FixtureRequest) -> str:
    """The HR system that the flow pulls from and writes back to."""
    name, said = request.param, HR[request.param]

    def change(flow: dict[str, Any]) -> None:
        streams = {s: [f"{name}/{m}" for m in mappings] for s, mappings in said["source"].items()}
        flow["source"] = {"connection": name, "mappings": streams}
        flow["recordings"] = {"connection": name}
        flow["write_back"] = {"connection": name, "mapping": f"{name}/{said['write_back']}"}

    world.edit_flow(change)
    return str(name)


def counted(world: World, of: str) -> Counter[tuple[str, str]]:
    """Operations at one system by entity and state."""
    return Counter((o["entity"], o["state"]) for o in world.operations() if o["target"] == of)


def test_the_erps_get_what_the_company_expects(hr: str, world: World) -> None:
    """Wherever the people come from; who has no number waits, and every assessment is written back."""
    expected = YAML(typ="safe").load(
        (ROOT / "sandbox" / "world" / "expected.yaml").read_text(encoding="utf-8")
    )
    batch_id = world.night()
    assert Counter(a["code"] for a in world.summary(batch_id)["set_aside"]) == expected["set_aside"]
    for erp in ("successfactors", "kingdee_cloud"):
        wanted = {
            (entity, "waiting_identity" if word == "waiting" else "confirmed"): n
            for entity, words in expected["deliveries"][erp].items()
            for word, n in words.items()
        }
        assert counted(world, erp) == wanted
    (notes,) = expected["deliveries"]["feishu_hire"].values()
    assert counted(world, hr) == {(HR[hr]["write_back"], "confirmed"): notes["delivered"]}


def test_a_second_night_sends_nothing(hr: str, world: World) -> None:
    """What we wrote into the HR system changes its records, and is no news."""
    world.night()
    before = {name: len(world.writes(name)) for name in world.sandbox.servers}
    batch_id = world.night()
    assert {name: len(world.writes(name)) for name in world.sandbox.servers} == before
    assert world.summary(batch_id)["systems"] == []


def test_a_hire_releases_what_waited(hr: str, world: World) -> None:
    """The number comes with the application."""
    world.night()
    waiting = [o for o in world.operations() if o["state"] == "waiting_identity"]
    assert waiting
    world.change(hr, what="hire", candidate="be3", employee_number="10000103")
    world.night()
    assert len([o for o in world.operations() if o["state"] == "waiting_identity"]) < len(waiting)


def test_all_of_it_can_be_taken_back(hr: str, world: World) -> None:
    """The HR system and the ERPs are as they were."""
    from trivet.flow import steps

    before = {name: world.held(name) for name in (hr, "successfactors", "kingdee_cloud")}
    batch_id = world.night()
    with world.hub() as hub:
        steps.rollback(hub, batch_id, actor="test", reason="trial")
    assert {name: world.held(name) for name in before} == before


def test_a_pause_in_the_middle_of_a_list_is_waited_out(
    hr: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor that counts by the half minute does not end a night: the pull goes on where it stood."""
    monkeypatch.setattr("trivet.http.SHORT_WAIT", 0.1)
    small = {
        **world.sandbox.connections()[hr],
        "extra": {**world.sandbox.connections()[hr]["extra"], "page_size": 4},
    }
    world.connect(**{hr: small})
    for _ in range(2):
        world.misbehave(hr, kind="http_429", method="GET", path=HR[hr]["people"], after=1, retry_after="0.5")
    batch_id = world.night()
    assert sum(call["status"] == 429 for call in world.calls(hr)) == 2
    assert [row["code"] for row in world.summary(batch_id)["set_aside"]] == ["CONSENT_MISSING"]
    assert len(world.operations()) == len({o["reference"] + o["kind"] for o in world.operations()}) > 20


def test_a_pause_without_end_sets_the_stream_aside(
    hr: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the code, and the next night goes on there."""
    monkeypatch.setattr("trivet.http.SHORT_WAIT", 0.1)
    monkeypatch.setattr("trivet.flow.pull.PATIENCE", 1.0)
    world.misbehave(hr, kind="http_429", method="GET", path=HR[hr]["people"], times=1000, retry_after="0.6")
    batch_id = world.night()
    assert "RateLimited" in {row["code"] for row in world.summary(batch_id)["set_aside"]}
    world.behave(hr)
    world.clock.forward(seconds=2)
    batch_id = world.night()
    assert [row["code"] for row in world.summary(batch_id)["set_aside"]] == ["CONSENT_MISSING"]
