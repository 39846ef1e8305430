"""Reads the types of our WSDL and judges messages by them: order, number, lengths, patterns, as an XML gateway does.

As much of XML Schema as the WSDL uses, with the standard library alone.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

XSD = "{http://www.w3.org/2001/XMLSchema}"
NAMESPACE = "http://yunxiu.example/xi/HCM"
WSDL = Path(__file__).parent / "hcm.wsdl"
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


class Invalid(Exception):
    """A message breaks its type."""


@dataclass(frozen=True, slots=True)
class Child:
    """One element of a sequence."""

    name: str
    type: str
    least: int
    most: float


@dataclass(slots=True)
class Type:
    """A type of the WSDL: a sequence of children, or a text with facets."""

    children: list[Child] | None = None
    base: str = ""
    facets: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


class Schema:
    """The types and message elements of the WSDL."""

    def __init__(self, file: Path = WSDL) -> None:
        root = ElementTree.parse(file).getroot()
        self.types: dict[str, Type] = {}
        self.elements: dict[str, str] = {}
        for schema in root.iter(f"{XSD}schema"):
            for node in schema:
                if node.tag == f"{XSD}element":
                    self.elements[node.get("name", "")] = _local(node.get("type", ""))
                else:
                    self.types[node.get("name", "")] = _type(node)

    def judge(self, message: ElementTree.Element) -> None:
        """Raises `Invalid` for a message that does not follow its type."""
        name = message.tag.removeprefix(f"{{{NAMESPACE}}}")
        self._element(message, self.elements[name], name)

    def _element(self, node: ElementTree.Element, kind: str, path: str) -> None:
        known = self.types.get(kind, Type(base=kind))
        for name, value in node.attrib.items():
            if name.startswith(_INSTANCE):
                continue
            if name not in known.attributes:
                raise Invalid(f"{path}: attribute {name} is not allowed")
            self._text(value, known.attributes[name], f"{path}/@{name}")
        if known.children is None:
            if len(node):
                raise Invalid(f"{path}: no element is allowed here")
            self._text(node.text or "", kind, path)
            return
        if (node.text or "").strip():
            raise Invalid(f"{path}: no text is allowed here")
        self._sequence(list(node), known.children, path)

    def _sequence(self, nodes: list[ElementTree.Element], children: list[Child], path: str) -> None:
        at = 0
        for child in children:
            count = 0
            while at < len(nodes) and nodes[at].tag == child.name and count < child.most:
                self._element(nodes[at], child.type, f"{path}/{child.name}")
                count, at = count + 1, at + 1
            if count < child.least:
                raise Invalid(f"{path}: element {child.name} is expected")
        if at < len(nodes):
            raise Invalid(f"{path}: element {nodes[at].tag} is not expected here")

    def _text(self, value: str, kind: str, path: str) -> None:
        known = self.types.get(kind)
        if known is None:
            _builtin(value, kind, path)
            return
        self._text(value, known.base, path)
        if known.base == "token":
            value = " ".join(value.split())
        for facet, limit in known.facets.items():
            if not _holds(value, facet, limit):
                raise Invalid(f"{path}: the value breaks {facet} {limit}")


def addresses(file: Path = WSDL) -> dict[str, frozenset[str]]:
    """The messages that each path takes."""
    root = ElementTree.parse(file).getroot()
    taken = {
        kind.get("name", ""): frozenset(_local(i.get("message", "")) for i in kind.iter(f"{_WSDL}input"))
        for kind in root.iter(f"{_WSDL}portType")
    }
    kinds = {b.get("name", ""): _local(b.get("type", "")) for b in root.iter(f"{_WSDL}binding")}
    return {
        urlsplit(port[0].get("location", "")).path: taken[kinds[_local(port.get("binding", ""))]]
        for port in root.iter(f"{_WSDL}port")
    }


def _holds(value: str, facet: str, limit: str) -> bool:
    match facet:
        case "minLength":
            return len(value) >= int(limit)
        case "maxLength":
            return len(value) <= int(limit)
        case "pattern":
            return re.fullmatch(limit, value) is not None
        case "minInclusive":
            return Decimal(value) >= Decimal(limit)
        case "maxInclusive":
            return Decimal(value) <= Decimal(limit)
        case "totalDigits":
            return len(Decimal(value).normalize().as_tuple().digits) <= int(limit)
        case "fractionDigits":
            return -int(Decimal(value).normalize().as_tuple().exponent) <= int(limit)
    raise ValueError(f"facet {facet} is not known here")


def _builtin(value: str, kind: str, path: str) -> None:
    text = value.strip()
    try:
        match kind:
            case "decimal":
                if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text):
                    raise ValueError
            case "int":
                int(text)
            case "boolean":
                if text not in ("true", "false", "1", "0"):
                    raise ValueError
            case "date":
                date.fromisoformat(re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text))
            case "dateTime":
                if "T" not in text:
                    raise ValueError
                datetime.fromisoformat(text)
    except (ValueError, InvalidOperation) as error:
        raise Invalid(f"{path}: the value is no xsd:{kind}") from error


def _type(node: ElementTree.Element) -> Type:
    sequence = node.find(f"{XSD}sequence")
    extension = node.find(f"{XSD}simpleContent/{XSD}extension")
    restriction = node.find(f"{XSD}restriction")
    attributes = {a.get("name", ""): _local(a.get("type", "")) for a in node.iter(f"{XSD}attribute")}
    if extension is not None:
        return Type(base=_local(extension.get("base", "")), attributes=attributes)
    if restriction is not None:
        facets = {facet.tag.removeprefix(XSD): facet.get("value", "") for facet in restriction}
        return Type(base=_local(restriction.get("base", "")), facets=facets)
    children = [
        Child(
            e.get("name", ""),
            _local(e.get("type", "")),
            int(e.get("minOccurs", "1")),
            float("inf") if e.get("maxOccurs") == "unbounded" else int(e.get("maxOccurs", "1")),
        )
        for e in (sequence if sequence is not None else ())
    ]
    return Type(children=children, attributes=attributes)


def _local(name: str) -> str:
    return name.rpartition(":")[2]
