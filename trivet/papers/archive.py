"""Zip files of strangers: what is in them is judged before anything is unpacked, and again while it is."""

import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import IO

from trivet.confined.refusal import Refused

MOST_ENTRIES = 1000
MOST_RATIO = 100
FREE_BYTES = 1024 * 1024
"""Unpacked bytes of which a ratio says nothing: a small empty form packs well, too."""
MOST_BYTES = 256 * 1024 * 1024
ARCHIVES = (
    b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
_PIECE = 64 * 1024
_DRIVE = re.compile(r"[A-Za-z]:")
_ENCRYPTED = 0x1


class Archive:
    """An open zip file, every entry of which has a harmless name and a size that it may have."""

    def __init__(self, file: Path | IO[bytes], size: int) -> None:
        with _unpacking("the archive cannot be opened"):
            self._zip = zipfile.ZipFile(file)
        self._allowed = max(FREE_BYTES, MOST_RATIO * size)
        self._unpacked = 0
        _judge(self._zip.infolist(), self._allowed)
        self.entries = [info for info in self._zip.infolist() if not info.is_dir()]

    @property
    def names(self) -> Sequence[str]:
        """Of the files in it."""
        return [info.filename for info in self.entries]

    def read(self, name: str) -> bytes:
        """One file of it, whole; `Refused` where it is not what the archive says."""
        with _unpacking("a part is missing or cannot be unpacked"):
            return self._read(self._zip.getinfo(name))

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        # the library stops at the size that is declared: what is behind it would not be noticed
        wide = copy(info)
        wide.file_size = self._allowed + 1
        content = bytearray()
        with self._zip.open(wide) as part:
            while piece := part.read(_PIECE):
                content += piece
                self._unpacked += len(piece)
                if len(content) > info.file_size or self._unpacked > self._allowed:
                    raise Refused("ARCHIVE_RATIO_LIMIT", "it unpacks to more than it declares or may")
        return bytes(content)


@contextmanager
def _unpacking(what: str) -> Iterator[None]:
    try:
        yield
    except (Refused, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - the library and each of its methods of packing have errors of their own
        raise Refused("DOC_DAMAGED", f"{what} ({type(error).__name__})") from None


def _judge(entries: Sequence[zipfile.ZipInfo], allowed: int) -> None:
    if len(entries) > MOST_ENTRIES:
        raise Refused("ARCHIVE_RATIO_LIMIT", f"{len(entries)} entries, {MOST_ENTRIES} are allowed")
    total = sum(info.file_size for info in entries)
    if total > allowed or total > MOST_BYTES:
        raise Refused("ARCHIVE_RATIO_LIMIT", f"it unpacks to {total // 1024 // 1024} MB")
    names = [info.filename for info in entries]
    if len(set(names)) != len(names):
        raise Refused("ARCHIVE_UNSAFE_PATH", "two entries have the same name")
    for info in entries:
        if _leads_elsewhere(info):
            raise Refused("ARCHIVE_UNSAFE_PATH", "an entry's name leads out of the archive, or is a link")
        if info.flag_bits & _ENCRYPTED:
            raise Refused("DOC_ENCRYPTED", "it needs a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # the library unpacks the others without a bound, piece by piece
            raise Refused("DOC_FORMAT", "it is packed in a way that no office program knows")


def _leads_elsewhere(info: zipfile.ZipInfo) -> bool:
    # the library cuts a name at NUL, and turns the separators of some systems
    said = info.orig_filename
    parts = said.replace("\\", "/").split("/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    return (
        not said
        or any(ord(c) < 32 for c in said)
        or said.startswith(("/", "\\"))
        or _DRIVE.match(said) is not None
        or ".." in parts
        or kind not in (0, stat.S_IFREG, stat.S_IFDIR)
    )
