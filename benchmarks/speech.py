"""CPU seconds an hour of recording: our local transcription beside plain faster-whisper and other engines on the same weights.

    python -m benchmarks.speech [MINUTES]        a long recording of so many minutes too (45)

Every row works in a process of its own, so that its CPU time and memory are its own; the model is loaded before the clock
starts. Recordings: the demo company's, each fits one window. Ours decodes in a child, whose CPU time counts. Without hints our
text has to equal the plain engine's. Human speech with reference texts comes from the package pytest-audioeval.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from trivet.contract import ScorerConnector, Services
from trivet.model import Scored, ScoringRequest
from trivet.registry import find_connector

ROOT = Path(__file__).parents[1]
RECORDINGS = ROOT / "sandbox" / "world" / "recordings"
CLIPS = ("ae1.ogg", "be1.ogg", "be3.ogg", "rs1.ogg", "rs2.ogg", "wa1.ogg")
KEYWORDS = ["PLC", "PyTorch", "Transformer", "精益生产", "客户服务", "风险评估"]


@contextmanager
def ours(**settings: Any) -> Iterator[Any]:
    """The scorer, with its model loaded."""
    connector = find_connector(ScorerConnector, "whisper_local")
    services = Services("benchmark", ROOT, ROOT / ".benchmarks", lambda: datetime.now(UTC))
    with connector.build(connector.config(**settings), services) as scorer:
        built: Any = scorer
        _ = built._engine
        yield built


def heard(scorer: Any, file: Path, keywords: list[str] | None = None) -> str:
    """The text."""
    said = scorer.score(ScoringRequest("key", None, audio=file, requisition={"keywords": keywords or []}))
    assert isinstance(said, Scored)
    return str(said.document["text"])


def row_ours(kind: str) -> dict[str, Any]:
    """Our pipeline: without hints, with them (and the check that they swallow nothing), or with short windows."""
    with ours(hints=kind == "hints") as scorer:
        if kind == "windows":
            listening: Any = import_module("trivet_connectors.whisper_local.listening")
            listening.WINDOW = 20
        return timed(lambda clip: heard(scorer, clip, KEYWORDS))


def row_plain() -> dict[str, Any]:
    """faster-whisper as its page shows it, with our settings."""
    from faster_whisper import WhisperModel

    with ours() as scorer:
        model = WhisperModel(str(scorer.model.path), device="cpu", compute_type="int8", cpu_threads=1)

    def text(clip: Path) -> str:
        segments, _ = model.transcribe(str(clip), beam_size=5, vad_filter=True)
        return "".join(one.text for one in segments)

    return timed(text)


def row_openai() -> dict[str, Any]:
    """openai-whisper with its own base weights, where it and they are installed."""
    import whisper

    model = whisper.load_model("base", download_root=str(ROOT / ".benchmarks"))
    return timed(lambda clip: str(model.transcribe(str(clip), beam_size=5)["text"]))


def row_cpp() -> dict[str, Any]:
    """whisper.cpp by pywhispercpp, where it and a ggml model of the same weights are there."""
    from pywhispercpp.model import Model

    (weights,) = (ROOT / ".benchmarks").glob("ggml-base*.bin")
    model = Model(str(weights), n_threads=1)
    return timed(lambda clip: " ".join(one.text for one in model.transcribe(str(clip))))


def row_long(minutes: str) -> dict[str, Any]:
    """One recording of so many minutes."""
    with tempfile.TemporaryDirectory() as folder, ours(hints=False) as scorer:
        file = long_recording(Path(folder), float(minutes))
        return timed(lambda clip: heard(scorer, clip), [file])


def timed(text: Callable[[Path], str], clips: list[Path] | None = None) -> dict[str, Any]:
    """Texts, CPU seconds of this process and its children, peak memory."""
    chosen = clips or [RECORDINGS / name for name in CLIPS]
    before = used()
    texts = [text(clip) for clip in chosen]
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "texts": texts,
        "cpu": used() - before,
        "seconds": sum(map(length, chosen)),
        "peak_mb": peak / 1024,
    }


def used() -> float:
    """CPU seconds so far."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


def length(file: Path) -> float:
    """Seconds of a recording."""
    import av

    with av.open(str(file)) as container:
        return float((container.duration or 0) / 1_000_000)


def long_recording(folder: Path, minutes: float) -> Path:
    """The demo's recordings one after the other, again and again, as a WAV file."""
    from trivet.audio import Limits, sound

    pieces = []
    for name in CLIPS:
        with sound(RECORDINGS / name, Limits(), folder, "benchmark") as found:
            pieces.append(found.pcm.read())
    file = folder / "long.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", "NONE"))
        while out.getnframes() < minutes * 60 * 16_000:
            for piece in pieces:
                out.writeframes(piece)
    return file


def in_a_process(*row: str) -> dict[str, Any] | None:
    """That row's figures; None where its engine is not installed."""
    code = f"import json; from benchmarks import speech; print(json.dumps(speech.row_{row[0]}(*{list(row[1:])})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        missing = re.search(r"ModuleNotFoundError|not enough values|FileNotFoundError|URLError", done.stderr)
        assert missing, done.stderr
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def errors() -> list[tuple[str, float, int]]:
    """Share of wrong words (en) or characters (zh) on human speech, and the number of those, by language."""
    folder = files("pytest_audioeval") / "samples" / "audio"
    found = []
    with ours(hints=False) as scorer:
        for language in ("en", "zh"):
            wrong = whole = 0
            for clip in sorted(Path(str(folder / language)).glob("*.wav")):
                wanted = units(clip.with_suffix(".txt").read_text(encoding="utf-8"), language)
                got = units(heard(scorer, clip), language)
                wrong, whole = wrong + distance(wanted, got), whole + len(wanted)
            found.append((language, wrong / whole, whole))
    return found


def equal(ours: list[str], theirs: list[str]) -> int:
    """How many texts have the same letters; ours are in simplified characters."""
    made_for: Any = import_module("opencc").OpenCC
    converter: Any = made_for("t2s")

    def letters(text: str) -> str:
        return re.sub(r"[\W_]", "", str(converter.convert(text)))

    return sum(letters(one) == letters(other) for one, other in zip(ours, theirs, strict=True))


def units(text: str, language: str) -> list[str]:
    """Words or characters, without marks."""
    plain = re.sub(r"[^\w\s]", "", text.lower())
    return [one for one in plain if not one.isspace()] if language == "zh" else plain.split()


def distance(one: list[str], other: list[str]) -> int:
    """Insertions, deletions and replacements."""
    row = list(range(len(other) + 1))
    for i, x in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def main(minutes: str) -> None:
    """Prints the tables."""
    began = time.monotonic()
    plain = in_a_process("plain")
    assert plain
    rows: list[tuple[str, dict[str, Any] | None]] = [
        ("faster-whisper by hand", plain),
        ("Trivet, no hints", in_a_process("ours", "plain")),
        ("Trivet, hints and their check", in_a_process("ours", "hints")),
        ("Trivet, windows of 20 s", in_a_process("ours", "windows")),
        ("openai-whisper, same weights", in_a_process("openai")),
        ("whisper.cpp, same weights", in_a_process("cpp")),
        (f"Trivet, one recording of {minutes} minutes", in_a_process("long", minutes)),
    ]
    table = Table(title=f"base, int8, beam 5, one thread; {plain['seconds']:.0f} s of recordings")
    for name in ("what", "CPU s an hour", "to the hand-written", "equal text", "peak MB"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, row in rows:
        if row is None:
            table.add_row(name, "not installed", "", "", "")
            continue
        hourly = row["cpu"] / row["seconds"] * 3600
        same = (
            ""
            if len(row["texts"]) == 1
            else f"{sum(map(str.__eq__, row['texts'], plain['texts']))} of {len(CLIPS)}"
        )
        ratio = hourly / (plain["cpu"] / plain["seconds"] * 3600)
        table.add_row(name, f"{hourly:.0f}", f"{ratio:.2f}", same, f"{row['peak_mb']:.0f}")
    Console(width=110).print(table)
    for language, share, whole in errors():
        kind = "characters" if language == "zh" else "words"
        Console().print(
            f"human speech, {language}: {share:.1%} of {whole} {kind} wrong (clips of 1 to 4 s: direction only)"
        )
    Console().print(f"{time.monotonic() - began:.0f} s altogether")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "45")
