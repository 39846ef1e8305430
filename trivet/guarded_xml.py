"""The one door for XML of strangers: no DTD, no entities, no bomb; size, depth, elements, attributes and texts have limits.

A streaming parser (expat) reads a document once and stops at the first offence, so that a hostile one costs neither memory
nor a look outside; only then is a tree built of it.
"""

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_ATTRIBUTES = 100
MAX_TEXT = 1024 * 1024
MAX_ELEMENTS = 500_000


class Hostile(Exception):
    """The document must not be read; `code` says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def harmless(content: bytes) -> None:
    """Raises `Hostile` for a document that is no XML, declares something, or is too large or too deep."""
    watched(Sentry(), content)


def tree(content: bytes) -> ElementTree.Element:
    """The root of a harmless document; `Hostile` otherwise."""
    harmless(content)
    try:
        return ElementTree.fromstring(content)  # noqa: S314 - the line above is the guard
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        # it separates names by `}`, and stumbles over an address that holds one
        raise Hostile("XML_SYNTAX", "it is not well-formed XML") from error


@dataclass
class Sentry:
    """What stands at the door; those who know more of a document than that it is one look at each element, too."""

    depth: int = 0
    elements: int = 0
    text: int = 0

    def doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:  # noqa: ARG002
        """Refuses a DTD."""
        # with an internal subset the next event tells more: an entity, or its end
        if not internal:
            raise Hostile("XML_DTD_FORBIDDEN", "it refers to a DTD")

    def doctype_end(self) -> None:
        """Refuses a DTD that declares no entity."""
        raise Hostile("XML_DTD_FORBIDDEN", "it holds a DTD")

    def entity(self, *_: Any) -> None:
        """Refuses an entity."""
        raise Hostile("XML_ENTITIES_FORBIDDEN", "it declares entities")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Counts an element."""
        self.depth += 1
        self.elements += 1
        self.text = 0
        if self.depth > MAX_DEPTH or self.elements > MAX_ELEMENTS or len(attributes) > MAX_ATTRIBUTES:
            raise Hostile("XML_LIMIT", "it is too deep, or has too many elements or attributes")
        self.opened(name)

    def opened(self, name: str) -> None:
        """A hook: an element starts at `depth`."""

    def end(self, _: str) -> None:
        """Leaves an element."""
        self.depth -= 1
        self.text = 0

    def data(self, piece: str) -> None:
        """Counts text."""
        self.text += len(piece)
        if self.text > MAX_TEXT:
            raise Hostile("XML_LIMIT", "it holds a text that is too long")


def watched(sentry: Sentry, content: bytes) -> None:
    """Reads the document under the sentry's eyes; `Hostile` from it, or for what is no XML or too long."""
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
        # neither the text nor its place: a document may be about a person
        raise Hostile("XML_SYNTAX", "it is not well-formed XML") from error
