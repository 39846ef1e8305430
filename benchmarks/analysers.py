"""The analysers of transcripts together: terms, behaviours and speech facts, in transcripts of 5,000 words.

    python -m benchmarks.analysers [SECONDS]

Transcripts are made up from the demo company's scripts and from sentences in which nothing is found, in English and in
Chinese (a character counts as a word), no two alike. CPU seconds of this process, one core. Beside it the plain way: every
pattern searched in every sentence, as one would write it first.
"""

import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from trivet.contract import ScorerConnector, Services
from trivet.model import Document, ScoringRequest
from trivet.registry import find_connector
from trivet.transcript import count_words

ROOT = Path(__file__).parents[1]
WORDS = 5_000
GOALS = {"en": 150.0, "zh": 40.0}
"""Transcripts a second and core."""
SETTINGS: dict[str, dict[str, Any]] = {
    "term_recogniser": {"dictionaries": ["engineering", "sales", "finance"]},
    "behaviour_baseline": {},
    "speech_facts": {},
}
_END = re.compile(r"(?<=[.。])\s*")


class Row(NamedTuple):
    """One analyser on one language."""

    name: str
    language: str
    per_second: float


def main() -> None:
    """Prints the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        services = Services("benchmark", ROOT, Path(folder), lambda: datetime.now(UTC))
        scorers = {name: stack.enter_context(_built(name, services)) for name in SETTINGS}
        rows = [row for language in GOALS for row in _measured(scorers, language, seconds)]
    _print(rows)


def _built(name: str, services: Services) -> Any:
    declaration = find_connector(ScorerConnector, name)
    return declaration.build(declaration.config.model_validate(SETTINGS[name]), services)


def _measured(scorers: dict[str, Any], language: str, seconds: float) -> Iterator[Row]:
    heard = [transcript(language, WORDS, seed) for seed in range(20)]
    for name, scorer in scorers.items():
        yield Row(name, language, _pace(partial(together, [scorer]), heard, seconds / 4))
    yield Row("together", language, _pace(partial(together, list(scorers.values())), heard, seconds))
    baseline = scorers["behaviour_baseline"]
    yield Row(
        "behaviours, plain",
        language,
        _pace(partial(plainly, baseline.competencies), heard, seconds / 2),
    )


def together(scorers: Sequence[Any], heard: Document) -> dict[str, Document]:
    """What each says of the transcript, the later ones seeing the earlier's answers."""
    answers: dict[str, Document] = {}
    for number, scorer in enumerate(scorers):
        request = ScoringRequest(
            "k", None, transcript=heard, answers=answers, requisition={"keywords": ["PLC编程", "PyTorch"]}
        )
        answers[str(number)] = scorer.score(request).document
    return answers


def _pace(work: Callable[[Document], Any], heard: list[Document], seconds: float) -> float:
    work(heard[0])
    done, begin = 0, time.process_time()
    while (spent := time.process_time() - begin) < seconds:
        work(heard[done % len(heard)])
        done += 1
    return done / spent


def plainly(competencies: Sequence[Any], heard: Document) -> dict[str, list[str]]:
    """Names of the indicators that are heard, by searching every pattern in every sentence."""
    found: dict[str, list[str]] = {}
    for competency in competencies:
        texts = [str(segment["text"]).lower() for segment in heard["segments"]]
        for indicator in sorted(competency.indicators, key=lambda one: one.weight >= 0):
            patterns = [p.expression for language in indicator.patterns.values() for p in language]
            if any(pattern.search(text) for text in texts for pattern in patterns):
                found.setdefault(competency.name, []).append(indicator.name)
            if indicator.weight < 0:
                for pattern in patterns:
                    texts = [pattern.sub(" ", text) for text in texts]
    return found


def transcript(language: str, words: int, seed: int) -> Document:
    """A transcript of about so many words."""
    chance = random.Random(seed)
    scripted = [s for s in _scripted() if (max(s) > "\u3400") == (language == "zh")]
    texts: list[str] = []
    said = 0
    while said < words:
        text = chance.choice(scripted) if chance.random() < 0.2 else _filler(language, chance)
        texts.append(text)
        said += count_words(text)
    segments, at = [], 0.0
    for text in texts:
        length = count_words(text) / (2.5 if language == "en" else 4.0)
        segments.append({"start": round(at, 2), "end": round(at + length, 2), "text": text})
        at += length + chance.choice((0.1, 0.3, 1.2))
    return {
        "language": language, "duration": at + 1, "speech_duration": at * 0.9, "text": " ".join(texts), "segments": segments,
    }  # fmt: skip


def _scripted() -> list[str]:
    folder = ROOT / "sandbox" / "world" / "scripts"
    return [
        s
        for file in sorted(folder.glob("*.txt"))
        for s in _END.split(file.read_text(encoding="utf-8"))
        if s.strip()
    ]


_PARTS = {
    "en": (
        (
            "In the morning",
            "After that",
            "Well",
            "As far as I know",
            "At the second site",
            "Later on",
            "Of course",
            "In my view",
        ),
        (
            "we had",
            "they bought",
            "I saw",
            "the plant needed",
            "my manager wanted",
            "the department ran",
            "you could find",
        ),
        (
            "a large machine",
            "some old papers",
            "the new building",
            "three different products",
            "a long list of open orders",
        ),
        (
            "near the river",
            "for the whole year",
            "with a lot of noise",
            "before the holidays",
            "in the northern region",
        ),
    ),
    "zh": (
        ("那个时候", "后来呢", "其实", "据我所知", "在另外一个厂区", "大概是前年", "当然了", "在我看来"),
        ("我们有", "他们买了", "我看见", "工厂需要", "领导想要", "部门里有", "那边放着"),
        ("一台很大的机器", "一些旧的文件", "新盖的大楼", "三种不一样的产品", "很长的订单清单"),
        ("就在河边", "用了一整年", "声音非常吵", "是放假以前的事", "在北方那个区"),
    ),
}


def _filler(language: str, chance: random.Random) -> str:
    parts = [chance.choice(choices) for choices in _PARTS[language]]
    return " ".join(parts) + "." if language == "en" else "".join(parts) + "。"


def _print(rows: list[Row]) -> None:
    print(f"transcripts of {WORDS:,} words, a second and core\n")
    print(f"| {'analyser':<20} | {'en':>8} | {'zh':>8} |\n|{'-' * 22}|{'-' * 9}:|{'-' * 9}:|")
    pace = {(row.name, row.language): row.per_second for row in rows}
    for name in dict.fromkeys(row.name for row in rows):
        print(f"| {name:<20} | {pace[name, 'en']:>8.1f} | {pace[name, 'zh']:>8.1f} |")
    print(f"| {'goal, together':<20} | {GOALS['en']:>8.1f} | {GOALS['zh']:>8.1f} |\n")
    for language, goal in GOALS.items():
        print(f"{language}: {pace['together', language] / goal:.2f} x the goal")


if __name__ == "__main__":
    main()
