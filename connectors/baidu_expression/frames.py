"""Takes a few pictures from a film; a piece of confined work (`trivet.confined`): JPEGs are written, one after the other."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from trivet.audio.decode import CONTAINERS, MAGIC_TEXT, MOST_PIXELS, MOST_STREAMS
from trivet.confined.refusal import Refused

WIDTH = 960
"""Wider pictures are made smaller: the vendor takes 2 MB, and a face needs a hundred pixels."""


def work(file: Path, out: IO[bytes], pictures: int, seconds: float) -> dict[str, object]:
    """{times, lengths}: seconds of each picture, and the bytes of its JPEG."""
    taken = list(_pictures(file, pictures, seconds))
    out.write(b"".join(picture for _, picture in taken))
    return {"times": [at for at, _ in taken], "lengths": [len(picture) for _, picture in taken]}


def _pictures(file: Path, wanted: int, most_seconds: float) -> Iterator[tuple[float, bytes]]:
    """Seconds and JPEG of pictures spread evenly over the film."""
    import av
    from av.error import FFmpegError

    with file.open("rb") as opened:
        if opened.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(MAGIC_TEXT):
            raise Refused("MEDIA_FORMAT_NOT_ALLOWED", "a playlist, not a recording")
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
    try:
        with av.open(str(file), options=options) as container:
            seconds = _probe(container, most_seconds)
            for number in range(wanted):
                at = seconds * (number + 0.5) / wanted
                frame = _frame(container, at)
                if frame is not None:
                    yield round(float(frame.time or at), 2), _jpeg(frame)
    except MemoryError:
        raise
    except av.error.ArgumentError:
        raise Refused("MEDIA_FORMAT_NOT_ALLOWED", "not a container of recordings") from None
    except FFmpegError as error:
        said = error.strerror or type(error).__name__
        raise Refused("MEDIA_DECODE_FAILED", f"cannot be decoded: {said}") from None


def _probe(container: Any, most_seconds: float) -> float:
    if len(container.streams) > MOST_STREAMS:
        raise Refused(
            "MEDIA_TOO_MANY_STREAMS", f"{len(container.streams)} streams, {MOST_STREAMS} are allowed"
        )
    if not container.streams.video:
        raise Refused("MEDIA_NO_PICTURE", "there is no film in the recording")
    film = container.streams.video[0]
    if film.width * film.height > MOST_PIXELS:
        raise Refused("MEDIA_RESOLUTION_LIMIT", f"{film.width} x {film.height} pixels")
    seconds = (container.duration or 0) / 1_000_000
    if seconds > most_seconds:
        raise Refused("MEDIA_TOO_LONG", f"{seconds / 60:.0f} minutes, {most_seconds / 60:.0f} are allowed")
    return seconds


def _frame(container: Any, at: float) -> Any:
    # the key picture before the moment: what lies between need not be decoded
    container.seek(int(at * 1_000_000))
    return next(container.decode(video=0), None)


def _jpeg(frame: Any) -> bytes:
    import av

    width = min(WIDTH, frame.width) // 2 * 2
    height = max(2, frame.height * width // frame.width // 2 * 2)
    small = frame.reformat(width=width, height=height, format="yuvj420p")
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    small.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])
