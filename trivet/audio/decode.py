"""Decodes one recording; a piece of confined work (`trivet.confined`), so that a hostile file cannot take the worker with it.

16 kHz 16-bit PCM is written; with 2 channels a recording in stereo stays in stereo, any other is made mono. Only containers
of sound and film are opened, from the file alone: a playlist could make the decoder read other files or addresses.
"""

from pathlib import Path
from typing import IO, Any

from trivet.confined.refusal import Refused

RATE = 16_000
LEAST_SHARE = 0.97
# ffmpeg's names of demuxers; playlists (hls, concat, dash), pictures and text formats are not among them
CONTAINERS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "ogg", "wav", "mp3", "flac", "aac", "avi", "asf",
    "mpeg", "mpegts", "flv", "amr", "aiff", "caf", "au",
)  # fmt: skip
# raw AAC declares no length: ffmpeg guesses one from the bit rate
GUESSED_LENGTH = ("aac",)
MOST_STREAMS = 8
MOST_PIXELS = 4096 * 2304
MAGIC_TEXT = (b"#EXTM3U", b"ffconcat", b"<MPD", b"<?xml")


def work(file: Path, out: IO[bytes], seconds: float, channels: int = 1) -> dict[str, float]:
    """Declared and decoded seconds, and the channels of what was written; `Refused` otherwise."""
    import av
    from av.error import FFmpegError

    with file.open("rb") as opened:
        head = opened.read(512)
    if not head:
        raise Refused("MEDIA_EMPTY", "the file is empty")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(MAGIC_TEXT):
        raise Refused("MEDIA_FORMAT_NOT_ALLOWED", "a playlist, not a recording")
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
    try:
        with av.open(str(file), options=options) as container:
            declared = _probe(container, seconds)
            channels = 2 if channels > 1 and container.streams.audio[0].channels == 2 else 1
            decoded = _write(container, out, seconds, channels)
    except MemoryError:
        raise
    except av.error.ArgumentError:
        # EINVAL is how a demuxer outside format_whitelist is refused
        raise Refused("MEDIA_FORMAT_NOT_ALLOWED", "not a container of recordings") from None
    except FFmpegError as error:
        raise Refused(
            "MEDIA_DECODE_FAILED", f"cannot be decoded: {error.strerror or type(error).__name__}"
        ) from None
    if declared and decoded < LEAST_SHARE * declared - 0.2:
        # half a file decodes without complaint and gives a plausible half of a transcript
        raise Refused("MEDIA_TRUNCATED", f"{decoded:.1f} of {declared:.1f} declared seconds can be decoded")
    if decoded < 0.05:
        raise Refused("MEDIA_EMPTY", "there is no sound in it")
    return {"declared": declared, "decoded": decoded, "channels": channels}


def _probe(container: Any, max_seconds: float) -> float:
    """The declared seconds of sound, 0 where nothing reliable is declared."""
    streams = container.streams
    if len(streams) > MOST_STREAMS:
        raise Refused("MEDIA_TOO_MANY_STREAMS", f"{len(streams)} streams, {MOST_STREAMS} are allowed")
    if not streams.audio:
        raise Refused("MEDIA_EMPTY", "there is no audio track")
    for video in streams.video:
        if video.width * video.height > MOST_PIXELS:
            raise Refused("MEDIA_RESOLUTION_LIMIT", f"{video.width} x {video.height} pixels")
    whole = (container.duration or 0) / 1_000_000
    sound = streams.audio[0]
    # a film may go on after its sound has ended: that is no truncated sound
    declared = float(sound.duration * sound.time_base) if sound.duration else whole
    if max(whole, declared) > max_seconds:
        longest = max(whole, declared)
        raise Refused("MEDIA_TOO_LONG", f"{longest / 60:.0f} minutes, {max_seconds / 60:.0f} are allowed")
    return 0.0 if container.format.name in GUESSED_LENGTH else declared


def _write(container: Any, out: IO[bytes], max_seconds: float, channels: int) -> float:
    import av
    from av.error import InvalidDataError

    resampler = av.AudioResampler(format="s16", layout="stereo" if channels > 1 else "mono", rate=RATE)
    samples = 0
    for packet in container.demux(audio=0):
        try:
            frames = packet.decode()
        except InvalidDataError:
            # one damaged packet of a long interview is no reason to refuse it; the share decoded decides
            continue
        last = [None] if packet.size == 0 else []
        for frame in [*frames, *last]:
            for piece in resampler.resample(frame):
                # one plane of 16 bits a sample and channel, padded at its end
                out.write(memoryview(piece.planes[0])[: piece.samples * 2 * channels])
                samples += piece.samples
        if samples / RATE > max_seconds:
            raise Refused("MEDIA_TOO_LONG", f"more than {max_seconds / 60:.0f} minutes")
    return samples / RATE
