"""There is one door for XML."""

import re

import pytest
from conftest import ROOT

from trivet.guarded_xml import Hostile, tree

_PARSES = re.compile(
    r"\b(fromstring|XMLParser|XMLPullParser|iterparse|ParserCreate|minidom|pulldom|xml\.sax(?!\.saxutils))\b"
)
KNOWN = {
    "trivet/guarded_xml.py": "the door",
    "connectors/sap_soap/wire.py": "after `enveloped`, which went through the door",
    "connectors/successfactors/saml.py": "an assertion of our own making, which lxml signs",
}


def test_nobody_parses_xml_past_the_guard() -> None:
    """A parser elsewhere would have other limits, or none."""
    found = {
        str(file.relative_to(ROOT))
        for folder in ("trivet", "connectors")
        for file in (ROOT / folder).rglob("*.py")
        if _PARSES.search(file.read_text(encoding="utf-8"))
    }
    assert found == set(KNOWN)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "XML_ENTITIES_FORBIDDEN"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>', "XML_DTD_FORBIDDEN"),
        (b"<a>" * 101 + b"</a>" * 101, "XML_LIMIT"),
        (b"<a " + b" ".join(b'a%d=""' % n for n in range(101)) + b"/>", "XML_LIMIT"),
        (b"<a>" + b"b" * (1024 * 1024 + 1) + b"</a>", "XML_LIMIT"),
        (b"<a>", "XML_SYNTAX"),
        (b'{"a": 1}', "XML_SYNTAX"),
    ],
)
def test_what_is_hostile_becomes_no_tree(content: bytes, code: str) -> None:
    """By a code, and before a tree is built."""
    with pytest.raises(Hostile) as caught:
        tree(content)
    assert caught.value.code == code


def test_what_is_harmless_does() -> None:
    """With its text."""
    assert tree("<a b='1'>ä</a>".encode()).text == "ä"
