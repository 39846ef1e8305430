"""What a file is by its first bytes, where it says so: a login page, a picture or a playlist is no recording and no paper.

Only what is certainly something else is refused here; whether sound can be decoded, or a paper read, is the scorer's to find
out. Connectors refuse what no scorer wants; the hub, which knows what is wanted, a paper in place of a recording.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NoReturn

from trivet.model import Document

HEAD = 512
"""Bytes that are looked at."""
Wanted = Literal["recording", "paper", "either"]
PAPER_ENDINGS = (".pdf", ".docx", ".txt", ".md", ".zip")
PAPER_TYPES = frozenset({
    "application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "text/plain",
    "text/markdown", "application/zip", "application/x-zip-compressed",
})  # fmt: skip
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"<smil")
_OTHERS = (
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
    (b"\x1f\x8b", "an archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
)
_PAPERS = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "an archive"), (b"\xd0\xcf\x11\xe0", "an office document"))
_RECORDINGS = (
    b"OggS",
    b"RIFF",
    b"ID3",
    b"fLaC",
    b"\x1a\x45\xdf\xa3",
    b"#!AMR",
    b"FORM",
    b"FLV\x01",
    b"\x30\x26\xb2\x75",
)


def declared_paper(recording: Document) -> bool:
    """Whether a vendor says, by media type or else by the file's name, that somebody wrote it."""
    said = str(recording.get("media_type") or "").partition(";")[0].strip().lower()
    if said and said != "application/octet-stream":
        return said in PAPER_TYPES
    return str(recording.get("file_name") or "").lower().endswith(PAPER_ENDINGS)


def refused(head: bytes, wanted: Wanted = "either") -> tuple[str, str] | None:
    """Code and reason where these are the first bytes of something else than is wanted."""
    begun = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    name = "paper" if wanted == "paper" else "recording"
    if begun.startswith(_PLAYLISTS):
        return "MEDIA_FORMAT_NOT_ALLOWED", f"a playlist came in place of a {name}"
    for sign, what in _OTHERS if wanted != "recording" else (*_OTHERS, *_PAPERS):
        if begun.startswith(sign):
            return "MEDIA_TYPE_MISMATCH", f"{what} came in place of a {name}"
    if wanted == "paper" and (head.startswith(_RECORDINGS) or head[4:8] == b"ftyp"):
        return "MEDIA_TYPE_MISMATCH", "a recording came in place of a paper"
    return None


def judged(
    pieces: Iterator[bytes], refuse: Callable[[str, str], NoReturn], wanted: Wanted = "either"
) -> Iterator[bytes]:
    """The pieces, once their first bytes are known to be nothing else than is wanted; else `refuse` gets code and reason."""
    head = b""
    for piece in pieces:
        if len(head) >= HEAD:
            yield piece
            continue
        head += piece
        if len(head) >= HEAD:
            yield _begun(head, refuse, wanted)
    if len(head) < HEAD:
        yield _begun(head, refuse, wanted)


def _begun(head: bytes, refuse: Callable[[str, str], NoReturn], wanted: Wanted) -> bytes:
    said = refused(head, wanted)
    if said is not None:
        refuse(*said)
    return head
