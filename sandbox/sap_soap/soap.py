"""Envelopes, faults and who may call: HTTP basic or a WS-Security UsernameToken, as text or as digest."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from ..server import Answer, Request
from .schema import NAMESPACE

SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
MEDIA_TYPES = ("text/xml", "application/soap+xml")
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE, WSU = f"{_OASIS}-wssecurity-secext-1.0.xsd", f"{_OASIS}-wssecurity-utility-1.0.xsd"
_DIGEST = f"{_OASIS}-username-token-profile-1.0#PasswordDigest"
_FRESH = timedelta(minutes=5)

USER, PASSWORD = "TRIVET_PO", "sap-soap-sandbox-password"

Node = ElementTree.Element
# a fault code is text: its prefix must be the one that is written above it
ElementTree.register_namespace("soap", SOAP_11)
ElementTree.register_namespace("soap12", SOAP_12)


class Fault(Exception):
    """The message is refused; `code` is Client or Server, or a code of WS-Security with its prefix."""

    def __init__(self, code: str, text: str, detail: list[tuple[str, str, str]] | None = None) -> None:
        super().__init__(text)
        self.code, self.detail = code, detail or []


@dataclass(slots=True)
class Users:
    """The one technical user, and the nonces that she used."""

    nonces: set[str] = field(default_factory=set)

    def known(self, request: Request, envelope: Node | None) -> bool:
        """Whether the call proves who it is; a wrong token is a `Fault`, nothing at all is False."""
        said = request.headers.get("Authorization") or ""
        if said:
            right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            return bool(said == f"Basic {right}")
        token = None if envelope is None else envelope.find(f".//{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
        if token is None:
            return False
        if token.findtext(f"{{{WSSE}}}Username") != USER or not self._right(token):
            raise Fault(
                "wsse:FailedAuthentication", "The security token could not be authenticated or authorized"
            )
        return True

    def _right(self, token: Node) -> bool:
        password = token.find(f"{{{WSSE}}}Password")
        if password is None:
            return False
        if password.get("Type") != _DIGEST:
            return password.text == PASSWORD
        nonce, created = token.findtext(f"{{{WSSE}}}Nonce") or "", token.findtext(f"{{{WSU}}}Created") or ""
        if nonce in self.nonces or abs(datetime.now(UTC) - datetime.fromisoformat(created)) > _FRESH:
            return False
        self.nonces.add(nonce)
        digest = hashlib.sha1(base64.b64decode(nonce) + created.encode() + PASSWORD.encode()).digest()
        return password.text == base64.b64encode(digest).decode()


class _NoDoctype(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str, system: str) -> None:  # noqa: ARG002
        raise Fault("Client", "a document type declaration is not allowed")


def parsed(body: bytes, *, soap_12: bool) -> Node:
    """The envelope; a DTD or no XML is a `Fault`."""
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        parser.feed(body)
        envelope: Node = parser.close()
    except ElementTree.ParseError as error:
        raise Fault("Client", f"the message is not well-formed ({error})") from error
    if envelope.tag != f"{{{SOAP_12 if soap_12 else SOAP_11}}}Envelope":
        raise Fault("VersionMismatch", "the message is no SOAP envelope")
    return envelope


def content(envelope: Node) -> Node:
    """The one message in the body."""
    space = envelope.tag.rpartition("}")[0] + "}"
    bodies = envelope.findall(f"{space}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Fault("Client", "one body with one message is expected")
    return bodies[0][0]


def answered(message: Node, *, soap_12: bool, status: int = 200) -> Answer:
    """A message in its envelope."""
    space = SOAP_12 if soap_12 else SOAP_11
    envelope = Node(f"{{{space}}}Envelope")
    ElementTree.SubElement(envelope, f"{{{space}}}Header")
    ElementTree.SubElement(envelope, f"{{{space}}}Body").append(message)
    kind = MEDIA_TYPES[soap_12]
    data = ElementTree.tostring(envelope, "utf-8", xml_declaration=True)
    return Answer(data, status, media_type=f"{kind}; charset=utf-8")


def refused(fault: Fault, *, soap_12: bool, status: int = 500) -> Answer:
    """A fault in its envelope, with a StandardMessageFault where there is a detail."""
    space = SOAP_12 if soap_12 else SOAP_11
    prefix, _, local = fault.code.rpartition(":")
    node = Node(f"{{{space}}}Fault", {"xmlns:wsse": WSSE} if prefix == "wsse" else {})
    if soap_12:
        code = _node(node, f"{{{space}}}Code")
        main = {"Client": "Sender", "Server": "Receiver"}.get(local, "Sender")
        _node(code, f"{{{space}}}Value", f"soap12:{main}")
        if prefix:
            _node(_node(code, f"{{{space}}}Subcode"), f"{{{space}}}Value", fault.code)
        _node(_node(node, f"{{{space}}}Reason"), f"{{{space}}}Text", str(fault))
    else:
        _node(node, "faultcode", fault.code if prefix else f"soap:{local}")
        _node(node, "faultstring", str(fault))
    if fault.detail:
        detail = _node(node, f"{{{space}}}Detail" if soap_12 else "detail")
        standard = _node(_node(detail, f"{{{NAMESPACE}}}StandardMessageFault"), "standard")
        _node(standard, "faultText", str(fault))
        for severity, text, number in fault.detail:
            entry = _node(standard, "faultDetail")
            for name, value in (("severity", severity), ("text", text), ("id", number)):
                _node(entry, name, value)
    return answered(node, soap_12=soap_12, status=status)


def build(name: str, content: Any) -> Node:
    """An element: of a dict its children, of a list in it one for each, of anything else its text; None is left out."""
    node = Node(name)
    if isinstance(content, dict):
        for key, value in content.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    node.append(build(key, one))
    else:
        node.text = str(content).lower() if isinstance(content, bool) else str(content)
    return node


def _node(parent: Node, tag: str, text: str = "") -> Node:
    node = ElementTree.SubElement(parent, tag)
    node.text = text or None
    return node
