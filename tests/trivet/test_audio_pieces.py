"""Decoded sound in pieces: nothing lost, nothing twice, none too long, cut where it is quiet; files of any length unheld."""

import io
import wave
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.audio import Sound
from trivet.audio.wav import mapped, wav
from trivet.audio.windows import Window, windows

RATE = 16_000


def samples(*parts: tuple[float, int]) -> bytes:
    """Of (seconds, loudness) after each other."""
    import numpy as np

    return b"".join(
        (np.sin(np.arange(int(RATE * s)) / 6) * loud).astype(np.int16).tobytes() for s, loud in parts
    )


def pieces(pcm: bytes, longest: float) -> list[Window]:
    """The sound's windows."""
    return list(windows(Sound(io.BytesIO(pcm), len(pcm) / 2 / RATE), longest))


@given(st.integers(0, 40_000), st.floats(0.1, 1.5))
def test_pieces_make_the_whole(length: int, longest: float) -> None:
    """In order, with the time where each begins."""
    pcm = samples((length / RATE, 9000))
    made = pieces(pcm, longest)
    assert b"".join(window.pcm for window in made) == pcm
    assert all(0 < window.seconds <= longest for window in made)
    at = 0.0
    for window in made:
        assert window.start == pytest.approx(at)
        at += window.seconds


def test_what_fits_is_one_piece() -> None:
    """To the sample."""
    pcm = samples((2, 9000))
    assert [window.pcm for window in pieces(pcm, 2)] == [pcm]
    assert len(pieces(pcm + b"\0\0", 2)) == 2


def test_a_word_is_not_cut() -> None:
    """The pause is found, though it is short and seconds before the end."""
    made = pieces(samples((24, 9000), (0.4, 20), (20, 9000)), 30)
    assert 24 < made[0].seconds < 24.4


def test_silence_is_known() -> None:
    """Faint noise of a line is silence, a whisper is none."""
    assert Window(0, samples((1, 60))).silent
    assert Window(0, b"").silent
    assert not Window(0, samples((0.1, 300), (1, 0))).silent
    assert not Window(0, b"\x00\x80").silent


def test_files_are_read_by_strangers(tmp_path: Path) -> None:
    """Held or mapped: the same file, by Python's own reader."""
    pcm = samples((1.5, 9000))
    heard = Sound(io.BytesIO(pcm), 1.5)
    heard.pcm.seek(77)
    with mapped(heard, tmp_path) as file:
        assert bytes(file) == wav(pcm)
        with wave.open(io.BytesIO(bytes(file))) as opened:
            parameters: Any = opened.getparams()
            assert parameters[:4] == (1, 2, RATE, len(pcm) // 2)
            assert opened.readframes(len(pcm)) == pcm
    assert list(tmp_path.iterdir()) == []
