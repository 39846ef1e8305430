"""Recordings made for tests."""

import io
import os
import struct
from pathlib import Path


def media(
    seconds: float, *, codec: str = "pcm_s16le", form: str = "wav", video: tuple[int, int] | None = None, tracks: int = 1
) -> bytes:  # fmt: skip
    """A tone, as a file with so many tracks of sound."""
    import av
    import numpy as np

    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        # every stream before the first packet: the header is written with it
        sounds = [container.add_stream(codec, rate=16000, layout="mono") for _ in range(tracks) if seconds]
        picture = container.add_stream("mjpeg", rate=1) if video else None
        if picture is not None and video:
            picture.width, picture.height, picture.pix_fmt = *video, "yuvj420p"
            film = av.VideoFrame.from_ndarray(np.zeros((video[1], video[0], 3), np.uint8), format="rgb24")
            film.pts = 0
            container.mux(picture.encode(film))
            container.mux(picture.encode(None))
        for sound in sounds:
            wave = (np.sin(np.arange(int(16000 * seconds)) / 6) * 3000).astype(np.int16)
            for start in range(0, len(wave), 1024):
                frame = av.AudioFrame.from_ndarray(
                    wave[None, start : start + 1024], format="s16", layout="mono"
                )
                frame.sample_rate, frame.pts = 16000, start
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return out.getvalue()


def swelling(rate: int, channels: int, frames: int, seconds: int) -> bytes:
    """A FLAC file that says it lasts so many seconds; each frame is of a few bytes and holds 65,535 samples of silence."""
    samples = (rate << 44 | (channels - 1) << 41 | 15 << 36 | seconds * rate).to_bytes(8, "big")
    out = bytearray(b"fLaC\x80\0\0\x22\xff\xff\xff\xff" + bytes(6) + samples + bytes(16))
    # what 16 bits cannot say in Hz is said in tens
    unit, said = (13, rate) if rate < 65536 else (14, rate // 10)
    for number in range(frames):
        head = bytes([0xFF, 0xF8, 7 << 4 | unit, (channels - 1) << 4 | 4 << 1]) + chr(number).encode()
        head += struct.pack(">HH", 65534, said)
        frame = head + bytes([_remainder(head, 0x07, 8)]) + bytes(3 * channels)
        out += frame + struct.pack(">H", _remainder(frame, 0x8005, 16))
    return bytes(out)


def _remainder(data: bytes, polynomial: int, bits: int) -> int:
    """The cyclic redundancy check of a FLAC frame or of its head."""
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> (bits - 1) else 0)) & ((1 << bits) - 1)
    return value


def long_silence(file: Path, hours: int) -> None:
    """A recording of that length, which takes no room on the disk."""
    samples = hours * 3600 * 8000
    form = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    head = (
        b"RIFF" + struct.pack("<I", samples + 36) + b"WAVEfmt " + form + b"data" + struct.pack("<I", samples)
    )
    file.write_bytes(head)
    os.truncate(file, len(head) + samples)
