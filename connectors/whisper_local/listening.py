"""How a recording is laid before the engine: window by window so that memory stays flat, each speaker's channel alone."""

from collections.abc import Iterator
from typing import Any

from trivet.audio import Sound
from trivet.audio.windows import Window, windows

RATE = 16_000
WINDOW = 120
"""Seconds heard in one go; a longer recording is cut where it is quiet. One of 300 s would take 100 to 200 MB more."""
_FRAME = RATE // 10
_LOUDER = 3.0
"""A channel that is so much louder than the other (10 dB) has the word."""
_APART = 0.8
"""Share of the loud frames in which one of two channels has the word, where each belongs to one person."""
_TURN = 0.03
"""Share of them that the quieter person has at least."""
_FLOOR = 0.003
"""Quieter than this (-50 dB) nobody speaks."""


def channels(sound: Sound, *, split: bool) -> list[int | None]:
    """Which channels are heard one after the other; `[None]` where all is one."""
    return [0, 1] if split and sound.channels > 1 and _apart(sound) else [None]


def heard(sound: Sound, channel: int | None) -> Iterator[tuple[float, Any]]:
    """Start in seconds and samples of each window: float32, 16 kHz mono; of one channel without the other person's voice."""
    for window in windows(sound, WINDOW):
        yield window.start, _heard(_samples(window), channel)


def _samples(window: Window) -> Any:
    """Frames by channels, as float32."""
    import numpy as np

    return np.frombuffer(window.pcm, dtype=np.int16).reshape(-1, window.channels).astype(np.float32) / 32768.0


def _heard(samples: Any, channel: int | None) -> Any:
    import numpy as np

    if channel is None:
        return np.ascontiguousarray(samples.mean(axis=1) if samples.shape[1] > 1 else samples[:, 0])
    mine, other = samples[:, channel].copy(), samples[:, 1 - channel]
    loud = _loudness(other) > _LOUDER * _loudness(mine)
    # what leaks in from the other microphone would be written down twice
    mine[: len(loud) * _FRAME].reshape(-1, _FRAME)[loud] = 0.0
    return np.ascontiguousarray(mine)


def _apart(sound: Sound) -> bool:
    """Whether hardly anybody is heard on both channels at once."""
    left = right = loud = 0
    for samples in map(_samples, windows(sound, WINDOW)):
        one, two = _loudness(samples[:, 0]), _loudness(samples[:, 1])
        spoken = (one > _FLOOR) | (two > _FLOOR)
        loud += int(spoken.sum())
        left += int((spoken & (one > _LOUDER * two)).sum())
        right += int((spoken & (two > _LOUDER * one)).sum())
    return bool(loud) and left + right >= _APART * loud and min(left, right) >= _TURN * loud


def _loudness(samples: Any) -> Any:
    """Root mean square of each tenth of a second."""
    import numpy as np

    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    return np.sqrt((frames * frames).mean(axis=1))
