"""Local Whisper on recordings that need more than one look: two people on two channels, long ones, words with their times."""

import json
import socket
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from trivet_connectors.whisper_local import SCORER, listening

from trivet.audio import Limits, sound
from trivet.confined import program
from trivet.contract import Services
from trivet.errors import ConfigError, Rejected
from trivet.model import Document, Scored, ScoringRequest

RECORDINGS = ROOT / "sandbox" / "world" / "recordings"
RATE = 16_000


@contextmanager
def whisper(state: Path, **settings: Any) -> Iterator[Any]:
    """The scorer with these settings."""
    services = Services("test", ROOT, state, lambda: datetime.now(UTC))
    with SCORER.build(SCORER.config(**settings), services) as built:
        yield built


def answer(scorer: Any, file: Path) -> Document:
    """What it hears."""
    said = scorer.score(ScoringRequest("key", None, audio=file))
    assert isinstance(said, Scored)
    return said.document


def samples(name: str, folder: Path) -> Any:
    """A committed recording, as 16-bit samples."""
    with sound(RECORDINGS / name, Limits(), folder, "test") as found:
        return np.frombuffer(found.pcm.read(), dtype=np.int16)


def saved(file: Path, *sides: Any) -> Path:
    """The samples as a WAV file, one channel a side."""
    longest = max(map(len, sides))
    padded = [np.pad(side, (0, longest - len(side))) for side in sides]
    with wave.open(str(file), "wb") as out:
        out.setnchannels(len(padded))
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.stack(padded, axis=1).tobytes())
    return file


def words(text: str) -> set[str]:
    """Lower-case words."""
    return {word.strip(".,!?'\"").lower() for word in text.split()}


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people take turns, each on a microphone that hears the other one softly."""
    folder = tmp_path_factory.mktemp("talk")
    one, two = samples("be1.ogg", folder)[: 12 * RATE], samples("rs2.ogg", folder)[: 12 * RATE]
    left = np.concatenate([one, (two * 0.05).astype(np.int16)])
    right = np.concatenate([(one * 0.05).astype(np.int16), two])
    return saved(folder / "talk.wav", left, right)


class TestTwoChannels:
    """One person speaks on each."""

    def test_each_is_heard_alone_and_in_the_order_of_the_talk(self, talk: Path, tmp_path: Path) -> None:
        """Every sentence names its channel, and none is written down twice."""
        with whisper(tmp_path) as scorer:
            said = answer(scorer, talk)
        channels = [one["channel"] for one in said["segments"]]
        assert channels == sorted(channels)
        assert set(channels) == {0, 1}
        assert max(one["end"] for one in said["segments"] if one["channel"] == 0) <= 13
        assert min(one["start"] for one in said["segments"] if one["channel"] == 1) >= 11
        assert said["speech_duration"] <= said["duration"]

    def test_only_the_candidates_words_are_scored_where_the_channel_is_known(
        self, talk: Path, tmp_path: Path
    ) -> None:
        """What the interviewer says is kept beside the transcript."""
        with whisper(tmp_path, candidate_channel="right") as scorer:
            said = answer(scorer, talk)
        assert {one["channel"] for one in said["segments"]} == {1}
        assert {one["channel"] for one in said["others"]} == {0}
        assert not any(one["text"] in said["text"] for one in said["others"])

    def test_the_same_on_both_is_one(self, tmp_path: Path) -> None:
        """A recording in stereo of a single microphone."""
        one = samples("be1.ogg", tmp_path)[: 6 * RATE]
        with whisper(tmp_path) as scorer:
            said = answer(scorer, saved(tmp_path / "stereo.wav", one, one))
            alone = answer(scorer, saved(tmp_path / "mono.wav", one))
        assert not any("channel" in entry for entry in said["segments"])
        assert said["text"] == alone["text"]


def test_a_long_recording_is_heard_window_by_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut where it is quiet: hardly a word differs, times go on, and no more than a window is in memory."""
    file = saved(tmp_path / "long.wav", samples("be1.ogg", tmp_path))
    with whisper(tmp_path) as scorer:
        whole = answer(scorer, file)
        monkeypatch.setattr(listening, "WINDOW", 12)
        with sound(file, Limits(), tmp_path, "test") as found:
            pieces = list(listening.heard(found, None))
        cut = answer(scorer, file)
    assert len(pieces) >= 3
    assert sum(len(piece) for _, piece in pieces) == pytest.approx(whole["duration"] * RATE, abs=RATE / 50)
    assert max(len(piece) for _, piece in pieces) <= 12 * RATE
    starts = [one["start"] for one in cut["segments"]]
    assert starts == sorted(starts)
    assert cut["segments"][-1]["end"] == pytest.approx(whole["segments"][-1]["end"], abs=1.5)
    assert len(words(whole["text"]) ^ words(cut["text"])) <= 0.1 * len(words(whole["text"]))
    assert cut["language"] == whole["language"]


def test_words_have_their_times_where_they_are_wanted(tmp_path: Path) -> None:
    """Within their sentence, in order, and plain JSON."""
    file = saved(tmp_path / "short.wav", samples("be1.ogg", tmp_path)[: 6 * RATE])
    with whisper(tmp_path, word_times=True) as scorer:
        said = answer(scorer, file)
    assert json.loads(json.dumps(said)) == said
    for segment in said["segments"]:
        starts = [word["start"] for word in segment["words"]]
        assert starts == sorted(starts)
        assert "".join(word["text"] for word in segment["words"]).strip() == segment["text"]
        assert segment["start"] - 0.5 <= starts[0] <= segment["end"]


def test_batches_hear_the_same_on_a_short_clip(tmp_path: Path) -> None:
    """The way of GPUs, on this processor; the clip ends after a sentence, for half a word is heard in many ways."""
    file = saved(tmp_path / "short.wav", samples("be1.ogg", tmp_path)[: 9 * RATE])
    with whisper(tmp_path, batch_size=4) as scorer:
        batched = answer(scorer, file)
        assert scorer.provenance()["options"]["batch_size"] == 4
    with whisper(tmp_path) as scorer:
        assert words(answer(scorer, file)["text"]) == words(batched["text"])


def test_a_gpu_brings_its_own_arithmetic_and_its_absence_is_said(tmp_path: Path) -> None:
    """Half precision and batches; on a machine without one the cure is named."""
    import ctranslate2

    config = SCORER.config(device="cuda")
    assert (config.arithmetic, config.batch) == ("float16", 16)
    if ctranslate2.get_cuda_device_count():
        pytest.skip("this machine has a GPU: its absence cannot be tried")
    file = saved(tmp_path / "short.wav", samples("be1.ogg", tmp_path)[: 2 * RATE])
    with whisper(tmp_path, device="cuda") as scorer, pytest.raises(ConfigError) as caught:
        answer(scorer, file)
    assert caught.value.code == "MODEL_DAMAGED"
    assert "device" in (caught.value.cure or "")


def test_the_decoder_reaches_no_address() -> None:
    """Not even one of this machine; skipped loudly where the system lets nobody leave the network."""
    script = f"""
import runpy, socket, sys
left = runpy.run_path({program.__file__!r})["leave_network"]()
if not left:
    sys.exit(3)
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2)
except OSError:
    sys.exit(0)
sys.exit(1)
"""
    with socket.socket() as home:
        home.bind(("127.0.0.1", 0))
        home.listen()
        run = subprocess.run(
            [sys.executable, "-I", "-c", script, str(home.getsockname()[1])], check=False, timeout=60
        )
    if run.returncode == 3:
        pytest.skip("this system lets no process leave the network")
    assert run.returncode == 0


def test_nobody_on_the_candidates_channel(tmp_path: Path) -> None:
    """One channel is silent: it is no talk of two, and the recording is heard as one."""
    one = samples("be1.ogg", tmp_path)[: 5 * RATE]
    file = saved(tmp_path / "half.wav", one, np.zeros(5 * RATE, dtype=np.int16))
    with whisper(tmp_path, candidate_channel="right") as scorer:
        assert answer(scorer, file)["text"]
        with pytest.raises(Rejected) as caught:
            answer(scorer, saved(tmp_path / "silent.wav", np.zeros(5 * RATE, dtype=np.int16)))
    assert caught.value.vendor_code == "MEDIA_NO_SPEECH"
