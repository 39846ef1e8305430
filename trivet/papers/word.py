"""Word files: the text of paragraphs and tables in the order of the document; nothing in them is run or fetched."""

import re
from collections.abc import Iterator
from posixpath import normpath
from xml.etree.ElementTree import Element

from trivet.confined.refusal import Refused
from trivet.guarded_xml import Hostile, tree
from trivet.papers.archive import Archive
from trivet.papers.lines import clean

TYPES = "[Content_Types].xml"
_RELATIONS = "_rels/.rels"
_ACTIVE_PARTS = re.compile(
    r"(?i)(^|/)(vbaProject|vbaData|activeX|embeddings|customUI)[^/]*(/|$)|\.(bin|ole|exe|dll)$"
)
_ACTIVE_TYPES = re.compile(r"(?i)macroEnabled|vbaProject|activeX|oleObject|\.package\b")
_ACTIVE_FIELDS = re.compile(
    r"(?i)^\s*\"?\s*(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|MACROBUTTON|IMPORT|LINK)\b"
)
_LEFT_OUT = ("del", "moveFrom", "Fallback", "rPr", "pPr", "tblPr", "instrText", "delText", "binData")
_BREAKS = ("br", "cr", "tab", "ptab")
_NOTES = ("footnotes", "endnotes")


def is_word(archive: Archive) -> bool:
    """Whether the archive is an Office document at all."""
    return TYPES in archive.names


def paragraphs(archive: Archive) -> Iterator[str]:
    """Paragraphs, and rows of tables with ` | ` between their cells; the notes come last."""
    main, kinds = _main_part(archive)
    if not any("wordprocessingml" in kind for kind in kinds):
        raise Refused("DOC_FORMAT", "an Office file, but no Word document")
    _judge(archive, kinds)
    root = _part(archive, main)
    if any(_ACTIVE_FIELDS.match(field) for field in _fields(root)):
        raise Refused("DOC_ACTIVE_CONTENT", "a field of it starts a program or fetches a file")
    body = next((node for node in root if _name(node) == "body"), None)
    if body is None:
        raise Refused("DOC_DAMAGED", "there is no text part in it")
    yield from _blocks(body)
    folder = main.rpartition("/")[0]
    for name in _NOTES:
        part = f"{folder}/{name}.xml".lstrip("/")
        if part in archive.names:
            for note in _part(archive, part):
                yield from _blocks(note)


def _main_part(archive: Archive) -> tuple[str, list[str]]:
    kinds = [str(node.get("ContentType", "")) for node in _part(archive, TYPES)]
    if _RELATIONS not in archive.names:
        raise Refused("DOC_DAMAGED", "the parts of the document are not named")
    for node in _part(archive, _RELATIONS):
        if str(node.get("Type", "")).endswith("/officeDocument"):
            return normpath(str(node.get("Target", "")).lstrip("/")), kinds
    raise Refused("DOC_DAMAGED", "the document is missing")


def _judge(archive: Archive, kinds: list[str]) -> None:
    if any(_ACTIVE_PARTS.search(name) for name in archive.names) or any(map(_ACTIVE_TYPES.search, kinds)):
        raise Refused("DOC_ACTIVE_CONTENT", "it holds macros or files of other programs")
    for name in archive.names:
        if not name.endswith(".rels"):
            continue
        for node in _part(archive, name):
            # a link in the text is only words here; everything else that is elsewhere would be fetched on opening
            away = str(node.get("TargetMode", "")).lower() == "external"
            if away and not str(node.get("Type", "")).endswith("/hyperlink"):
                raise Refused("DOC_ACTIVE_CONTENT", "it fetches a part of itself from elsewhere")


def _part(archive: Archive, name: str) -> Element:
    try:
        return tree(archive.read(name))
    except Hostile as error:
        raise Refused(error.code, f"a part of the document is refused: {error}") from None


def _blocks(node: Element) -> Iterator[str]:
    for child in node:
        name = _name(child)
        if name == "p":
            # what stands in a box belongs to the paragraph that holds it
            yield clean(_text(child))
        elif name == "tbl":
            yield from _rows(child)
        elif name not in _LEFT_OUT:
            yield from _blocks(child)


def _fields(root: Element) -> Iterator[str]:
    """The instruction of each field, put together: it may be written in pieces."""
    open_ones: list[str] = []
    for node in root.iter():
        attributes = {_local(key): value for key, value in node.attrib.items()}
        name = _name(node)
        if name == "fldSimple":
            yield attributes.get("instr", "")
        elif name == "instrText" and open_ones:
            open_ones[-1] += node.text or ""
        elif name == "fldChar" and attributes.get("fldCharType") == "begin":
            open_ones.append("")
        elif name == "fldChar" and attributes.get("fldCharType") == "end" and open_ones:
            yield open_ones.pop()
    yield from open_ones


def _rows(table: Element) -> Iterator[str]:
    for row in _within(table, "tr"):
        cells = [" ".join(filter(None, _blocks(cell))) for cell in _within(row, "tc")]
        yield " | ".join(filter(None, cells))


def _within(node: Element, wanted: str) -> Iterator[Element]:
    """The nearest elements of that name; a content control may stand around them."""
    for child in node:
        if _name(child) == wanted:
            yield child
        elif _name(child) in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _within(child, wanted)


def _text(node: Element) -> str:
    said = []
    for child in node:
        name = _name(child)
        if name == "t":
            said.append(child.text or "")
        elif name in _BREAKS:
            said.append(" ")
        elif name == "noBreakHyphen":
            said.append("-")
        elif name not in _LEFT_OUT:
            inner = _text(child)
            said.append(f" {inner} " if name == "p" else inner)
    return "".join(said)


def _name(node: Element) -> str:
    return _local(str(node.tag))


def _local(name: str) -> str:
    return name.rpartition("}")[2]
