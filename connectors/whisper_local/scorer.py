"""Transcribes with faster-whisper: sequential, beam search, voice activity filter; simplified Chinese."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import WhisperLocalConfig
from .media import samples
from .models import NAME, Model, find_model

VERSION = "1"


class WhisperLocal:
    """See `trivet.contract.Scorer`.

    Answers {language, language_probability, duration, speech_duration, text, segments: [{start, end, text, avg_logprob,
    no_speech_prob}], model}; times in seconds. The model is loaded once and serves every call of this object.
    """

    def __init__(self, config: WhisperLocalConfig, services: Services) -> None:
        self.config = config
        self.cache = services.state / "models"
        self.scratch = services.state / "scratch"

    def check(self) -> None:
        """The model is there."""
        _ = self.model

    def provenance(self) -> Document:
        """Engine, model with its hash, and every setting that changes the words."""
        import faster_whisper

        return {
            "scorer": NAME,
            "version": VERSION,
            "model": {
                "name": self.model.name,
                "sha256": self.model.sha256,
                "engine": f"faster-whisper {faster_whisper.__version__}",
            },
            "options": {
                "beam_size": self.config.beam_size,
                "compute_type": self.config.compute_type,
                "vad": True,
                "hints": self.config.hints,
            },
        }

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        if request.audio is None:
            raise Rejected(
                "there is no recording", connector=NAME, operation="score", vendor_code="NO_RECORDING"
            )
        hints = [str(k) for k in (request.requisition.get("keywords") or ())] if self.config.hints else []
        with samples(request.audio, self.config, self.scratch) as audio:
            segments, info = self._transcribed(audio, request.language, hints)
            # hints can swallow speech: fewer than a word in two seconds of it is no transcript
            if hints and sum(len(s["text"]) for s in segments) < info.duration_after_vad:
                hints = []
                segments, info = self._transcribed(audio, request.language, hints)
        if info.duration_after_vad == 0 or not segments:
            raise Rejected(
                "nobody speaks in it", connector=NAME, operation="score", vendor_code="MEDIA_NO_SPEECH"
            )
        return Scored(
            {
                "language": info.language,
                "language_probability": round(float(info.language_probability), 3),
                "duration": round(float(info.duration), 2),
                "speech_duration": round(float(info.duration_after_vad), 2),
                "text": (" " if info.language != "zh" else "，").join(s["text"] for s in segments),
                "segments": segments,
                "hints": hints,
                "model": self.provenance()["model"],
            }
        )

    def _transcribed(self, audio: Any, language: str | None, hints: list[str]) -> tuple[list[Document], Any]:
        found, info = self._whisper.transcribe(
            audio,
            language=language,
            beam_size=self.config.beam_size,
            # without it Whisper invents words on silence
            vad_filter=True,
            hotwords=", ".join(hints) or None,
        )
        return [_segment(s, info.language) for s in found], info

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")

    @cached_property
    def model(self) -> Model:
        """Where the model lies."""
        return find_model(self.config, self.cache)

    @cached_property
    def _whisper(self) -> Any:
        from faster_whisper import WhisperModel

        return WhisperModel(
            self.model.path,
            device=self.config.device,
            compute_type=self.config.compute_type,
            cpu_threads=self.config.cpu_threads,
            local_files_only=not self.config.allow_download,
        )


@contextmanager
def open_scorer(config: WhisperLocalConfig, services: Services) -> Iterator[WhisperLocal]:
    """The scorer; the model is loaded with the first recording."""
    yield WhisperLocal(config, services)


def _segment(segment: Any, language: str) -> Document:
    text = segment.text.strip()
    return {
        "start": round(float(segment.start), 2),
        "end": round(float(segment.end), 2),
        "text": _simplified(text) if language == "zh" else text,
        "avg_logprob": round(float(segment.avg_logprob), 3),
        "no_speech_prob": round(float(segment.no_speech_prob), 3),
    }


def _simplified(text: str) -> str:
    # whisper writes one clip in simplified characters and the next in traditional ones
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
