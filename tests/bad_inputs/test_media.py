"""Bad recordings at a scorer: refused by code, no score, and the worker lives on."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.law import SECRET, clear, lawful
from bad_inputs.sound import long_silence, media, swelling
from conftest import ROOT
from trivet_connectors.whisper_local import SCORER as WHISPER

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import ScoringRequest

PLAYLIST = f"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd?{SECRET}\n".encode()
LIST = f"ffconcat version 1.0\nfile /etc/passwd?{SECRET}\n".encode()
MADE: dict[str, tuple[str, Callable[[], bytes] | None]] = {
    "14-half a file": ("MEDIA_TRUNCATED", lambda: (w := media(30, codec="flac", form="flac"))[: len(w) // 2]),
    "18-a playlist": ("MEDIA_FORMAT_NOT_ALLOWED", lambda: PLAYLIST),
    "18-a list of files": ("MEDIA_FORMAT_NOT_ALLOWED", lambda: LIST),
    "19-no bytes": ("MEDIA_EMPTY", lambda: b""),
    "19-only pictures": ("MEDIA_EMPTY", lambda: media(0, form="avi", video=(320, 180))),
    "19-silence": ("MEDIA_NO_SPEECH", lambda: media(5)),
    "19-40 hours": ("MEDIA_TOO_LONG", None),
    "19-too long": ("MEDIA_TOO_LONG", lambda: media(150)),
    "19-10 streams": ("MEDIA_TOO_MANY_STREAMS", lambda: media(1, form="matroska", tracks=10)),
    "20-a huge picture": ("MEDIA_RESOLUTION_LIMIT", lambda: media(1, form="avi", video=(8000, 4000))),
    "21-noise": ("MEDIA_DECODE_FAILED", lambda: bytes(range(256)) * 20),
    "21-the decoder dies": ("MEDIA_DECODE_FAILED", lambda: media(100)),
    "22-no end": ("MEDIA_DECODE_LIMIT", lambda: media(100)),
    "22-memory": ("MEDIA_DECODE_LIMIT", lambda: swelling(1, 1, 1, 10)),
    "22-CPU": ("MEDIA_DECODE_LIMIT", lambda: swelling(655_350, 8, 1100, 110)),
}
CASES = {name: code for name, (code, _) in MADE.items()}
STRUCK = {
    "21-the decoder dies": signal.SIGSEGV,
    "22-no end": signal.SIGSTOP,
}
"""What happens to the decoder's process from outside: it crashes, or stands still. A file that does the one needs a fault of the
decoder that nobody knows yet, and none can do the other: a file on disk keeps nobody waiting, and who computes has a limit."""


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The local recogniser with short limits."""
    config = WHISPER.config(max_minutes=2, decode_memory_mb=1024, decode_seconds=2)
    folder = tmp_path_factory.mktemp("whisper")
    with WHISPER.build(config, Services("test", ROOT, folder, lambda: datetime.now(UTC))) as built:
        yield built


@contextmanager
def striking(blow: signal.Signals | None) -> Iterator[None]:
    """The decoder's process is struck as soon as it is there."""
    over = threading.Event()

    def strike() -> None:
        while blow is not None and not over.is_set():
            for child in _decoders():
                with suppress(ProcessLookupError):
                    os.kill(child, blow)
                return

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        yield
    finally:
        over.set()
        striker.join()


def _decoders() -> Iterator[int]:
    """Our own children that decode."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"decode.py" in (process / "cmdline").read_bytes():
                yield int(process.name)


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, whisper: Any, tmp_path: Path) -> None:
    """Each gets its code and none a score; nothing is left beside the recording.

    What swells is small: 57 bytes, a frame at one sample a second, come to 2 GB at our rate, and 40 KB of silence in eight
    channels to half a billion samples; the real process meets its real limits over them.
    """
    code, make = MADE[name]
    lawful(name, code)
    file = tmp_path / "recording"
    if make is None:
        long_silence(file, 40)
    else:
        file.write_bytes(make())
    with pytest.raises(Rejected) as caught, striking(STRUCK.get(name)):
        whisper.score(ScoringRequest("k", None, audio=file))
    assert caught.value.vendor_code == code
    clear(caught.value.explained(), code, "/etc/passwd", str(tmp_path))
    assert list(tmp_path.iterdir()) == [file]
