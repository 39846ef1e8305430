"""Recognises piece after piece; a sentence's time is its share of the piece that it stands in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from trivet.audio import sound
from trivet.audio.spoken import joined, language_told, sentence
from trivet.audio.windows import Window, windows
from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import BaiduSpeechConfig
from .wire import DEV_PIDS, NAME, Wire

VERSION = "1"
UNTOLD = "zh"
LEAST_CLEAR = 0.5
"""Share of the sound in which something clear has to be said; the rest of an interview is no interview."""
_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")


class BaiduSpeech:
    """See `trivet.contract.Scorer`.

    Answers {language, duration, text, segments: [{start, end, text}], times: "estimated", unclear: [{start, end}], hints: [],
    model: {name, engine, options}}; times in seconds, `unclear` the pieces in which the service understood nothing.
    """

    def __init__(self, config: BaiduSpeechConfig, services: Services) -> None:
        self.config = config
        self.scratch = services.state / "scratch"
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Keys and right are good; a call would cost one."""
        self.wire.http.log_in()

    def provenance(self) -> Document:
        """Service and every setting that changes the words."""
        model = self._described()
        options = model.pop("options")
        return {"scorer": NAME, "version": VERSION, "model": model, "options": options}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`."""
        if request.audio is None:
            raise _refused("score", "NO_RECORDING", "there is no recording")
        language = language_told(request, self.config.language, DEV_PIDS, UNTOLD, NAME)
        segments: list[Document] = []
        sent: list[Window] = []
        unclear: list[Window] = []
        with sound(request.audio, self.config, self.scratch, NAME) as heard:
            for window in windows(heard, self.config.window_seconds):
                if window.silent:
                    continue
                sent.append(window)
                said = self.wire.recognise(window.pcm, language)
                if said is None:
                    unclear.append(window)
                else:
                    segments += _sentences(said, window, language)
        if not segments:
            raise _refused("score", "MEDIA_NO_SPEECH", "nobody speaks clearly in it")
        if _seconds(unclear) > (1 - LEAST_CLEAR) * _seconds(sent):
            raise _refused("score", "MEDIA_UNCLEAR", "the service understood less than half of it")
        answer = {
            "language": language, "duration": round(heard.seconds, 2), "text": joined(segments, language),
            "segments": segments, "times": "estimated", "unclear": [_span(window) for window in unclear], "hints": [],
            "model": {**self._described(), "dev_pid": DEV_PIDS[language]},
        }  # fmt: skip
        return Scored(answer, cost=round((len(sent) - len(unclear)) * self.config.price_per_call, 6))

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed: the answer comes at once."""
        raise _refused("poll", "TICKET", f"no ticket {ticket}")

    def _described(self) -> Document:
        return {
            "name": "short speech, standard",
            "engine": "baidu",
            "options": {
                "language": self.config.language,
                "window_seconds": self.config.window_seconds,
            },
        }


@contextmanager
def open_scorer(config: BaiduSpeechConfig, services: Services) -> Iterator[BaiduSpeech]:
    """The scorer, closed on leaving."""
    scorer = BaiduSpeech(config, services)
    with scorer.wire.http:
        yield scorer


def _sentences(said: str, window: Window, language: str) -> list[Document]:
    parts = [part for part in (p.strip() for p in _END.split(said)) if part]
    whole, at, found = sum(map(len, parts)), 0, []
    for part in parts:
        start = window.start + window.seconds * at / whole
        at += len(part)
        found.append(sentence(start, window.start + window.seconds * at / whole, part, language))
    return found


def _span(window: Window) -> Document:
    return {"start": round(window.start, 2), "end": round(window.start + window.seconds, 2)}


def _seconds(pieces: list[Window]) -> float:
    return sum(piece.seconds for piece in pieces)


def _refused(operation: str, code: str, message: str) -> Rejected:
    return Rejected(message, connector=NAME, operation=operation, vendor_code=code)
