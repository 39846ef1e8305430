"""Names that would be a query, and values that would be a header: data, or refused before a byte is sent."""

import json
from typing import Any

import pytest
from bad_inputs.entrance import trivet
from bad_inputs.law import SECRET, clear, lawful
from conftest import World, fresh_world

from trivet.contract import TargetConnector
from trivet.errors import ConnectorError
from trivet.model import Operation

NAMES = {
    "51-SQL": "x' OR '1'='1",
    "51-OData": "O'Brien' or 1 eq 1",
    "51-filter of Kingdee": "X' or 1=1 or FBillNo='",
}
BREAK = f"K1\r\nX-Evil: {SECRET}"
LOGINS: dict[str, tuple[str, dict[str, Any]]] = {
    "52-login": ("openai_speech", {}),
    "52-described key": ("in_house_hr", {}),
    "52-described token": ("http_json", {"auth": {"kind": "bearer"}}),
    "52-described token of a scorer": ("http_scorer", {"auth": {"kind": "bearer"}}),
}
NAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "52-described header": ("http_json", {"limit": {"left": BREAK}}),
    "52-described prefix": ("http_json", {"auth": {"kind": "hmac", "prefix": BREAK}}),
    "52-described header of a scorer": ("http_scorer", {"key_header": BREAK}),
}
"""Connection and settings, with a line break in the password, or in a setting."""
HEADERS = {
    **dict.fromkeys((*LOGINS, *NAMED), "HEADER_INVALID"),
    "52-our key": "HEADER_INVALID",
    "52-our reference in a batch": "HEADER_INVALID",
}
CASES = {**dict.fromkeys(NAMES, ""), **HEADERS}


@pytest.fixture(scope="module")
def world(_servers: Any, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A company after one night: there is something that a query may find."""
    made = fresh_world(_servers, tmp_path_factory.mktemp("injection"))
    made.night()
    return made


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, world: World) -> None:
    """The query finds nobody; the header goes nowhere."""
    lawful(name, CASES[name])
    before = world.erps()
    match name:
        case "51-SQL":
            done = trivet(world.home, "person", NAMES[name], "--json", environment=world.environment())
            assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "PERSON_UNKNOWN")
        case "51-OData" | "51-filter of Kingdee":
            target = "successfactors" if "OData" in name else "kingdee_cloud"
            assert searched(world, target, NAMES[name]) == {}
        case _ if name in LOGINS:
            assert "line break" in stopped(world, *LOGINS[name], password=BREAK)["cure"]
        case _ if name in NAMED:
            assert "in the connection's extra" in stopped(world, *NAMED[name])["cure"]
        case "52-our key":
            called = Operation(BREAK, "R1", "create", "training_plan", {"employee_no": "1"})
            refused(world, "http_json", called)
        case _:
            called = Operation(
                "K1", "R1", "delete", "cust_TrainingRecommendation", {}, f"('A\r\nX-Evil: {SECRET}')"
            )
            unfit(called)
    assert world.erps() == before


def searched(world: World, target: str, name: str) -> Any:
    """What the target finds by that name, of the records that the night brought there."""
    there = world.operations(target=target, state="confirmed")
    assert there
    with world.hub() as hub, hub.built(TargetConnector, target) as built:
        for entity in {entry["entity"] for entry in there}:
            known = [
                Operation(o["key"], o["reference"], "create", entity, {})
                for o in there
                if o["entity"] == entity
            ]
            assert built.find(entity, known[:1])
            found = built.find(entity, [Operation("K", name, "create", entity, {})])
            if found:
                return found
    return {}


def stopped(world: World, name: str, extra: dict[str, Any], **more: str) -> Any:
    """The connection stops, and the vendor hears nothing; what was said."""
    known = world.sandbox.connections()[name]
    world.connect(**{name: {"extra": {**known["extra"], **extra}, **more}})
    calls = len(world.calls(name))
    done = trivet(world.home, "check-connection", name, "--json", environment=world.environment())
    world.connect()
    assert done.returncode == 2
    said = json.loads(done.stdout)["error"]
    clear(f"{said['code']} {said['message']}", "HEADER_INVALID")
    assert len(world.calls(name)) == calls
    return said


def refused(world: World, target: str, called: Operation) -> None:
    """The operation is refused alone."""
    calls = len(world.calls(target))
    with world.hub() as hub, hub.built(TargetConnector, target) as built:
        try:
            (said,) = built.send([called])
        except ConnectorError as error:
            said = error
    assert isinstance(said, ConnectorError)
    assert said.vendor_code == "HEADER_INVALID"
    clear(said.explained(), "HEADER_INVALID")
    assert len(world.calls(target)) == calls


def unfit(called: Operation) -> None:
    """A request inside a request is written by hand: what breaks its lines is refused like a header."""
    from trivet_connectors.successfactors.batch import Change, written

    with pytest.raises(ConnectorError) as caught:
        written([[Change("DELETE", f"cust_X{called.remote_id}")]])
    assert caught.value.vendor_code == "HEADER_INVALID"
    clear(caught.value.explained(), "HEADER_INVALID")
