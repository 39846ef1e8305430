"""Decoded sound as WAV files, for services that take files."""

import io
import mmap
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import decode
from .sound import Sound

_PIECE = 1 << 20


def wav(pcm: bytes) -> bytes:
    """The samples as a file."""
    return _header(len(pcm)) + pcm


@contextmanager
def mapped(sound: Sound, scratch: Path) -> Iterator[mmap.mmap]:
    """The whole sound as a file in `scratch` that has no name, mapped: hours of sound are sent without being held."""
    with tempfile.TemporaryFile(dir=scratch) as file:
        size = sound.pcm.seek(0, io.SEEK_END)
        sound.pcm.seek(0)
        file.write(_header(size))
        shutil.copyfileobj(sound.pcm, file, _PIECE)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as made:
            yield made


def _header(size: int) -> bytes:
    """Of uncompressed sound (RIFF), one channel, 16 bits."""
    rate = decode.RATE
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + size,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        2 * rate,
        2,
        16,
        b"data",
        size,
    )
