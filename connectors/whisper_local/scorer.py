"""Transcribes with faster-whisper: sequential, beam search, voice activity filter; simplified Chinese."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any

from trivet.audio import Sound, sound
from trivet.contract import Services
from trivet.errors import ConfigError, Rejected, Retryable
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import NAME, WhisperLocalConfig
from .models import Model, find_model

VERSION = "2"
LEAST_COVERED = 0.6


class WhisperLocal:
    """See `trivet.contract.Scorer`.

    Answers {language, language_probability, duration, speech_duration, text, segments: [{start, end, text, avg_logprob,
    no_speech_prob}], hints, model: {name, sha256, engine, engine_version, options}}; times in seconds. The model is loaded
    once and serves every call of this object.
    """

    def __init__(self, config: WhisperLocalConfig, services: Services) -> None:
        self.config = config
        self.cache = services.state / "models"
        self.scratch = services.state / "scratch"

    def check(self) -> None:
        """The model is there and whole."""
        _ = self.model

    def provenance(self) -> Document:
        """Engine, model with its hash, and every setting that changes the words."""
        model = self._described()
        options = model.pop("options")
        return {"scorer": NAME, "version": VERSION, "model": model, "options": options}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        if request.audio is None:
            raise _refused("NO_RECORDING", "there is no recording")
        if request.language != "en" and self._english_only:
            # tiny.en writes fluent English for Chinese speech: nobody would notice
            raise _refused(
                "MODEL_ENGLISH_ONLY", f"{self.model.name} knows English only, which this is not said to be"
            )
        hints = self._hints(request)
        with sound(request.audio, self.config, self.scratch, NAME) as heard:
            audio = _samples(heard)
        segments, info = self._transcribed(audio, request.language, hints)
        covered = sum(s["end"] - s["start"] for s in segments)
        if hints and covered < LEAST_COVERED * info.duration_after_vad:
            # hints can swallow whole stretches of speech; then the words count more than the terms
            hints = []
            segments, info = self._transcribed(audio, request.language, hints)
        # without speech the language is an invention too
        if info.duration_after_vad == 0 or not segments:
            raise _refused("MEDIA_NO_SPEECH", "nobody speaks in it")
        return Scored(
            {
                "language": info.language,
                "language_probability": round(float(info.language_probability), 3),
                "duration": round(float(info.duration), 2),
                "speech_duration": round(float(info.duration_after_vad), 2),
                "text": _text(segments, info.language),
                "segments": segments,
                "hints": hints,
                "model": self._described(),
            }
        )

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise Rejected(f"no ticket {ticket}", connector=NAME, operation="poll", vendor_code="TICKET")

    @cached_property
    def model(self) -> Model:
        """Where the model lies."""
        return find_model(self.config, self.cache)

    @property
    def _english_only(self) -> bool:
        return self.model.english_only or not self._whisper.model.is_multilingual

    @cached_property
    def _whisper(self) -> Any:
        from faster_whisper import WhisperModel

        try:
            return WhisperModel(
                str(self.model.path),
                device=self.config.device,
                compute_type=self.config.compute_type,
                cpu_threads=self.config.cpu_threads,
                local_files_only=True,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise ConfigError(
                f"whisper_local: {self.model.name} cannot be opened ({error})", code="MODEL_DAMAGED",
                cure="give the folder of a CTranslate2 Whisper model, and a device and compute type that this machine has",
            ) from None  # fmt: skip

    def _described(self) -> Document:
        return {
            "name": self.model.name,
            "sha256": self.model.sha256,
            "engine": "faster-whisper",
            # asked of the package's metadata: the import costs a second, and known answers need no engine
            "engine_version": version("faster-whisper"),
            "options": {
                "beam_size": self.config.beam_size,
                "compute_type": self.config.compute_type,
                "vad_filter": True,
                "hints": self.config.hints,
            },
        }

    def _hints(self, request: ScoringRequest) -> list[str]:
        """The position's keywords, the same for each of its candidates; with hints tiny.en loses a third of the speech."""
        wanted = self.config.hints and not self._english_only
        return [str(k) for k in (request.requisition.get("keywords") or ())] if wanted else []

    def _transcribed(self, audio: Any, language: str | None, hints: list[str]) -> tuple[list[Document], Any]:
        try:
            found, info = self._whisper.transcribe(
                audio,
                language=language,
                beam_size=self.config.beam_size,
                # without it Whisper invents words on silence
                vad_filter=True,
                hotwords=", ".join(hints) or None,
            )
            return [_segment(s, info.language) for s in found], info
        except (RuntimeError, MemoryError) as error:
            raise Retryable(
                f"the engine stopped ({type(error).__name__})", connector=NAME, operation="score"
            ) from error
        except ValueError as error:
            raise _refused("LANGUAGE", f"the engine does not take this: {error}") from None


@contextmanager
def open_scorer(config: WhisperLocalConfig, services: Services) -> Iterator[WhisperLocal]:
    """The scorer; the model is loaded with the first recording."""
    yield WhisperLocal(config, services)


def _samples(heard: Sound) -> Any:
    import numpy as np

    return np.fromfile(heard.pcm, dtype=np.int16).astype(np.float32) / 32768.0


def _segment(segment: Any, language: str) -> Document:
    text = segment.text.strip()
    return {
        "start": round(float(segment.start), 2),
        "end": round(float(segment.end), 2),
        "text": _simplified(text) if language == "zh" else text,
        "avg_logprob": round(float(segment.avg_logprob), 3),
        "no_speech_prob": round(float(segment.no_speech_prob), 3),
    }


def _text(segments: list[Document], language: str) -> str:
    if language != "zh":
        return " ".join(s["text"] for s in segments)
    # chinese has no blanks between sentences; a segment that ends without a mark gets the lightest one
    return "".join(s["text"] if s["text"][-1:] in "。！？，、；,.!?;" else s["text"] + "，" for s in segments)


def _simplified(text: str) -> str:
    # whisper writes one clip in simplified characters and the next in traditional ones
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="score", vendor_code=code)
