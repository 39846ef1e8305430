"""Decoded sound in pieces as long as a service takes, cut where it is quiet, so that no word is halved.

Two pieces do not overlap: what is joined again has every word once, and times are those of the recording.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from . import decode
from .sound import Sound

SEARCH = 10.0
"""Seconds before the longest possible end within which the quietest place is looked for; a quarter of a short window."""
FRAME = 0.1
"""Seconds of the quiet place."""
NOBODY = 66
"""Greatest sample, of 32768, at which nobody speaks (-54 dB)."""


@dataclass(frozen=True, slots=True)
class Window:
    """One piece."""

    start: float
    """Seconds from the recording's beginning."""
    pcm: bytes
    """16 kHz 16-bit samples."""
    channels: int = 1

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / (2 * self.channels * decode.RATE)

    @property
    def silent(self) -> bool:
        """Whether nothing can be heard in it: sent all the same, a recogniser invents words for it and bills them."""
        import numpy as np

        samples = np.frombuffer(self.pcm, dtype=np.int16)
        return int(samples.max(initial=0)) <= NOBODY and int(samples.min(initial=0)) >= -NOBODY


def windows(sound: Sound, longest: float) -> Iterator[Window]:
    """The sound in order, each piece at most `longest` seconds; one piece where it fits."""
    sound.pcm.seek(0)
    moment = 2 * sound.channels
    most = int(longest * decode.RATE) * moment
    start, held = 0, b""
    while True:
        # one sample more than fits tells whether this is the last piece
        held += sound.pcm.read(most + moment - len(held))
        if not held:
            return
        cut = len(held) if len(held) <= most else _quietest(held[:most], moment)
        yield Window(start / (moment * decode.RATE), held[:cut], sound.channels)
        start, held = start + cut, held[cut:]


def _quietest(pcm: bytes, moment: int) -> int:
    """Bytes up to the middle of the quietest place near the end; a moment has so many bytes."""
    import numpy as np

    frame = int(FRAME * decode.RATE) * moment
    seconds = min(SEARCH, len(pcm) / (moment * decode.RATE) / 4)
    frames = max(1, int(seconds / FRAME))
    if len(pcm) < frames * frame:
        return len(pcm)
    tail = np.frombuffer(pcm[-frames * frame :], dtype=np.int16).astype(np.int32)
    loud = np.abs(tail).reshape(frames, -1).sum(axis=1)
    # the last of the quietest: pieces are as long as they can be
    best = frames - 1 - int(loud[::-1].argmin())
    return len(pcm) - (frames - best) * frame + frame // moment // 2 * moment
