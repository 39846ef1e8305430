"""What an answer must look like before any tree is built of it: no DTD, no entities, no bomb, one Envelope, one Body.

A streaming parser (expat) reads it once and stops at the first offence, so that a hostile answer costs neither memory
nor a look outside. Our own limits are far below the ones of libxml2, which reads the answer afterwards.
"""

from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_ATTRIBUTES = 100
MAX_TEXT = 1024 * 1024
MAX_ELEMENTS = 500_000
SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"


class Hostile(Exception):
    """The document must not be read; `code` says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def harmless(content: bytes) -> None:
    """Raises `Hostile` for a document that is no XML, declares something, or is too large or too deep."""
    _read(_Sentry(), content)


def enveloped(content: bytes) -> None:
    """Raises `Hostile` unless the document is harmless and one SOAP envelope with one body of at most one child."""
    sentry = _Envelope()
    _read(sentry, content)
    if sentry.bodies != 1:
        raise Hostile("SOAP_UNEXPECTED", "the envelope has no body")


@dataclass
class _Sentry:
    depth: int = 0
    elements: int = 0
    text: int = 0

    def doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:  # noqa: ARG002
        # with an internal subset the next event tells more: an entity, or its end
        if not internal:
            raise Hostile("XML_DTD_FORBIDDEN", "it refers to a DTD")

    def doctype_end(self) -> None:
        raise Hostile("XML_DTD_FORBIDDEN", "it holds a DTD")

    def entity(self, *_: Any) -> None:
        raise Hostile("XML_ENTITIES_FORBIDDEN", "it declares entities")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        self.text = 0
        if self.depth > MAX_DEPTH or self.elements > MAX_ELEMENTS or len(attributes) > MAX_ATTRIBUTES:
            raise Hostile("XML_LIMIT", "it is too deep, or has too many elements or attributes")
        self.opened(name)

    def opened(self, name: str) -> None:
        """A hook: an element starts at `depth`."""

    def end(self, _: str) -> None:
        self.depth -= 1
        self.text = 0

    def data(self, piece: str) -> None:
        self.text += len(piece)
        if self.text > MAX_TEXT:
            raise Hostile("XML_LIMIT", "it holds a text that is too long")


@dataclass
class _Envelope(_Sentry):
    soap: str = ""
    inside: str = ""
    bodies: int = 0
    contents: int = 0

    def opened(self, name: str) -> None:
        space, _, local = name.rpartition(" ")
        soap = space in (SOAP_11, SOAP_12)
        if self.depth == 1:
            if not soap or local != "Envelope":
                raise Hostile("SOAP_UNEXPECTED", "it is no SOAP envelope")
            self.soap = space
        elif self.depth == 2:
            self.inside = local if space == self.soap else ""
            self.bodies += self.inside == "Body"
            if (
                self.inside not in ("Header", "Body")
                or self.bodies > 1
                or (self.inside == "Header" and self.bodies)
            ):
                raise Hostile(
                    "SOAP_UNEXPECTED", "the envelope holds something else than a header and one body"
                )
        elif soap and local in ("Envelope", "Body"):
            # a second body deep inside is what wraps somebody else's signed one
            raise Hostile("SOAP_UNEXPECTED", "it holds a second envelope or body")
        elif self.depth == 3 and self.inside == "Body":
            self.contents += 1
            if self.contents > 1:
                raise Hostile("SOAP_UNEXPECTED", "the body holds more than one message")


def _read(sentry: _Sentry, content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise Hostile("XML_LIMIT", f"it is longer than {MAX_BYTES} bytes")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = sentry.doctype
    parser.EndDoctypeDeclHandler = sentry.doctype_end
    parser.EntityDeclHandler = sentry.entity
    parser.StartElementHandler = sentry.start
    parser.EndElementHandler = sentry.end
    parser.CharacterDataHandler = sentry.data
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        # neither the text nor its place: an answer may be about a person
        raise Hostile("XML_SYNTAX", "it is not well-formed XML") from error
