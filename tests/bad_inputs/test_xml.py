"""Hostile XML from a SOAP server over its socket: refused before a tree is built, nothing opened, never a success."""

import socket
from pathlib import Path

import pytest
from bad_inputs.law import clear, lawful
from bad_inputs.soap import HOSTILE, QUERY, booking, built, envelope, standing
from conftest import World

from trivet.conformance.promises import PERSON
from trivet.errors import ConfigError, Rejected, Retryable, UnknownOutcome

FAULT = "<s:Fault><faultcode>s:Client</faultcode><faultstring>SOAP_FAULT of nobody</faultstring></s:Fault>"
ANSWERS = {
    "29-an entity bomb": "an entity bomb",
    "30-an external entity": "an external entity",
    "30-a parameter entity": "a parameter entity",
    "31-an external DTD": "an external DTD",
    "31-an internal DTD": "an internal DTD",
    "32-300 levels": "300 levels",
    "32-a text of 12 MB": "a text of 12 MB",
    "32-200,000 attributes": "an attribute of 2 MB and others",
    "32-600,000 elements": "600,000 elements",
    "33-two bodies": "two bodies",
    "33-a body in the header": "a body in the header",
    "33-an envelope in the body": "an envelope in the body",
}
IMPORTS = {
    "34-a WSDL": '<wsdl:import namespace="urn:x" location="{there}"/><wsdl:types>',
    "34-a schema": '<wsdl:types><xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"><xsd:import namespace="urn:x" '
    'schemaLocation="{there}"/></xsd:schema>',
}
CASES = {
    **{name: HOSTILE[what][1] for name, what in ANSWERS.items()},
    "33-a fault with status 200": "SOAP_FAULT",
    **dict.fromkeys(IMPORTS, "WSDL_IMPORT_BLOCKED"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, world: World, tmp_path: Path) -> None:
    """After a write in doubt, of a read to be asked again, of a fault refused: with the code, and nothing repeated of it."""
    code = CASES[name]
    lawful(name, code)
    if name in IMPORTS:
        imported(name, world, tmp_path)
        return
    far_end = standing(world)
    hostile = envelope(FAULT) if name not in ANSWERS else HOSTILE[ANSWERS[name]][0]
    with built(far_end.config(), tmp_path) as target:
        far_end.misbehave("answer", body=hostile)
        (said,) = target.send([booking()])
        assert type(said) is (UnknownOutcome if name in ANSWERS else Rejected)
        clear(str(said), code, PERSON)
        if name in ANSWERS:
            world.misbehave("sap_soap", kind="answer", method="POST", path=QUERY, body=hostile)
            with pytest.raises(Retryable) as caught:
                target.find("TrainingBooking", [booking()])
            assert caught.value.vendor_code == code


def imported(name: str, world: World, tmp_path: Path) -> None:
    """The import is refused when the file is read, and nobody is asked for it."""
    far_end = standing(world)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        text = Path(far_end.config().wsdl).read_text(encoding="utf-8")
        bad = text.replace("<wsdl:types>", IMPORTS[name].format(there=there), 1)
        (tmp_path / "bad.wsdl").write_text(bad, encoding="utf-8")
        with built(far_end.config(wsdl="bad.wsdl"), tmp_path) as target, pytest.raises(ConfigError) as caught:
            target.check()
        assert caught.value.code == CASES[name]
        clear(caught.value.explained(), CASES[name])
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()
