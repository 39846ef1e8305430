"""Transcribes with faster-whisper: sequential, beam search, voice activity filter; simplified Chinese."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any

from trivet.audio import Sound, sound
from trivet.audio.spoken import joined, sentence, written
from trivet.contract import Services
from trivet.errors import ConfigError, Rejected, Retryable
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import NAME, WhisperLocalConfig
from .listening import channels, heard
from .models import Model, find_model

VERSION = "5"
LEAST_COVERED = 0.6


@dataclass(slots=True)
class Heard:
    """What was heard of one recording so far."""

    language: str | None
    probability: float = 1.0
    speech: float = 0.0
    """Seconds in which somebody speaks."""
    segments: list[Document] = field(default_factory=list)

    @property
    def covered(self) -> float:
        """Seconds that became words."""
        return float(sum(one["end"] - one["start"] for one in self.segments))


class WhisperLocal:
    """See `trivet.contract.Scorer`.

    Answers {language, language_probability, duration, speech_duration, text, segments: [{start, end, text, avg_logprob,
    no_speech_prob, words?: [{start, end, text}], channel?}], others?: [segments], hints, model: {name, sha256, engine,
    engine_version, options}}; times in seconds; `channel` (0 left, 1 right) where one person speaks on each. The model is
    loaded once and serves every call of this object.
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
        with sound(
            request.audio, self.config, self.scratch, NAME, stereo=self.config.split_channels
        ) as found:
            heard = self._heard(found, request.language, hints)
            if hints and heard.covered < LEAST_COVERED * heard.speech:
                # hints can swallow whole stretches of speech; then the words count more than the terms
                hints = []
                heard = self._heard(found, request.language, hints)
            seconds = found.seconds
        # without speech the language is an invention too
        if not heard.segments:
            raise _refused("MEDIA_NO_SPEECH", "nobody speaks in it")
        mine, others = self._sides(heard)
        if not mine:
            raise _refused("MEDIA_NO_SPEECH", "nobody speaks on the candidate's channel")
        language = heard.language or "other"
        return Scored(
            {
                "language": language,
                "language_probability": round(heard.probability, 3),
                "duration": round(seconds, 2),
                "speech_duration": round(min(heard.speech, seconds), 2),
                "text": joined(mine, language),
                "segments": mine,
                **({"others": others} if others else {}),
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

    @cached_property
    def _engine(self) -> Any:
        """What listens: one piece after the other, or several at once."""
        from faster_whisper import BatchedInferencePipeline

        return BatchedInferencePipeline(self._whisper) if self.config.batch else self._whisper

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
                compute_type=self.config.arithmetic,
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
                "compute_type": self.config.arithmetic,
                "vad_filter": True,
                "hints": self.config.hints,
                "batch_size": self.config.batch,
                "word_times": self.config.word_times,
                "split_channels": self.config.split_channels,
                "candidate_channel": self.config.candidate_channel,
            },
        }

    def _hints(self, request: ScoringRequest) -> list[str]:
        """The position's keywords, the same for each of its candidates; with hints tiny.en loses a third of the speech."""
        wanted = self.config.hints and not self._english_only
        return [str(k) for k in (request.requisition.get("keywords") or ())] if wanted else []

    def _heard(self, found: Sound, language: str | None, hints: list[str]) -> Heard:
        all_of_it = Heard(language)
        listened = channels(found, split=self.config.split_channels)
        for channel in listened:
            for start, samples in heard(found, channel):
                self._listen(all_of_it, samples, hints, start, channel)
        if len(listened) > 1:
            all_of_it.segments.sort(key=lambda one: (one["start"], one["channel"]))
        return all_of_it

    def _listen(
        self, heard: Heard, samples: Any, hints: list[str], start: float, channel: int | None
    ) -> None:
        """Adds what one window says; the first in which somebody speaks tells the language of all."""
        try:
            found, info = self._engine.transcribe(
                samples,
                language=heard.language,
                beam_size=self.config.beam_size,
                # without it Whisper invents words on silence
                vad_filter=True,
                hotwords=", ".join(hints) or None,
                word_timestamps=self.config.word_times,
                **({"batch_size": self.config.batch} if self.config.batch else {}),
            )
            segments = [_segment(one, info.language, start, channel) for one in found]
        except (RuntimeError, MemoryError) as error:
            raise Retryable(
                f"the engine stopped ({type(error).__name__})", connector=NAME, operation="score"
            ) from error
        except ValueError as error:
            raise _refused("LANGUAGE", f"the engine does not take this: {error}") from None
        if not segments or info.duration_after_vad == 0:
            return
        if not heard.segments:
            heard.language, heard.probability = info.language, float(info.language_probability)
        heard.speech += float(info.duration_after_vad)
        heard.segments += segments

    def _sides(self, heard: Heard) -> tuple[list[Document], list[Document]]:
        """What the candidate said, and what somebody else did where it is known which channel is whose."""
        side = self.config.candidate_channel
        if side is None or not any("channel" in one for one in heard.segments):
            return heard.segments, []
        wanted = {"left": 0, "right": 1}[side]
        return (
            [one for one in heard.segments if one["channel"] == wanted],
            [one for one in heard.segments if one["channel"] != wanted],
        )


@contextmanager
def open_scorer(config: WhisperLocalConfig, services: Services) -> Iterator[WhisperLocal]:
    """The scorer; the model is loaded with the first recording."""
    yield WhisperLocal(config, services)


def _segment(segment: Any, language: str, start: float, channel: int | None) -> Document:
    more: dict[str, Any] = {
        "avg_logprob": round(float(segment.avg_logprob), 3),
        "no_speech_prob": round(float(segment.no_speech_prob), 3),
    }
    if segment.words:
        more["words"] = [
            {
                "start": round(start + float(word.start), 2),
                "end": round(start + float(word.end), 2),
                "text": written(word.word, language),
            }
            for word in segment.words
        ]
    if channel is not None:
        more["channel"] = channel
    return sentence(start + float(segment.start), start + float(segment.end), segment.text, language, **more)


def _refused(code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="score", vendor_code=code)
