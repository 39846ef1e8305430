"""CPU seconds an hour of recording: our local transcription beside plain faster-whisper and other engines on the same weights.

    python -m benchmarks.speech [MINUTES] [--peers]     a long recording of so many minutes too (45; 0 leaves it out)

Every row works in a process of its own, so that its CPU time and memory are its own; the model is loaded before the clock
starts. Recordings: the demo company's, each fits one window. Ours decodes in a child, whose CPU time counts. The plain engine and
ours without hints take turns, and of each its least CPU time stands, so that a busy machine meets both. Without hints our text
has to equal the plain engine's, but for marks and for characters being simplified ones. `--peers` makes an environment with
openai-whisper and whisper.cpp in .benchmarks/peers, about 2 GB. Human speech with reference texts comes from the package
pytest-audioeval.
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

from benchmarks.speech_peers import Missing, Over, Peers
from trivet.contract import ScorerConnector, Services
from trivet.model import Scored, ScoringRequest
from trivet.registry import find_connector

ROOT = Path(__file__).parents[1]
RECORDINGS = ROOT / "sandbox" / "world" / "recordings"
CLIPS = ("ae1.ogg", "be1.ogg", "be3.ogg", "rs1.ogg", "rs2.ogg", "wa1.ogg")
LONG = ("ae1.ogg", "rs1.ogg", "rs2.ogg", "wa1.ogg")
"""A long recording is made of these, all in one language, as an interview is."""
TURNS = 3
"""How often the plain engine and ours without hints are measured."""
KEYWORDS = ["PLC", "PyTorch", "Transformer", "精益生产", "客户服务", "风险评估"]
Row = tuple[str, dict[str, Any] | Missing | Over]


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
    """Some of the demo's recordings one after the other, again and again, as a WAV file."""
    pieces = [samples(name, folder) for name in LONG]
    file = folder / "long.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", "NONE"))
        while out.getnframes() < minutes * 60 * 16_000:
            for piece in pieces:
                out.writeframes(piece)
    return file


def samples(name: str, folder: Path) -> bytes:
    """One of the demo's recordings, decoded: 16 kHz, 16 bits, mono."""
    from trivet.audio import Limits, sound

    with sound(RECORDINGS / name, Limits(), folder, "benchmark") as found:
        return found.pcm.read()


def in_a_process(*row: str) -> dict[str, Any]:
    """That row's figures."""
    code = f"import json; from benchmarks import speech; print(json.dumps(speech.row_{row[0]}(*{list(row[1:])})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def side_by_side() -> tuple[dict[str, Any], dict[str, Any]]:
    """The plain engine and ours without hints, in turns; of each the figures of its cheapest turn."""
    plain, bare = zip(
        *((in_a_process("plain"), in_a_process("ours", "plain")) for _ in range(TURNS)), strict=True
    )
    return min(plain, key=cost), min(bare, key=cost)


def beside() -> list[Row]:
    """The other engines with beam 5, and greedy too where that does not end."""
    with ours() as scorer:
        peers = Peers(ROOT / ".benchmarks", scorer.model.path / "model.bin")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        clips = [Path(folder, name) for name in CLIPS]
        for clip in clips:
            clip.write_bytes(samples(clip.name, Path(folder)))
        for name, engine in (("openai-whisper", "openai"), ("whisper.cpp", "cpp")):
            rows.append((f"{name}, same weights", peers.row(engine, 5, clips)))
            if isinstance(rows[-1][1], Over):
                rows.append((f"{name}, same weights, greedy", peers.row(engine, 1, clips)))
    return rows


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
    """How many texts have the same letters, once both are in simplified characters: the plain engine flips clip by clip."""
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


def arithmetic() -> str:
    """What of a processor decides how much cheaper integers are than floats; the fewer, the nearer the engines are."""
    told = Path("/proc/cpuinfo")
    has = set(told.read_text(encoding="utf-8").split()) if told.exists() else set()
    wanted = ("avx2", "fma", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8")
    return ", ".join(f"{one} {'yes' if one in has else 'no'}" for one in wanted) if has else "not said"


def cost(row: dict[str, Any]) -> float:
    """CPU seconds an hour of recording."""
    return float(row["cpu"] / row["seconds"] * 3600)


def printed(rows: list[Row], plain: dict[str, Any]) -> Table:
    """The table; every ratio is to the plain engine."""
    table = Table(
        title=f"base, beam 5, one thread; {plain['seconds']:.0f} s of recordings; ours and plain int8"
    )
    for name in ("what", "CPU s an hour", "to the hand-written", "equal text", "peak MB"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, row in rows:
        if isinstance(row, Missing):
            table.add_row(name, row.why, "", "", "")
        elif isinstance(row, Over):
            least = row.cpu / plain["seconds"] * 3600
            table.add_row(
                f"{name}: not done after {row.cpu:.0f} CPU s",
                f"> {least:.0f}",
                f"> {least / cost(plain):.1f}",
                "",
                "",
            )
        else:
            alike = len(row["texts"]) == len(plain["texts"])
            same = f"{equal(row['texts'], plain['texts'])} of {len(CLIPS)}" if alike else ""
            ratio = cost(row) / cost(plain)
            table.add_row(name, f"{cost(row):.0f}", f"{ratio:.2f}", same, f"{row['peak_mb']:.0f}")
    return table


def main(minutes: float, *, peers: bool) -> None:
    """Prints the tables."""
    began = time.monotonic()
    plain, bare = side_by_side()
    rows: list[Row] = [
        ("faster-whisper by hand", plain),
        ("Trivet, no hints", bare),
        ("Trivet, hints and their check", in_a_process("ours", "hints")),
        ("Trivet, windows of 20 s", in_a_process("ours", "windows")),
        *(beside() if peers else ()),
    ]
    if minutes:
        rows.append((f"Trivet, one recording of {minutes:g} minutes", in_a_process("long", str(minutes))))
    screen = Console(width=120)
    screen.print(printed(rows, plain))
    screen.print(f"this processor has {arithmetic()}", soft_wrap=True)
    for name, row in rows:
        if isinstance(row, dict) and "build" in row:
            screen.print(f"{name}: {row['build']}", soft_wrap=True)
    if not peers:
        screen.print("other engines on the same weights: --peers")
    for language, share, whole in errors():
        kind = "characters" if language == "zh" else "words"
        screen.print(
            f"human speech, {language}: {share:.1%} of {whole} {kind} wrong (clips of 1 to 4 s: direction only)"
        )
    screen.print(f"{time.monotonic() - began:.0f} s altogether")


if __name__ == "__main__":
    said = [one for one in sys.argv[1:] if one != "--peers"]
    main(float(said[0]) if said else 45.0, peers="--peers" in sys.argv)
