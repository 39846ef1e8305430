"""Transcribes by the service, piece after piece; the language of the first words is told with the next piece."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from trivet.audio import sound
from trivet.audio.spoken import joined, sentence
from trivet.audio.windows import Window, windows
from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import OpenAiSpeechConfig
from .wire import NAME, Wire

VERSION = "1"
BYTES_PER_SECOND = 32_000
HEADER = 4096
"""Bytes of a call that are not sound."""
SLACK = 1.0
"""Seconds by which engines round a recording's length or its last sentence."""
LIKELY_SILENT = 0.6
"""Whisper's own bound of `no_speech_prob`."""
CODE = 3
"""Letters of a language's code at most."""
LANGUAGES = {
    "english": "en", "chinese": "zh", "mandarin": "zh", "cantonese": "yue", "japanese": "ja", "korean": "ko",
    "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt", "russian": "ru",
    "dutch": "nl", "polish": "pl", "hindi": "hi", "arabic": "ar", "vietnamese": "vi", "thai": "th", "indonesian": "id",
    "malay": "ms", "turkish": "tr",
}  # fmt: skip
"""OpenAI writes a language's English name, other servers its code."""


class OpenAiSpeech:
    """See `trivet.contract.Scorer`.

    Answers {language, duration, text, segments: [{start, end, text, avg_logprob?, no_speech_prob?}], hints, model: {name,
    engine, service, options}}; times in seconds of the recording.
    """

    def __init__(self, config: OpenAiSpeechConfig, services: Services) -> None:
        self.config = config
        self.scratch = services.state / "scratch"
        self.wire = Wire(config, services)

    def check(self) -> None:
        """See `Scorer`."""
        self.wire.check()

    def provenance(self) -> Document:
        """Service, model, and every setting that changes the words."""
        model = self._described()
        options = model.pop("options")
        return {"scorer": NAME, "version": VERSION, "model": model, "options": options}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        if request.audio is None:
            raise _refused("NO_RECORDING", "there is no recording")
        language = request.language or self.config.language
        hints = [str(k) for k in (request.requisition.get("keywords") or ())] if self.config.hints else []
        segments: list[Document] = []
        sent = 0.0
        with sound(request.audio, self.config, self.scratch, NAME) as heard:
            for window in windows(heard, self._longest):
                if window.silent:
                    continue
                # a name that has no code here is none that the service takes
                told = language if language and len(language) <= CODE else None
                said = self.wire.transcribe(window, told, hints)
                sent += window.seconds
                found = [s for s in _segments(said, window, language) if not _echo(s, hints)]
                # without words the language is an invention
                language = language or (_language(said) if found else None)
                segments += found
        if not segments:
            raise _refused("MEDIA_NO_SPEECH", "nobody speaks in it")
        spoken = language or "und"
        answer = {
            "language": spoken, "duration": round(heard.seconds, 2), "text": joined(segments, spoken), "segments": segments,
            "hints": hints, "model": self._described(),
        }  # fmt: skip
        return Scored(answer, cost=round(sent / 60 * self.config.price_per_minute, 6))

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")

    @property
    def _longest(self) -> float:
        return (self.config.max_upload_mb * 1_000_000 - HEADER) / BYTES_PER_SECOND

    def _described(self) -> Document:
        return {
            "name": self.config.model,
            "engine": "openai-compatible",
            # the same name may stand for another model at another server
            "service": urlsplit(self.config.base_url).netloc,
            "options": {
                "language": self.config.language,
                "hints": self.config.hints,
                "window_seconds": round(self._longest, 1),
            },
        }


@contextmanager
def open_scorer(config: OpenAiSpeechConfig, services: Services) -> Iterator[OpenAiSpeech]:
    """The scorer, closed on leaving."""
    scorer = OpenAiSpeech(config, services)
    with scorer.wire.http:
        yield scorer


def _segments(said: Document, window: Window, language: str | None) -> list[Document]:
    """The piece's sentences in the recording's time; `Rejected` where they cannot be those of what was sent."""
    try:
        heard, listed = float(said.get("duration") or 0), said.get("segments") or []
        found = [
            sentence(
                window.start + float(s["start"]), window.start + min(float(s["end"]), window.seconds), str(s["text"]),
                language or _language(said) or "und", **_confidence(s),
            )
            for s in sorted(listed, key=lambda s: float(s["start"]))
            if str(s["text"]).strip()
        ]  # fmt: skip
        ends = max((float(s["end"]) for s in listed), default=0.0)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise _refused("RESPONSE_MALFORMED", "the answer's segments cannot be read") from None
    if (heard and abs(heard - window.seconds) > SLACK) or ends > window.seconds + SLACK:
        raise _refused(
            "RESPONSE_MISMATCH",
            f"the answer is on {max(heard, ends):.1f} s of sound, {window.seconds:.1f} s were sent",
        )
    if not found and str(said.get("text") or "").strip():
        raise _refused("RESPONSE_WITHOUT_TIMES", "the answer has words and no times")
    if any(s["start"] > s["end"] for s in found):
        raise _refused("RESPONSE_MALFORMED", "a sentence of the answer ends before it begins")
    return found


def _echo(segment: Document, hints: list[str]) -> bool:
    """Whether it is the prompt that came back where nobody speaks: terms would be counted that nobody said."""
    if segment.get("no_speech_prob", 0.0) < LIKELY_SILENT:
        return False
    rest = segment["text"].casefold()
    for hint in sorted(hints, key=len, reverse=True):
        rest = rest.replace(hint.casefold(), "")
    return not any(map(str.isalnum, rest))


def _confidence(segment: Document) -> dict[str, Any]:
    return {
        name: round(float(segment[name]), 3)
        for name in ("avg_logprob", "no_speech_prob")
        if isinstance(segment.get(name), int | float)
    }


def _language(said: Document) -> str | None:
    told = said.get("language")
    name = told.strip().lower() if isinstance(told, str) else ""
    return (LANGUAGES.get(name) or (name if 2 <= len(name) <= 20 else None)) if name else None


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="score", vendor_code=code)
