"""Orders a transcription and asks for it later, maybe from another process.

    score   decoded, uploaded, ordered                       -> Pending, ticket
    poll    created, working (0, 3)                          -> Pending, same ticket
            done (4), for the order and the length asked of  -> Scored
            failed (-1)                                      -> Rejected, the vendor's reason as code

The ticket is JSON: the order's number, the length that was sent, language and hints.
"""

import json
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trivet.audio import sound
from trivet.audio.spoken import joined, language_told
from trivet.audio.wav import mapped
from trivet.audio.windows import windows
from trivet.contract import Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

from .config import IflytekSpeechConfig
from .lattice import sentences
from .wire import NAME, Wire, malformed, where

VERSION = "1"
LANGUAGES = {"zh": "cn", "en": "en"}
UNTOLD = "zh"
DONE, FAILED = 4, -1
FAILURES = {
    2: "MEDIA_DECODE_FAILED", 4: "MEDIA_TOO_LONG", 5: "MEDIA_TRUNCATED", 6: "MEDIA_NO_SPEECH",
}  # fmt: skip
"""`failType` of an order that is about the recording; any other is the service's own."""
MOST_HINTS, HINT_LENGTHS = 200, range(2, 17)
SLACK = 1.0
LONGEST_PAUSE = 3600.0
NO_ORDER = "no-such-order"


class IflytekSpeech:
    """See `trivet.contract.Scorer`.

    Answers {language, duration, text, segments: [{start, end, text, words: [{start, end, text}], speaker?}], hints, model:
    {name, engine, options}}; times in seconds.
    """

    def __init__(self, config: IflytekSpeechConfig, services: Services) -> None:
        self.config = config
        self.scratch = services.state / "scratch"
        self.wire = Wire(config, services)

    def check(self) -> None:
        """Asks for an order that nobody made; every answer but a refusal of the application is good."""
        try:
            self.wire.result("check", NO_ORDER)
        except Rejected:
            return

    def provenance(self) -> Document:
        """Service and every setting that changes the words."""
        model = self._described()
        options = model.pop("options")
        return {"scorer": NAME, "version": VERSION, "model": model, "options": options}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """See `Scorer`; always a ticket."""
        if request.audio is None:
            raise _refused("score", "NO_RECORDING", "there is no recording")
        language = language_told(request, self.config.language, LANGUAGES, UNTOLD, NAME)
        hints = self._hints(request)
        with sound(request.audio, self.config, self.scratch, NAME) as heard:
            if all(window.silent for window in windows(heard, 60)):
                raise _refused("score", "MEDIA_NO_SPEECH", "nobody speaks in it")
            with mapped(heard, self.scratch) as file:
                said = self.wire.upload(file, self._asked(file, heard.seconds, language, hints))
        order = said.get("orderId")
        if not isinstance(order, str) or not order:
            raise malformed("score", "the answer names no order", write=True)
        ticket = {"order": order, "seconds": round(heard.seconds, 2), "language": language, "hints": hints}
        return Pending(
            json.dumps(ticket, ensure_ascii=False), self._pause(said),
            cost=round(heard.seconds / 60 * self.config.price_per_minute, 6),
        )  # fmt: skip

    def poll(self, ticket: str) -> Scored | Pending:
        """See `Scorer`."""
        asked = _ticket(ticket)
        said = self.wire.result("poll", asked["order"])
        info = (said or {}).get("orderInfo") or {}
        if not isinstance(info, dict):
            raise malformed("poll", "the answer has no order", write=False)
        if said is not None and info.get("orderId") != asked["order"]:
            raise _refused("poll", "RESPONSE_MISMATCH", "the answer is on another order")
        status = info.get("status")
        if status == FAILED:
            kind = info.get("failType")
            own = f"ORDER_FAILED_{kind}" if isinstance(kind, int) else "ORDER_FAILED"
            code = FAILURES.get(kind, own) if isinstance(kind, int) else own
            raise _refused("poll", code, "the service could not transcribe it")
        if said is None or status != DONE:
            return Pending(ticket, self._pause(said or {}))
        return Scored(self._answer(said, info, asked))

    def _answer(self, said: Document, info: Document, asked: Document) -> Document:
        length, language = info.get("realDuration"), asked["language"]
        if isinstance(length, int | float) and length > 0 and abs(length / 1000 - asked["seconds"]) > SLACK:
            raise _refused(
                "poll",
                "RESPONSE_MISMATCH",
                f"the answer is on {length / 1000:.1f} s of sound, {asked['seconds']} s were sent",
            )
        try:
            segments = sentences(said.get("orderResult"), language)
        except ValueError:
            raise _refused("poll", "RESPONSE_MALFORMED", "the transcript cannot be read") from None
        if not segments:
            raise _refused("poll", "MEDIA_NO_SPEECH", "nobody speaks in it")
        if max(s["end"] for s in segments) > asked["seconds"] + SLACK:
            raise _refused("poll", "RESPONSE_MISMATCH", "the transcript is longer than the recording")
        return {
            "language": language, "duration": asked["seconds"], "text": joined(segments, language), "segments": segments,
            "hints": asked["hints"], "model": self._described(),
        }  # fmt: skip

    def _asked(self, file: mmap.mmap, seconds: float, language: str, hints: list[str]) -> dict[str, str]:
        # a neutral name: what a file of the company's is called may be a person's name
        asked = {
            "fileName": "recording.wav", "fileSize": str(len(file)), "duration": str(round(seconds * 1000)),
            "audioMode": "fileStream", "language": LANGUAGES[language],
        }  # fmt: skip
        if self.config.separate_speakers:
            asked |= {"roleType": "1", "roleNum": str(self.config.speakers)}
        if hints:
            asked["hotWord"] = "|".join(hints)
        return asked

    def _hints(self, request: ScoringRequest) -> list[str]:
        wanted = (request.requisition.get("keywords") or ()) if self.config.hints else ()
        # a word that the service does not take would have it refuse the recording
        return [str(k) for k in wanted if len(str(k)) in HINT_LENGTHS and "|" not in str(k)][:MOST_HINTS]

    def _pause(self, said: Document) -> float:
        guess = said.get("taskEstimateTime")
        seconds = guess / 1000 if isinstance(guess, int | float) and not isinstance(guess, bool) else 0.0
        return max(self.config.poll_seconds, min(seconds, LONGEST_PAUSE))

    def _described(self) -> Document:
        config = self.config
        return {
            "name": "lfasr",
            "engine": "iflytek",
            "options": {
                "language": config.language,
                "hints": config.hints,
                "speakers": config.speakers if config.separate_speakers else None,
            },
        }


@contextmanager
def open_scorer(config: IflytekSpeechConfig, services: Services) -> Iterator[IflytekSpeech]:
    """The scorer, closed on leaving."""
    scorer = IflytekSpeech(config, services)
    with scorer.wire.http:
        yield scorer


def _ticket(ticket: str) -> dict[str, Any]:
    try:
        read = json.loads(ticket)
        return {
            "order": str(read["order"]), "seconds": float(read["seconds"]), "language": str(read["language"]),
            "hints": [str(hint) for hint in read["hints"]],
        }  # fmt: skip
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _refused("poll", "TICKET", "the ticket is none of this connector's") from None


def _refused(operation: str, code: str, message: str) -> Rejected:
    return Rejected(message, vendor_code=code, **where(operation))
