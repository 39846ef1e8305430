"""A stranger's connector for tests: "transcribes" a recording of the demo company by looking up the script it was spoken from.

Exact and quick, so that flows are tested without a speech model; found by entry point as any third party's package.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from trivet.contract import Config, ScorerConnector, ScorerTraits, Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

WORLD = Path(__file__).parents[2] / "sandbox" / "world"


class ScriptReaderConfig(Config):
    """No settings."""


@cache
def scripts() -> dict[str, str]:
    """The script of each recording, by the recording's SHA-256."""
    found = {}
    for file in (WORLD / "recordings").iterdir():
        script = WORLD / "scripts" / f"{file.stem}.txt"
        if script.exists():
            found[hashlib.sha256(file.read_bytes()).hexdigest()] = script.read_text(encoding="utf-8")
    return found


class ScriptReader:
    """See `trivet.contract.Scorer`."""

    def check(self) -> None:
        """The scripts are there."""
        assert scripts()

    def provenance(self) -> Document:
        """A fixed version."""
        return {"scorer": "script_reader", "version": "1"}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """The script's sentences, three seconds each."""
        if request.audio is None:
            raise _refused("score", "NO_RECORDING", "there is no recording")
        content = request.audio.read_bytes()
        # a test may upload the words themselves
        said = content.removeprefix(b"script:").decode() if content.startswith(b"script:") else None
        text = said or scripts().get(hashlib.sha256(content).hexdigest())
        if text is None:
            raise _refused("score", "MEDIA_DECODE_FAILED", "no script for it")
        sentences = [s.strip() for s in re.split(r"(?<=[.。！？!?])\s*", text) if s.strip()]
        segments = [{"start": 3.0 * i, "end": 3.0 * i + 3, "text": s} for i, s in enumerate(sentences)]
        language = "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"
        duration = 3.0 * len(segments)
        return Scored(
            {
                "language": language,
                "duration": duration,
                "speech_duration": duration,
                "text": text,
                "segments": segments,
            }
        )

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed."""
        raise _refused("poll", "TICKET", "it gives no tickets")


def _refused(operation: str, code: str, message: str) -> Rejected:
    return Rejected(message, connector="script_reader", operation=operation, vendor_code=code)


@contextmanager
def open_scorer(config: ScriptReaderConfig, services: Services) -> Iterator[ScriptReader]:
    """The reader."""
    yield ScriptReader()


SCORER = ScorerConnector(
    "script_reader", "Script reader (tests)", ScriptReaderConfig, open_scorer,
    ScorerTraits(takes="audio", infers=("words spoken",), transcribes=True, cheap=True),
)  # fmt: skip
