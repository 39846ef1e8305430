"""Reads one paper; a piece of confined work (`trivet.confined`): its paragraphs are written as JSON, {page?, text} each."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from trivet.confined.refusal import Refused
from trivet.papers import pdf, word
from trivet.papers.archive import ARCHIVES, Archive
from trivet.papers.lines import clean

_PDF = b"%PDF-"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""The stream of an OLE file in which Office keeps a document that has a password."""
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHINESE = ("gb18030", "big5")
_CONTROLS = frozenset(map(chr, (*range(9), *range(14, 32), 127)))
Found = tuple[int | None, str]


def work(file: Path, out: IO[bytes], most_pages: int) -> dict[str, object]:
    """{form, paragraphs}: what kind of file it is, and how many paragraphs were written."""
    with file.open("rb") as opened:
        head = opened.read(1024)
    form = _form(head)
    found = list(_of_file(file, form, most_pages))
    found = [(page, text) for page, text in found if text]
    if not any(c.isalnum() for _, text in found for c in text):
        raise Refused("DOC_NO_TEXT", "there is no text in it")
    said = [{"text": text} | ({"page": page} if page else {}) for page, text in found]
    out.write(json.dumps(said, ensure_ascii=False).encode())
    return {"form": form, "paragraphs": len(said)}


def _form(head: bytes) -> str:
    if not head:
        raise Refused("DOC_NO_TEXT", "the file is empty")
    # what came by mail may have a line in front
    if _PDF in head:
        return "pdf"
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(_OLE):
        return "ole"
    if head.startswith(ARCHIVES):
        raise Refused("DOC_FORMAT", "an archive that is no zip")
    return "text"


def _of_file(file: Path, form: str, most_pages: int) -> Iterator[Found]:
    if form == "pdf":
        with file.open("rb") as opened:
            yield from pdf.pages(opened, most_pages)
    elif form == "zip":
        yield from _of_archive(Archive(file, file.stat().st_size), most_pages, outermost=True)
    elif form == "ole":
        locked = _LOCKED in file.read_bytes()
        if locked:
            raise Refused("DOC_ENCRYPTED", "it needs a password")
        raise Refused("DOC_FORMAT", "an Office file of the old kind: save it as .docx or PDF")
    else:
        yield from ((None, line) for line in _lines(file.read_bytes()))


def _of_archive(archive: Archive, most_pages: int, *, outermost: bool) -> Iterator[Found]:
    if word.is_word(archive):
        yield from ((None, text) for text in word.paragraphs(archive))
        return
    if not outermost:
        raise Refused("ARCHIVE_NESTED", "an archive inside an archive")
    for name in archive.names:
        content = archive.read(name)
        if not content:
            continue
        if content.startswith(ARCHIVES) and not content.startswith(_ZIP):
            raise Refused("ARCHIVE_NESTED", "an archive inside an archive")
        form = _form(content[:1024])
        if form == "zip":
            inner = Archive(io.BytesIO(content), len(content))
            yield from _of_archive(inner, most_pages, outermost=False)
        elif form == "pdf":
            yield from pdf.pages(io.BytesIO(content), most_pages)
        elif form == "ole":
            raise Refused(
                "DOC_FORMAT", "an Office file of the old kind in the archive: save it as .docx or PDF"
            )
        else:
            yield from ((None, line) for line in _lines(content))


def _lines(content: bytes) -> list[str]:
    """A line a paragraph, marks of Markdown left out."""
    text = _decoded(content)
    if any(c in _CONTROLS for c in text):
        raise Refused("DOC_FORMAT", "no PDF, no Word file, and no text")
    return [clean(line).lstrip("#>").lstrip() for line in text.splitlines()]


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content.startswith(_MARKS) else ("utf-8-sig", *_CHINESE)
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("DOC_FORMAT", "no PDF, no Word file, and no text in an encoding that is known")
