"""Another engine at work on the benchmark's recordings; run by the interpreter of the peers' own environment.

    PEERS/bin/python benchmarks/speech_engine.py openai|cpp BEAM LIMIT WEIGHTS SAMPLES...

SAMPLES are files of 16 kHz 16-bit mono samples, decoded before: neither engine decodes. One thread, the language found by the
engine, its own temperatures where it falls back; BEAM 1 is greedy. The clock starts when the model is loaded, and after LIMIT CPU
seconds more the process is killed (SIGXCPU). Prints a JSON line {texts, cpu, seconds, peak_mb, build}.
"""

import json
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000


def openai(weights: str, beam: int) -> tuple[Callable[[Any], str], str]:
    """openai-whisper on torch, and its build."""
    torch = import_module("torch")
    torch.set_num_threads(1)
    model = import_module("whisper").load_model(weights, device="cpu")
    search = {"beam_size": beam} if beam > 1 else {}

    def text(samples: Any) -> str:
        return str(model.transcribe(samples, fp16=False, **search)["text"])

    capability = torch.backends.cpu.get_cpu_capability()
    return text, f"torch {torch.__version__}, {capability}, threads {torch.get_num_threads()}, 32-bit floats"


def cpp(weights: str, beam: int) -> tuple[Callable[[Any], str], str]:
    """whisper.cpp by pywhispercpp, and its build."""
    engine = import_module("pywhispercpp.model").Model
    search = {"beam_search": {"beam_size": beam, "patience": -1.0}} if beam > 1 else {}
    model = engine(
        weights,
        params_sampling_strategy=int(beam > 1),
        n_threads=1,
        language="auto",
        print_progress=False,
        print_realtime=False,
        **search,
    )

    def text(samples: Any) -> str:
        # each without its blanks
        return " ".join(str(one.text) for one in model.transcribe(samples))

    return text, f"{engine.system_info()}, threads 1, 16-bit floats"


def main(engine: str, beam: str, limit: str, weights: str, *files: str) -> None:
    """One row."""
    text, build = {"openai": openai, "cpp": cpp}[engine](weights, int(beam))
    clips = [np.frombuffer(Path(file).read_bytes(), np.int16).astype(np.float32) / 32768.0 for file in files]
    before = used()
    most = int(before) + int(limit)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
    texts = [text(clip) for clip in clips]
    figures = {
        "texts": texts,
        "cpu": used() - before,
        "seconds": sum(map(len, clips)) / RATE,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "build": build,
    }
    print("\n" + json.dumps(figures))


def used() -> float:
    """CPU seconds so far."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
