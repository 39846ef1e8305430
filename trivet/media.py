"""What a file is by its first bytes, where it says so: a login page, a picture or a playlist is no recording.

Only what is certainly something else is refused here; whether sound can be decoded is the scorer's to find out.
"""

from collections.abc import Callable, Iterator
from typing import NoReturn

HEAD = 512
"""Bytes that are looked at."""
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"<smil")
_OTHERS = (
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
)


def refused(head: bytes) -> tuple[str, str] | None:
    """Code and reason where these are the first bytes of something else than a recording."""
    begun = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if begun.startswith(_PLAYLISTS):
        return "MEDIA_FORMAT_NOT_ALLOWED", "a playlist came in place of a recording"
    for sign, what in _OTHERS:
        if begun.startswith(sign):
            return "MEDIA_TYPE_MISMATCH", f"{what} came in place of a recording"
    return None


def judged(pieces: Iterator[bytes], refuse: Callable[[str, str], NoReturn]) -> Iterator[bytes]:
    """The pieces, once their first bytes are known to be no text, picture or playlist; else `refuse` gets code and reason."""
    head = b""
    for piece in pieces:
        if len(head) >= HEAD:
            yield piece
            continue
        head += piece
        if len(head) >= HEAD:
            yield _begun(head, refuse)
    if len(head) < HEAD:
        yield _begun(head, refuse)


def _begun(head: bytes, refuse: Callable[[str, str], NoReturn]) -> bytes:
    said = refused(head)
    if said is not None:
        refuse(*said)
    return head
