"""PDF files: the text of their pages; every object is looked at first for what would run, start or hide something."""

from collections.abc import Iterator
from typing import IO, Any

from trivet.confined.refusal import Refused
from trivet.papers.lines import paragraphs

_ACTIONS = (
    "/JavaScript",
    "/Launch",
    "/ImportData",
    "/SubmitForm",
    "/GoToE",
    "/Rendition",
    "/Movie",
    "/RichMediaExecute",
)
_HOLDERS = ("/JS", "/EmbeddedFiles", "/EF", "/XFA")
_KINDS = ("/FileAttachment", "/RichMedia", "/EmbeddedFile", "/3D")
_LEAST_LETTERS = 8
"""A page; fewer on pages with pictures are a scan's page number."""
_MOST_OBJECTS = 200_000
_MOST_DEPTH = 50
_STRANGE = 0.3
"""Share of characters without a meaning from which on letters of the font cannot be told."""


def pages(opened: IO[bytes], most_pages: int) -> Iterator[tuple[int, str]]:
    """Page, from 1, and text of each paragraph; `Refused` otherwise."""
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, LimitReachedError

    try:
        reader = PdfReader(opened, strict=False)
        if reader.is_encrypted:
            raise Refused("DOC_ENCRYPTED", "it needs a password, or forbids to be read")
        _count(reader, most_pages)
        _judge(reader)
        yield from _texts(reader)
    except (Refused, MemoryError, RecursionError, OSError):
        raise
    except FileNotDecryptedError:
        raise Refused("DOC_ENCRYPTED", "it needs a password") from None
    except LimitReachedError:
        raise Refused("DOC_LIMIT", "it loops, or unpacks to more than it may") from None
    except Exception as error:  # noqa: BLE001 - see below
        # a library that guesses its way through broken files trips over anything
        raise Refused("DOC_DAMAGED", f"the PDF cannot be read ({type(error).__name__})") from None


def _count(reader: Any, most_pages: int) -> None:
    """Walks the tree of pages without building one of them."""
    root = reader.root_object.get("/Pages")
    found = 0
    seen: set[Any] = set()
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        mark = (node.idnum, node.generation) if hasattr(node, "idnum") else id(node)
        if mark in seen:
            raise Refused("DOC_LIMIT", "its pages loop")
        seen.add(mark)
        said: Any = node.get_object() if node is not None else None
        kids = said.get("/Kids") if hasattr(said, "get") else None
        if kids is None:
            found += 1
        else:
            waiting += list(kids.get_object())
        if found > most_pages or len(seen) > 2 * most_pages + 100:
            raise Refused("DOC_LIMIT", f"more than {most_pages} pages")


def _judge(reader: Any) -> None:
    """Looks at every object by itself, reachable or not; what an object refers to is another one."""
    from pypdf.generic import IndirectObject

    known = [(number, generation) for generation, table in reader.xref.items() for number in table]
    known += [(number, 0) for number in reader.xref_objStm]
    if len(known) > _MOST_OBJECTS:
        raise Refused("DOC_LIMIT", f"{len(known)} objects")
    _look(reader.trailer, 0)
    for number, generation in known:
        if number:
            _look(reader.get_object(IndirectObject(number, generation, reader)), 0)


def _look(value: Any, depth: int) -> None:
    from pypdf.generic import ArrayObject, DictionaryObject

    if depth > _MOST_DEPTH:
        raise Refused("DOC_LIMIT", "its objects are nested too deep")
    if isinstance(value, DictionaryObject):
        # what is referred to is looked at by its own number: `raw_get` follows nothing
        parts = {str(key): value.raw_get(key) for key in value}
        if (
            any(name in parts for name in _HOLDERS)
            or str(parts.get("/S")) in _ACTIONS
            or {str(parts.get("/Subtype")), str(parts.get("/Type"))} & set(_KINDS)
        ):
            raise Refused("DOC_ACTIVE_CONTENT", "it holds scripts, actions, or files within")
        for part in parts.values():
            _look(part, depth + 1)
    elif isinstance(value, ArrayObject):
        for i in range(len(value)):
            _look(list.__getitem__(value, i), depth + 1)


def _texts(reader: Any) -> Iterator[tuple[int, str]]:
    pictured = letters = strange = 0
    for number, page in enumerate(reader.pages, start=1):
        # the library passes over what it cannot unpack: half a page would be taken for the whole
        contents = page.get_contents()
        if contents is not None:
            contents.get_data()
        text = str(page.extract_text())
        of_page = sum(c.isalnum() for c in text)
        letters += of_page
        strange += sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in text)
        pictured += of_page < _LEAST_LETTERS and _has_picture(page)
        yield from ((number, found) for found in paragraphs(text.splitlines()))
    if pictured and letters < _LEAST_LETTERS * pictured:
        raise Refused("DOC_NO_TEXT", "its pages are pictures: nobody has recognised their text")
    if strange > _STRANGE * (letters + strange):
        raise Refused("DOC_NO_TEXT", "its fonts do not say which letters they draw")


def _has_picture(page: Any) -> bool:
    resources = page.get("/Resources")
    drawn = resources.get("/XObject") if resources else None
    return any(one.get_object().get("/Subtype") == "/Image" for one in drawn.values()) if drawn else False
