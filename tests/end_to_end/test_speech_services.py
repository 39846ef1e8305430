"""The company's night with a speech service in place of the local recogniser: the same words, the same results, one bill each."""

from collections import Counter
from typing import Any

import pytest
from conftest import ROOT, World
from end_to_end.test_night import by_entity
from ruamel.yaml import YAML

from trivet.errors import AuthFailed
from trivet.flow import steps

EXPECTED = YAML(typ="safe").load((ROOT / "sandbox" / "world" / "expected.yaml").read_text(encoding="utf-8"))
SERVICE = "openai_speech"
CONSENTING = 12
"""Candidates who agreed to be scored, each with one recording."""


def bills(world: World) -> list[dict[str, Any]]:
    """What the service has billed."""
    return list(world.held(SERVICE).get("transcription", {}).values())


def by_service(world: World) -> None:
    """The flow asks the service."""
    world.edit_flow(lambda flow: flow["scoring"].update(transcriber={"connection": SERVICE}))


def test_a_night_by_a_service_delivers_what_the_company_expects(world: World) -> None:
    """As the local recogniser's night; each recording is billed once, and the next night nothing."""
    by_service(world)
    batch_id = world.night()
    assert by_entity(world.operations()) == EXPECTED["deliveries"]
    assert Counter(a["code"] for a in world.summary(batch_id)["set_aside"]) == EXPECTED["set_aside"]
    assert len(bills(world)) == CONSENTING
    # every position's own words are told
    assert len({bill["prompt"] for bill in bills(world)}) == 4
    world.night()
    assert len(bills(world)) == CONSENTING


def test_orders_are_fetched_by_a_later_look_and_billed_once(world: World) -> None:
    """iFlytek's: nobody waits for them, another process asks, and a night after has nothing to order."""
    world.edit_flow(
        lambda flow: flow["scoring"].update(transcriber={"connection": "iflytek_speech"}, shards=1)
    )
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "test")
        done = steps.score(hub, batch_id, 0, 1)
    assert done.counts["pending"] == CONSENTING
    assert done.again_at is not None
    for _ in range(2):
        # the stand-in works on an order for one question
        world.clock.forward(minutes=10)
        with world.hub() as hub:
            done = steps.score(hub, batch_id, 0, 1)
    assert done.counts["scored"] == CONSENTING
    assert done.again_at is None
    world.night()
    assert len(world.held("iflytek_speech")["order"]) == CONSENTING
    assert {operation["state"] for operation in world.operations()} >= {"confirmed"}


def test_an_empty_account_stops_the_scoring_and_nothing_else(world: World) -> None:
    """No interview is set aside for it, and the first night after the credit is filled delivers everything."""
    by_service(world)
    world.change(SERVICE, what="empty")
    with world.hub() as hub:
        batch_id = steps.pull(hub, world.flow, "test")
        with pytest.raises(AuthFailed) as caught:
            steps.score(hub, batch_id, 0, 1)
    assert caught.value.vendor_code == "insufficient_quota"
    assert bills(world) == []
    world.change(SERVICE, what="filled")
    world.night()
    assert by_entity(world.operations()) == EXPECTED["deliveries"]
