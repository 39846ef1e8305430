"""What scorers of transcripts share: the segments of one, judged before anything is read from them, and its sentences."""

import re
from dataclasses import dataclass
from typing import Any

from trivet.errors import Rejected
from trivet.model import Document, ScoringRequest

_END = re.compile(r"(?<=[。！？!?；;])\s*|(?<=\.)\s+")
"""Where a sentence ends; a dot inside a number or a name ends none."""
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it was said; its times are those of its segment, in seconds."""

    number: int
    text: str
    start: float
    end: float


def transcript_of(request: ScoringRequest, connector: str) -> Document:
    """The request's transcript; `Rejected` NO_TRANSCRIPT where there is none."""
    if request.transcript is None:
        raise refused(connector, "NO_TRANSCRIPT", "there is no transcript")
    return request.transcript


def segments_of(request: ScoringRequest, connector: str) -> list[Document]:
    """The segments {start, end, text} of the request's transcript; `Rejected` where they are none."""
    segments = transcript_of(request, connector).get("segments") or []
    if not isinstance(segments, list) or not all(_is_segment(s) for s in segments):
        raise refused(
            connector, "TRANSCRIPT_MALFORMED", "a segment of the transcript is not {start, end, text}"
        )
    return segments


def sentences_of(request: ScoringRequest, connector: str) -> list[Sentence]:
    """The transcript sentence by sentence, numbered from 1."""
    found = [
        (piece, segment)
        for segment in segments_of(request, connector)
        for piece in _END.split(" ".join(segment["text"].split()))
        if piece
    ]
    return [
        Sentence(number, piece, float(segment["start"]), float(segment["end"]))
        for number, (piece, segment) in enumerate(found, start=1)
    ]


def seconds_of(transcript: Document, name: str, connector: str) -> float:
    """A length of the transcript in seconds, 0 where it says none; `Rejected` where it is no number."""
    value = transcript.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(connector, "TRANSCRIPT_MALFORMED", "a duration of the transcript is no number")
    return float(value)


def count_words(text: str) -> int:
    """Words between blanks, and each Chinese character as one."""
    if text.isascii():
        return _latin_words(text)
    chinese = len(HAN.findall(text))
    return chinese + _latin_words(HAN.sub(" ", text) if chinese else text)


def _latin_words(text: str) -> int:
    return sum(word.isalnum() or any(c.isalnum() for c in word) for word in text.split())


def _is_segment(segment: Any) -> bool:
    if not isinstance(segment, dict) or not isinstance(segment.get("text"), str):
        return False
    return _is_time(segment.get("start")) and _is_time(segment.get("end"))


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def refused(connector: str, code: str, message: str) -> Rejected:
    """A transcript that cannot be scored."""
    return Rejected(message, connector=connector, operation="score", vendor_code=code)
