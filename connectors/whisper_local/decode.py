"""Decodes one recording; run as a program of its own, so that a hostile file cannot take the worker with it.

    python -I decode.py FILE OUT MAX_SECONDS      16 kHz mono 16-bit PCM to OUT, a JSON line about it to stdout

The parent sets limits on memory, CPU and file size. Only containers of sound and film are opened, from the file alone: a
playlist could make the decoder read other files or addresses.
"""

import json
import sys
from pathlib import Path

RATE = 16_000
# ffmpeg's names of containers; playlists (hls, concat, dash), pictures and text formats are not among them
CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "ogg",
    "wav",
    "mp3",
    "flac",
    "aac",
    "avi",
    "asf",
    "mpeg",
    "mpegts",
    "flv",
    "amr",
    "aiff",
    "caf",
    "au",
}
MOST_STREAMS = 8
MOST_PIXELS = 4096 * 2304
MAGIC_TEXT = (b"#EXTM3U", b"ffconcat", b"<MPD", b"<?xml")


class Refused(Exception):
    """The file cannot be scored; the code says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decode(file: Path, out: Path, max_seconds: float) -> dict[str, float]:
    """Declared and decoded seconds; `Refused` otherwise."""
    import av
    from av.error import FFmpegError

    head = file.open("rb").read(512)
    if not head:
        raise Refused("MEDIA_EMPTY", "the file is empty")
    if head.lstrip().startswith(MAGIC_TEXT):
        raise Refused("MEDIA_FORMAT_NOT_ALLOWED", "a playlist, not a recording")
    try:
        with av.open(str(file), options={"protocol_whitelist": "file"}) as container:
            declared = _probe(container, max_seconds)
            decoded = _write(container, out, max_seconds)
    except FFmpegError as error:
        raise Refused(
            "MEDIA_DECODE_FAILED", f"cannot be decoded: {error.strerror or type(error).__name__}"
        ) from None
    if decoded < 0.05:
        raise Refused("MEDIA_EMPTY", "there is no sound in it")
    if declared and decoded < 0.97 * declared - 0.2:
        # half a file decodes without complaint and gives a plausible half of a transcript
        raise Refused("MEDIA_TRUNCATED", f"{decoded:.1f} of {declared:.1f} declared seconds can be decoded")
    return {"declared": declared, "decoded": decoded}


def _probe(container: object, max_seconds: float) -> float:
    name = container.format.name  # type: ignore[attr-defined]
    if name not in CONTAINERS:
        raise Refused("MEDIA_FORMAT_NOT_ALLOWED", f"container {name} is not a recording")
    streams = container.streams  # type: ignore[attr-defined]
    if len(streams) > MOST_STREAMS:
        raise Refused("MEDIA_TOO_MANY_STREAMS", f"{len(streams)} streams, {MOST_STREAMS} are allowed")
    if not streams.audio:
        raise Refused("MEDIA_EMPTY", "there is no audio track")
    for video in streams.video:
        if video.width * video.height > MOST_PIXELS:
            raise Refused("MEDIA_RESOLUTION_LIMIT", f"{video.width} x {video.height} pixels")
    seconds = (container.duration or 0) / 1_000_000  # type: ignore[attr-defined]
    if seconds > max_seconds:
        raise Refused("MEDIA_TOO_LONG", f"{seconds / 60:.0f} minutes, {max_seconds / 60:.0f} are allowed")
    return float(seconds)


def _write(container: object, out: Path, max_seconds: float) -> float:
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    samples = 0
    with out.open("wb") as file:
        for frame in container.decode(audio=0):  # type: ignore[attr-defined]
            for piece in resampler.resample(frame):
                file.write(piece.to_ndarray().tobytes())
                samples += piece.samples
            if samples / RATE > max_seconds:
                raise Refused("MEDIA_TOO_LONG", f"more than {max_seconds / 60:.0f} minutes")
        for piece in resampler.resample(None):
            file.write(piece.to_ndarray().tobytes())
            samples += piece.samples
    return samples / RATE


if __name__ == "__main__":
    try:
        said: dict[str, object] = dict(decode(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
    except Refused as refused:
        said = {"code": refused.code, "message": str(refused)}
    except MemoryError:
        said = {"code": "MEDIA_DECODE_LIMIT", "message": "decoding needs more memory than it may have"}
    print(json.dumps(said))  # noqa: T201 - this is how the parent hears of it
