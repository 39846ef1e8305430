"""What the stand-ins of speech services hear: the script that a recording of the company's was spoken from.

A recording of `world/recordings` is known by its bytes or, where a caller sends decoded sound, by its length: no two are
equally long. Silence is heard as nothing, any other sound as one fixed sentence.
"""

import hashlib
import io
import re
import wave
from dataclasses import dataclass
from functools import cache

from .company import RECORDINGS, WORLD

RATE = 16_000
LENGTHS = {
    "ae1": 33.1, "ae2": 31.744, "ae3": 33.275, "be1": 34.15, "be2": 31.36, "be3": 27.0,
    "rs1": 32.075, "rs2": 29.95, "rs3": 32.05, "wa1": 28.875, "wa2": 33.95, "wa3": 29.175,
}  # fmt: skip
"""Seconds of sound in each recording, decoded to 16 kHz."""
CLOSE = 0.012
UNKNOWN = {"zh": "这里没有人认识这段录音。", "en": "Nobody here knows this recording."}
_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Speech:
    """What was heard."""

    seconds: float
    language: str
    sentences: tuple[tuple[float, float, str], ...]
    """Begin, end, text."""

    @property
    def text(self) -> str:
        """All of it."""
        return ("" if self.language == "zh" else " ").join(text for _, _, text in self.sentences)


def heard(content: bytes, language: str | None = None, *, pcm: bool = False) -> Speech:
    """What is said in a file, or in bare samples; ValueError where it is no sound that this service knows.

    `language` is the one in which what nobody knows is heard.
    """
    name = _known().get(hashlib.sha256(content).hexdigest())
    if name is not None:
        return _spoken(name, LENGTHS[name])
    samples = content if pcm else _samples(content)
    seconds = len(samples) / (2 * RATE)
    if not any(samples):
        return Speech(seconds, language or "en", ())
    close = min(LENGTHS, key=lambda key: abs(LENGTHS[key] - seconds))
    if abs(LENGTHS[close] - seconds) <= CLOSE:
        return _spoken(close, seconds)
    spoken = language if language in UNKNOWN else "en"
    assert spoken is not None
    return Speech(seconds, spoken, ((0.0, seconds, UNKNOWN[spoken]),))


def _spoken(name: str, seconds: float) -> Speech:
    text = (WORLD / "scripts" / f"{name}.txt").read_text(encoding="utf-8").strip()
    parts = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
    whole, at, said = sum(map(len, parts)), 0, []
    for part in parts:
        said.append((seconds * at / whole, seconds * (at + len(part)) / whole, part))
        at += len(part)
    return Speech(seconds, "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en", tuple(said))


@cache
def _known() -> dict[str, str]:
    files = [file for file in RECORDINGS.iterdir() if file.stem in LENGTHS]
    return {hashlib.sha256(file.read_bytes()).hexdigest(): file.stem for file in files}


def _samples(content: bytes) -> bytes:
    try:
        with wave.open(io.BytesIO(content)) as sound:
            if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (RATE, 1, 2):
                raise ValueError("not 16 kHz, one channel, 16 bits")
            samples: bytes = sound.readframes(sound.getnframes())
            return samples
    except (wave.Error, EOFError) as error:
        raise ValueError(str(error)) from None
