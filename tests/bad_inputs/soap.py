"""What a hostile SOAP server answers, and the stand-in that is made to."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conftest import World
from standing import NAME, Standing
from trivet_connectors.sap_soap import TARGET

from trivet.conformance.promises import PERSON
from trivet.conformance.target import REFERENCES
from trivet.contract import Services
from trivet.model import Operation

PEOPLE = ("10000101", "10000102", "10000201")
MANAGE, QUERY = "managetrainingbookingin", "querytrainingbookingin"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
GOOD = [
    {
        "EmployeeID": p, "CourseID": "TRN-SVC-201", "CourseName": NAME, "Reason": "a < b & c\n]]>",
        "AssessmentScore": 9.1, "DueDate": "2027-02-21",
    }
    for p in PEOPLE
]  # fmt: skip


def standing(world: World) -> Standing:
    """The stand-in's synchronous services."""
    changed, bad = {**GOOD[0], "AssessmentScore": 9.4}, {**GOOD[1], "EmployeeID": "nobody"}
    return Standing(world, "sap_soap", TARGET, "TrainingBooking", GOOD, changed, bad, MANAGE)


def built(config: Any, folder: Path) -> AbstractContextManager[Any]:
    """A target as the hub builds it."""
    return TARGET.build(config, Services("erp", folder, folder, lambda: datetime.now(UTC)))


def booking(i: int = 0, kind: Any = "create", remote_id: str | None = None, **changed: Any) -> Operation:
    """An operation on the i-th booking."""
    document = {} if kind == "delete" else {**GOOD[i], **changed}
    key = f"{REFERENCES[i]}-{kind[0].upper()}1"
    return Operation(key, REFERENCES[i], kind, "TrainingBooking", document, remote_id)


def envelope(body: str, before: str = "", head: str = "") -> str:
    """An answer as a server might send it."""
    return f'{before}<s:Envelope xmlns:s="{SOAP}">{head}<s:Body>{body}</s:Body></s:Envelope>'


BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
HOSTILE = {
    "an entity bomb": (envelope("<r>&c;</r>", BOMB), "XML_ENTITIES_FORBIDDEN"),
    "an external entity": (
        envelope("<r>&f;</r>", '<!DOCTYPE b [<!ENTITY f SYSTEM "file:///etc/passwd">]>'), "XML_ENTITIES_FORBIDDEN"
    ),
    "a parameter entity": (
        envelope("<r/>", '<!DOCTYPE b [<!ENTITY % f SYSTEM "http://127.0.0.1:9/x">%f;]>'), "XML_ENTITIES_FORBIDDEN"
    ),
    "an external DTD": (envelope("<r/>", '<!DOCTYPE b SYSTEM "http://127.0.0.1:9/x.dtd">'), "XML_DTD_FORBIDDEN"),
    "an internal DTD": (envelope("<r/>", "<!DOCTYPE b [<!ELEMENT b ANY>]>"), "XML_DTD_FORBIDDEN"),
    "300 levels": (envelope("<a>" * 300 + "</a>" * 300), "XML_LIMIT"),
    "a text of 12 MB": (envelope(f"<a>{'x' * 12_000_000}</a>"), "XML_LIMIT"),
    "an attribute of 2 MB and others": (
        envelope("<a " + " ".join(f'a{i}="1"' for i in range(200_000)) + "/>"), "XML_LIMIT"
    ),
    "600,000 elements": (envelope("<r>" + "<a/>" * 600_000 + "</r>"), "XML_LIMIT"),
    "two bodies": (envelope("<a/></s:Body><s:Body><b/>"), "SOAP_UNEXPECTED"),
    "a body in the header": (envelope("<a/>", head="<s:Header><w><s:Body/></w></s:Header>"), "SOAP_UNEXPECTED"),
    "an envelope in the body": (envelope(f"<w>{envelope('<a/>')}</w>"), "SOAP_UNEXPECTED"),
    "two messages": (envelope("<a/><b/>"), "SOAP_UNEXPECTED"),
    "a header after the body": (envelope("<a/></s:Body><s:Header/><s:Body>"), "SOAP_UNEXPECTED"),
    "something else in the envelope": (envelope("<a/></s:Body><x/><s:Body>"), "SOAP_UNEXPECTED"),
    "another version's body": (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:t="http://www.w3.org/2003/05/soap-envelope"><t:Body/></s:Envelope>',
        "SOAP_UNEXPECTED",
    ),
    "no body": (f'<s:Envelope xmlns:s="{SOAP}"/>', "SOAP_UNEXPECTED"),
    "no envelope": ("<html/>", "SOAP_UNEXPECTED"),
    "another message": (envelope("<a/>"), "SOAP_UNEXPECTED"),
    "an empty body": (envelope(""), "SOAP_UNEXPECTED"),
    "half an answer": (envelope("<a/>")[:-9], "XML_SYNTAX"),
    "JSON": (f'{{"name": "{PERSON}"}}', "XML_SYNTAX"),
    "an encoding that nobody knows": ('<?xml version="1.0" encoding="klingon"?>' + envelope("<a/>"), "XML_SYNTAX"),
    "a prefix without a name": (envelope(f"<q:a>{PERSON}</q:a>"), "XML_SYNTAX"),
    "nothing": ("", "XML_SYNTAX"),
}  # fmt: skip
