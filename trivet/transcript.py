"""What scorers of transcripts share: the segments of one, judged before anything is read from them, and its sentences."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trivet.errors import Rejected
from trivet.model import Document, ScoringRequest

PARAGRAPHS = "paragraphs"
_SHORTEST = {True: 4, False: 8}
"""Characters of a quote that prove anything: Chinese, others; or the whole sentence."""
_END = re.compile(r"(?<=[。！？!?])\s*|(?<=\.)\s+")
"""Where a sentence ends; a dot inside a number or a name ends none."""
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_HAN_RUNS = re.compile(f"{HAN.pattern}+")
_NUMBERS = frozenset({int, float})
_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum() and not chr(code).isspace())
"""What makes no word by itself; letters, digits and blanks are left."""
_WORDS = bytes(ord(" ") if code < 128 and chr(code).isspace() else code for code in range(256))
"""Bytes know fewer blanks than text does."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it was said; its times are those of its segment, in seconds, or the paragraph's number of a paper."""

    number: int
    text: str
    start: float
    end: float


class Spoken:
    """What was said, to look quotes up in: letters and digits count, since models change blanks, case and full stops."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.sentences = list(sentences)
        self._plain = {sentence.number: _plain(sentence.text) for sentence in sentences}
        self._starts: list[int] = []
        whole: list[str] = []
        length = 0
        for text in self._plain.values():
            self._starts.append(length)
            whole.append(text)
            length += len(text)
        self._whole = "".join(whole)

    def number_of(self, quote: str, near: int = 0) -> int | None:
        """The number of the sentence that holds the quote: the one that was named, else the first that does."""
        plain = _plain(quote)
        if not plain:
            return None
        for candidate in (near, *self._plain):
            said = self._plain.get(candidate, "")
            if said == plain or (_proves(plain) and plain in said):
                return candidate
        return None

    def passage(self, quote: str) -> Sentence | None:
        """The sentences that the quote lies in, as one; None where nobody said it."""
        plain = _plain(quote)
        at = self._whole.find(plain) if _proves(plain) else -1
        if at < 0:
            number = self.number_of(quote)
            return next((one for one in self.sentences if one.number == number), None)
        first = bisect_right(self._starts, at) - 1
        last = bisect_right(self._starts, at + len(plain) - 1) - 1
        found = self.sentences[first : last + 1]
        text = found[0].text if first == last else " ".join(one.text for one in found)
        return Sentence(found[0].number, text, found[0].start, found[-1].end)


def _proves(plain: str) -> bool:
    return len(plain) >= _SHORTEST[bool(HAN.search(plain))]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


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


def sentences(text: str) -> list[str]:
    """The sentences of a text in one line."""
    return [piece for piece in _END.split(" ".join(text.split())) if piece]


def sentences_of(request: ScoringRequest, connector: str) -> list[Sentence]:
    """The transcript sentence by sentence, numbered from 1."""
    found = [
        (piece, segment)
        for segment in segments_of(request, connector)
        for piece in sentences(segment["text"])
    ]
    return [
        Sentence(number, piece, float(segment["start"]), float(segment["end"]))
        for number, (piece, segment) in enumerate(found, start=1)
    ]


def written(said: Document) -> bool:
    """Whether a transcript, or an assessment of one, is a paper's: `start` and `end` number paragraphs, not time."""
    return said.get("places") == PARAGRAPHS


def seconds_of(transcript: Document, name: str, connector: str) -> float:
    """A length of the transcript in seconds, 0 where it says none; `Rejected` where it is no number."""
    value = transcript.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(connector, "TRANSCRIPT_MALFORMED", "a duration of the transcript is no number")
    return float(value)


def count_words(text: str) -> int:
    """Words between blanks, and each Chinese character as one."""
    if text.isascii():
        return len(text.encode().translate(_WORDS, _SIGNS).split())
    runs = _HAN_RUNS.findall(text)
    rest = _HAN_RUNS.sub(" ", text) if runs else text
    latin = (
        count_words(rest) if rest.isascii() else sum(any(c.isalnum() for c in word) for word in rest.split())
    )
    return sum(map(len, runs)) + latin


def _is_segment(segment: Any) -> bool:
    # JSON has no other numbers, and true is none
    return (
        type(segment) is dict
        and type(segment.get("text")) is str
        and type(segment.get("start")) in _NUMBERS
        and type(segment.get("end")) in _NUMBERS
    )


def refused(connector: str, code: str, message: str) -> Rejected:
    """A transcript that cannot be scored."""
    return Rejected(message, connector=connector, operation="score", vendor_code=code)
